"""Which addresses on the network are this machine's own: where Podo is not sent by what people type in."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str], Awaitable[Sequence[str]]]

# Where clouds answer their machines' questions for credentials, beside the link-local 169.254.169.254.
_METADATA = frozenset(
    ipaddress.ip_address(a) for a in ("fd00:ec2::254", "fd20:ce::254", "100.100.100.200", "168.63.129.16", "192.0.0.192")
)
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


async def resolve(host: str) -> list[str]:
    """The addresses of a host; none where nobody knows it. Numbers such as 127.1 or 2130706433 mean what they mean to curl."""
    for read in (_literal, _number):
        try:
            return [read(host)]
        except (OSError, ValueError):
            pass
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return sorted({str(address[0]).partition("%")[0] for *_, address in found})


def _literal(host: str) -> str:
    return str(ipaddress.ip_address(host.partition("%")[0]))


def _number(host: str) -> str:
    return socket.inet_ntoa(socket.inet_aton(host))


def is_near(address: Address) -> bool:
    """Whether an address is on this machine or its link, in whatever form it is written."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_near(inner)
    odd = address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast
    return odd or address in _METADATA or (address.version == 4 and int(address) >> 24 == 0)
