"""One trace from a click to the objects in the cluster, as a collector gets it; one line a act with the same ids."""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from pathlib import Path
from typing import Any

import pytest

from podo.delivery.types import RolloutState
from podo.kernel import clock, terminal, traces
from tests.collector import Collector, Span, collecting
from tests.company import token_of
from tests.domains.delivery.shops import PROJECT, Shop, shop
from tests.houses import living

OUTSIDE = "b7ad6b7169203331"


class Lines(logging.Handler):
    """Log lines as machines read them."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(terminal.JsonLines())
        self.lines: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(self.format(record)))


@pytest.fixture
def lines() -> Any:
    kept, root = Lines(), logging.getLogger("podo")
    root.addHandler(kept)
    was = root.level
    root.setLevel(logging.INFO)
    yield kept.lines
    root.removeHandler(kept)
    root.setLevel(was)


async def _approve(made: Shop, *, sampled: bool) -> str:
    """Ask for jp, approve it over HTTP as a client that is traced itself; the id of its trace."""
    trace = secrets.token_hex(16)
    asked = await made.ask(await made.healthy_alpha(), "prod", ["jp"])
    # Else it may be heard only when it is approved already, and goes on in the trace of who asked.
    await made.settled()
    secret = await token_of(made.living, "minjun")
    headers = {"authorization": f"Bearer {secret}", "traceparent": f"00-{trace}-{OUTSIDE}-{'01' if sampled else '00'}"}
    async with made.living.client(headers=headers) as client:
        bundle = asked.rollouts[0].bundle
        path = f"/api/v1/projects/{PROJECT}/deployments/{asked.number}/review"
        answer = await client.post(path, json={"decision": "approve", "bundles": {"jp": bundle}})
        assert answer.status_code in (200, 201), answer.text
    async with asyncio.timeout(60):
        while (await made.now(asked)).state is not RolloutState.healthy:  # noqa: ASYNC110 - what is waited for is a row
            await asyncio.sleep(0.05)
    await made.settled()
    return trace


def _one(found: Collector, trace: str, name: str, **facts: str) -> Span:
    wanted = {k.replace("__", "."): v for k, v in facts.items()}
    return next(s for s in found.of(trace) if s.name == name and wanted.items() <= s.facts.items())


async def test_one_trace_leads_from_the_click_to_the_object_in_the_cluster(tmp_path: Path, lines: list[dict[str, Any]]) -> None:
    with collecting() as found:
        settings = {"PODO_TRACES_ENDPOINT": found.url, "PODO_TRACES_HEADERS": "x-tenant=podo"}
        async with shop(tmp_path, soak=1, **settings) as made:
            trace = await _approve(made, sampled=True)
    applied = _one(found, trace, "apply Deployment", k8s__cluster__name="prod-jp")
    assert applied.facts["k8s.namespace.name"] == applied.facts["k8s.object.name"] == PROJECT
    route = "/api/v1/projects/{project}/deployments/{number}/review"
    assert [s.name for s in found.above(applied)] == [
        *("step delivery.apply", "run rollout_v1", "start", "handler delivery.rollouts"),
        *("event delivery.rollout_approved", "transaction", f"POST {route}"),
    ]
    click = found.above(applied)[-1]
    assert click.parent == OUTSIDE
    assert (click.facts["http.response.status_code"], click.facts["podo.actor"]) == (200, "minjun")
    assert click.facts["podo.permission"] == "delivery.approve"
    # It soaked, and nobody clicked again: what became due goes on in the same trace, to its end, and to those who were told.
    healthy = _one(found, trace, "event delivery.rollout_healthy")
    names = [s.name for s in found.above(healthy)]
    runs = [n for n, name in enumerate(names) if name == "run rollout_v1"]
    assert len(runs) == 2, names
    assert names[runs[0] + 1 : runs[0] + 3] == ["start", "event delivery.rollout_soaking"]
    assert found.above(healthy)[-1] == click
    assert any(s.name == "handler delivery.rollouts" and s.parent == healthy.id for s in found.of(trace))
    assert {s.service for s in found.spans} == {"podo"}
    assert found.headers["x-tenant"] == "podo"
    _same_ids_in_lines(lines, trace, str(click.facts["podo.request_id"]))


def _same_ids_in_lines(lines: list[dict[str, Any]], trace: str, request: str) -> None:
    acts = [line for line in lines if line["logger"] == "podo.acts" and line.get("trace_id") == trace]
    approved = [line for line in acts if line["code"] == "delivery.rollout_approved"]
    assert len(approved) == 1
    assert (
        approved[0].items()
        >= {
            "request_id": request,
            "actor": "minjun",
            "permission": "delivery.approve",
            "project": PROJECT,
        }.items()
    )
    assert approved[0]["token"]
    assert {"delivery.rollout_started", "delivery.rollout_healthy"} <= {line["code"] for line in acts}
    [line] = [line for line in lines if line["logger"] == "podo.http" and line["request_id"] == request]
    assert line.items() >= {"trace_id": trace, "actor": "minjun", "permission": "delivery.approve", "project": PROJECT}.items()


async def test_a_caller_that_keeps_nothing_makes_podo_keep_nothing_and_lines_have_the_ids_all_the_same(
    tmp_path: Path, lines: list[dict[str, Any]]
) -> None:
    with collecting() as found:
        async with shop(tmp_path, PODO_TRACES_ENDPOINT=found.url) as made:
            trace = await _approve(made, sampled=False)
    assert found.of(trace) == []
    # What others asked for meanwhile was kept.
    assert found.spans
    assert {line["code"] for line in lines if line.get("trace_id") == trace and "code" in line} >= {"delivery.rollout_healthy"}


async def test_a_collector_that_is_away_holds_nothing_up(tmp_path: Path) -> None:
    begun = clock.monotonic()
    async with living(tmp_path, PODO_TRACES_ENDPOINT="http://127.0.0.1:9/v1/traces") as house:
        async with house.client() as client:
            assert (await client.get("/sign-in", headers={"accept": "text/html"})).status_code == 200
        ending = clock.monotonic()
        assert ending - begun < 10
    assert clock.monotonic() - ending < 10


def test_without_a_collector_nothing_is_made_and_who_asked_is_known_all_the_same() -> None:
    outside = traces.parse(f"00-{A}-{OUTSIDE}-01")
    with traces.span("something", under=outside) as span, traces.within("a part of it") as part:
        assert span._made is None
        assert part is not None
        assert traces.here() == outside
        assert terminal.trace_id.get() == A
    assert traces.here() is None
    with traces.within("nobody asked for this") as part:
        assert part is None
    with traces.span("a beginning") as span:
        assert not span.point.sampled


A, ZERO = "a" * 32, "0" * 32
WRONG = ["", "00", f"00-{ZERO}-{OUTSIDE}-01", f"00-{A}-{ZERO[:16]}-01", f"ff-{A}-{OUTSIDE}-01", f"00-{A.upper()}-{OUTSIDE}-01"]


@pytest.mark.parametrize("header", [*WRONG, f"00-{A}-{OUTSIDE}-01-more", f"00-{A[1:]}-{OUTSIDE}-01"])
def test_what_is_no_traceparent_is_none(header: str) -> None:
    assert traces.parse(header) is None


def test_a_traceparent_of_a_later_version_is_understood() -> None:
    point = traces.parse(f"01-{'a' * 32}-{OUTSIDE}-03-more")
    assert point == traces.Point("a" * 32, OUTSIDE, True)
    assert traces.parse(str(point)) == point
