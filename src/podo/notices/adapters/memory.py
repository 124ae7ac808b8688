"""Where there is no mail server."""

from __future__ import annotations

from podo.notices.types import Letter


class NoMail:
    """Nothing is configured: letters stay in the outbox, where an administrator reads them."""

    async def send(self, letter: Letter) -> None:
        """There is nowhere to."""

    def sends(self) -> bool:
        """It does not."""
        return False
