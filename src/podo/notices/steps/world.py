"""What the acts work on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from podo.kernel.settings import Seal
from podo.notices.types import Parcel
from podo.notices.writers import MailWriter, WebhookWriter

_POSTS = 32


@dataclass(frozen=True, slots=True)
class World:
    """What the acts work on; `podo` is the address under which people reach this Podo.

    `parcel(webhook, ids)` is what is posted together, still sealed; `gate` bounds what one process posts at a time.
    """

    writer: MailWriter
    seal: Seal
    podo: str
    webhooks: WebhookWriter
    parcel: Callable[[str, Sequence[str]], Awaitable[Parcel | None]]
    gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_POSTS))
