"""The network is blocked: proven by reaching for it."""

from __future__ import annotations

import asyncio
import socket

import httpx
import pytest

from tests.network import NetworkBlocked

ELSEWHERE = "192.0.2.1"  # RFC 5737: an address for documents, routed nowhere


def test_another_machine_is_out_of_reach_and_this_one_is_not() -> None:
    with socket.socket() as client, pytest.raises(NetworkBlocked, match=ELSEWHERE):
        client.connect((ELSEWHERE, 443))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client, pytest.raises(NetworkBlocked):
        client.sendto(b"?", (ELSEWHERE, 53))
    with pytest.raises(NetworkBlocked, match=r"example\.com"):
        socket.getaddrinfo("example.com", 443)
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()


def test_a_name_that_nobody_may_have_is_not_found() -> None:
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo("registry.invalid", 443)


async def test_the_event_loop_and_the_http_client_are_blocked_too() -> None:
    with pytest.raises(NetworkBlocked):
        await asyncio.open_connection(ELSEWHERE, 443)
    async with httpx.AsyncClient(trust_env=False) as client:
        with pytest.raises(NetworkBlocked):
            await client.get("https://example.com/")
