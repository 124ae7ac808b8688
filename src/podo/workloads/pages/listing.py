"""What runs, as rows of a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from podo.access import service as access
from podo.access.types import On
from podo.catalog import service as catalog
from podo.kernel import clock
from podo.kernel.errors import N_
from podo.kernel.http import Routes, Web
from podo.kernel.ui import languages
from podo.workloads import rules, service
from podo.workloads.types import (
    DELETE_POD,
    RESTART,
    SCALE,
    Health,
    HealthStatus,
    Operation,
    OperationKind,
    OperationState,
    Pod,
    Reach,
    View,
    Workload,
)

routes = Routes("workloads", tag="Workloads")
# So long the list says that something was taken, or was not.
_RECENT = timedelta(minutes=2)
# From so many rows on, workloads of which all is well are one row each.
_MANY = 24
# So many pods are shown as squares, each.
_SHOWN = 60
_SQUARES = {
    "ready": "Pod",
    "starting": "Pod Pod--wait",
    "ending": "Pod Pod--wait",
    "crashing": "Pod Pod--bad",
    "failed": "Pod Pod--bad",
    "succeeded": "Pod Pod--done",
}

_ASKED = {
    OperationKind.restart: N_("{by} asked for a restart; {cluster} has not taken it yet"),
    OperationKind.scale: N_("{by} asked for {replicas} pods; {cluster} has not taken it yet"),
    OperationKind.delete_pod: N_("{by} asked for the deletion of {pod}; {cluster} has not taken it yet"),
}
_TAKEN = {
    OperationKind.restart: N_("{cluster} has taken the restart that {by} asked for; pods are made anew"),
    OperationKind.scale: N_("{cluster} has taken {replicas} pods as {by} asked"),
    OperationKind.delete_pod: N_("{cluster} has taken the deletion of {pod} as {by} asked"),
}
_NOT_TAKEN = {
    OperationKind.restart: N_("The restart that {by} asked for failed: {why}"),
    OperationKind.scale: N_("The scaling to {replicas} pods that {by} asked for failed: {why}"),
    OperationKind.delete_pod: N_("The deletion of {pod} that {by} asked for failed: {why}"),
}


@dataclass(frozen=True, slots=True)
class Doing:
    """What was asked of a workload lately: `state` is asked, done or failed; `at` is when that became so."""

    state: str
    sentence: str
    at: datetime


Asked = tuple[Operation, Doing]


@dataclass(frozen=True, slots=True)
class Row:
    """A workload in one target; `why` says what is wrong, in the reader's language.

    `squares` are its first pods as (address, name and state, class); `bad` counts those that are not well, `worst` names one.
    """

    view: View
    workload: Workload
    why: str
    doing: Sequence[Doing]
    open: bool
    href: str
    squares: Sequence[tuple[str, str, str]]
    bad: int
    worst: str
    restarts: int


@dataclass(frozen=True, slots=True)
class Group:
    """A workload in all targets; `folded` groups are shown as one row, which leads to `href`."""

    kind: str
    name: str
    health: Health
    rows: Sequence[Row]
    folded: bool
    href: str
    ready: int
    desired: int
    restarts: int


@dataclass(frozen=True, slots=True)
class Rights:
    """What the reader may do here."""

    restart: bool
    scale: bool
    delete_pod: bool
    team: str


@dataclass(frozen=True, slots=True)
class Listing:
    """The table. `address` is the page's own, ready for another parameter behind `&`."""

    project: str
    environment: str
    query: str
    groups: Sequence[Group]
    blind: Sequence[View]
    pods: int
    clusters: int
    seen_at: datetime | None
    address: str
    rights: Rights


async def rights(w: Web, project: str) -> Rights:
    """What the reader may do to what runs here."""
    async with w.reading() as r:
        owner = await catalog.owner(r, project)
        on = On(project=project, team=owner.team)
        restart, scale, delete = await access.allowed_many(r, [(RESTART, on), (SCALE, on), (DELETE_POD, on)])
    return Rights(restart, scale, delete, owner.team)


