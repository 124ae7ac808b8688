"""What a deployment changes in each region, and what it consists of: Changes, Manifests, Checks and Logs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from podo.delivery import reads, service
from podo.delivery.pages import words
from podo.delivery.pages.box import Box, Check, box
from podo.delivery.pages.top import Top, head, routes, title, top
from podo.delivery.pages.words import say
from podo.delivery.ports import BuildLogReader, ChartReader
from podo.delivery.rules import diffs, values
from podo.delivery.rules.diffs import DiffLine
from podo.delivery.service import views
from podo.delivery.types import READ, Build, Bundle, Deployment, FileChange, KeyChange, LogLine
from podo.kernel.errors import N_, PodoError
from podo.kernel.http import Web
from podo.kernel.http.web import WebIn
from podo.kernel.ui import page

_LINES = 5000


@dataclass(frozen=True, slots=True)
class FileShown:
    """A manifest that differs; `id` is its place on the page."""

    id: str
    title: str
    kind: str
    added: int
    removed: int
    lines: Sequence[DiffLine]


@dataclass(frozen=True, slots=True)
class Against:
    """What a region is held against: deployment `number` with its commit; None: nothing runs there."""

    number: int | None
    commit: str


@dataclass(frozen=True, slots=True)
class Row:
    """A value that the chart was given, and where it came from."""

    path: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class Text:
    """A manifest as it is applied."""

    title: str
    text: str


@page("delivery/changes.html")
@dataclass(frozen=True, slots=True)
class ChangesPage:
    """The Changes tab, for one region."""

    t: Top
    region: str
    regions: Sequence[tuple[str, str, bool]]
    against: Against
    sentences: Sequence[str]
    variables: Sequence[KeyChange]
    secrets: Sequence[KeyChange]
    files: Sequence[FileShown]
    added: int
    removed: int
    box: Box


@page("delivery/manifests.html")
@dataclass(frozen=True, slots=True)
class ManifestsPage:
    """The Manifests tab, for one region."""

    t: Top
    region: str
    regions: Sequence[tuple[str, str, bool]]
    bundle: Bundle
    texts: Sequence[Text]
    chosen: Sequence[Row]
    defaults: Sequence[Row]
    secrets: Sequence[str]


@page("delivery/checks.html")
@dataclass(frozen=True, slots=True)
class ChecksPage:
    """The Checks tab: what was looked at before anything may start, and the gates of each region."""

    t: Top
    whole: Sequence[Check]
    box: Box


@page("delivery/logs.html")
@dataclass(frozen=True, slots=True)
class LogsPage:
    """The Logs tab: the log of the build."""

    t: Top
    build: Build | None
    lines: Sequence[LogLine]
    trouble: str


def _regions(of: Deployment, tab: str, current: str) -> list[tuple[str, str, bool]]:
    path = f"/{of.project}/deployments/{of.number}/{tab}"
    return [(x.region, f"{path}?region={x.region}", x.region == current) for x in of.rollouts]


def _one(of: Deployment, region: str) -> str:
    """The region that is shown: the asked one, else the first."""
    return region or of.rollouts[0].region


@routes.page("/{project}/deployments/{number}/changes", permission=READ.id)
async def changes(project: str, number: int, region: str = "", w: Web = WebIn) -> Response:
    """The Changes tab."""
    async with w.reading() as r:
        of = await service.deployments.deployment(r, project, number)
        sides = await views.sides(r, of, _one(of, region))
        before = await service.deployments.deployment(r, project, sides.against) if sides.against else None
        known = await words.people(r, {a.person for x in of.rollouts for a in x.approvals})
        shown = await top(w, r, of, "changes")
        gates = await box(w, r, of, await views.around(r, of), {i: who.name for i, who in known.items()})
        around = await head(w, r, project)
    found = reads.changes(w.house.ports[ChartReader], sides.was, sides.now)
    files = [_file(n, f) for n, f in enumerate(found.files)]
    made = ChangesPage(
        t=shown,
        region=sides.rollout.region,
        regions=_regions(of, "changes", sides.rollout.region),
        against=Against(before.number if before else None, before.commit[:7] if before else ""),
        sentences=[say(w, template, **facts) for template, facts in found.words],
        variables=[k for k in found.keys if not k.secret],
        secrets=[k for k in found.keys if k.secret],
        files=files,
        added=sum(f.added for f in files),
        removed=sum(f.removed for f in files),
        box=gates,
    )
    return await w.page(made, title=title(w, of), head=around)


def _file(number: int, change: FileChange) -> FileShown:
    lines = diffs.unified(change.was, change.now)
    return FileShown(f"m-{number}", change.title, change.kind.value, *diffs.counts(lines), lines)


@routes.page("/{project}/deployments/{number}/manifests", permission=READ.id)
async def manifests(project: str, number: int, region: str = "", w: Web = WebIn) -> Response:
    """The Manifests tab, with where each value came from."""
    async with w.reading() as r:
        of = await service.deployments.deployment(r, project, number)
        bundle = await views.bundle(r, of, _one(of, region))
        shown = await top(w, r, of, "manifests")
        around = await head(w, r, project)
    charts = w.house.ports[ChartReader]
    texts = reads.texts(charts, bundle)
    rows = await reads.value_rows(charts, bundle)
    made = ManifestsPage(
        t=shown,
        region=bundle.region,
        regions=_regions(of, "manifests", bundle.region),
        bundle=bundle,
        texts=[Text(name, text) for name, text in texts.items()],
        chosen=[Row(p, _value(v), _source(w, p, s)) for p, v, s in rows if s != values.DEFAULT],
        defaults=[Row(p, _value(v), _source(w, p, s)) for p, v, s in rows if s == values.DEFAULT],
        secrets=sorted(bundle.fingerprints),
    )
    return await w.page(made, title=title(w, of), head=around)


def _value(value: Any) -> str:
    match value:
        case None | "" | {} | []:
            return "–"
        case str():
            return value
        case _:
            return json.dumps(value, ensure_ascii=False)


def _source(w: Web, path: str, source: str) -> str:
    """`Settings prod kr`, in the reader's language."""
    if source == values.PODO and path.startswith("env."):
        return say(w, N_("variable in Settings"))
    first, blank, rest = source.partition(" ") if source.startswith("Settings") else (source, "", "")
    return say(w, first) + blank + rest


