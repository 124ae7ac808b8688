"""HTTP to an API server, on servers that misbehave: which error comes of it, how soon, and that nothing is left open."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from aiohttp import WSMsgType, web

from podo.clients.kubernetes import errors, kinds
from podo.clients.kubernetes.real import RealCluster, connect
from podo.kernel.clock import monotonic
from tests.contracts.cluster.servers import Canned, always, in_turn, kubeconfig, serving, status
from tests.contracts.cluster.world import eventually

POD = kinds.POD.ref("one", "here")
WORDS = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "words", "namespace": "here"}}


def _empty() -> web.Response:
    return web.json_response({"kind": "List", "metadata": {"resourceVersion": "7"}, "items": []})


async def _silence(_: web.Request) -> web.StreamResponse:
    await asyncio.sleep(3600)
    return web.Response()


@contextlib.asynccontextmanager
async def _client(server: Canned, user: Any = None, **options: Any) -> AsyncIterator[RealCluster]:
    client = connect(kubeconfig(server.url, user), **options)
    yield client
    await client.close()


# Who we are


async def test_a_token_that_was_renewed_is_read_again(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("old")
    (tmp_path / "config").write_text("")

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.headers["Authorization"] != "Bearer new":
            return status(401, "Unauthorized", "Unauthorized")
        if "watch" in request.query:
            return web.Response(text='{"type":"ADDED","object":{"metadata":{"name":"one"}}}\n')
        if "Upgrade" in request.headers:
            return await _says(0, b"")(request)
        return _empty()

    async with serving(answer) as server:
        (tmp_path / "config").write_text(yaml.safe_dump(kubeconfig(server.url, {"tokenFile": "token"})))
        for call in (
            lambda c: c.list(kinds.POD),
            lambda c: anext(c.watch(kinds.POD)),
            lambda c: c.exec(POD, ["true"]),
        ):
            client = connect(tmp_path / "config")
            token.write_text("old")
            with pytest.raises(errors.Unauthenticated):
                await client.list(kinds.POD)
            token.write_text("new")
            assert await call(client)
            await client.close()
        assert set(server.tokens) == {"old", "new"}


async def test_a_token_that_cannot_be_renewed_is_tried_once() -> None:
    async with serving(always(lambda: status(401, "Unauthorized"))) as server, _client(server) as client:
        for call in (client.list(kinds.POD), anext(client.watch(kinds.POD)), client.exec(POD, ["true"])):
            before = len(server.seen)
            with pytest.raises(errors.Unauthenticated):
                await call
            # A handshake is asked once more for its reason.
            assert len(server.seen) - before <= 2


async def test_a_token_file_that_is_gone_is_said(tmp_path: Path) -> None:
    async with serving(always(_empty)) as server:
        (tmp_path / "config").write_text(yaml.safe_dump(kubeconfig(server.url, {"tokenFile": "token"})))
        client = connect(tmp_path / "config")
        with pytest.raises(errors.Unreachable, match="No such file"):
            await client.list(kinds.POD)
        assert server.seen == []
        await client.close()


async def test_a_redirect_takes_no_token_along() -> None:
    async with serving(always(_empty)) as thief:

        def away() -> web.Response:
            return web.Response(status=302, headers={"Location": f"{thief.url}/login"})

        async with serving(always(away)) as server, _client(server) as client:
            for call in (client.list(kinds.POD), anext(client.watch(kinds.POD)), client.exec(POD, ["true"])):
                with pytest.raises(errors.Unreachable, match="302"):
                    await call
        assert thief.seen == []


async def test_cookies_are_not_kept() -> None:
    def answer() -> web.Response:
        response = _empty()
        response.set_cookie("session", "of somebody")
        return response

    async with serving(always(answer)) as server, _client(server) as client:
        await client.list(kinds.POD)
        await client.list(kinds.POD)
        assert [request.cookies for request in server.seen] == [{}, {}]


# What is no API server


@pytest.mark.parametrize(
    "body", ["<html>Please sign in</html>", "", "null", "[]", '{"items": []}', '{"metadata": {}, "items": 5}']
)
async def test_an_answer_that_is_no_answer(body: str) -> None:
    async with serving(always(lambda: web.Response(text=body))) as server, _client(server) as client:
        for call in (client.list_pods(), client.version(), client.discover()):
            # Some take it for an empty answer; none fails in another way.
            with contextlib.suppress(errors.Unreachable):
                await call
        with pytest.raises(errors.Unreachable, match="not that of an API server"):
            await client.list(kinds.CONFIG_MAP)


@pytest.mark.parametrize("code", [500, 502, 503, 504])
async def test_a_server_in_trouble_is_not_reached(code: int) -> None:
    async with (
        serving(always(lambda: web.Response(status=code, text="upstream connect error"))) as server,
        _client(server) as client,
    ):
        for call in (client.get(POD), client.apply(WORDS, field_manager="podo"), anext(client.watch(kinds.POD))):
            with pytest.raises(errors.Unreachable, match="upstream connect error"):
                await call
        # Whether to try again is for whoever knows what it means.
        assert len(server.seen) == 3


# Time


async def test_nobody_waits_longer_than_a_call_may_take() -> None:
    async with serving(_silence) as server, _client(server, timeout=0.3) as client:
        calls: list[Callable[[], Any]] = [
            lambda: client.get(POD),
            lambda: client.list_pods(),
            lambda: client.apply(WORDS, field_manager="podo"),
            lambda: anext(client.watch(kinds.POD)),
            lambda: anext(client.logs(POD)),
            lambda: client.exec(POD, ["true"], timeout=0.3),
        ]
        for call in calls:
            began = monotonic()
            with pytest.raises(errors.Unreachable, match=r"took too long|did not end within 0.3 seconds"):
                await call()
            assert monotonic() - began < 5
        await server.all_closed()


async def test_a_crowd_of_calls_waits_no_longer_than_one() -> None:
    async with serving(_silence) as server, _client(server, timeout=0.5) as client:
        began = monotonic()
        results = await asyncio.gather(*(client.get(POD) for _ in range(300)), return_exceptions=True)
        assert {type(r) for r in results} == {errors.Unreachable}
        assert monotonic() - began < 5
        await server.all_closed()
        # A server is not stormed: so many at once, and no more.
        assert server.most == 64
        server.answer = always(lambda: web.json_response({"metadata": {"name": "one"}}))
        assert (await client.get(POD))["metadata"]["name"] == "one"


async def test_a_call_that_is_cancelled_leaves_nothing_open() -> None:
    async with serving(_silence) as server, _client(server) as client:
        for call in (client.get(POD), anext(client.watch(kinds.POD)), client.exec(POD, ["true"])):
            task = asyncio.ensure_future(call)
            before = len(server.seen)
            await _until(lambda before=before: len(server.seen) > before)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await server.all_closed()


async def _until(look: Callable[[], bool]) -> None:
    async def looked() -> bool:
        return look()

    await eventually(looked, 10)


# Too many requests


async def test_a_call_comes_again_when_it_is_told_to() -> None:
    busy = [lambda: status(429, "too many", Retry_After="0")] * 2
    async with serving(in_turn(*busy, _empty)) as server, _client(server) as client:
        assert (await client.list(kinds.POD)).resource_version == "7"
        assert len(server.seen) == 3


async def test_patience_ends() -> None:
    for after, seen in (("60", 1), ("Wed, 21 Oct 2026 07:28:00 GMT", 1)):
        answer = always(lambda after=after: status(429, "too many", Retry_After=after))
        async with serving(answer) as server, _client(server, patience=0.5) as client:
            with pytest.raises(errors.Throttled) as refusal:
                await client.list(kinds.POD)
            assert refusal.value.data["after"] == (60 if after == "60" else 1)
            assert len(server.seen) == seen


# Streams


def _streams(*parts: bytes, end: bool = True) -> Callable[[web.Request], Any]:
    """Writes parts, then ends well or is cut."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for part in parts:
            await response.write(part)
            await asyncio.sleep(0.02)
        if not end:
            assert request.transport
            request.transport.abort()
        return response

    return answer


