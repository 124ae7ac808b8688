"""The panel, the API and the command read events, logs and manifests; a Secret's data is shown to nobody."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import httpx

from podo.clients.kubernetes.kinds import CRON_JOB
from podo.kernel.http.web import COOKIE
from tests.company import JP, LEAD, PROJECT, api_of, serving, terminal_of, token_of
from tests.domains.workloads.conftest import Shop, deployment, of

ROOT = f"/api/v1/projects/{PROJECT}"
SCRIPT = ["sh", "-c", "echo one; echo two; echo ERROR three; sleep 3600"]
_LINES = re.compile(r'<li id="L(\d+)"(?: class="(\w+)")?>.*?<code>(.*?)</code></li>')


async def pod_of(running: Shop, **options: object) -> str:
    await running.run(deployment(replicas=1, **options))  # type: ignore[arg-type]
    seen = await running.until(lambda v: of(v) and len(of(v).pods) == 1 and of(v).pods[0].state != "starting")
    return of(seen).pods[0].name


async def test_lines_of_a_log_have_numbers_that_stay(running: Shop) -> None:
    pod = await pod_of(running, command=SCRIPT)
    async with running.house.signed_in(LEAD) as browser:
        answer = await browser.client.get(f"/{PROJECT}/workloads?q=env:prod&pod={pod}&tab=logs")
        # The address gets the moment from which its lines are counted.
        assert answer.status_code == 302
        address = answer.headers["location"]
        since = datetime.fromisoformat(parse_qs(urlsplit(address).query)["since"][0])
        assert abs((datetime.now(UTC) - since).total_seconds()) < 60
        page = await browser.get(address)
        assert _LINES.findall(page) == [("1", "", "one"), ("2", "", "two"), ("3", "err", "ERROR three")]
        assert f"/{PROJECT}/workloads/follow?" in page
        assert "with the run before the last restart" not in page
        # From a later moment on there is nothing to show, and nothing is invented.
        later = (since + timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
        page = await browser.get(f"/{PROJECT}/workloads?pod={pod}&since={later}")
        assert _LINES.findall(page) == []
        assert "This container has written nothing yet." in page
        await browser.get(f"/{PROJECT}/workloads?pod=no-such-pod", status=404)


async def test_many_lines_are_shown_by_parts(running: Shop) -> None:
    said = "; ".join(f"echo line {n}" for n in range(1, 2106))
    pod = await pod_of(running, command=["sh", "-c", said + "; sleep 3600"])
    async with running.house.signed_in(LEAD) as browser:
        page = await browser.get(f"/{PROJECT}/workloads?pod={pod}&since=1970-01-01T00:00:00Z")
        shown = _LINES.findall(page)
        assert (len(shown), shown[-1][2]) == (2000, "line 2000")
        assert "Later lines" in page
        assert "workloads/follow" not in page


async def test_the_run_before_a_restart_is_shown_before_the_present_one(running: Shop) -> None:
    pod = await pod_of(running, command=["sh", "-c", "echo starting; exit 2"])
    await running.until(lambda v: of(v) and of(v).pods[0].restarts >= 2 and of(v).pods[0].state == "crashing")
    async with running.house.signed_in(LEAD) as browser:
        page = await browser.get(f"/{PROJECT}/workloads?pod={pod}&previous=1")
        assert "without the run before the last restart" in page
        assert [text for _, _, text in _LINES.findall(page)] == ["starting", "starting"]
        assert re.search(r'class="mark">.*app started again, restart \d+', page)
    async with api_of(running.house, LEAD) as api:
        answer = await api.get(f"{ROOT}/logs", params={"pod": pod, "previous": True})
        assert answer.text.endswith(" starting\n")


async def test_a_container_that_never_ran_before_says_so(running: Shop) -> None:
    pod = await pod_of(running, command=SCRIPT)
    async with api_of(running.house, LEAD) as api:
        answer = await api.get(f"{ROOT}/logs", params={"pod": pod, "container": "app", "previous": True})
        assert (answer.status_code, answer.json()["code"]) == (404, "workloads.no_earlier_run")
        answer = await api.get(f"{ROOT}/logs", params={"pod": "no-such-pod"})
        assert (answer.status_code, answer.json()["code"]) == (404, "workloads.no_such_workload")
        answer = await api.get(f"{ROOT}/logs", params={"pod": pod, "tail": 2})
        assert [line.partition(" ")[2] for line in answer.text.splitlines()] == ["two", "ERROR three"]


async def test_a_log_is_followed_without_gaps_and_goes_on_after_a_cut(running: Shop) -> None:
    pod = await pod_of(running)  # no script: it writes a heartbeat every 0.05 s
    async with running.house.signed_in(LEAD) as browser, serving(running.house) as url:
        page = await browser.get(f"/{PROJECT}/workloads?pod={pod}")
        last = int(_LINES.findall(page)[-1][0])
        follow = re.search(r'hx-sse:connect="([^"]+)"[^>]*hx-swap="beforeend"', page)
        assert follow
        address = follow[1].replace("&amp;", "&")
        cookies = {COOKIE: browser.client.cookies[COOKIE]}
        async with httpx.AsyncClient(base_url=url, cookies=cookies, timeout=10) as client:
            first = await _events(client, address, 4)
            assert [number for number, _ in first] == [last + n for n in range(1, 5)]
            resumed = await _events(client, address, 3, {"last-event-id": first[1][1]})
            assert [number for number, _ in resumed] == [last + n for n in range(3, 6)]


async def test_who_follows_a_log_that_ended_asks_again_in_a_while(running: Shop) -> None:
    pod = await pod_of(running, command=["sh", "-c", "echo starting; exit 2"])
    await running.until(lambda v: of(v) and of(v).pods[0].state == "crashing")
    async with running.house.signed_in(LEAD) as browser:
        answer = await browser.client.get(f"/{PROJECT}/workloads/follow", params={"pod": pod, "container": "app"})
        assert answer.text.endswith("retry: 5000\nevent: again\ndata: again\n\n")


async def _events(
    client: httpx.AsyncClient, address: str, many: int, headers: dict[str, str] | None = None
) -> list[tuple[int, str]]:
    """(number of the line, id of the event) of the first events."""
    found: list[tuple[int, str]] = []
    mark = ""
    async with client.stream("GET", address, headers=headers) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        async for line in stream.aiter_lines():
            if line.startswith("id: "):
                mark = line.removeprefix("id: ")
            elif numbered := re.search(r'<li id="L(\d+)"', line):
                found.append((int(numbered[1]), mark))
                if len(found) == many:
                    return found
    return found


async def test_an_open_log_ends_at_once_when_the_server_stops(running: Shop) -> None:
    pod = await pod_of(running, command=SCRIPT)
    secret = await token_of(running.house, LEAD)
    async with serving(running.house) as url:
        async with httpx.AsyncClient(base_url=url, headers={"authorization": f"Bearer {secret}"}, timeout=10) as client:
            async with client.stream("GET", f"{ROOT}/logs", params={"pod": pod, "follow": True}) as stream:
                lines = stream.aiter_lines()
                assert [(await anext(lines)).partition(" ")[2] for _ in range(3)] == ["one", "two", "ERROR three"]
                running.house.running.app.state.hub.closing.set()
                async with asyncio.timeout(2):
                    assert [line async for line in lines] == []


async def test_events_and_manifests_and_what_a_silent_cluster_leaves_of_them(running: Shop) -> None:
    pod = await pod_of(running)
    async with running.house.signed_in(LEAD) as browser, api_of(running.house, LEAD) as api:
        where = {"environment": "prod", "region": "kr"}
        page = await browser.get(f"/{PROJECT}/workloads?pod={pod}&tab=events")
        assert "Successfully assigned" in page
        found = (await api.get(f"{ROOT}/events", params={**where, "name": pod})).json()
        assert {"Scheduled", "Started"} <= {e["reason"] for e in found}
        assert all(e["object"].startswith("Pod/chat-api") for e in found)

        page = await browser.get(f"/{PROJECT}/workloads?pod={pod}&tab=manifest")
        assert "&#34;kind&#34;: &#34;Pod&#34;" in page
        assert "managedFields" not in page
        page = await browser.get(f"/{PROJECT}/workloads?workload=Deployment/{PROJECT}&cluster=prod-kr-1&tab=manifest")
        assert "&#34;kind&#34;: &#34;Deployment&#34;" in page
        page = await browser.get(f"/{PROJECT}/workloads?workload=Deployment/{PROJECT}&cluster=prod-kr-1")
        assert pod in page

        running.twin().faults.add("down")
        for tab in ("events", "manifest", "logs"):
            page = await browser.get(f"/{PROJECT}/workloads?pod={pod}&tab={tab}")
            assert "Cluster prod-kr-1 does not answer" in page
            assert pod in page
        answer = await api.get(f"{ROOT}/manifest", params={**where, "name": PROJECT})
        assert answer.status_code == 503


async def test_a_secrets_data_is_never_shown(running: Shop) -> None:
    hidden = base64.b64encode(b"opensesame").decode()
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys", "namespace": PROJECT}, "data": {"TOKEN": hidden}}
    secret["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(secret)}  # type: ignore[index]
    await running.run(secret)
    where = {"environment": "prod", "region": "kr", "kind": "Secret", "name": "keys"}
    async with api_of(running.house, LEAD) as api:
        answer = await api.get(f"{ROOT}/manifest", params=where)
        assert answer.json()["data"] == {"TOKEN": "•••"}
        assert hidden not in answer.text
        answer = await api.get(f"{ROOT}/manifest", params={**where, "kind": "ClusterRole"})
        assert (answer.status_code, answer.json()["code"]) == (404, "workloads.no_such_workload")


async def test_a_cron_job_shows_its_runs_and_a_suspended_one_says_so(running: Shop) -> None:
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "app", "image": "registry.example/nightly:1"}]}}

    def cron(name: str, **spec: object) -> dict[str, object]:
        job = {"spec": {"backoffLimit": 0, "template": template}}
        return {
            "apiVersion": "batch/v1",
            "kind": "CronJob",
            "metadata": {"name": name, "namespace": PROJECT},
            "spec": {"schedule": "* * * * *", "jobTemplate": job, **spec},
        }

    await running.run(cron("nightly"), cron("paused", suspend=True))
    for number, failing in enumerate((False, True)):
        made = {"name": f"nightly-{number}", "namespace": PROJECT, "ownerReferences": [await _owner(running, "nightly")]}
        body = json.loads(json.dumps({"backoffLimit": 0, "template": template}))
        if failing:
            body["template"]["spec"]["containers"][0]["command"] = ["false"]
        await running.run({"apiVersion": "batch/v1", "kind": "Job", "metadata": made, "spec": body})
    seen = await running.until(
        lambda v: of(v, "nightly") and [r.health.status.value for r in of(v, "nightly").runs][:2] == ["Degraded", "Healthy"]
    )
    assert of(seen, "nightly").health.status.value == "Degraded"
    assert of(seen, "paused").health.status.value == "Suspended"
    assert of(seen, "nightly-0") is None
    async with running.house.signed_in(LEAD) as browser:
        page = await browser.get(f"/{PROJECT}/workloads")
        assert re.search(r'class="Sq"[^>]*title="nightly-0: Healthy"', page)
        assert re.search(r'class="Sq Sq--bad"[^>]*title="nightly-1: Degraded"', page)
        assert "it is suspended" in page


async def _owner(running: Shop, name: str) -> dict[str, object]:
    found = await running.twin().get(CRON_JOB.ref(name, PROJECT))
    return {"apiVersion": "batch/v1", "kind": "CronJob", "name": name, "uid": found["metadata"]["uid"], "controller": True}


async def test_the_command_lists_reads_and_follows(running: Shop) -> None:
    pod = await pod_of(running, command=SCRIPT)
    running.twin(JP).faults.add("down")
    async with terminal_of(running.house, LEAD) as podo:
        listed = await podo.run("workload", "list", PROJECT)
        assert re.search(rf"prod kr +Deployment/{PROJECT} +1/1 +0 +Healthy", listed)
        assert [line.partition(" ")[2] for line in (await podo.run("logs", PROJECT, pod)).splitlines()] == [
            "one",
            "two",
            "ERROR three",
        ]
        place = ("--env", "prod", "--region", "kr")
        assert "Scheduled" in await podo.run("workload", "events", PROJECT, *place)
        assert json.loads(await podo.run("workload", "manifest", PROJECT, PROJECT, *place))["kind"] == "Deployment"
        await podo.run("workload", "events", PROJECT, exit_code=2)
        assert "does not answer" in await podo.run("workload", "events", PROJECT, "--env", "prod", "--region", "jp", exit_code=5)


async def test_the_list_is_filtered_in_the_address_and_both_languages_say_the_same(running: Shop) -> None:
    await running.run(deployment(), deployment("worker", command=["sh", "-c", "exit 1"]))
    await running.until(lambda v: of(v, "worker") and of(v, "worker").health.code == "crash_loop")
    async with running.house.signed_in(LEAD) as browser:
        page = await browser.get(f"/{PROJECT}/workloads?q=is:degraded")
        assert "<b>worker</b>" in page
        assert f"<b>{PROJECT}</b>" not in page
        page = await browser.get(f"/{PROJECT}/workloads?q=kind:StatefulSet")
        assert "Nothing fits this filter" in page
    async with running.house.signed_in("member", lang="ko") as browser:
        page = await browser.get(f"/{PROJECT}/workloads")
        assert "워크로드" in page
        assert "Restart or scale" not in page
