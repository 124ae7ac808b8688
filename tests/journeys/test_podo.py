"""From git push to three regions, and back, by the `podo` command alone, as a person reads it."""

from __future__ import annotations

import asyncio
import json
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.journeys.world import CRASHES_IN_JP, World, eventually, podo

pytestmark = [pytest.mark.serial, pytest.mark.timeout(400)]

REGIONS = ("kr", "jp", "uk")


@dataclass
class Shell:
    """Somebody's terminal. `token` is empty where `podo login` stores it."""

    world: World
    secret: str
    token: str

    async def __call__(self, line: str, *, code: int = 0, stdin: str = "") -> str:
        """What `podo line` printed, when it ended with this exit code."""
        return await podo(self.world, self.token, *shlex.split(line), code=code, stdin=stdin)

    async def json(self, line: str) -> Any:
        """The same for scripts."""
        return json.loads(await self(f"--json {line}"))

    async def seen(self, path: str, look: Callable[[Any], Any]) -> None:
        """Wait until the API shows it: what `podo` shows is asked for once, then. A look by it costs a process."""
        async with httpx.AsyncClient(
            base_url=f"{self.world.address}/api/v1/", headers={"authorization": f"Bearer {self.secret}"}, timeout=60
        ) as client:

            async def found() -> Any:
                return look((await client.get(path)).raise_for_status().json())

            await eventually(found)

    async def table(self, line: str) -> list[dict[str, str]]:
        """The rows of the table that was printed, by the heads of its columns."""
        lines = (await self(line)).splitlines()
        at = next((i for i, words in enumerate(lines) if re.fullmatch(r"[A-Z ()]+", words)), len(lines))
        cells = [re.split(r" {2,}", words) for words in lines[at:] if words]
        return [dict(zip(cells[0], row, strict=False)) for row in cells[1:]]


async def test_from_git_push_to_three_regions_and_back(newcomer: World) -> None:
    secret, *others = [await newcomer.token(who) for who in ("haneul", "minjun", "seoyeon", "emma")]
    haneul, (minjun, seoyeon, emma) = Shell(newcomer, secret, ""), (Shell(newcomer, token, token) for token in others)
    await _sign_in(newcomer, haneul)
    await _register(newcomer, haneul, seoyeon, emma)
    await _configure(haneul)
    await _build_and_alpha(newcomer, haneul)
    first = await _production(haneul, minjun, emma)
    await _operate(newcomer, haneul, emma)
    second = await _failing_in_jp(newcomer, haneul, minjun)
    await _back(newcomer, haneul, first, second)
    await _halt(haneul, minjun)
    await _look_back(haneul, minjun, first)


async def _sign_in(newcomer: World, haneul: Shell) -> None:
    assert f"Make a token at {newcomer.address}/settings/tokens, then: podo login" in await haneul("whoami", code=3)
    assert "You are not signed in." in await haneul("login", code=3, stdin="podo_not_a_token\n")
    told = await haneul("login", stdin=f"{haneul.secret}\n")
    assert f"Signed in to {newcomer.address} as 김하늘" in told
    assert haneul.secret not in told
    kept = newcomer.living.folder / ".config" / "podo" / "login.json"
    assert kept.stat().st_mode & 0o077 == 0
    assert await haneul("whoami") == "김하늘 <haneul@podo.test> (haneul), Chat\n"


async def _register(newcomer: World, haneul: Shell, lead: Shell, stranger: Shell) -> None:
    assert "Use “hello”" in await haneul("project name Hello")
    assert await haneul("project name hello") == "hello is free.\n"
    looked = await haneul(f"project look {newcomer.repository}")
    assert "path=Dockerfile" in looked
    assert "subject:         Say hello" in looked
    register = f"project register hello --team chat --repo {newcomer.repository} --alpha kr --prod kr,jp,uk"
    refused = await stranger(register, code=3)
    assert "You may not: Register a project" in refused
    assert "Ask a member of the owning team" in refused
    assert "Registered hello. Next: podo build hello" in await haneul(register)
    assert "Choose another name." in await haneul(register, code=1)
    assert "is free" not in await haneul("project name hello")

    # By mistake: it has no image to run, and goes away with its namespace once its lead types its name.
    await haneul(f"project register helo --team chat --repo {newcomer.repository} --dockerfile Dockerfile.old --alpha kr")
    assert "Ask a lead of the owning team" in await haneul("project delete helo --typed helo", code=3)
    assert "Type the project's name" in await lead("project delete helo", code=2, stdin="hello\n")
    assert "Deleted helo." in await lead("project delete helo", stdin="helo\n")
    assert "helo" in await haneul("project show helo", code=4)
    assert [p["SLUG"] for p in await haneul.table("project list")] == ["hello"]


