"""The descriptor."""

from __future__ import annotations

from collections.abc import Sequence

from podo.access.types import SignInAsked
from podo.catalog import service as catalog
from podo.kernel.db import Reading
from podo.kernel.domains import Domain, House, Round, Slots
from podo.kernel.events import Handler
from podo.kernel.http.web import WaitingCount
from podo.notices import api, messages, pages, service
from podo.notices.adapters.memory import NoMail
from podo.notices.adapters.smtp import SmtpMail
from podo.notices.handlers import OWNERS_CHANGE, mail_sign_in_link, send_at_once, send_due, tell_of_owners
from podo.notices.steps import World
from podo.notices.types import PREFER, READ_INBOX, READ_OUTBOX, HomeSource, Line, MailQueued, NoticesSettings
from podo.notices.writers import MailWriter


async def _adapters(house: House) -> None:
    chosen = house.settings[NoticesSettings]
    house.ports.put(MailWriter, SmtpMail(chosen.smtp, chosen.sender) if chosen.smtp else NoMail())


async def _waiting(r: Reading, person: str, slots: Slots) -> int:
    return await service.waiting(r, slots[HomeSource], person)


async def _offers(r: Reading, person: str, projects: Sequence[str], lang: str) -> Sequence[Line]:
    """Projects that are offered to teams that the person leads."""
    org = await catalog.organisation(r)
    found = await catalog.offers_waiting(r, person)
    return [messages.offer_line(o, org.name(o.holder), org.name(o.team), lang) for o in found]


DOMAIN = Domain(
    name="notices",
    routes=[api.routes, pages.routes],
    settings={"notices": NoticesSettings},
    slots=[WaitingCount(_waiting), HomeSource("waiting", _offers, catalog.count_waiting)],
    handlers=[
        Handler("notices.sign_in_link", frozenset({SignInAsked.code}), mail_sign_in_link),
        Handler("notices.owners", OWNERS_CHANGE, tell_of_owners),
        Handler("notices.mail", frozenset({MailQueued.code}), send_at_once),
    ],
    rounds=[Round("notices.mail", 5, send_due)],
    adapters=_adapters,
    world=lambda house: World(house.ports[MailWriter], house.seal, house.url),
    permissions=[READ_INBOX, PREFER, READ_OUTBOX],
)
