"""What the example's projects say of themselves, and how they have scored day by day; some say little, as in every company."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta

from podo.app.demo import organisation
from podo.app.demo.chronicle import Chronicle, Row
from podo.app.demo.organisation import ExampleProject
from podo.app.demo.world import World, actor
from podo.catalog import service as catalog
from podo.catalog.types import ProjectDescribed, Score, Standing
from podo.kernel import clock
from podo.kernel.domains import House
from podo.kernel.nouns import PODO

_TREND = 45
# What a service does, by the last word of its name.
_DOES = {
    "api": "Answers requests about {word}",
    "worker": "Works off {word} in the background",
    "gateway": "Lets the apps reach {word}",
    "sync": "Keeps {word} the same in every region",
    "cache": "Keeps {word} at hand",
    "indexer": "Makes {word} findable",
    "batch": "Works through {word} every night",
    "stream": "Passes on what happens to {word}",
    "admin": "Lets support look after {word}",
    "relay": "Passes {word} on to others",
}
_AT_ONCE = 100


def describe(chronicle: Chronicle, world: World) -> None:
    """Facts and dependencies of all projects, each said by somebody of its team on some day."""
    chance = random.Random(511)
    everything = organisation.projects()
    rows = {row["slug"]: row for row in chronicle.rows["projects"]}
    for project in everything:
        if not rows[project.slug]["description"] and chance.random() < 0.85:
            word, _, last = project.slug.rpartition("-")
            rows[project.slug]["description"] = _DOES.get(last, "Serves {word}").format(word=word or project.slug)
        if not rows[project.slug]["slack"] and chance.random() < 0.8:
            rows[project.slug]["slack"] = project.team
        facts, needs = _facts(project, everything, world, chance)
        chronicle.put("project_facts", {"project": project.slug, **facts})
        for place, (kind, name, why) in enumerate(needs):
            row = {"project": project.slug, "kind": kind, "name": name, "why": why, "place": place}
            chronicle.put("project_dependencies", row)
        said = [name for name, value in facts.items() if value] + (["depends_on"] if needs else [])
        if said:
            at = world.begin + timedelta(days=chance.randint(2, 80), hours=chance.randint(1, 9), minutes=chance.randint(0, 59))
            event = ProjectDescribed(project=project.slug, fields=", ".join(said))
            chronicle.say(at, actor(world.somebody(project.team, chance)), event)


def _facts(
    project: ExampleProject, others: Sequence[ExampleProject], world: World, chance: random.Random
) -> tuple[Row, list[tuple[str, str, str]]]:
    wiki, members = "https://wiki.podo.example", world.members(project.team)
    careful = chance.random() < (0.9 if project.tier == 1 else 0.6)
    neighbours = [p for p in others if p.team == project.team and p.slug != project.slug]
    needs = [("project", p.slug, "") for p in chance.sample(neighbours, k=min(len(neighbours), chance.randint(0, 2)))]
    if chance.random() < 0.3:
        needs.append(("project", chance.choice([p.slug for p in others if p.team != project.team]), "asks it for every request"))
    if chance.random() < 0.5:
        needs.append(("resource", f"{project.slug}-redis", ""))
    contacts = [{"person": members[0].id, "text": "", "about": "on what it is for"}] if careful and members else []
    links = [{"title": "Dashboard", "url": f"https://grafana.podo.example/d/{project.slug}", "kind": "dashboard"}]
    facts: Row = {
        "lifecycle": chance.choices(("production", "experimental", "deprecated", ""), (70, 12, 4, 14))[0],
        "type": "worker" if project.slug.endswith(("-worker", "-batch", "-indexer")) else "service",
        "system": project.team,
        "domain": "",
        "docs": f"{wiki}/{project.slug}" if chance.random() < 0.5 else "",
        "runbook": f"{wiki}/{project.slug}/runbook" if careful else "",
        "on_call": f"{project.team}-primary" if project.tier == 1 and careful else "",
        "contacts": contacts,
        "links": links if careful else [],
        "provides": [],
        "tags": [project.stack],
        "annotations": {},
    }
    return facts, needs


async def score(house: House, world: World) -> None:
    """How projects stand now, and how they came there: a few of them climbed on one day or another."""
    chance = random.Random(512)
    async with house.database.reading(PODO) as r:
        slugs = await catalog.scored_projects(r)
        found = [s for at in range(0, len(slugs), _AT_ONCE) for s in await catalog.standings(r, slugs[at : at + _AT_ONCE])]
    climbed = {s.score.project: chance.randint(1, _TREND) if chance.random() < 0.4 else _TREND for s in found}
    for day in range(_TREND, -1, -1):
        with clock.fixed(world.now - timedelta(days=day)):
            async with house.database.transaction(PODO) as tx:
                await catalog.note_scores(tx, [_then(s, day > climbed[s.score.project]) for s in found])


def _then(of: Standing, before: bool) -> Standing:
    """The standing, or one step below it."""
    if not before:
        return of
    s = of.score
    lower = Score(s.project, max(0, s.level - 1), max(0, s.passed - 2), s.asked, (*s.failed, "runbook"), s.at)
    return Standing(lower, of.team)
