"""What starts by itself: the mail of a sign-in link, and sending what is in the outbox."""

from __future__ import annotations

from podo.kernel.domains import House
from podo.kernel.events import Entry, Handling
from podo.kernel.nouns import PODO
from podo.notices import service
from podo.notices.workflows import send


async def mail_sign_in_link(entry: Entry, at: Handling) -> None:
    """Somebody asked for a link: it goes into the outbox."""
    async with at.transaction() as tx:
        await service.mail_sign_in_link(tx, entry.facts["link"])


async def send_at_once(entry: Entry, at: Handling) -> None:
    """A mail was queued: a run sends it."""
    mail = entry.facts["mail"]
    await at.start(send, f"mail:{mail}:0", mail)


async def send_due(house: House) -> None:
    """Mails that could not leave are tried again when their pause is over."""
    async with house.database.reading(PODO) as r:
        due = await service.due_mails(r)
    for mail, attempts in due:
        await house.durable.start(send, f"mail:{mail}:{attempts}", mail)
