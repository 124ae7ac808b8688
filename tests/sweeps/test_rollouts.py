"""Every step of a rollout's run × every fault: done if and only if all is there, withdrawn only if nothing is left.

What a case leaves behind, the next one begins with. Only a first release that stays needs a new project each time, and where
one went back, there is nothing to go back from until another release was there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from podo.catalog import service as catalog
from podo.clients.kubernetes.errors import NotFound
from podo.clients.kubernetes.twin import Pace
from podo.clients.kubernetes.types import Kind
from podo.delivery import reads, service
from podo.delivery.ports import ChartReader
from podo.delivery.types import Build, Commit, Deployment, Scope
from podo.kernel import clock, ids
from podo.kernel.events import log
from tests import needs, postgres
from tests.domains.delivery.shops import AT_ONCE_READY, HANEUL, Shop, shop
from tests.sweeps.faults import PASSING, Fault, Saboteur, cases, settled

DEPLOYMENT = Kind("apps/v1", "Deployment")
OBJECTS = (DEPLOYMENT, Kind("v1", "Service"), Kind("v1", "ConfigMap"), Kind("v1", "Secret"), Kind("v1", "ServiceAccount"))
STARTS_AND_ENDS = ("started", "healthy", "failed", "rolled_back", "halted", "stuck", "failing")


@dataclass
class Case:
    """A project of its own in alpha kr, and its builds by a word in their images' names."""

    shop: Shop
    project: str
    builds: dict[str, Build] = field(default_factory=dict)

    async def build(self, tag: str) -> Build:
        """A commit with an image."""
        n = len(self.builds) + 1
        commit = Commit(f"{n:040x}", f"Change {n}", "김하늘", clock.now())
        living = self.shop.living
        async with living.transaction() as tx:
            build = await service.builds.queue(tx, self.project, commit, "main", HANEUL.id)
            await service.builds.started(tx, build.id, "test", f"registry.test/{tag}/{self.project}", {}, simulated=False)
            await service.builds.succeeded(tx, build.id, f"sha256:{ids.digest([self.project, n, tag])}", 1000)
        return build

    async def ask(self, tag: str) -> Deployment:
        """Bring it to alpha."""
        if tag not in self.builds:
            self.builds[tag] = await self.build(tag)
        build, living = self.builds[tag], self.shop.living
        async with living.reading(HANEUL) as r:
            made_from = await service.releases.ingredients(r, self.project, build.number, "alpha")
        draft = await reads.draft(living.house.ports[ChartReader], made_from)  # type: ignore[type-abstract]
        async with living.transaction(HANEUL) as tx:
            return await service.deployments.request(tx, draft, "alpha")

    async def there(self) -> tuple[str, list[str]]:
        """The image that runs (empty: none), and the names of everything of ours."""
        twin, names, image = self.shop.living.twins["alpha-kr"], list[str](), ""
        for kind in OBJECTS:
            ours = await twin.list(
                kind, namespace=self.project, label_selector=f"podo.dev/project={self.project},podo.dev/environment"
            )
            names += [f"{kind.kind} {m['metadata']['name']}" for m in ours.items]
        try:
            found = await twin.get(DEPLOYMENT.ref(self.project, self.project))
            image = found["spec"]["template"]["spec"]["containers"][0]["image"]
        except NotFound:
            pass
        return image, sorted(names)

    async def said(self, number: int) -> Counter[str]:
        """How often each beginning and end of its rollout was told."""
        async with self.shop.living.reading() as r:
            entries, _ = await log.history(
                r, log.Wanted(project=self.project, subject=f"deployment/{self.project}/{number}"), limit=200
            )
        codes = (e.code.removeprefix("delivery.rollout_") for e in entries if e.code.startswith("delivery.rollout_"))
        return Counter(c for c in codes if c in STARTS_AND_ENDS)


Act = Callable[[Case], Awaitable[Deployment]]


async def good(case: Case) -> Deployment:
    """An image that works, another one than there is."""
    image, _ = await case.there()
    return await case.ask("two" if "/one/" in image else "one")


async def bad(case: Case) -> Deployment:
    """An image that crashes."""
    return await case.ask("crashes")


async def back(case: Case) -> Deployment:
    """Going back."""
    async with case.shop.living.transaction(HANEUL) as tx:
        return await service.stopping.roll_back(tx, case.project, "alpha", "kr")


@dataclass(frozen=True)
class Scenario:
    """What is done, how that ends when nothing goes wrong; how many releases a project has before, and before each case."""

    act: Act
    wanted: str
    earlier: int = 0
    each: int = 0
    has_new_projects: bool = False


SCENARIOS = {
    "a first release": Scenario(good, "healthy", has_new_projects=True),
    "a release over another": Scenario(good, "healthy", earlier=1),
    "a release that crashes": Scenario(bad, "rolled back", earlier=1),
    "a first release that crashes": Scenario(bad, "failed"),
    "going back": Scenario(back, "healthy", earlier=1, each=1),
}


@pytest.mark.timeout(3600 if needs.POSTGRES else 600)
@pytest.mark.parametrize("scenario", list(SCENARIOS))
async def test_a_rollout_is_whole_or_gone_whatever_befalls(tmp_path: Path, scenario: str) -> None:
    await _sweep(tmp_path, scenario)


