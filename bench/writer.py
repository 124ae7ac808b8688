"""Changes pods of a real cluster as quickly as it takes them, up to a rate: a program of its own, that does little itself.

`python -m bench.writer KUBECONFIG` reads a line of JSON (`{"pods": [[namespace, name], …], "rate": …}`) and begins; when its
standard input ends, it writes how many changes it made, and in how many seconds. Each is what a container's restart looks
like. Requests are put together by hand, and of answers only the length is looked at.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from podo.clients.kubernetes.real import kubeconfig

# Enough to use up an API server on two cores. More change nothing more: they wait in it, and what it tells waits behind them.
_AT_ONCE = 8
_STATUS = (
    '{"status":{"containerStatuses":[{"name":"app","image":"","imageID":"","ready":true,"restartCount":%d,'
    '"state":{"running":{"startedAt":"2026-11-01T00:00:00Z"}}}]}}'
)
# The smallest answer that can be had.
_ACCEPT = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"


@dataclass(slots=True)
class Made:
    """What came about; empty until the program has ended."""

    changes: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Changes a second."""
        return self.changes / self.seconds


@contextmanager
def changing(path: Path, pods: Sequence[tuple[str, str]], rate: float) -> Iterator[Made]:
    """At most `rate` pods change each second within this context."""
    made = Made()
    command = [sys.executable, "-m", "bench.writer", str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdin
        assert program.stdout
        try:
            print(json.dumps({"pods": pods, "rate": rate}), file=program.stdin, flush=True)
            if program.stdout.readline() != "begun\n":
                raise RuntimeError("the writer did not begin")
            yield made
            program.stdin.close()
            made.changes, made.seconds = json.loads(program.stdout.readline())
        finally:
            program.kill()


async def _main(path: Path) -> None:
    asked = json.loads(await asyncio.to_thread(sys.stdin.readline))
    access = kubeconfig.read(path, None, None)
    # What a pod said before is no change, and an API server tells nobody of it: no run says what another has said.
    first = int(time.time())
    headers = {**await access.headers(), "content-type": "application/merge-patch+json", "accept": _ACCEPT}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    place, done = urlsplit(access.server), 0

    async def one_after_another() -> None:
        nonlocal done
        trust = access.ssl if isinstance(access.ssl, ssl.SSLContext) else None
        reader, writer = await asyncio.open_connection(place.hostname, place.port, ssl=trust, limit=1 << 16)
        while True:
            number, done = done, done + 1
            # Those that are late are made up for.
            await asyncio.sleep(max(0.0, begun + number / asked["rate"] - time.perf_counter()))
            namespace, name = asked["pods"][number * 7919 % len(asked["pods"])]
            writer.write(_request(place.netloc, f"/api/v1/namespaces/{namespace}/pods/{name}/status", head, first + number))
            await _answered(reader)

    begun = time.perf_counter()
    tasks = [asyncio.create_task(one_after_another()) for _ in range(_AT_ONCE)]
    print("begun", flush=True)
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.readline))
    await asyncio.wait([ended, *tasks], return_when=asyncio.FIRST_COMPLETED)
    if not ended.done():
        await asyncio.gather(*(task for task in tasks if task.done()))
    print(json.dumps([done - _AT_ONCE, time.perf_counter() - begun]), flush=True)


def _request(host: str, path: str, head: str, number: int) -> bytes:
    body = _STATUS % number
    start = f"PATCH {path}?fieldManager=bench&fieldValidation=Ignore HTTP/1.1\r\nhost: {host}\r\n{head}"
    return f"{start}content-length: {len(body)}\r\n\r\n{body}".encode()


async def _answered(reader: asyncio.StreamReader) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if not head.startswith(b"http/1.1 200"):
        raise RuntimeError(head.decode("latin-1"))
    length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
    # JSON holds no line's end of HTTP.
    await (reader.readexactly(int(length)) if length else reader.readuntil(b"\r\n0\r\n\r\n"))


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1])))
