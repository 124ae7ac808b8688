"""The guard that keeps tests on this machine. It hangs on Python's own audit events, so that nothing is patched."""

from __future__ import annotations

import ipaddress
import socket
from typing import Any

_HERE = {"", "localhost", "localhost.localdomain"}


class NetworkBlocked(RuntimeError):
    """A test reached for another machine. Give it a twin, or a server on 127.0.0.1."""


def guard(event: str, arguments: tuple[Any, ...]) -> None:
    """An audit hook: raises `NetworkBlocked` when a socket looks up or reaches what is not this machine."""
    match event:
        case "socket.connect" | "socket.sendto" | "socket.sendmsg":
            _check(arguments[1])
        case "socket.getaddrinfo" | "socket.gethostbyname":
            _look_up(arguments[0])


def _check(address: Any) -> None:
    if isinstance(address, tuple) and not _is_here(address[0]):
        raise NetworkBlocked(f"a test reached for {address[0]}:{address[1]}; give it a twin, or a server on 127.0.0.1")


def _look_up(host: str | bytes | None) -> None:
    name = host.decode() if isinstance(host, bytes) else host
    if name is None or _is_here(name):
        return
    if name.endswith(".invalid"):
        # RFC 6761: nobody may answer for such a name, so the true answer needs no network.
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    raise NetworkBlocked(f"a test looked up {name}; give it a twin, or a server on 127.0.0.1")


def _is_here(host: str) -> bool:
    if host in _HERE or host.endswith(".localhost"):
        return True
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
