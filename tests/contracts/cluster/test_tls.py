"""Who the server is, and who we are, by certificates."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from podo.clients.kubernetes import errors, kinds
from podo.clients.kubernetes.real import connect
from podo.clients.kubernetes.types import Version
from tests.contracts.cluster.servers import Authority, Canned, Signed, always, kubeconfig, server_side, serving

AUTHORITY = Authority()


def _version() -> web.Response:
    return web.json_response({"major": "1", "minor": "36", "gitVersion": "v1.36.3"})


async def _asked(server: Canned, user: Any = None, **cluster: Any) -> Version:
    client = connect(kubeconfig(server.url, user, **{"certificate_authority_data": AUTHORITY.data, **cluster}))
    try:
        return await client.version()
    finally:
        await client.close()


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Canned]:
    """A server called `k8s.example`, which it is only by its certificate."""
    context = server_side(AUTHORITY.sign("k8s.example", "127.0.0.1"), tmp_path)
    async with serving(always(_version), context) as made:
        yield made


async def test_a_server_that_its_authority_vouches_for(server: Canned) -> None:
    assert (await _asked(server)).minor == "36"
    assert (await _asked(server, tls_server_name="k8s.example")).minor == "36"
    assert server.tokens == ["secret-token"] * 2


WRONG: dict[str, dict[str, Any]] = {
    "another authority": {"certificate_authority_data": Authority().data},
    "the authorities of the system": {"certificate_authority_data": ""},
    "another name": {"tls_server_name": "other.example"},
}


@pytest.mark.parametrize("name", WRONG)
async def test_a_server_that_nobody_vouches_for_hears_nothing(server: Canned, name: str) -> None:
    with pytest.raises(errors.Unreachable, match="certificate verify failed"):
        await _asked(server, **WRONG[name])
    assert server.seen == []


@pytest.mark.parametrize(
    ("names", "days"), [(("127.0.0.1",), -1), (("other.example",), 1)], ids=["a certificate that has ended", "another address"]
)
async def test_a_certificate_that_does_not_hold(names: tuple[str, ...], days: int, tmp_path: Path) -> None:
    async with serving(always(_version), server_side(AUTHORITY.sign(*names, days=days), tmp_path)) as server:
        with pytest.raises(errors.Unreachable, match="certificate verify failed"):
            await _asked(server)
        # Only who says so in as many words goes without.
        skipped = {"certificate_authority_data": "", "insecure_skip_tls_verify": True}
        assert (await _asked(server, **skipped)).minor == "36"


def _as_data(signed: Signed) -> dict[str, str]:
    certificate, key = (base64.b64encode(part).decode() for part in (signed.certificate, signed.key))
    return {"client-certificate-data": certificate, "client-key-data": key}


async def test_a_certificate_says_who_we_are(tmp_path: Path) -> None:
    context = server_side(AUTHORITY.sign("127.0.0.1"), tmp_path, callers=AUTHORITY)
    async with serving(always(_version), context) as server:
        assert (await _asked(server, _as_data(AUTHORITY.sign("me")))).minor == "36"
        assert server.tokens == [""]
        for user in ({"token": "secret-token"}, _as_data(Authority().sign("me"))):
            with pytest.raises(errors.Unreachable):
                await _asked(server, user)
        assert len(server.seen) == 1


async def test_old_protocols_are_not_spoken(tmp_path: Path) -> None:
    context = server_side(AUTHORITY.sign("127.0.0.1"), tmp_path)
    with pytest.warns(DeprecationWarning, match="TLSv1_1 is deprecated"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    async with serving(always(_version), context) as server:
        with pytest.raises(errors.Unreachable):
            await _asked(server)


async def test_without_tls_is_not_with_it() -> None:
    async with serving(always(_version)) as server:
        server.url = server.url.replace("http:", "https:")
        with pytest.raises(errors.Unreachable):
            await _asked(server)


async def test_nobody_listens() -> None:
    async with serving(always(_version)) as server:
        pass
    with pytest.raises(errors.Unreachable, match=r"Connect call failed|refused"):
        await _asked(server)
    server.url = "https://nobody.invalid"
    with pytest.raises(errors.Unreachable, match="not known"):
        await _asked(server)


async def test_a_stream_that_is_left_is_broken_off_without_a_farewell(tmp_path: Path) -> None:
    """Its other side may be one that answers nothing any more, and for half a minute TLS would wait for that."""

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b'{"type":"ADDED","object":{"metadata":{"name":"one"}}}\n')
            await asyncio.sleep(0.01)

    async with serving(endless, server_side(AUTHORITY.sign("127.0.0.1"), tmp_path)) as server:
        client = connect(kubeconfig(server.url, certificate_authority_data=AUTHORITY.data))
        async with contextlib.aclosing(client.watch(kinds.CONFIG_MAP)) as changes:
            await anext(changes)
        await server.all_closed(5)
        other = client.watch(kinds.CONFIG_MAP)
        await anext(other)
        async with asyncio.timeout(5):
            await client.close()
            assert len([change async for change in other]) < 1000
        await server.all_closed(5)