@routes.page("/{project}/deployments/{number}/checks", permission=READ.id)
async def checks(project: str, number: int, w: Web = WebIn) -> Response:
    """The Checks tab."""
    async with w.reading() as r:
        of = await service.deployments.deployment(r, project, number)
        known = await words.people(r, {a.person for x in of.rollouts for a in x.approvals})
        gates = await box(w, r, of, await views.around(r, of), {i: who.name for i, who in known.items()})
        shown = await top(w, r, of, "checks")
        around = await head(w, r, project)
        release = await service.releases.release(r, project, of.release)
    whole = [
        ("ok", say(w, N_("Build #{number} made commit {commit} into one image"), number=of.build, commit=of.commit[:7])),
        ("ok", say(w, N_("Sealed as {release}: nothing in it can change without another name"), release=of.release)),
        ("ok", say(w, N_("Values fit the schema of the paved-road chart {chart}"), chart=release.chart.partition("@")[0])),
    ]
    return await w.page(ChecksPage(shown, whole, gates), title=title(w, of), head=around)


@routes.page("/{project}/deployments/{number}/logs", permission=READ.id)
async def logs(project: str, number: int, w: Web = WebIn) -> Response:
    """The Logs tab."""
    async with w.reading() as r:
        of = await service.deployments.deployment(r, project, number)
        found = await service.builds.builds_by_numbers(r, project, [of.build])
        shown = await top(w, r, of, "logs")
        around = await head(w, r, project)
    build = found[0] if found else None
    lines: Sequence[LogLine] = ()
    trouble = ""
    if build:
        try:
            lines = await reads.log(w.house.ports[BuildLogReader], build.id, limit=_LINES)
        except PodoError as error:
            trouble = words.sentence(w, error)
    return await w.page(LogsPage(shown, build, lines, trouble), title=title(w, of), head=around)