@dataclass(frozen=True, slots=True)
class Look:
    """What every row of one table is made with: `opened` is the (cluster, kind, name) whose panel is open."""

    project: str
    environment: str
    address: str
    opened: tuple[str, str, str] | None
    doing: Sequence[Asked]
    translate: Callable[[str], str]
    words: Mapping[str, str]
    many: bool

    def square(self, p: Pod) -> tuple[str, str, str]:
        """A pod."""
        return f"{self.address}&pod={p.name}#panel", f"{p.name}: {self.words[p.state]}", _SQUARES[p.state]

    def row(self, view: View, x: Workload) -> Row:
        """A workload in one target."""
        bad = [p for p in x.pods if p.state in ("crashing", "failed")] if x.kind != "CronJob" else []
        return Row(
            view=view,
            workload=x,
            why=x.health.said(self.translate),
            doing=_of(self.doing, x),
            open=(view.cluster, x.kind, x.name) == self.opened,
            href=f"{self.address}&{urlencode({'workload': f'{x.kind}/{x.name}', 'cluster': view.cluster})}",
            squares=[self.square(p) for p in x.pods[:_SHOWN]],
            bad=len(bad),
            worst=bad[0].name if bad else "",
            restarts=x.restarts,
        )

    def group(self, g: rules.Group) -> Group:
        """A workload in all targets."""
        rows = [self.row(view, x) for view, x in g.places]
        well = g.health.status is HealthStatus.healthy and not any(x.open or x.doing for x in rows)
        return Group(
            kind=g.kind,
            name=g.name,
            health=g.health,
            rows=rows,
            folded=self.many and well,
            href=f"/{self.project}/workloads?{urlencode({'q': f'env:{self.environment} {g.name}'})}",
            ready=sum(x.ready for _, x in g.places),
            desired=sum(x.desired for _, x in g.places),
            restarts=sum(r.restarts for r in rows),
        )


async def listing(w: Web, project: str, everything: Sequence[View], q: str, opened: tuple[str, str, str] | None) -> Listing:
    """The table of one environment; `opened` is the (cluster, kind, name) whose panel is open."""
    wanted, text = rules.query(q)
    at_panel = next((v.environment for v in everything if opened and v.cluster == opened[0]), "")
    environment = wanted.pop("env", None) or at_panel or (everything[-1].environment if everything else "")
    shown = [v for v in everything if v.environment == environment]
    found = rules.groups(shown, wanted, text)
    translate = languages.translator(w.lang)
    look = Look(
        project=project,
        environment=environment,
        address=f"/{project}/workloads?{urlencode({'q': q})}",
        opened=opened,
        doing=await _doing(w, project),
        translate=translate,
        words={state: translate(state) for state in _SQUARES},
        many=sum(len(g.places) for g in found) > _MANY and not text,
    )
    return Listing(
        project=project,
        environment=environment,
        query=q,
        groups=[look.group(g) for g in found],
        blind=[v for v in shown if v.reach is not Reach.seen],
        pods=sum(len(x.pods) for g in found for _, x in g.places),
        clusters=len({v.cluster for v in shown}),
        seen_at=min((v.at for v in shown if v.at and v.reach is Reach.seen), default=None),
        address=look.address,
        rights=await rights(w, project),
    )


async def _doing(w: Web, project: str) -> list[Asked]:
    async with w.reading() as r:
        found = await service.operations(r, project, 20)
        recent = [o for o in found if o.state is OperationState.asked or (o.ended_at and clock.now() - o.ended_at < _RECENT)]
        names = await access.people(r, {o.by for o in recent})
    return [(o, _told(w, o, names[o.by].name if o.by in names else o.by)) for o in recent]


def _told(w: Web, o: Operation, by: str) -> Doing:
    sentence = {OperationState.asked: _ASKED, OperationState.done: _TAKEN, OperationState.failed: _NOT_TAKEN}[o.state][o.kind]
    fields = {"by": by, "cluster": o.cluster, "replicas": o.replicas, "pod": o.target.partition("/")[0], "why": o.why}
    return Doing(o.state.value, languages.say(w.lang, sentence, **fields), o.ended_at or o.at)


def _of(doing: Sequence[Asked], x: Workload) -> list[Doing]:
    return [told for o, told in doing if o.cluster == x.cluster and _is_about(o, x)]


def _is_about(o: Operation, x: Workload) -> bool:
    if o.kind is not OperationKind.delete_pod:
        return (o.target_kind, o.target) == (x.kind, x.name)
    pod = o.target.partition("/")[0]
    return any(p.name == pod for p in x.pods) or pod.startswith(f"{x.name}-")
