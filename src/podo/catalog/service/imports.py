"""Projects that come from a spreadsheet or from Backstage: what taking them would do, and taking them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from podo.access import service as access
from podo.access.types import On, Person, Team
from podo.catalog import rules, store
from podo.catalog.rules import facts as saying
from podo.catalog.service.facts import keep_facts
from podo.catalog.service.places import served
from podo.catalog.service.projects import want_namespaces
from podo.catalog.store import facts as rows
from podo.catalog.types import (
    IMPORT,
    Contact,
    Facts,
    Fate,
    FieldChange,
    ImportPlan,
    NameLeaving,
    NoRepository,
    NothingToTake,
    Ownership,
    PlanMoved,
    PlannedProject,
    Project,
    ProjectChanged,
    ProjectDescribed,
    ProjectRegistered,
    ProjectsImported,
    ProjectState,
    ReadRows,
    Repository,
    Retired,
    WantedProject,
    WrongCell,
    of_project,
)
from podo.kernel import clock, ids
from podo.kernel.db import Reading, Tx
from podo.kernel.errors import N_, PodoError

_COLUMNS = ("title", "description", "tier", "slack", "repository", "branch")


@dataclass(frozen=True, slots=True)
class _Known:
    """What is there already, by name."""

    projects: Mapping[str, Project]
    facts: Mapping[str, Facts]
    teams: Mapping[str, Team | None]
    people: Mapping[str, Person | None]
    leaving: Mapping[str, Sequence[str]]
    places: frozenset[tuple[str, str]]
    stages: Sequence[str]
    train: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Step:
    """A line, the project and facts before and after; `was` None for a new one. `planned` is how it is shown."""

    planned: PlannedProject
    was: Project | None = None
    now: Project | None = None
    said: Facts = Facts()
    says: Facts = Facts()


async def may_import(r: Reading) -> None:
    """Raises `NotAllowed`: asked before anything is read for somebody."""
    await access.require(r, IMPORT, On())


async def plan_import(r: Reading, found: ReadRows) -> ImportPlan:
    """What taking these rows would do, line by line; a cell that is empty leaves what is there. Raises `NotAllowed`."""
    await access.require(r, IMPORT, On())
    return _plan(found, await _steps(r, found))


def _plan(found: ReadRows, steps: Sequence[_Step]) -> ImportPlan:
    rows = tuple(step.planned for step in steps)
    told = [[p.line, p.slug, p.fate, [[c.field, c.was, c.now] for c in p.changes]] for p in rows]
    return ImportPlan(rows, found.about, found.notes, ids.digest(told)[:16])


async def take_import(tx: Tx, found: ReadRows, digest: str) -> ImportPlan:
    """Take all lines that can be taken, at once; a second time nothing is left to do. Answers with what was done.

    `digest` is that of the plan that was shown; empty: whatever it does. A new project without a repository or places lives
    without them: it is listed, owned and scored, and its guide names what is missing.
    Raises `PlanMoved`, `NothingToTake`, `NotAllowed`.
    """
    await access.require(tx, IMPORT, On())
    steps = await _steps(tx, found)
    plan = _plan(found, steps)
    if digest and digest != plan.digest:
        raise PlanMoved()
    if not plan.count(Fate.made) + plan.count(Fate.changed):
        raise NothingToTake()
    await _make(tx, [step for step in steps if step.planned.fate is Fate.made])
    for step in steps:
        if step.was is not None and step.now is not None:
            await _change(tx, step.was, step.now)
            await keep_facts(tx, step.now.slug, step.said, step.says)
    made, changed = plan.count(Fate.made), plan.count(Fate.changed)
    tx.say(ProjectsImported(made=made, changed=changed, source=found.about, subject=f"import/{plan.digest}"))
    return plan


async def _make(tx: Tx, steps: Sequence[_Step]) -> None:
    """New projects, all at once: a company's sheet has thousands."""
    made = [step.now for step in steps if step.now is not None]
    said = {step.now.slug: step.says for step in steps if step.now is not None and step.says != Facts()}
    teams = {t.id: t.name for t in await access.teams(tx)}
    await store.add_projects(tx, made)
    by = tx.actor.id
    await store.own(tx, [Ownership(of_project(p.slug), p.team, p.created_at, None, p.created_at, by, "imported") for p in made])
    await rows.add_facts(tx, said)
    for project in made:
        await want_namespaces(tx, project.slug, project.places)
        tx.say(ProjectRegistered(project=project.slug, team=project.team, team_name=teams[project.team]))
        if facts := said.get(project.slug):
            fields = saying.differing(Facts(), facts)
            was, now = saying.plain(Facts(), fields), saying.plain(facts, fields)
            tx.say(ProjectDescribed(project=project.slug, fields=", ".join(fields), was=was, now=now))


