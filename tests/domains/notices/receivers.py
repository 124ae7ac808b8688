"""A receiver of webhooks on loopback, which answers as it is told, and a check of signatures that is not Podo's own."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

RESET, HANG, DRIP, NONSENSE = "reset", "hang", "drip", "nonsense"


@dataclass(frozen=True)
class Taken:
    """One post as it came."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        """Its `webhook-id`."""
        return self.headers["webhook-id"]

    @property
    def said(self) -> dict[str, Any]:
        """Its body, read."""
        return json.loads(self.body)

    def signers(self, *secrets: str) -> list[bool]:
        """For each signature whether one of the secrets made it."""
        signed = f"{self.id}.{self.headers['webhook-timestamp']}.".encode() + self.body
        keys = [base64.b64decode(secret[len("whsec_") :]) for secret in secrets]
        good = {base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in keys}
        return [given.removeprefix("v1,") in good for given in self.headers["webhook-signature"].split(" ")]


@dataclass
class Receiver:
    """Answers by path: each answer once, then 200. An answer is a status, (status, headers, body), or what goes wrong instead."""

    port: int = 0
    taken: list[Taken] = field(default_factory=list)
    answers: dict[str, list[Any]] = field(default_factory=dict)

    def at(self, path: str) -> str:
        """The address of a path."""
        return f"http://127.0.0.1:{self.port}{path}"

    def of(self, path: str) -> list[Taken]:
        """What came there."""
        return [one for one in self.taken if one.path == path]

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request."""
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            path = lines[0].split(" ")[1]
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            self.taken.append(Taken(path, headers, body))
            await self._answer(writer, self.answers[path].pop(0) if self.answers.get(path) else 200)
            await writer.drain()
        writer.close()

    async def _answer(self, writer: asyncio.StreamWriter, answer: Any) -> None:
        match answer:
            case "reset":
                writer.transport.abort()
            case "hang":
                await asyncio.sleep(0.8)
            case "nonsense":
                writer.write(b"SSH-2.0-x\r\n\r\n")
            case "drip":
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nyes")
                await writer.drain()
                await asyncio.sleep(1.3)
            case int():
                writer.write(f"HTTP/1.1 {answer} X\r\ncontent-length: 2\r\n\r\nok".encode())
            case (status, headers, body):
                told = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
                writer.write(f"HTTP/1.1 {status} X\r\n{told}content-length: {len(body)}\r\n\r\n".encode() + body)
            case _:
                raise AssertionError(answer)


@contextlib.asynccontextmanager
async def receiving(tls: ssl.SSLContext | None = None) -> AsyncIterator[Receiver]:
    """A receiver."""
    made = Receiver()
    server = await asyncio.start_server(made.talk, "127.0.0.1", 0, ssl=tls)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