def _line(name: str, type: str = "ADDED") -> bytes:
    return json.dumps({"type": type, "object": {"metadata": {"name": name, "resourceVersion": "8"}}}).encode() + b"\n"


async def _names(stream: Any) -> list[str]:
    async with contextlib.aclosing(stream) as changes:
        return [change.object["metadata"]["name"] async for change in changes]


async def test_lines_come_whole_however_they_are_cut_up() -> None:
    whole = _line("one") + _line("two") + b"\n" + _line("three")
    parts = [whole[n : n + 7] for n in range(0, len(whole), 7)]
    async with serving(_streams(*parts)) as server, _client(server) as client:
        assert await _names(client.watch(kinds.CONFIG_MAP)) == ["one", "two", "three"]


@pytest.mark.parametrize("last", [b"", b'{"type":"ADD', b"<html>\n"])
async def test_a_stream_that_breaks_says_so_after_what_came(last: bytes) -> None:
    end = last.endswith(b"\n")
    async with serving(_streams(_line("one"), last, end=end)) as server, _client(server) as client:
        for stream in (client.watch(kinds.CONFIG_MAP), client.watch_pods()):
            seen = 0
            with pytest.raises(errors.Unreachable):
                async for _ in stream:
                    seen += 1
            assert seen == 1
        await server.all_closed()


