"""Which repositories may be built on Podo's own machine."""

from __future__ import annotations

import re
from collections.abc import Sequence

_HEAD = re.compile(r"[a-z][a-z0-9+.-]*://[^/]*", re.IGNORECASE)
# What a git server or its proxy may read as “the folder above”, so that the address leads elsewhere than it looks.
_UPWARDS = re.compile(r"(^|/)(\.|%2e){1,2}(/|$)|%2f|%5c|\\", re.IGNORECASE)


def is_trusted(url: str, trusted: Sequence[str]) -> bool:
    """Whether an address begins with one of `trusted`, whole names only: `https://h/team` is no beginning of `https://h/team-b/x`.

    No beginnings at all: every repository is.
    """
    if not trusted:
        return True
    address = _plain(url)
    return not _UPWARDS.search(address) and any(_begins(address, _plain(beginning)) for beginning in trusted)


def _begins(address: str, beginning: str) -> bool:
    if not beginning:
        return False
    whole = beginning if beginning.endswith(("/", ":")) else f"{beginning}/"
    return address.startswith(whole) or address in (beginning, f"{beginning}.git")


def _plain(url: str) -> str:
    return _HEAD.sub(lambda head: head[0].lower(), url.strip())