async def _change(tx: Tx, was: Project, now: Project) -> None:
    before, after = saying.plain_project(was, _COLUMNS), saying.plain_project(now, _COLUMNS)
    fields = [f for f in _COLUMNS if before[f] != after[f]]
    if fields:
        await store.change_project(tx, was.slug, {f: after[f] for f in fields})
        told = {f: before[f] for f in fields}, {f: after[f] for f in fields}
        tx.say(ProjectChanged(project=was.slug, fields=", ".join(sorted(fields)), was=told[0], now=told[1]))


# -- what a line would do


async def _steps(r: Reading, found: ReadRows) -> list[_Step]:
    known = await _known(r, [row.slug for row in found.rows])
    by = r.actor.id
    return [_step(row, known, by) for row in found.rows]


async def _known(r: Reading, slugs: Sequence[str]) -> _Known:
    teams: dict[str, Team | None] = {}
    for team in await access.teams(r):
        if team.ended_at is None:
            for name in {team.id, team.handle, saying.same(team.name)}:
                # A name that two teams have means neither.
                teams[name] = None if name in teams and teams[name] != team else team
    people: dict[str, Person | None] = {}
    for person in await access.everybody(r):
        for name in {person.id, person.email.lower(), saying.same(person.name)}:
            people[name] = None if name in people else person
    return _Known(
        projects={p.slug: p for p in await store.by_slugs(r, slugs)},
        facts=await rows.facts(r, slugs),
        teams=teams,
        people=people,
        leaving=await rows.leaving(r, slugs),
        places=frozenset(await served(r)),
        stages=[e.name for e in await store.environments(r)],
        train=[g.code for g in await store.regions(r)],
    )


def _step(row: WantedProject, known: _Known, by: str) -> _Step:
    was = known.projects.get(row.slug)
    wrong = [*row.wrong]
    try:
        now = _new(row, known, by) if was is None else _other(row, was, known)
    except PodoError as error:
        return _bad(row, [*wrong, error])
    said = known.facts.get(row.slug, Facts())
    given = {field: value for field, value in row.said.items() if field in saying.FIELDS}
    if "contacts" in given:
        given["contacts"] = tuple(_contact(c, known) for c in given["contacts"])
    says = saying.tidy(replace(said, **given))
    checked: dict[str, Any] = {field: getattr(now, field) for field in ("title", "tier", "port", "dockerfile", "slack")}
    repository: dict[str, Any] = {"repository": now.repository.url, "branch": now.repository.branch}
    wrong += [e for e in rules.wrong_facts(**checked, **repository) if not isinstance(e, NoRepository) or now.repository.url]
    wrong += saying.wrong(row.slug, says)
    if wrong:
        return _bad(row, wrong)
    changes = _changes(was, now, said, says)
    fate = Fate.made if was is None else Fate.changed if changes else Fate.same
    planned = PlannedProject(row.line, row.slug, fate, tuple(changes), notes=row.notes)
    return _Step(planned, was, now if fate is not Fate.same else None, said, says)