async def _configure(haneul: Shell) -> None:
    await haneul("road set hello rollout.minReadySeconds=0")
    assert await haneul("config set hello NAME=neighbour LOG_LEVEL=info") == "NAME is set for all.\nLOG_LEVEL is set for all.\n"
    assert await haneul("config set hello LOG_LEVEL=debug --env prod --region jp") == "LOG_LEVEL is set for prod jp.\n"
    assert "write LOG_LEVEL=value" in await haneul("config set hello LOG_LEVEL", code=2)
    assert "SECRET is sealed for all (fingerprint" in await haneul("secret set hello SECRET", stdin="carrots\n")
    rows = {(r["KEY"], r["FOR"]): r["VALUE"] for r in await haneul.table("config list hello")}
    assert rows["NAME", "all"] == "neighbour"
    assert rows["LOG_LEVEL", "prod jp"] == "debug"
    assert re.fullmatch(r"secret [0-9a-f]{8}…", rows["SECRET", "all"])
    assert "carrots" not in await haneul("--json config list hello")


async def _build_and_alpha(newcomer: World, haneul: Shell) -> None:
    # The commit was seen already, and the same commit is never built twice: this follows its log to the end.
    told = await haneul("build hello --watch")
    assert "Checking out" in told
    assert re.search(r"\nBuild #1 of [0-9a-f]{7}: \S+@sha256:[0-9a-f]{64}", told)
    assert ("simulated" in told) is not newcomer.builds_really
    assert [(b["NUMBER"], b["STATE"], b["SUBJECT"]) for b in await haneul.table("builds hello")] == [
        ("1", "succeeded", "Say hello")
    ]
    assert "Checking out" in await haneul("build-log hello 1")

    # Built commits of the branch go to alpha by themselves.
    await haneul.seen("projects/hello/places", lambda it: _is_healthy(it[0]))
    there = (await haneul.table("places hello"))[0]
    assert (there["TARGET"], there["HEALTH"], there["PODS"], there["ON ITS WAY"]) == ("alpha kr", "Healthy", "1/1", "-")


def _is_healthy(place: Any) -> bool:
    return bool(place["running"] and place["running"]["health"] == "Healthy" and not place["coming"])


async def _production(haneul: Shell, minjun: Shell, stranger: Shell) -> int:
    # Three rollouts, each with its own approval, in the train's order.
    asked = await haneul("deploy hello --env prod --title 'Say hello to everybody'")
    found = re.match(r"Asked: #(\d+) brings r-[0-9a-f]{8} \([0-9a-f]{7}\) to prod \(kr, jp, uk\)\.", asked)
    assert found, asked
    number = int(found[1])
    refused = await haneul(f"approve hello {number} --region kr --yes", code=3)
    assert "Whoever asked for a deployment does not approve it" in refused
    assert "Ask another member" in refused
    assert "(requester-never-approves)" in await haneul("why delivery.approve --project hello --env prod --asked-by haneul")
    assert "박민준 may: delivery.approve" in await minjun("why delivery.approve --project hello --env prod --asked-by haneul")
    assert "No policy allows it" in await stranger(f"approve hello {number} --yes", code=3)

    assert "김하늘 asks for your approval of prod kr, jp and uk." in await minjun("home")
    assert "The first release here" in await minjun(f"changes hello {number} --region kr")
    asked = await minjun(f"approve hello {number} --region kr", code=1, stdin="n\n")
    assert "0 of 1 approvals" in asked
    assert "Approve kr? [y/N]" in asked
    assert "kr: waiting" in (await _states(haneul, number))["kr"]["line"]
    # jp may be approved before its turn: it waits for kr all the same.
    done = await minjun(f"approve hello {number} --region jp --region kr --comment 'Looks right'", stdin="y\n")
    assert "jp: queued, 1 of 1 approvals" in done
    assert "uk: waiting, 0 of 1 approvals" in done
    await _until(haneul, number, kr="healthy", jp="healthy", uk="waiting")
    assert "jp is healthy" in (await _states(haneul, number))["uk"]["WHY"]
    moments = {x["region"]: x for x in (await haneul.json(f"deployment show hello {number}"))["rollouts"]}
    assert moments["jp"]["started_at"] > moments["kr"]["healthy_at"]
    assert "uk: queued, 1 of 1 approvals" in await minjun(f"approve hello {number} --yes")
    await _until(haneul, number, kr="healthy", jp="healthy", uk="healthy")
    assert "Nothing of" in await minjun(f"approve hello {number} --yes", code=1)
    places = {p["TARGET"]: p for p in await haneul.table("places hello")}
    assert [places[f"prod {r}"]["RUNS"].split("#")[1] for r in REGIONS] == [str(number)] * 3
    assert {n["STATE"] for n in await haneul.table("project namespaces hello")} == {"ready"}
    return number


