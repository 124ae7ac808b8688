"""What telling people needs from outside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from podo.notices.types import Answered, Letter


class MailWriter(Protocol):
    """Hands letters to a mail server."""

    async def send(self, letter: Letter) -> None:
        """Hand one over. Raises an `Unavailable` when the server does not take it now; twice the same id is one mail."""
        ...

    def sends(self) -> bool:
        """False when no mail server is configured, and letters stay in the outbox."""
        ...


class WebhookWriter(Protocol):
    """Posts to the receivers of webhooks."""

    async def post(self, address: str, headers: Mapping[str, str], body: bytes) -> Answered:
        """Post once, and say how that ended: it raises nothing for a receiver that does not answer.

        Where the address leads is looked up anew and checked, and the post goes nowhere else: no redirect is followed.
        """
        ...
