"""The `podo` command, many times: in a process of its own each, forked from one in which Python has loaded it already.

Loading it anew is nine tenths of what a command takes. The tour and the first start do that, as people do.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload([__name__, "podo.cli.main", "httpx", "httpcore"])


async def podo(words: Sequence[str], environment: Mapping[str, str], stdin: str) -> tuple[int, str]:
    """Run it; its exit code, and what it printed, its complaints last."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "0").write_text(stdin)
        process = _FORKS.Process(target=_podo, args=(list(words), dict(environment), name))
        await asyncio.to_thread(process.start)
        await asyncio.to_thread(process.join)
        code = process.exitcode
        process.close()
        assert code is not None
        return code, (folder / "1").read_text() + (folder / "2").read_text()


def _podo(words: list[str], environment: dict[str, str], folder: str) -> None:
    os.environ.clear()
    os.environ.update(environment)
    for number in range(3):
        file = os.open(f"{folder}/{number}", os.O_RDWR | os.O_CREAT)
        os.dup2(file, number)
        os.close(file)
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(number, mode, closefd=False) for number, mode in enumerate("rww"))
    sys.argv = ["podo", *words]

    from podo.cli.main import main

    main()
