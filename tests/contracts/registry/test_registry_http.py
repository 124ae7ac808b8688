"""What only the network has: tokens, pages, patience, redirects, answers that are wrong."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp import web

from podo.clients.registry import (
    Login,
    NoSuchImage,
    Reference,
    RegistryBroken,
    RegistryHttp,
    RegistryRefused,
    RegistryUnreachable,
)

LOGIN = Login("podo", "s3cret")
BODY = json.dumps({"os": "linux", "config": {"User": "7"}}).encode()
ABOUT = f"sha256:{hashlib.sha256(BODY).hexdigest()}"
OTHER = "sha256:" + "1" * 64


def manifest(**more: Any) -> bytes:
    return json.dumps(
        {"schemaVersion": 2, "config": {"digest": ABOUT, "size": len(BODY)}, "layers": [{"size": 5}], **more}
    ).encode()


def digest_of(body: bytes) -> str:
    return f"sha256:{hashlib.sha256(body).hexdigest()}"


class Server:
    """A registry that answers what a test says, by path, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str | None]] = []
        self.answers: dict[str, Callable[[web.Request], web.StreamResponse]] = {}
        self.host = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.path_qs, request.headers.get("Authorization")))
        answer = self.answers.get(request.path)
        return answer(request) if answer else web.Response(status=404)

    def says(self, path: str, body: bytes = b"", status: int = 200, **headers: str) -> None:
        self.answers[path] = lambda _: web.Response(body=body, status=status, headers=headers)

    def image(self, tag: str = "v1") -> Reference:
        return Reference(self.host, "a/b", tag)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.host = f"127.0.0.1:{runner.addresses[0][1]}"
    yield server
    await runner.cleanup()


@contextlib.asynccontextmanager
async def client(server: Server, login: Login | None = LOGIN, **more: Any) -> AsyncIterator[RegistryHttp]:
    http = RegistryHttp({server.host: login} if login else {}, **more)
    yield http
    await http.close()


