"""What runs where: environments in promotion order, and in each of them its regions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from podo.catalog import service as catalog
from podo.delivery import service
from podo.delivery.pages import words
from podo.delivery.types import Place, Rollout, RolloutState, Search
from podo.kernel.db import Reading
from podo.kernel.errors import N_
from podo.kernel.ui import languages
from podo.workloads import service as workloads
from podo.workloads.types import Health

_S = RolloutState
_LOST = (_S.halted, _S.failed)
_LATELY = 30


@dataclass(frozen=True, slots=True)
class Cell:
    """A target: what runs there (`commit`, deployment `number`, since `at`), and what is on its way, as a note."""

    region: str
    cluster: str
    href: str
    health: str
    commit: str
    number: int | None
    at: datetime | None
    facts: str
    bar: str
    note: str
    note_icon: str
    note_tone: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Stage:
    """An environment with the project's regions in it, and what it asks for."""

    name: str
    rule: str
    cells: Sequence[Cell]


async def grid(r: Reading, project: str, lang: str) -> list[Stage]:
    """Every target of a project, with the health that was last seen there. Raises `NoSuchProject`."""
    about = await catalog.project(r, project)
    places = await service.deployments.places(r, project)
    order = await catalog.regions(r)
    choices = await service.config.choices(r, project)
    tried = await _tried(r, project)
    async with r.observing() as observed:
        seen = (await workloads.health_of_projects(observed, [project])).get(project, {})
    found: list[Stage] = []
    for stage in await catalog.environments(r):
        mine = [p for p in places if p.environment == stage.name]
        if not mine:
            continue
        automatic = about.repository.branch if choices.auto_alpha and not found else ""
        rule = words.rule(lang, stage, [p.region for p in mine], order, automatic=automatic)
        found.append(Stage(stage.name, rule, [cell(lang, project, p, seen.get(p.cluster), tried) for p in mine]))
    return found


async def _tried(r: Reading, project: str) -> list[Rollout]:
    """What was tried lately and did not arrive, newest first."""
    found = await service.deployments.deployments(r, Search(project=project), limit=_LATELY)
    return [x for of in found.items for x in of.rollouts]


def cell(lang: str, project: str, place: Place, health: Health | None, tried: Sequence[Rollout]) -> Cell:
    """A target as people see it; `tried` are rollouts of the project, newest first."""
    running, coming = place.running, place.coming
    shown = coming if coming and coming.started_at and not running else running
    here = (x for x in tried if (x.environment, x.region) == (place.environment, place.region) and x.state is not _S.cancelled)
    last = next(here, None)
    bar, note, icon, tone = _coming(lang, coming) if coming else _still(lang, running, last)
    newest = coming or (last if last and last.state in _LOST else running)
    return Cell(
        region=place.region,
        cluster=place.cluster,
        href=f"/{project}/deployments/{newest.number}" if newest else f"/{project}/deploy?env={place.environment}",
        health=_health(running, coming, health),
        commit=place.running_commit[:7],
        number=running.number if running else None,
        at=(running.healthy_at or running.started_at) if running else None,
        facts=words.pods(lang, shown) if shown else "",
        bar=bar,
        note=note,
        note_icon=icon,
        note_tone=tone,
        until=coming.soak_until if coming and coming.state is _S.soaking else None,
    )


def _health(running: Rollout | None, coming: Rollout | None, seen: Health | None) -> str:
    if seen is not None:
        return seen.status.value
    if running is not None:
        return running.seen.health
    return coming.seen.health if coming and coming.started_at else "Missing"


def _still(lang: str, running: Rollout | None, last: Rollout | None) -> tuple[str, str, str, str]:
    """(bar, note, icon, tone) of a target where nothing is on its way; `last` is what came there last."""
    number = last.number if last else 0
    bar = "healthy" if running else "never"
    match last.state if last else None:
        case _S.halted:
            return "halted", languages.say(lang, N_("#{number} is halted"), number=number), "stop", "fg-severe"
        case _S.failed:
            return "failed", languages.say(lang, N_("#{number} failed"), number=number), "x-circle", "fg-danger"
        case _S.rolled_back if running is None or running.number < number:
            return bar, languages.say(lang, N_("#{number} was rolled back"), number=number), "undo", "muted"
        case _ if running is None:
            return bar, languages.say(lang, N_("deploy for the first time")), "rocket", "muted"
        case _:
            return bar, languages.say(lang, N_("nothing on its way")), "check", "muted"


def _coming(lang: str, coming: Rollout) -> tuple[str, str, str, str]:
    """(bar, note, icon, tone) of what is on its way, or stuck half-way."""
    fields = {"number": coming.number, "given": len(coming.approved_by), "needed": coming.needs, "ready": coming.seen.ready}
    fields["wanted"] = coming.seen.wanted
    match coming.state:
        case _S.waiting:
            message = N_("#{number} waits: approval {given}/{needed}")
            bar, icon, tone = "waiting", "clock", "fg-attention"
        case _S.queued:
            message, bar, icon, tone = N_("#{number} is next"), "waiting", "clock", "fg-attention"
        case _S.soaking:
            message, bar, icon, tone = N_("#{number} soaks"), "rolling", "hourglass", "fg-accent"
        case _S.rolling if coming.back:
            message, bar, icon, tone = N_("#{number} fails and is put back"), "failed", "undo", "fg-danger"
        case _S.rolling if coming.seen.wanted:
            message = N_("#{number} rolls: {ready} of {wanted} pods")
            bar, icon, tone = "rolling", "sync", "fg-accent"
        case _S.rolling:
            message, bar, icon, tone = N_("#{number} rolls"), "rolling", "sync", "fg-accent"
        case _:
            message, bar, icon, tone = N_("#{number} is stuck"), "failed", "alert", "fg-severe"
    return bar, languages.say(lang, message, **fields), icon, tone