async def _states(haneul: Shell, number: int) -> dict[str, dict[str, str]]:
    rows = await haneul.table(f"deployment show hello {number}")
    return {r["REGION"]: {**r, "line": f"{r['REGION']}: {r['STATE']}"} for r in rows}


async def _until(haneul: Shell, number: int, **wanted: str) -> None:
    await haneul.seen(
        f"projects/hello/deployments/{number}", lambda it: {x["region"]: x["state"] for x in it["rollouts"]} == wanted
    )
    assert {region: row["STATE"] for region, row in (await _states(haneul, number)).items()} == wanted


async def _operate(newcomer: World, haneul: Shell, stranger: Shell) -> None:
    there = "--env prod --region kr"
    name = "hello-prod" if newcomer.real else "hello"
    assert await _workload(haneul, there, name) == ("2/2", "Healthy")
    pods = await _pods(haneul, there, name)
    logs = await haneul(f"logs hello {min(pods)} --tail 5")
    # kwok runs no containers: a real control plane has pods, and they have nothing to say.
    assert logs.strip() or newcomer.real
    assert "You may not: Change the number of a workload's pods." in await stranger(f"scale hello 3 {there}", code=3)
    told = await haneul(f"scale hello 3 {there}")
    assert f"Asked: scale of Deployment/{name} in prod kr (op_" in told
    assert told.endswith("Taken by the cluster.\n")
    await haneul.seen("projects/hello/workloads?environment=prod&region=kr", lambda it: len(_ready(it, name)) == 3)
    assert await _workload(haneul, there, name) == ("3/3", "Healthy")
    assert f"Asked: restart of Deployment/{name} in prod kr" in await haneul(f"restart hello {there}")
    await haneul.seen("projects/hello/workloads?environment=prod&region=kr", lambda it: len(_ready(it, name) - pods) == 3)
    assert await _workload(haneul, there, name) == ("3/3", "Healthy")
    assert not await _pods(haneul, there, name) & pods
    assert "no Deployment “nope”" in await haneul(f"restart hello nope {there}", code=4)
    assert [o["KIND"] for o in await haneul.table("workload operations hello")] == ["restart", "scale"]
    assert await haneul.table(f"workload events hello {there}")


async def _workload(haneul: Shell, there: str, name: str) -> tuple[str, str]:
    rows = await haneul.table(f"workload list hello {there}")
    found = next(r for r in rows if r["WORKLOAD"] == f"Deployment/{name}")
    return found["READY"], found["HEALTH"]


async def _pods(haneul: Shell, there: str, name: str) -> set[str]:
    views = await haneul.json(f"workload list hello {there}")
    return {p["name"] for v in views for w in v["workloads"] if w["name"] == name for p in w["pods"]}


def _ready(views: Any, name: str) -> set[str]:
    """Its pods, when all that it wants are ready and there are no others; else none."""
    [found] = [w for v in views for w in v["workloads"] if w["name"] == name]
    pods = {p["name"] for p in found["pods"]}
    return pods if found["health"] == "Healthy" and found["ready"] == found["desired"] == len(pods) else set()


