"""Changes pods of a real cluster as quickly as it takes them, up to a rate: a program of its own, that does little itself.

`python -m bench.writer KUBECONFIG` reads a line of JSON (`{"pods": [[namespace, name], …], "rate": …, "store": …}`) and begins;
when its standard input ends, it writes how many changes it made, and in how many seconds. Each is what a container's restart
looks like. Requests are put together by hand, and of answers only the length is looked at.

With `store`, the socket of the cluster's etcd, each is written there: an API server tells of it as of any other, and has not had
to take it in, which costs it more than two cores can give for some hundreds a second.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import ssl
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp

from podo.clients.kubernetes.real import kubeconfig

# Enough to use up an API server on two cores. More change nothing more: they wait in it, and what it tells waits behind them.
_AT_ONCE = 8
_STATUS = (
    '{"status":{"containerStatuses":[{"name":"app","image":"","imageID":"","ready":true,"restartCount":%d,'
    '"state":{"running":{"startedAt":"2026-11-01T00:00:00Z"}}}]}}'
)
# The smallest answer that can be had.
_ACCEPT = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
# In a stored pod, in protobuf: that its container is ready, how often it was restarted, its image.
_RESTARTS = re.compile(rb"\x20\x01\x28([\x80-\xff]*[\x00-\x7f])\x32")

Place = tuple[str, str]
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


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
def changing(path: Path, pods: Sequence[Place], rate: float, store: Path | None = None) -> Iterator[Made]:
    """At most `rate` pods change each second within this context, by the API server or in its `store`."""
    made = Made()
    command = [sys.executable, "-m", "bench.writer", str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdin
        assert program.stdout
        try:
            print(json.dumps({"pods": pods, "rate": rate, "store": str(store or "")}), file=program.stdin, flush=True)
            if program.stdout.readline() != "begun\n":
                raise RuntimeError("the writer did not begin")
            yield made
            program.stdin.close()
            made.changes, made.seconds = json.loads(program.stdout.readline())
        finally:
            program.kill()


async def _main(path: Path) -> None:
    asked, done = json.loads(await asyncio.to_thread(sys.stdin.readline)), 0
    way = await (_Store.of(asked["store"], asked["pods"]) if asked["store"] else _Server.of(path))

    async def one_after_another() -> None:
        nonlocal done
        reader, writer = await way.connect()
        while True:
            number, done = done, done + 1
            # Those that are late are made up for.
            await asyncio.sleep(max(0.0, begun + number / asked["rate"] - time.perf_counter()))
            namespace, name = asked["pods"][number * 7919 % len(asked["pods"])]
            writer.write(way.request((namespace, name), number))
            await _answered(reader)

    begun = time.perf_counter()
    tasks = [asyncio.create_task(one_after_another()) for _ in range(_AT_ONCE)]
    print("begun", flush=True)
    ended = asyncio.create_task(asyncio.to_thread(sys.stdin.readline))
    await asyncio.wait([ended, *tasks], return_when=asyncio.FIRST_COMPLETED)
    if not ended.done():
        await asyncio.gather(*(task for task in tasks if task.done()))
    print(json.dumps([done - _AT_ONCE, time.perf_counter() - begun]), flush=True)


@dataclass(frozen=True, slots=True)
class _Server:
    """Patches by an API server."""

    connect: Callable[[], Awaitable[Streams]]
    host: str
    head: str
    first: int

    @classmethod
    async def of(cls, path: Path) -> _Server:
        access = kubeconfig.read(path, None, None)
        headers = {**await access.headers(), "content-type": "application/merge-patch+json", "accept": _ACCEPT}
        place, trust = urlsplit(access.server), access.ssl if isinstance(access.ssl, ssl.SSLContext) else None
        connect = partial(asyncio.open_connection, place.hostname, place.port, ssl=trust, limit=1 << 16)
        # What a pod said before is no change, and an API server tells nobody of it: no run says what another has said.
        return cls(connect, place.netloc, "".join(f"{name}: {value}\r\n" for name, value in headers.items()), int(time.time()))

    def request(self, pod: Place, number: int) -> bytes:
        body = _STATUS % (self.first + number)
        path = f"/api/v1/namespaces/{pod[0]}/pods/{pod[1]}/status?fieldManager=bench&fieldValidation=Ignore"
        return f"PATCH {path} HTTP/1.1\r\nhost: {self.host}\r\n{self.head}content-length: {len(body)}\r\n\r\n{body}".encode()


@dataclass(frozen=True, slots=True)
class _Store:
    """Puts what is stored of a pod, with one more restart in it. `pods`: what is stored, and where its restarts stand."""

    connect: Callable[[], Awaitable[Streams]]
    pods: Mapping[Place, tuple[bytearray, int]]

    @classmethod
    async def of(cls, store: str, pods: Sequence[Sequence[str]]) -> _Store:
        found: dict[Place, tuple[bytearray, int]] = {}
        async with aiohttp.ClientSession(connector=aiohttp.UnixConnector(store), raise_for_status=True) as session:
            for namespace in sorted({namespace for namespace, _ in pods}):
                space = _key(namespace, "")
                # "0" is what comes after "/".
                wanted = {"key": _coded(space), "range_end": _coded(space[:-1] + b"0")}
                async with session.post("http://etcd/v3/kv/range", json=wanted) as answer:
                    for stored in (await answer.json())["kvs"]:
                        value = bytearray(base64.b64decode(stored["value"]))
                        [restarts] = _RESTARTS.finditer(value)
                        name = base64.b64decode(stored["key"]).removeprefix(space).decode()
                        found[namespace, name] = value, restarts.start(1)
        return cls(partial(asyncio.open_unix_connection, store), found)

    def request(self, pod: Place, number: int) -> bytes:
        del number
        value, at = self.pods[pod]
        # The low seven bits of it: how many bytes there are stays as it is.
        value[at] = (value[at] & 0x80) | ((value[at] + 1) & 0x7F)
        body = json.dumps({"key": _coded(_key(*pod)), "value": _coded(value)})
        return f"POST /v3/kv/put HTTP/1.1\r\nhost: etcd\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode()


def _key(namespace: str, name: str) -> bytes:
    return f"/registry/pods/{namespace}/{name}".encode()


def _coded(data: bytes | bytearray) -> str:
    return base64.b64encode(data).decode()


async def _answered(reader: asyncio.StreamReader) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if not head.startswith(b"http/1.1 200"):
        raise RuntimeError(head.decode("latin-1"))
    length = head.partition(b"content-length: ")[2].partition(b"\r\n")[0]
    # JSON holds no line's end of HTTP.
    await (reader.readexactly(int(length)) if length else reader.readuntil(b"\r\n0\r\n\r\n"))


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1])))
