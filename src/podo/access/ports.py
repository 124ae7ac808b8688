"""What this domain asks of outside."""

from __future__ import annotations

from typing import Protocol

from podo.access.types import Attempt, Claims, Feed


class DirectoryReader(Protocol):
    """A directory of people and teams: a file now, SCIM and HR systems later."""

    async def read(self) -> Feed:
        """All of it. Raises `WrongDirectory` or an `Unavailable`."""
        ...

    async def stamp(self) -> str:
        """A text that is another one when the directory may say something else; empty when it cannot be told."""
        ...


class IssuerReader(Protocol):
    """The issuers with which people sign in, by name. Each verb raises `NoSuchIssuer`, an `Unavailable` or a `Refused`."""

    async def address(self, attempt: Attempt, back: str) -> str:
        """Where to send a browser; it comes back to the address `back`."""
        ...

    async def claims(self, attempt: Attempt, back: str, *, code: str, said_by: str) -> Claims:
        """Who came back with this code, checked; `said_by` is the answer's own name of the issuer, empty without."""
        ...

    async def end_address(self, issuer: str, back: str, hint: str) -> str | None:
        """Where a browser signs out at the issuer; `hint` is the ID token, or empty. None where that cannot be done."""
        ...

    async def logged_out(self, issuer: str, token: str) -> tuple[str, str]:
        """Whom a logout token signs out, checked: the subject and the session, one of which may be empty."""
        ...
