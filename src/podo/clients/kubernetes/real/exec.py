"""`exec` over a websocket: the channels of `v5.channel.k8s.io`, and of v4 where the server is older."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import aiohttp
import msgspec

from podo.clients.kubernetes.types import Executed

PROTOCOLS = ("v5.channel.k8s.io", "v4.channel.k8s.io")
_STDIN, _STDOUT, _STDERR, _ERROR, _CLOSE = 0, 1, 2, 3, 255
_CHUNK = 1 << 15
# Bytes of stdout and stderr together.
MOST = 1 << 24
# So a kubelet begins what a container runtime said about a program.
_STARTING = "error executing command in container"


class NotRun(Exception):
    """The command was not begun, for the reason that the server's `status` gives."""

    def __init__(self, status: Mapping[str, Any]) -> None:
        super().__init__(str(status.get("message") or ""))
        self.status = status


class TooMuchWritten(Exception):
    """The command wrote more than is taken in; the connection ends, and with it what the command writes to."""


async def run(socket: aiohttp.ClientWebSocketResponse, stdin: bytes) -> Executed | None:
    """Feed `stdin`, gather what comes, and say how it ended; None when the connection ended before the command did.

    Raises `NotRun`, `TooMuchWritten`.
    """
    sending = asyncio.create_task(_feed(socket, stdin))
    try:
        written = await _gather(socket)
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
    if not written[_ERROR]:
        return None
    out, err = (written[channel].decode(errors="replace") for channel in (_STDOUT, _STDERR))
    code, why = _ended(msgspec.json.decode(written[_ERROR], type=dict[str, Any]))
    return Executed(code, out, err or why)


async def _gather(socket: aiohttp.ClientWebSocketResponse) -> dict[int, bytearray]:
    written: dict[int, bytearray] = {_STDOUT: bytearray(), _STDERR: bytearray(), _ERROR: bytearray()}
    total = 0
    async for message in socket:
        if message.type is not aiohttp.WSMsgType.BINARY or not message.data:
            continue
        channel, content = message.data[0], message.data[1:]
        total += len(content)
        if total > MOST:
            raise TooMuchWritten
        written.setdefault(channel, bytearray()).extend(content)
        if channel == _ERROR:
            break
    return written


async def _feed(socket: aiohttp.ClientWebSocketResponse, stdin: bytes) -> None:
    for start in range(0, len(stdin), _CHUNK):
        await socket.send_bytes(bytes((_STDIN,)) + stdin[start : start + _CHUNK])
    if stdin and socket.protocol == PROTOCOLS[0]:
        await socket.send_bytes(bytes((_CLOSE, _STDIN)))


def _ended(status: Mapping[str, Any]) -> tuple[int, str]:
    """The exit code; for a program that could not be started, that of a shell: 127 when there is none, 126 else."""
    if status.get("status") == "Success":
        return 0, ""
    for cause in (status.get("details") or {}).get("causes") or ():
        if cause.get("reason") == "ExitCode":
            return int(cause["message"]), ""
    message = str(status.get("message") or "")
    if _STARTING not in message:
        raise NotRun(status)
    missing = "not found" in message or "no such file" in message
    return (127 if missing else 126), message.rpartition(f"{_STARTING}: ")[2]
