"""What telling people needs from outside."""

from __future__ import annotations

from typing import Protocol

from podo.notices.types import Letter


class MailWriter(Protocol):
    """Hands letters to a mail server."""

    async def send(self, letter: Letter) -> None:
        """Hand one over. Raises an `Unavailable` when the server does not take it now; twice the same id is one mail."""
        ...

    def sends(self) -> bool:
        """False when no mail server is configured, and letters stay in the outbox."""
        ...
