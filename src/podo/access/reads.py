"""Questions that ask the directory."""

from __future__ import annotations

from podo.access.ports import DirectoryReader
from podo.access.types import Feed, NoDirectory
from podo.kernel.domains import Ports


async def directory(ports: Ports) -> Feed:
    """What the directory says now. Raises `NoDirectory`, `WrongDirectory` or an `Unavailable`."""
    if DirectoryReader not in ports:
        raise NoDirectory()
    return await ports[DirectoryReader].read()
