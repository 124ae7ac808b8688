"""The order of steps of sending a mail."""

from __future__ import annotations

from podo.kernel.db import Tx
from podo.kernel.durable import workflow
from podo.kernel.errors import PodoError, Unavailable
from podo.notices import service, steps


async def _stuck(tx: Tx, mail: str, why: str) -> None:
    await service.mail_delayed(tx, mail, why)


@workflow("mail_v1", stuck=_stuck)
async def send(mail: str) -> str:
    """Send one mail: sent, kept, later, failed or done already."""
    draft = await steps.look_up(mail)
    if draft is None:
        return "done already"
    try:
        handed = await steps.hand_over(mail, draft)
    except Unavailable as error:
        await steps.note_delayed(mail, error.said()[0])
        return "later"
    except PodoError as error:
        await steps.note_failed(mail, error.said()[0])
        return "failed"
    await steps.note_left(mail, handed)
    return "sent" if handed else "kept"