@needs.program("initdb")
@pytest.mark.timeout(3600 if needs.POSTGRES else 600)
async def test_a_rollout_is_whole_or_gone_on_postgresql_too(tmp_path: Path) -> None:
    # Each fault at some of the steps; the whole sweep is made there by PODO_TEST_DATABASE.
    async with postgres.database_url() as url:
        await _sweep(tmp_path, "a first release", one_in=12, PODO_DATABASE_URL=url)


async def _sweep(tmp_path: Path, scenario: str, *, one_in: int = 1, **settings: str) -> None:
    of = SCENARIOS[scenario]
    async with shop(tmp_path, **settings) as made:
        made.living.twins["alpha-kr"].faults.images["*/crashes/*"] = _crash()
        case = Case(made, "plain")
        await _register(made, [case.project])
        await _released(case, of.earlier)
        seen = await _run(case, of, "", None)
        assert {"delivery.apply", "delivery.judge"} <= set(seen)
        chosen = cases(seen)
        assert len(chosen) > 30
        chosen = chosen[::one_in]
        wanted = [f"case-{number:03d}" for number, _ in enumerate(chosen)] if of.has_new_projects else []
        await _register(made, wanted)
        for number, (step, fault) in enumerate(chosen):
            await _run(Case(made, wanted[number]) if wanted else case, of, step, fault)


async def _released(case: Case, times: int) -> None:
    """So many releases, each over the one before."""
    for _ in range(times):
        await good(case)
        await case.shop.settled()


async def _run(case: Case, of: Scenario, step: str, fault: Fault | None) -> list[str]:
    await _released(case, of.each)
    durable = case.shop.living.house.durable
    old = await case.there()
    assert bool(old[0]) == bool(of.earlier), "the case before left something else"
    by = Saboteur(durable, "rollout:", step, fault)
    durable.interference = by
    try:
        subject = await of.act(case)
        await settled(case.shop.living, by)
    finally:
        durable.interference = None
    about = f"{step}, {fault}"
    assert fault is None or by.met, f"never came to {about}"
    [rollout] = (await case.shop.now(subject)).rollouts
    said = await case.said(subject.number)
    assert not [kind for kind, times in said.items() if times > 1], (about, said)
    if fault is None or fault in PASSING:
        assert rollout.state.value == of.wanted, (about, rollout.why)
    if rollout.state.value == "stuck":
        assert fault in (Fault.for_good, Fault.refused), about
        assert rollout.why
        await _a_person_tries_again(case, subject, of.wanted)
    await _is_whole_or_gone(case, await case.shop.now(subject), old, about)
    return by.seen


async def _is_whole_or_gone(case: Case, now: Deployment, old: tuple[str, list[str]], about: str) -> None:
    image, names = await case.there()
    [rollout] = now.rollouts
    match rollout.state.value:
        case "healthy":
            assert image == await _release_image(case, now) != old[0], about
            assert f"Deployment {case.project}" in names
        case "rolled back" | "failed":
            assert (image, names) == old, (about, rollout.state)
        case other:
            pytest.fail(f"left half-way: {other} after {about}")


async def _release_image(case: Case, of: Deployment) -> str:
    async with case.shop.living.reading() as r:
        release = await service.releases.release(r, case.project, of.release)
    return f"{release.image}@{release.digest}"


async def _a_person_tries_again(case: Case, subject: Deployment, wanted: str) -> None:
    async with case.shop.living.transaction(HANEUL) as tx:
        await service.deployments.retry(tx, case.project, subject.number)
    await case.shop.settled()
    assert (await case.shop.now(subject)).rollouts[0].state.value == wanted


async def _register(made: Shop, projects: Sequence[str]) -> None:
    for project in projects:
        async with made.living.transaction(HANEUL) as tx:
            await catalog.register(
                tx,
                made.living.house.seal,
                slug=project,
                title=project,
                team="chat",
                repository=f"https://git.test/{project}",
                branch="main",
                places=[("alpha", "kr")],
            )
            await service.config.choose(tx, project, auto_alpha=False, polled=False, scope=Scope(), values=AT_ONCE_READY)
            await service.config.set_variable(tx, project, "LEVEL", Scope(), "info")
            await service.config.set_secret(tx, made.living.house.seal, project, "TOKEN", Scope(), "hush")
    await made.settled()


def _crash() -> Any:
    from podo.clients.kubernetes.twin import PodFault

    return PodFault("CrashLoopBackOff")


@pytest.mark.timeout(3600 if needs.POSTGRES else 600)
async def test_a_halt_is_a_halt_whatever_happens(tmp_path: Path) -> None:
    async with shop(tmp_path) as made:
        made.living.twins["alpha-kr"].pace = Pace(schedule=0, pull=0, ready=3600, stop=0)
        seen: list[str] = []
        for number in range(100):
            every = [("", None), *[c for c in cases(seen) if c[0] in ("delivery.pause", "delivery.halted", "delivery.judge")]]
            if number >= len(every):
                break
            step, fault = every[number]
            case = Case(made, f"halt-{number:03d}")
            await _register(made, [case.project])
            by = Saboteur(made.living.house.durable, "rollout:", step, fault)
            subject = await case.ask("one")
            await made.living.running.delivery.settled()
            made.living.house.durable.interference = by
            async with made.living.transaction(HANEUL) as tx:
                await service.stopping.halt(tx, case.project, subject.number)
            await settled(made.living, by)
            made.living.house.durable.interference = None
            seen = seen or by.seen
            [rollout] = (await made.now(subject)).rollouts
            assert rollout.state.value == "halted", (step, fault, rollout.state)
