"""The list of all projects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.responses import Response

from podo.access import service as access
from podo.access.types import Team
from podo.catalog import rules, service
from podo.catalog.pages.wrong import say, sentence
from podo.catalog.types import READ, BadQuery, Project, ProjectMarks, ProjectQuery, ProjectState
from podo.kernel.db import Reading
from podo.kernel.errors import N_
from podo.kernel.http import Routes, Web
from podo.kernel.http.web import WebIn
from podo.kernel.ui import page

routes = Routes("catalog", tag="Projects")
_SIZE = 30

# (text, address, count, whether it is chosen)
Choice = tuple[str, str, int | None, bool]


@dataclass(frozen=True, slots=True)
class Row:
    """A project of the list: `regions` with the environments it has there; what runs, in one word and a sentence."""

    project: Project
    team: Team
    regions: Sequence[tuple[str, str]]
    health: str
    sentence: str
    link: str


@page("catalog/projects.html")
@dataclass(frozen=True, slots=True)
class ProjectsPage:
    """Projects that fit the filter; `everything` counts all there are."""

    query: str
    trouble: str
    rows: Sequence[Row]
    total: int
    everything: int
    lists: Sequence[Choice]
    teams: Sequence[Choice]
    tiers: Sequence[Choice]
    menus: Sequence[tuple[str, Sequence[Choice]]]
    current: int
    last: int
    path: str


@dataclass(frozen=True, slots=True)
class Known:
    """What a filter can name."""

    teams: Sequence[Team]
    mine: frozenset[str]
    counts: dict[str, int]
    tiers: dict[int, int]
    retired: int
    environments: Sequence[str]
    regions: Sequence[str]


@routes.page("/projects", permission=READ.id)
async def projects(q: str = "", number: int = 1, w: Web = WebIn) -> Response:
    """All projects; `q` is a filter such as `team:chat env:prod region:jp refund`, `number` counts pages of 30."""
    trouble, wanted = "", ProjectQuery()
    try:
        wanted = rules.project_query(q)
    except BadQuery as error:
        trouble = sentence(w, error)
    async with w.reading() as r:
        known = await _known(r, w.person)
        teams = _owners(wanted, known)
        if teams is not None and not teams and wanted.team:
            trouble = say(w, N_("There is no team “{team}”."), team=wanted.team)
        found = await service.projects(
            r,
            text=wanted.text,
            teams=[] if trouble else teams,
            environment=wanted.environment,
            region=wanted.region,
            tier=wanted.tier,
            state=ProjectState.retired if wanted.retired else ProjectState.active,
            lifecycle=wanted.lifecycle,
            level=wanted.level,
            skip=_SIZE * (max(1, number) - 1),
            limit=_SIZE,
        )
        rows = await _rows(w, r, found.items, {t.id: t for t in known.teams})
    total = found.total or 0
    made = ProjectsPage(
        query=q,
        trouble=trouble,
        rows=rows,
        total=total,
        everything=sum(known.tiers.values()),
        lists=_lists(w, q, known),
        teams=_teams(q, known),
        tiers=[(say(w, N_("Tier {n}"), n=t), *_narrowed(q, "tier", str(t), known.tiers.get(t, 0))) for t in rules.TIERS],
        menus=_menus(w, q, known),
        current=max(1, number),
        last=-(-total // _SIZE),
        path=f"/projects?{urlencode({'q': q})}&number=",
    )
    return await w.page(made, title=N_("Projects"))


async def _known(r: Reading, person: str) -> Known:
    return Known(
        teams=await access.teams(r),
        mine=frozenset(m.team for m in await access.teams_of(r, person)),
        counts=await service.counts_by_team(r),
        tiers=await service.counts_by_tier(r),
        retired=await service.count_retired(r),
        environments=[e.name for e in await service.environments(r)],
        regions=[g.code for g in await service.regions(r)],
    )


def _owners(wanted: ProjectQuery, known: Known) -> list[str] | None:
    """The ids of the teams that may own what is looked for; None: any."""
    if not wanted.team and not wanted.mine:
        return None
    named = {t.id for t in known.teams if wanted.team in ("", t.id, t.handle)}
    return sorted(named & known.mine if wanted.mine else named)


async def _rows(w: Web, r: Reading, found: Sequence[Project], teams: dict[str, Team]) -> list[Row]:
    marks: dict[str, tuple[str, str, str]] = {}
    for slot in w.house.slots[ProjectMarks]:
        marks |= await slot.marks(r, [p.slug for p in found], w.lang)
    rows: list[Row] = []
    for p in found:
        regions: dict[str, list[str]] = {}
        for environment, region in p.places:
            regions.setdefault(region, []).append(environment)
        health, told, link = marks.get(p.slug, ("", "", ""))
        rows.append(Row(p, teams[p.team], [(code, ", ".join(e)) for code, e in regions.items()], health, told, link))
    return rows


def _at(query: str) -> str:
    return f"/projects?{urlencode({'q': query})}" if query else "/projects"


def _narrowed(query: str, key: str, value: str, count: int | None = None) -> tuple[str, int | None, bool]:
    """The address that narrows by `key:value`, or no longer does when it did; a count; whether it does."""
    on = f"{key}:{value}" in query.split()
    return _at(rules.with_word(query, key, "" if on else value)), count, on


def _lists(w: Web, query: str, known: Known) -> list[Choice]:
    mine = sum(known.counts.get(t, 0) for t in known.mine)
    whole = not any(word.startswith(("is:", "team:")) for word in query.split())
    everything = _at(rules.with_word(rules.with_word(query, "is", ""), "team", ""))
    found = [
        (say(w, N_("All projects")), everything, sum(known.tiers.values()), whole),
        (say(w, N_("Of my teams")), *_narrowed(query, "is", "mine", mine)),
    ]
    if known.retired:
        found.append((say(w, N_("Retired")), *_narrowed(query, "is", "retired", known.retired)))
    return found


def _teams(query: str, known: Known) -> list[Choice]:
    mine = [t for t in known.teams if t.id in known.mine]
    return [(t.name, *_narrowed(query, "team", t.handle, known.counts.get(t.id, 0))) for t in mine]


def _menus(w: Web, query: str, known: Known) -> list[tuple[str, Sequence[Choice]]]:
    owning = [t for t in known.teams if known.counts.get(t.id)]
    return [
        (say(w, N_("Team")), [(t.name, *_narrowed(query, "team", t.handle, known.counts[t.id])) for t in owning]),
        (say(w, N_("Environment")), [(e, *_narrowed(query, "env", e)) for e in known.environments]),
        (say(w, N_("Region")), [(g, *_narrowed(query, "region", g)) for g in known.regions]),
    ]