async def _failing_in_jp(newcomer: World, haneul: Shell, minjun: Shell) -> int:
    # A push that crashes in jp is put back there; uk never sees it, kr keeps it.
    podo_yaml = newcomer.repository / "podo.yaml"
    podo_yaml.write_text(podo_yaml.read_text() + CRASHES_IN_JP)
    await newcomer.push("good day")
    assert "Build #2 of" in await haneul("build hello --watch")
    there = "projects/hello/deployments?q="
    await haneul.seen(f"{there}env:alpha is:healthy", lambda it: it["items"][0]["title"] == "Say good day")
    assert (await haneul.table("deployments hello env:alpha is:healthy"))[0]["TITLE"] == "Say good day"
    following = asyncio.create_task(haneul("deploy hello --env prod --watch", code=6))
    await haneul.seen(f"{there}env:prod is:waiting", lambda it: it["items"])
    [of] = await haneul.table("deployments hello env:prod is:waiting")
    number = int(of["DEPLOYMENT"].removeprefix("hello #"))
    assert (of["WHERE"], of["TITLE"], of["BY"]) == ("prod (kr, jp, uk)", "Say good day", "haneul")
    changes = await minjun(f"changes hello {number} --region jp --full")
    assert "simulate.podo.dev/failure" in changes
    assert "against #" in changes
    await minjun(f"approve hello {number} --yes")
    told = await following
    for line in ("kr: waiting (approved 0 of 1)", "kr: soaking", "kr: healthy, 2 of 2 pods", "jp: rolled back", "uk: cancelled"):
        assert line in told
    assert told.index("kr: healthy") < told.index("jp: rolling") < told.index("jp: rolled back")
    assert "uk: rolling" not in told
    assert f"podo: #{number} ended badly: jp is rolled back: " in told
    assert "crashes and restarts" in told
    await _until(haneul, number, kr="healthy", jp="rolled back", uk="cancelled")
    return number


async def _back(newcomer: World, haneul: Shell, first: int, second: int) -> None:
    runs = {p["TARGET"]: p["RUNS"] for p in await haneul.table("places hello")}
    assert [runs[f"prod {r}"].split("#")[1] for r in REGIONS] == [str(second), str(first), str(first)]
    # No build, no approval, and git may be gone.
    gone = newcomer.repository.rename(newcomer.repository.with_name("gone"))
    told = await haneul("rollback hello --env prod --region kr --watch")
    assert re.match(r"#\d+ brings prod kr back to r-[0-9a-f]{8} \(", told)
    assert "kr: healthy, 2 of 2 pods" in told
    await _until(haneul, second, kr="rolled back", jp="rolled back", uk="cancelled")
    gone.rename(newcomer.repository)


async def _halt(haneul: Shell, minjun: Shell) -> None:
    number = int((await haneul("deploy hello --env prod --region uk")).split("#")[1].split()[0])
    assert await haneul(f"halt hello {number} --why 'Not today'") == "uk: halted\n"
    assert (await _states(haneul, number))["uk"]["WHY"] == "Not today"
    assert "nothing to halt" in await haneul(f"halt hello {number}", code=1)
    assert "Nothing of" in await minjun(f"approve hello {number} --yes", code=1)


async def _look_back(haneul: Shell, minjun: Shell, first: int) -> None:
    # The timeline tells each of these acts; the inbox what became of what one asked for.
    told = await haneul("activity --project hello --limit 200")
    for sentence in (
        *("registered hello", "set the secret SECRET", "asked to deploy", "approved kr (1 of 1)"),
        *("scales hello", "restarts hello", "became healthy", "was cancelled: jp did not become healthy", "back to"),
    ):
        assert sentence in told, sentence
    assert "carrots" not in told
    assert all("김하늘" in row["WHO"] for row in await haneul.table("activity --project hello by:@me"))
    some = next(row for row in await minjun.table("activity --project hello by:@me") if "approved kr" in row["WHAT"])
    assert "delivery.rollout_approved" in await minjun(f"event {some['ID']}")
    inbox = [n["SENTENCE"] for n in await haneul.table("inbox")]
    assert f"hello #{first} is healthy in prod uk" in inbox
    assert any("was put back in prod jp" in sentence for sentence in inbox)
    home = await haneul("home")
    assert "Waiting for you\n  nothing" in home
    assert "Not healthy now\n  nothing" in home
    found = {(h["KIND"], h["LINK"]) for h in await haneul.table("search hello")}
    assert ("project", "/hello") in found
    assert ("deployment", f"/hello/deployments/{first}") in found