@pytest.mark.parametrize(
    ("code", "reason", "expected"),
    [(410, "Expired", errors.Expired), (500, "InternalError", errors.Unreachable), (429, "TooManyRequests", errors.Throttled)],
)
async def test_an_error_within_a_watch_is_raised(code: int, reason: str, expected: type[Exception]) -> None:
    said = {"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": "too old resource version: 1 (9)"}
    line = json.dumps({"type": "ERROR", "object": said}).encode() + b"\n"
    async with serving(_streams(_line("one"), line.replace(b'"type": ', b'"type":'))) as server, _client(server) as client:
        for stream in (client.watch(kinds.POD), client.watch_pods()):
            with pytest.raises(expected):
                async for _ in stream:
                    pass


async def test_the_last_words_of_a_log_need_no_line_end() -> None:
    async with serving(_streams(b"one\r\ntw", b"o \xff")) as server, _client(server) as client:
        assert [line async for line in client.logs(POD)] == ["one", "two \ufffd"]


async def test_a_stream_that_is_left_is_closed() -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(_line("one"))
            await asyncio.sleep(0.01)

    async with serving(endless) as server, _client(server) as client:
        async with contextlib.aclosing(client.watch(kinds.CONFIG_MAP)) as changes:
            async for _ in changes:
                break
        await server.all_closed()
        # Closing the client ends streams without an error.
        lines = client.logs(POD, follow=True)
        await anext(lines)
        await client.close()
        rest = [line async for line in lines]
        assert len(rest) < 1000
        await server.all_closed()
        with pytest.raises(errors.Unreachable, match="the client is closed"):
            await client.get(POD)


# Commands


def _says(code: int, out: bytes, *, times: int = 1) -> Callable[[web.Request], Any]:
    """A command that writes and ends."""

    async def answer(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(protocols=("v5.channel.k8s.io",))
        await socket.prepare(request)
        for _ in range(times):
            await socket.send_bytes(b"\x01" + out)
        causes = [{"reason": "ExitCode", "message": str(code)}]
        said = {"status": "Failure", "details": {"causes": causes}} if code else {"status": "Success"}
        await socket.send_bytes(b"\x03" + json.dumps(said).encode())
        await socket.close()
        return socket

    return answer


async def test_a_command_that_writes_without_end_is_left() -> None:
    async with serving(_says(0, b"x" * (1 << 20), times=40)) as server, _client(server) as client:
        with pytest.raises(errors.OutputTooLarge):
            await client.exec(POD, ["yes"])
        await server.all_closed()


async def test_a_connection_that_ends_before_its_command_is_cut() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(protocols=("v5.channel.k8s.io",))
        await socket.prepare(request)
        await socket.send_bytes(b"\x01half")
        await socket.close()
        return socket

    async with serving(answer) as server, _client(server) as client:
        with pytest.raises(errors.Unreachable, match="ended before the command did"):
            await client.exec(POD, ["true"])


async def test_what_a_command_reads_comes_whole() -> None:
    read = bytearray()

    async def answer(request: web.Request) -> web.StreamResponse:
        assert "stdin" in request.query
        socket = web.WebSocketResponse(protocols=("v5.channel.k8s.io",), max_msg_size=0)
        await socket.prepare(request)
        async for message in socket:
            assert message.type is WSMsgType.BINARY
            if message.data == b"\xff\x00":
                break
            read.extend(message.data[1:])
        await socket.send_bytes(b"\x03" + b'{"status":"Success"}')
        await socket.close()
        return socket

    async with serving(answer) as server, _client(server) as client:
        assert (await client.exec(POD, ["cat"], stdin=b"word " * 100_000)).code == 0
        assert bytes(read) == b"word " * 100_000


async def test_a_server_without_websockets_is_named() -> None:
    async with serving(always(lambda: status(400, "Upgrade request required"))) as server, _client(server) as client:
        with pytest.raises(errors.Unreachable, match="answers 400 to a websocket"):
            await client.exec(POD, ["true"])


async def test_the_guard_is_asked_before_each_request() -> None:
    class Open(Exception):
        pass

    asked: list[int] = []

    def guard() -> None:
        asked.append(1)
        if len(asked) > 2:
            raise Open

    busy = lambda: status(429, "too many", Retry_After="0")  # noqa: E731 - one answer
    async with serving(in_turn(busy, _empty)) as server, _client(server, before_call=guard) as client:
        await client.list(kinds.POD)
        for call in (client.list(kinds.POD), anext(client.watch(kinds.POD)), client.exec(POD, ["true"])):
            with pytest.raises(Open):
                await call
        assert len(server.seen) == 2
