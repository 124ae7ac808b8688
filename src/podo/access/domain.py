"""The descriptor."""

from __future__ import annotations

from datetime import timedelta

from podo.access import api, pages, service
from podo.access.adapters.file import DirectoryFile
from podo.access.ports import DirectoryReader
from podo.access.rules import Policies
from podo.access.service import signin, tokens
from podo.access.types import PERMISSIONS, AccessSettings, Permission, Role
from podo.kernel.db import Reading
from podo.kernel.domains import Domain, House, Permissions
from podo.kernel.errors import N_
from podo.kernel.http import Identity, IdentitySource
from podo.kernel.nouns import PODO, Actor, ActorKind
from podo.kernel.ui import NavItem


class Doorkeeper:
    """Who stands behind a cookie or an API token; notes use now and then, not at every request."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._lasts = timedelta(hours=house.settings[AccessSettings].session_hours)

    async def identify(self, *, cookie: str | None, bearer: str | None) -> Identity | None:
        """See `IdentitySource.identify`."""
        async with self._house.database.reading(PODO) as r:
            if bearer is not None:
                return await self._by_token(r, bearer)
            found = await service.identify_session(r, cookie or "")
        if found is None:
            return None
        person, session, csrf = found
        if signin.due_for_touch(session):
            async with self._house.database.transaction(PODO) as tx:
                await signin.touch(tx, session, self._lasts)
        return Identity(Actor(ActorKind.person, person.id), person.name, csrf, person.lang, person.theme)

    async def _by_token(self, r: Reading, bearer: str) -> Identity | None:
        token = await service.identify_token(r, bearer)
        if token is None:
            return None
        person = await service.person(r, token.person)
        if tokens.due_for_note(token):
            async with self._house.database.transaction(PODO) as tx:
                await service.note_token_use(tx, token)
        actor = Actor(ActorKind.token, person.id, token.id, frozenset(token.scopes))
        return Identity(actor, person.name, lang=person.lang)


async def _adapters(house: House) -> None:
    declared = [p for p in house.ports[Permissions].all if isinstance(p, Permission)]
    service.use(Policies(declared))
    house.ports.put(IdentitySource, Doorkeeper(house))
    chosen = house.settings[AccessSettings]
    if chosen.directory is not None:
        house.ports.put(DirectoryReader, DirectoryFile(chosen.directory))
        people, teams, memberships, admins = await house.ports[DirectoryReader].read()
        async with house.database.transaction(PODO) as tx:
            await service.sync_directory(tx, people, teams, memberships)
            for admin in admins:
                await service.grant(tx, admin, Role.admin)


DOMAIN = Domain(
    name="access",
    routes=[api.routes, pages.routes],
    settings={"access": AccessSettings},
    slots=[NavItem(N_("Teams"), "/teams")],
    adapters=_adapters,
    permissions=PERMISSIONS,
)