def _bad(row: WantedProject, wrong: Sequence[PodoError]) -> _Step:
    return _Step(PlannedProject(row.line, row.slug, Fate.bad, wrong=tuple(wrong), notes=row.notes))


def _contact(contact: Contact, known: _Known) -> Contact:
    found = (
        known.people.get(contact.text) or known.people.get(contact.text.lower()) or known.people.get(saying.same(contact.text))
    )
    return replace(contact, person=found.id, text="") if found and not contact.person else contact


def _team(row: WantedProject, known: _Known) -> Team | None:
    """The team that a line names, by id, handle or name; None where it names none. Raises `WrongCell`."""
    said: Any = row.said.get("team") or ()
    names = [name for name in ((said,) if isinstance(said, str) else cast("tuple[str, ...]", said)) if name]
    if not names:
        return None
    for name in names:
        found = known.teams.get(name) or known.teams.get(name.lower()) or known.teams.get(saying.same(name))
        if found is not None:
            return found
    why = N_("several teams are called so") if saying.same(names[0]) in known.teams else N_("no living team is called so")
    raise WrongCell(column="team", why=why, value=f" “{names[0]}”")


def _new(row: WantedProject, known: _Known, by: str) -> Project:
    rules.check_name(row.slug)
    if row.slug in known.leaving:
        raise NameLeaving(name=row.slug, clusters=", ".join(known.leaving[row.slug]))
    team = _team(row, known)
    if team is None:
        raise WrongCell(column="team", why=N_("a new project needs a team that owns it"), value="")
    places = row.said.get("places", ())
    if unserved := [f"{e}:{g}" for e, g in places if (e, g) not in known.places]:
        raise WrongCell(column="places", why=N_("no cluster serves it"), value=f" “{', '.join(unserved)}”")
    return Project(
        slug=row.slug,
        title=row.said.get("title") or row.slug,
        description=row.said.get("description", ""),
        tier=row.said.get("tier", 3),
        team=team.id,
        repository=Repository(row.said.get("repository", ""), row.said.get("branch") or "main", False),
        dockerfile="Dockerfile",
        port=8080,
        places=tuple(rules.in_order(places, known.stages, known.train)),
        slack=row.said.get("slack", ""),
        state=ProjectState.active,
        created_at=clock.now(),
        created_by=by,
    )


def _other(row: WantedProject, was: Project, known: _Known) -> Project:
    if not was.lives:
        raise Retired(project=was.slug)
    team = _team(row, known)
    if team is not None and team.id != was.team:
        why = N_("another team owns it; transfer it in its settings")
        raise WrongCell(column="team", why=why, value=f" “{team.name}”")
    places: Any = row.said.get("places")
    if places and set(places) != set(was.places):
        raise WrongCell(column="places", why=N_("it runs elsewhere; change that in its settings"), value="")
    said = {f: row.said[f] for f in ("description", "tier", "slack") if f in row.said}
    if row.said.get("title"):
        said["title"] = row.said["title"]
    url, branch = row.said.get("repository") or was.repository.url, row.said.get("branch") or was.repository.branch
    return replace(was, **said, repository=replace(was.repository, url=url, branch=branch))


def _changes(was: Project | None, now: Project, said: Facts, says: Facts) -> list[FieldChange]:
    before, after = saying.plain_project(was, _COLUMNS) if was else {}, saying.plain_project(now, _COLUMNS)
    found = [FieldChange(f, str(before.get(f, "")), str(after[f])) for f in _COLUMNS if before.get(f, "") != after[f]]
    if was is None:
        found.append(FieldChange("team", "", now.team))
        found += [FieldChange("places", "", " ".join(f"{e}:{g}" for e, g in now.places))] if now.places else []
    lines = saying.as_lines(said, {}), saying.as_lines(says, {})
    for field in saying.differing(said, says):
        old, new = (one.get(field, str(getattr(facts, field, ""))) for one, facts in zip(lines, (said, says), strict=True))
        found.append(FieldChange(field, old.replace("\n", "; "), new.replace("\n", "; ")))
    return found
