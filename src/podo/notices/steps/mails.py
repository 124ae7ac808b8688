"""Handing letters over: the only place that does. A letter that is handed over twice is one mail, by its id."""

from __future__ import annotations

from typing import Any

from podo.kernel.db import Tx
from podo.kernel.durable import act, record
from podo.notices import messages, service
from podo.notices.steps.world import World
from podo.notices.types import Letter, MailState


@record
async def look_up(tx: Tx, mail: str) -> dict[str, Any] | None:
    """The mail as plain values, its link still sealed; None when it needs no sending any more."""
    draft = await service.waiting_draft(tx, mail)
    if draft is None:
        return None
    return {"to": draft.to, "subject": draft.subject, "body": draft.body, "sealed": draft.sealed}


@act(undo=None)
async def hand_over(world: World, mail: str, draft: dict[str, Any]) -> bool:
    """Hand the letter to the mail server; False when there is none. A mail cannot be called back."""
    if not world.writer.sends():
        return False
    link = world.seal.open(draft["sealed"]) if draft["sealed"] else ""
    body = messages.filled(draft["body"], world.podo, link)
    await world.writer.send(Letter(mail, draft["to"], draft["subject"], body))
    return True


@record
async def note_left(tx: Tx, mail: str, handed: bool) -> None:
    """It was handed over, or is kept."""
    await service.mail_left(tx, mail, state=MailState.sent if handed else MailState.kept)


@record
async def note_delayed(tx: Tx, mail: str, why: str) -> None:
    """The server does not take it now."""
    await service.mail_delayed(tx, mail, why)


@record
async def note_failed(tx: Tx, mail: str, why: str) -> None:
    """The server will never take it."""
    await service.mail_failed(tx, mail, why)
