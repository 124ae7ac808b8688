"""The descriptor."""

from __future__ import annotations

from podo.access.types import SignInAsked
from podo.kernel.db import Reading
from podo.kernel.domains import Domain, House, Round, Slots
from podo.kernel.events import Handler
from podo.kernel.http.web import WaitingCount
from podo.notices import api, pages, service
from podo.notices.adapters.memory import NoMail
from podo.notices.adapters.smtp import SmtpMail
from podo.notices.handlers import mail_sign_in_link, send_at_once, send_due
from podo.notices.steps import World
from podo.notices.types import PREFER, READ_INBOX, READ_OUTBOX, HomeSource, MailQueued, NoticesSettings
from podo.notices.writers import MailWriter


async def _adapters(house: House) -> None:
    chosen = house.settings[NoticesSettings]
    house.ports.put(MailWriter, SmtpMail(chosen.smtp, chosen.sender) if chosen.smtp else NoMail())


async def _waiting(r: Reading, person: str, slots: Slots) -> int:
    return await service.waiting(r, slots[HomeSource], person)


DOMAIN = Domain(
    name="notices",
    routes=[api.routes, pages.routes],
    settings={"notices": NoticesSettings},
    slots=[WaitingCount(_waiting)],
    handlers=[
        Handler("notices.sign_in_link", frozenset({SignInAsked.code}), mail_sign_in_link),
        Handler("notices.mail", frozenset({MailQueued.code}), send_at_once),
    ],
    rounds=[Round("notices.mail", 5, send_due)],
    adapters=_adapters,
    world=lambda house: World(house.ports[MailWriter], house.seal, house.url),
    permissions=[READ_INBOX, PREFER, READ_OUTBOX],
)
