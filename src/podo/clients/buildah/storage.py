"""Where images are built: one folder, shared by all builds of a machine. A cache: it may be deleted whenever no build runs."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

_POLL = 0.1


class Storage:
    """The folder with its lock: builds share it, tidying has it alone. Holds between processes and ends with them."""

    def __init__(self, folder: Path) -> None:
        for place in (folder, folder / "calls", folder / "storage"):
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder = folder.resolve()

    def free(self) -> int:
        """Bytes that the disk has left."""
        return shutil.disk_usage(self.folder).free

    def left(self) -> list[Path]:
        """The folders of calls: of those that run, and of those that were killed."""
        return list((self.folder / "calls").iterdir())

    @contextlib.asynccontextmanager
    async def shared(self) -> AsyncIterator[None]:
        """Build; waits while it is being tidied."""
        with self._opened() as descriptor:
            while not _locked(descriptor, fcntl.LOCK_SH):  # noqa: ASYNC110 - another process may hold it, and flock tells nobody
                await asyncio.sleep(_POLL)
            yield

    @contextlib.contextmanager
    def alone(self) -> Iterator[bool]:
        """Tidy; false where a build runs."""
        with self._opened() as descriptor:
            yield _locked(descriptor, fcntl.LOCK_EX)

    @contextlib.contextmanager
    def _opened(self) -> Iterator[int]:
        descriptor = os.open(self.folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield descriptor
        finally:
            os.close(descriptor)


def _locked(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
