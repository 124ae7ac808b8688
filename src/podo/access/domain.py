"""The descriptor."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from podo.access import api, pages, reads, rules, service
from podo.access.adapters.file import DirectoryFile
from podo.access.adapters.issuers import Issuers
from podo.access.api.scim import ERRORS
from podo.access.ports import DirectoryReader, IssuerReader
from podo.access.rules import Policies
from podo.access.types import PERMISSIONS, AccessSettings, KeptTeam, NoWayIn, Permission, WrongDirectory
from podo.kernel import clock
from podo.kernel.db import outside
from podo.kernel.domains import Domain, House, Permissions, Round
from podo.kernel.errors import N_, PodoError
from podo.kernel.http import Identity, IdentitySource
from podo.kernel.nouns import PODO, Actor, ActorKind
from podo.kernel.ui import NavItem

_log = logging.getLogger("podo.access")


class Doorkeeper:
    """Who stands behind a cookie or an API token; notes use now and then, not at every request."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._lasts = timedelta(hours=house.settings[AccessSettings].session_hours)

    async def identify(self, *, cookie: str | None, bearer: str | None) -> Identity | None:
        """See `IdentitySource.identify`."""
        return await self._by_token(bearer) if bearer is not None else await self._by_session(cookie or "")

    async def is_in(self, *, cookie: str | None, bearer: str | None) -> bool:
        """See `IdentitySource.is_in`."""
        async with self._house.database.reading(PODO) as r:
            if bearer is not None:
                return await service.identify_token(r, bearer) is not None
            return await service.identify_session(r, cookie or "") is not None

    async def _by_session(self, cookie: str) -> Identity | None:
        async with self._house.database.reading(PODO) as r:
            found = await service.identify_session(r, cookie)
        if found is None:
            return None
        person, session, csrf = found
        if service.due_for_touch(session):
            async with self._house.database.transaction(PODO) as tx:
                await service.touch(tx, session, self._lasts)
        return Identity(Actor(ActorKind.person, person.id), person.name, csrf, person.lang, person.theme)

    async def _by_token(self, bearer: str) -> Identity | None:
        async with self._house.database.reading(PODO) as r:
            token = await service.identify_token(r, bearer)
            person = await service.person(r, token.person) if token else None
        if token is None or person is None:
            return None
        if service.due_for_note(token):
            async with self._house.database.transaction(PODO) as tx:
                await service.note_token_use(tx, token)
        actor = Actor(ActorKind.token, person.id, token.id, frozenset(token.scopes))
        return Identity(actor, person.name, lang=person.lang)


async def _adapters(house: House) -> None:
    declared = [p for p in house.ports[Permissions].all if isinstance(p, Permission)]
    service.use(Policies(declared))
    house.ports.put(IdentitySource, Doorkeeper(house))
    chosen = house.settings[AccessSettings]
    if not chosen.links and not chosen.issuers and not chosen.demo:
        raise NoWayIn()
    house.ports.put(IssuerReader, Issuers(chosen.issuers, anywhere=chosen.demo))
    await _forget_issuers(house, chosen)
    if (reader := _reader(chosen)) is not None:
        house.ports.put(DirectoryReader, reader)
        await _take_over(house)
        return
    async with house.database.reading(PODO) as r:
        left = await service.feed_trouble(r)
    if left is not None:
        # Nothing is read any more that could be in trouble.
        async with house.database.transaction(PODO) as tx:
            await service.forget_trouble(tx)


def _reader(chosen: AccessSettings) -> DirectoryReader | None:
    """Where people and teams are read; None where they are pushed, or nobody is asked."""
    if chosen.directory is not None:
        return DirectoryFile(chosen.directory)
    if not chosen.directory_url:
        return None
    if chosen.directory_kind not in ("scim", "json"):
        raise WrongDirectory(why="access.directory_kind is scim or json")
    # Half a second that only who reads over the network pays.
    from podo.access.adapters.pulled import JsonDirectory, ScimDirectory
    from podo.clients.directory import Document, Place, Scim

    token = chosen.directory_token
    if chosen.directory_token_file is not None:
        token = chosen.directory_token_file.read_text("utf-8").strip()
    place = Place(chosen.directory_url, token, before_call=outside)
    if chosen.directory_kind == "json":
        return JsonDirectory(Document(place), chosen.directory_minutes)
    return ScimDirectory(Scim(place, chosen.directory_page), chosen.directory_minutes)


async def _forget_issuers(house: House, chosen: AccessSettings) -> None:
    """Rights that an issuer gave must not outlive its place in the settings."""
    async with house.database.reading(PODO) as r:
        done = await service.is_forgotten(r, chosen.issuers)
    if not done:
        async with house.database.transaction(PODO) as tx:
            await service.forget_issuers(tx, chosen.issuers)


class Leaving:
    """Sees to it that who has left is out within a minute: by an end that has come, or by a directory that changed."""

    def __init__(self) -> None:
        self._stamps: dict[int, str] = {}

    async def sweep(self, house: House) -> None:
        """Once around."""
        async with house.database.reading(PODO) as r:
            due = await service.leavers(r)
        if due:
            async with house.database.transaction(PODO) as tx:
                await service.let_leavers_go(tx)
        async with house.database.reading(PODO) as r:
            due = await service.has_due_entries(r)
        if due:
            async with house.database.transaction(PODO) as tx:
                await service.let_due_entries_come(tx, house.slots[KeptTeam])
        stamp = await reads.directory_stamp(house.ports)
        turn = TURNS.get(id(house))
        if stamp != self._stamps.setdefault(id(house), stamp) or (turn is not None and turn <= clock.now()):
            self._stamps[id(house)] = stamp
            await _take_over(house)


LEAVING = Leaving()
# By house, when the same directory will mean something else: a team begins or ends, somebody leaves.
TURNS: dict[int, datetime | None] = {}


async def _take_over(house: House) -> None:
    """At the start, and when it changed.

    A feed that is wrong today must not keep Podo down: then the people of yesterday stay, and a log says so.
    """
    try:
        feed = await house.ports[DirectoryReader].read()
        TURNS[id(house)] = rules.next_turn(feed, clock.now())
        async with house.database.transaction(PODO) as tx:
            await service.take_over(tx, feed, keeps=house.slots[KeptTeam])
    except PodoError as error:
        async with house.database.reading(PODO) as r:
            if not await service.everybody(r):
                raise
        _log.warning("the directory was not taken over: %s", error)
        async with house.database.transaction(PODO) as tx:
            await service.note_trouble(tx, error)


DOMAIN = Domain(
    name="access",
    routes=[*api.routes, pages.routes],
    settings={"access": AccessSettings},
    slots=[ERRORS, *service.SEARCHABLE, NavItem(N_("Teams"), "/teams", 20)],
    adapters=_adapters,
    rounds=[Round("access:leaving", 20, LEAVING.sweep)],
    permissions=PERMISSIONS,
)
