"""Questions that ask the directory, and the issuers with which people sign in."""

from __future__ import annotations

from podo.access.ports import DirectoryReader, IssuerReader
from podo.access.types import Attempt, Claims, Feed, NoDirectory
from podo.kernel.domains import Ports


async def directory(ports: Ports) -> Feed:
    """What the directory says now. Raises `NoDirectory`, `WrongDirectory` or an `Unavailable`."""
    if DirectoryReader not in ports:
        raise NoDirectory()
    return await ports[DirectoryReader].read()


async def directory_stamp(ports: Ports) -> str:
    """A text that is another one when the directory may say something else; empty without a directory."""
    return await ports[DirectoryReader].stamp() if DirectoryReader in ports else ""


async def way_there(ports: Ports, attempt: Attempt, url: str) -> str:
    """Where a browser signs in at the issuer; `url` is the address of this site."""
    return await ports[IssuerReader].address(attempt, _back(url, attempt.issuer))


async def who_came(ports: Ports, attempt: Attempt, url: str, *, code: str, said_by: str) -> Claims:
    """Who came back from the issuer with this code."""
    return await ports[IssuerReader].claims(attempt, _back(url, attempt.issuer), code=code, said_by=said_by)


async def way_out(ports: Ports, issuer: str, url: str, hint: str) -> str | None:
    """Where a browser signs out at the issuer, to come back to the sign-in page; None where that cannot be done."""
    return await ports[IssuerReader].end_address(issuer, f"{url}/sign-in", hint)


async def logged_out(ports: Ports, issuer: str, token: str) -> tuple[str, str]:
    """Whom an issuer's logout token signs out: the subject and the session, one of which may be empty."""
    return await ports[IssuerReader].logged_out(issuer, token)


def _back(url: str, issuer: str) -> str:
    return f"{url}/sign-in/with/{issuer}/back"
