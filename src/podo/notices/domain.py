"""The descriptor."""

from __future__ import annotations

from dataclasses import dataclass

from podo.kernel.domains import Domain, House
from podo.kernel.settings import setting
from podo.notices import api, pages
from podo.notices.adapters.memory import NoMail
from podo.notices.adapters.smtp import SmtpMail
from podo.notices.types import READ_INBOX, READ_OUTBOX
from podo.notices.writers import MailWriter


@dataclass(frozen=True, slots=True)
class NoticesSettings:
    """How people are told."""

    smtp: str = setting("", "Mail server, `smtp://user:password@host:port` or `smtps://…`; empty: mails stay in the outbox")
    sender: str = setting("podo@localhost", "From address of Podo's mails")


async def _adapters(house: House) -> None:
    chosen = house.settings[NoticesSettings]
    house.ports.put(MailWriter, SmtpMail(chosen.smtp, chosen.sender) if chosen.smtp else NoMail())


DOMAIN = Domain(
    name="notices",
    routes=[api.routes, pages.routes],
    settings={"notices": NoticesSettings},
    adapters=_adapters,
    permissions=[READ_INBOX, READ_OUTBOX],
)
