"""HTTP to an API server: it is handed on the trace that is kept, says what time it has, and what we may."""

from __future__ import annotations

from datetime import UTC, datetime

from aiohttp import web

from podo.clients.kubernetes.real import connect
from podo.kernel import traces
from tests.contracts.cluster.servers import kubeconfig, serving

VERSION = {"major": "1", "minor": "35", "gitVersion": "v1.35.2"}


async def test_a_trace_that_is_kept_is_handed_on_and_no_other() -> None:
    came: list[str | None] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        came.append(request.headers.get("traceparent"))
        return web.json_response(VERSION)

    kept, dropped = (traces.Point("a" * 32, "b" * 16, sampled) for sampled in (True, False))
    async with serving(answer) as server:
        client = connect(kubeconfig(server.url))
        await client.version()
        for point in (kept, dropped):
            with traces.span("a call", under=point):
                await client.version()
        await client.close()
    assert came == [None, str(kept), None]


async def test_it_says_what_time_it_has_and_what_we_may() -> None:
    asked: list[object] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.method == "GET":
            return web.json_response(VERSION, headers={"Date": "Wed, 25 Nov 2026 22:00:00 GMT"})
        review = await request.json()
        asked.append((request.path, review["kind"], review["spec"]["resourceAttributes"]))
        return web.json_response({**review, "status": {"allowed": len(asked) == 1}}, status=201)

    async with serving(answer) as server:
        client = connect(kubeconfig(server.url))
        assert await client.time() == datetime(2026, 11, 25, 22, tzinfo=UTC)
        assert [await client.may("apps", "deployments/scale", "patch"), await client.may("", "pods", "list")] == [True, False]
        await client.close()
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    scale = {"group": "apps", "resource": "deployments", "subresource": "scale", "verb": "patch"}
    assert asked[0] == (path, "SelfSubjectAccessReview", scale)
