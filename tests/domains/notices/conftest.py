"""The company's people, and a mail server on loopback."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.company import company
from tests.houses import Living


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Living]:
    """No mail server: mails stay in the outbox."""
    async with company(tmp_path / "house") as found:
        yield found


@dataclass
class MailServer:
    """Takes mail by SMTP (RFC 5321). `answers` are said in place of the usual one, by command, each once."""

    port: int = 0
    taken: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list)
    answers: dict[str, list[str]] = field(default_factory=dict)
    calls: int = 0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One conversation."""
        self.calls += 1
        sender, to = "", list[str]()

        def say(line: str) -> None:
            writer.write(line.encode() + b"\r\n")

        say("220 mail.podo.example")
        with contextlib.suppress(ConnectionError):
            while line := (await reader.readline()).decode().strip():
                verb = line.split(":")[0].split(" ")[0].upper()
                if self.answers.get(verb):
                    say(self.answers[verb].pop(0))
                    continue
                match verb:
                    case "EHLO" | "HELO":
                        say("250 mail.podo.example")
                    case "MAIL":
                        sender = line.partition("<")[2].partition(">")[0]
                        say("250 ok")
                    case "RCPT":
                        to.append(line.partition("<")[2].partition(">")[0])
                        say("250 ok")
                    case "DATA":
                        say("354 go on")
                        await self._take(reader, sender, to)
                        say("250 taken")
                    case "QUIT":
                        say("221 bye")
                        break
                    case _:
                        say("250 ok")
        writer.close()

    async def _take(self, reader: asyncio.StreamReader, sender: str, to: list[str]) -> None:
        lines: list[bytes] = []
        while (line := await reader.readline()) != b".\r\n":
            lines.append(line[1:] if line.startswith(b"..") else line)
        self.taken.append(message_from_bytes(b"".join(lines), policy=policy.default))  # type: ignore[arg-type]
        self.envelopes.append((sender, to))


@pytest.fixture
async def post() -> AsyncIterator[MailServer]:
    """A mail server."""
    made = MailServer()
    server = await asyncio.start_server(made.talk, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    async with server:
        yield made


@pytest.fixture
async def mailing(tmp_path: Path, post: MailServer) -> AsyncIterator[Living]:
    """A house that sends its mails to `post`."""
    settings = {"PODO_NOTICES_SMTP": f"smtp://127.0.0.1:{post.port}", "PODO_NOTICES_SENDER": "podo@podo.example"}
    async with company(tmp_path / "house", PODO_SERVER_URL="https://podo.example", **settings) as found:
        yield found