def wants_token(server: Server, path: str, then: bytes) -> None:
    realm = f'Bearer realm="http://{server.host}/token",service="reg",scope="repository:a/b:pull"'

    def answer(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != "Bearer good":
            return web.Response(status=401, headers={"WWW-Authenticate": realm})
        return web.Response(body=then)

    server.answers[path] = answer


async def test_a_token_is_fetched_with_the_login_and_used_until_it_ends(server: Server) -> None:
    wants_token(server, "/v2/a/b/manifests/v1", manifest())
    server.says("/token", b'{"token": "good", "expires_in": 300}')
    async with client(server) as http:
        for _ in range(2):
            assert (await http.manifest(server.image())).digest == digest_of(manifest())
    basic = "Basic " + base64.b64encode(b"podo:s3cret").decode()
    assert server.asked == [
        ("/v2/a/b/manifests/v1", None),
        ("/token?service=reg&scope=repository:a/b:pull", basic),
        ("/v2/a/b/manifests/v1", "Bearer good"),
        ("/v2/a/b/manifests/v1", "Bearer good"),
    ]


async def test_without_a_login_a_token_is_asked_for_nobody(server: Server) -> None:
    wants_token(server, "/v2/a/b/manifests/v1", manifest())
    server.says("/token", b'{"access_token": "good"}')
    async with client(server, None) as http:
        assert await http.exists(server.image())
    assert server.asked[1][1] is None


async def test_a_token_that_was_withdrawn_is_asked_for_again(server: Server) -> None:
    wants_token(server, "/v2/a/b/manifests/v1", manifest())
    server.says("/token", b'{"token": "good"}')
    async with client(server) as http:
        await http.exists(server.image())
        http._tokens._kept = {key: ("Bearer old", until) for key, (_, until) in http._tokens._kept.items()}
        assert await http.exists(server.image())


@pytest.mark.parametrize(("status", "body"), [(401, b""), (403, b""), (200, b'{"token": "bad"}')])
async def test_a_login_that_is_not_taken_is_told(server: Server, status: int, body: bytes) -> None:
    wants_token(server, "/v2/a/b/manifests/v1", manifest())
    server.says("/token", body, status)
    async with client(server) as http:
        with pytest.raises(RegistryRefused):
            await http.exists(server.image())


@pytest.mark.parametrize("body", [b"", b"[]", b'{"token": 1}', b'{"token": "a\\nb"}', b"<html>"])
async def test_a_token_service_that_gives_none_is_told(server: Server, body: bytes) -> None:
    wants_token(server, "/v2/a/b/manifests/v1", manifest())
    server.says("/token", body)
    async with client(server) as http:
        with pytest.raises(RegistryBroken, match="no token"):
            await http.exists(server.image())


async def test_a_login_goes_to_no_place_without_tls_but_the_registrys_own(server: Server) -> None:
    away = 'Bearer realm="http://192.0.2.1/token",service="reg"'
    server.says("/v2/a/b/manifests/v1", b"", 401, **{"WWW-Authenticate": away})
    async with client(server) as http:
        with pytest.raises(RegistryBroken, match="without TLS"):
            await http.exists(server.image())
    server.says("/v2/a/b/manifests/v1", b"", 401, **{"WWW-Authenticate": "Digest x"})
    async with client(server) as http:
        with pytest.raises(RegistryBroken, match="digest"):
            await http.exists(server.image())


async def test_tags_come_in_pages(server: Server) -> None:
    def answer(request: web.Request) -> web.StreamResponse:
        last = int(request.query.get("last", "0"))
        more = {"Link": f'</v2/a/b/tags/list?n=1000&last={last + 2}>; rel="next"'} if last < 4 else {}
        return web.json_response({"name": "a/b", "tags": [f"t{last}", f"t{last + 1}"]}, headers=more)

    server.answers["/v2/a/b/tags/list"] = answer
    async with client(server) as http:
        assert await http.tags(server.image()) == tuple(f"t{n}" for n in range(6))
        assert await http.tags(server.image(), limit=3) == ("t0", "t1", "t2")
        server.says("/v2/a/b/tags/list", b'{"name": "a/b", "tags": null}')
        assert await http.tags(server.image()) == ()


@pytest.mark.parametrize(("status", "headers"), [(503, {}), (429, {"Retry-After": "0"}), (500, {})])
async def test_what_is_out_for_a_moment_is_asked_again(server: Server, status: int, headers: dict[str, str]) -> None:
    answers = [web.Response(status=status, headers=headers), web.Response(body=manifest())]
    server.answers["/v2/a/b/manifests/v1"] = lambda _: answers.pop(0)
    async with client(server) as http:
        assert (await http.manifest(server.image())).content["schemaVersion"] == 2
    server.says("/v2/a/b/manifests/v1", b"", status, **headers)
    async with client(server) as http:
        with pytest.raises(RegistryUnreachable, match=str(status)):
            await http.manifest(server.image())


async def test_an_index_leads_to_the_image_for_the_platform(server: Server) -> None:
    inner = manifest()
    entries = [
        {"digest": OTHER, "platform": {"os": "linux", "architecture": "arm64"}},
        {"digest": digest_of(inner), "platform": {"os": "linux", "architecture": "amd64"}},
    ]
    server.says("/v2/a/b/manifests/v1", json.dumps({"schemaVersion": 2, "manifests": entries}).encode())
    server.says(f"/v2/a/b/manifests/{digest_of(inner)}", inner)
    server.says(f"/v2/a/b/blobs/{ABOUT}", BODY)
    async with client(server) as http:
        found = await http.config(server.image())
        assert (found.user, found.digest, found.size) == ("7", digest_of(inner), 5)
        with pytest.raises(NoSuchImage, match="windows/amd64"):
            await http.config(server.image(), "windows/amd64")


async def test_a_blob_elsewhere_is_followed_without_the_login(server: Server) -> None:
    server.says("/v2/a/b/manifests/v1", manifest())
    place = f"http://localhost:{server.host.rpartition(':')[2]}/elsewhere"
    server.says(f"/v2/a/b/blobs/{ABOUT}", b"", 307, Location=place)
    server.says("/elsewhere", BODY)
    async with client(server) as http:
        http._tokens._kept[server.host, "repository:a/b:pull"] = ("Bearer good", float("inf"))
        assert (await http.config(server.image())).user == "7"
    assert server.asked[-1] == ("/elsewhere", None)
    assert server.asked[-2][1] == "Bearer good"


async def test_what_is_not_what_its_digest_says_is_refused(server: Server) -> None:
    server.says(f"/v2/a/b/manifests/{OTHER}", manifest())
    server.says("/v2/a/b/manifests/v1", manifest())
    server.says(f"/v2/a/b/blobs/{ABOUT}", b"something else")
    async with client(server) as http:
        for call in (http.manifest(server.image().at(OTHER)), http.config(server.image())):
            with pytest.raises(RegistryBroken, match="not what the digest says"):
                await call


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"config": {"digest": "../../etc"}}', b" " * (9 << 20)])
async def test_an_answer_that_cannot_be_is_told(server: Server, body: bytes) -> None:
    server.says("/v2/a/b/manifests/v1", body)
    async with client(server) as http:
        with pytest.raises(RegistryBroken):
            await http.config(server.image())


async def test_a_registry_without_the_digests_header_is_asked_for_the_manifest(server: Server) -> None:
    server.says("/v2/a/b/manifests/v1", manifest())
    async with client(server) as http:
        assert await http.resolve(server.image()) == digest_of(manifest())


async def test_a_call_that_may_not_go_out_does_not(server: Server) -> None:
    def refuse() -> None:
        raise RuntimeError("a transaction is open")

    async with client(server, before_call=refuse) as http:
        with pytest.raises(RuntimeError, match="transaction"):
            await http.ping(server.host)
    assert server.asked == []
