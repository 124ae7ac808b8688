"""Read a repository's address: one form, an allowed protocol, no secret in it."""

from __future__ import annotations

import re
from collections.abc import Set
from urllib.parse import SplitResult, urlsplit, urlunsplit

from podo.clients.git.errors import AddressInvalid
from podo.kernel.errors import N_

PROTOCOLS = frozenset({"https", "http", "ssh", "file"})
_SCP = re.compile(r"(?:(?P<user>[\w.+-]+)@)?(?P<host>[\w.-]{2,}):(?P<path>(?!//|:)\S+)")
_CONTROL = re.compile(r"[\s\x00-\x1f\x7f\\]")


def normal(url: str, allowed: Set[str] = PROTOCOLS) -> str:
    """The address in the one form that mirrors are kept by. Raises `AddressInvalid`."""
    parts = _split(url)
    host = (parts.hostname or "").lower()
    if parts.scheme not in PROTOCOLS:
        raise AddressInvalid(url=_shown(url), why=N_("it names no protocol that git repositories are read by"))
    if parts.scheme not in allowed:
        raise AddressInvalid(url=_shown(url), why=N_("the protocol {scheme} is not allowed here").format(scheme=parts.scheme))
    if parts.password or (parts.username and parts.scheme != "ssh"):
        raise AddressInvalid(url=_shown(url), why=N_("it holds a user or password, which would be seen in lists and logs"))
    if parts.query or parts.fragment:
        raise AddressInvalid(url=_shown(url), why=N_("it has a “?” or “#” part"))
    if parts.scheme == "file" and (host or not parts.path.startswith("/")):
        raise AddressInvalid(url=_shown(url), why=N_("a file: address names an absolute path and no host"))
    if parts.scheme != "file" and (not host or host.startswith("-") or parts.netloc.startswith("-") or parts.path in {"", "/"}):
        raise AddressInvalid(url=_shown(url), why=N_("it has no host or no path"))
    return urlunsplit((parts.scheme, _host(parts, host), parts.path.rstrip("/"), "", ""))


def origin(url: str) -> str:
    """`scheme://host[:port]/` of a normal address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/"


def _split(url: str) -> SplitResult:
    if not url or len(url) > 2000 or _CONTROL.search(url) or url.startswith("-"):
        raise AddressInvalid(url=_shown(url), why=N_("it is empty, too long, or has blanks in it"))
    if url.startswith("/"):
        url = f"file://{url}"
    if "://" not in url and (scp := _SCP.fullmatch(url)):
        user = f"{scp['user']}@" if scp["user"] else ""
        url = f"ssh://{user}{scp['host']}/{scp['path'].lstrip('/')}"
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise AddressInvalid(url=_shown(url), why=N_("it cannot be read")) from None
    return parts


def _host(parts: SplitResult, host: str) -> str:
    user = f"{parts.username}@" if parts.username else ""
    named = f"[{host}]" if ":" in host else host
    return f"{user}{named}" + (f":{parts.port}" if parts.port else "")


def _shown(url: str) -> str:
    """The address as it may be shown: without what may be a secret, and not endless."""
    return re.sub(r"//[^/@]*@", "//…@", url)[:200]
