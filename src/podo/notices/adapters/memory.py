"""The twin of a mail server: keeps what it was handed."""

from __future__ import annotations

from podo.notices.types import Letter


class MemoryMail:
    """Takes every letter once, by its id."""

    def __init__(self) -> None:
        self.letters: dict[str, Letter] = {}

    async def send(self, letter: Letter) -> None:
        """Keep it."""
        self.letters[letter.id] = letter

    def sends(self) -> bool:
        """It does."""
        return True


class NoMail:
    """Nothing is configured: letters stay in the outbox, where an administrator reads them."""

    async def send(self, letter: Letter) -> None:
        """There is nowhere to."""

    def sends(self) -> bool:
        """It does not."""
        return False
