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


async def run(socket: aiohttp.ClientWebSocketResponse, stdin: bytes) -> Executed | None:
    """Feed `stdin`, gather what comes, and say how it ended; None when the connection ended before the command did."""
    sending = asyncio.create_task(_feed(socket, stdin))
    written: dict[int, bytearray] = {_STDOUT: bytearray(), _STDERR: bytearray(), _ERROR: bytearray()}
    try:
        async for message in socket:
            if message.type is aiohttp.WSMsgType.BINARY and message.data:
                written.setdefault(message.data[0], bytearray()).extend(message.data[1:])
            if message.data and message.data[0] == _ERROR:
                break
    finally:
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
    if not written[_ERROR]:
        return None
    code, why = _ended(msgspec.json.decode(written[_ERROR]))
    err = written[_STDERR].decode(errors="replace")
    return Executed(code, written[_STDOUT].decode(errors="replace"), err or why)


async def _feed(socket: aiohttp.ClientWebSocketResponse, stdin: bytes) -> None:
    for start in range(0, len(stdin), _CHUNK):
        await socket.send_bytes(bytes((_STDIN,)) + stdin[start : start + _CHUNK])
    if stdin and socket.protocol == PROTOCOLS[0]:
        await socket.send_bytes(bytes((_CLOSE, _STDIN)))


def _ended(status: Mapping[str, Any]) -> tuple[int, str]:
    """The exit code; for a command that could not be started, that of a shell: 127 when there is none, 126 else."""
    if status.get("status") == "Success":
        return 0, ""
    for cause in (status.get("details") or {}).get("causes") or ():
        if cause.get("reason") == "ExitCode":
            return int(cause["message"]), ""
    message = str(status.get("message") or "")
    missing = "not found" in message or "no such file" in message
    return (127 if missing else 126), message
