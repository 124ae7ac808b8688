"""The deploy box: one line a region with its gates, what is missing in words, and what may be decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from podo.access.types import On
from podo.catalog.types import Environment
from podo.delivery import service
from podo.delivery.pages import words
from podo.delivery.pages.rights import Refusal, Rights, rights_on, to_approve
from podo.delivery.pages.words import say
from podo.delivery.service import views
from podo.delivery.service.views import Around, Way
from podo.delivery.types import HELD, MOVING, OPEN, Decision, Deployment, DeploymentKind, Gate, Rollout, RolloutState
from podo.kernel import clock
from podo.kernel.db import Reading
from podo.kernel.errors import N_
from podo.kernel.http import Web
from podo.kernel.ui import languages

_S = RolloutState
_LOST = frozenset({_S.failed, _S.rolled_back, _S.halted, _S.stuck, _S.cancelled})

# (kind, text) or (kind, text, address); kind is ok, wait, warn or bad.
Check = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Line:
    """A rollout in the box.

    `say` is its state as a sentence, `reasons` what keeps it from starting, `checks` its gates; `percent` says how much of
    what moves is there. `causes` go from the effect to its cause. `way` is where rolling back leads; `back` says that this
    very release can be brought back. `is_asked`: the reader's decision is taken, bound to `bundle`; `mine` is what the
    reader said before.
    """

    region: str
    cluster: str
    state: str
    say: str
    reasons: Sequence[str]
    checks: Sequence[Check]
    percent: float | None
    soak_percent: float
    soak_until: datetime | None
    causes: Sequence[str]
    way: Way | None
    back: bool
    bundle: str
    is_asked: bool
    mine: str
    trouble: bool


@dataclass(frozen=True, slots=True)
class Box:
    """All lines. `refusal` says why the reader may not decide.

    `kind` is waiting, moving, stuck, lost, halted, cancelled, healthy or gone.
    """

    kind: str
    environment: str
    release: str
    lines: Sequence[Line]
    waiting: Sequence[str]
    asked: Sequence[Line]
    is_reader_the_requester: bool
    refusal: Refusal | None
    rights: Rights
    can_halt: bool
    can_retry: bool
    path: str


async def box(w: Web, r: Reading, of: Deployment, here: Around, names: Mapping[str, str]) -> Box:
    """What stands between a deployment and its end. `names` are people's names by id."""
    stage = here.stage
    may = await rights_on(w, r, On(project=of.project, team=here.team, environment=of.environment))
    gates = await service.rollouts.gates_of(r, of, names)
    ways: Mapping[str, Way] = {}
    if may.roll_back and any(x.started_at or x.healthy_at for x in of.rollouts):
        ways = await views.ways_back(r, of, await service.deployments.places(r, of.project))
    refusal = await to_approve(w, r, of, here) if any(x.needs for x in of.rollouts) else None
    lines = [
        _line(w, of, x, gates.get(x.region, ()), stage, ways.get(x.region), may, allowed=refusal is None) for x in of.rollouts
    ]
    unfinished = any(x.state in OPEN | HELD for x in of.rollouts)
    return Box(
        kind=_kind(of),
        environment=of.environment,
        release=of.release,
        lines=lines,
        waiting=[x.region for x in of.rollouts if x.state is _S.waiting],
        asked=[line for line in lines if line.is_asked],
        is_reader_the_requester=of.by == w.person,
        refusal=refusal,
        rights=may,
        can_halt=unfinished,
        can_retry=any(x.state in _LOST for x in of.rollouts) and not any(x.state in MOVING for x in of.rollouts),
        path=f"/{of.project}/deployments/{of.number}",
    )


def _kind(of: Deployment) -> str:
    states = {x.state for x in of.rollouts}
    if states & MOVING:
        return "moving"
    if states & HELD:
        return "stuck"
    if _S.waiting in states:
        return "waiting"
    if _S.queued in states:
        return "moving"
    if states & _LOST:
        return {frozenset({_S.halted}): "halted", frozenset({_S.cancelled}): "cancelled"}.get(frozenset(states & _LOST), "lost")
    return "healthy" if _S.healthy in states else "gone"


def _line(
    w: Web,
    of: Deployment,
    x: Rollout,
    gates: Sequence[Gate],
    stage: Environment | None,
    way: Way | None,
    may: Rights,
    *,
    allowed: bool,
) -> Line:
    soak = stage.soak_seconds if stage else 0
    left = max(0.0, (x.soak_until - clock.now()).total_seconds()) if x.soak_until and x.state is _S.soaking else 0.0
    mine = views.last_word(x, w.person)
    return Line(
        region=x.region,
        cluster=x.cluster,
        state=x.state.value,
        say=_say(w, of, x),
        reasons=_missing(w, x, gates) if x.state in (_S.waiting, _S.queued) else (),
        checks=checks(w, x, gates),
        percent=100 * x.seen.ready / x.seen.wanted if x.state is _S.rolling and x.seen.wanted else None,
        soak_percent=100 * (1 - left / soak) if soak else 0,
        soak_until=x.soak_until if x.state is _S.soaking else None,
        causes=_causes(w, x),
        way=way,
        back=may.roll_back and x.state is _S.inactive and x.healthy_at is not None,
        bundle=x.bundle,
        is_asked=allowed and views.may_be_decided(x, w.person),
        mine="" if mine is None else say(w, _MINE[mine]),
        trouble=x.state in _LOST and x.state is not _S.cancelled,
    )


_MINE = {
    Decision.approve: N_("you approved it"),
    Decision.request_changes: N_("you ask for changes"),
    Decision.reject: N_("you rejected it"),
}


def checks(w: Web, x: Rollout, gates: Sequence[Gate]) -> list[Check]:
    """A rollout's gates; of one that has started, what it went through."""
    translate = languages.translator(w.lang)
    if gates:
        return [(g.kind, g.said(translate)) for g in gates]
    if x.state is _S.cancelled or (x.started_at is None and x.state not in OPEN):
        return []
    given = len(x.approved_by)
    if x.needs:
        found = [("ok" if given >= x.needs else "wait", say(w, N_("approved {given} of {needed}"), given=given, needed=x.needs))]
    else:
        found = [("ok", say(w, N_("no approval needed")))]
    if x.seen.wanted and x.state not in (_S.rolled_back, _S.inactive):
        well = x.seen.ready >= x.seen.wanted
        found.append(("ok" if well else "bad" if x.state in _LOST else "wait", words.pods(w.lang, x)))
    if x.seen.reason and x.state in MOVING and x.seen.health != "Healthy":
        found.append(("bad" if x.seen.health == "Degraded" else "wait", x.seen.said(translate)))
    return found


def _say(w: Web, of: Deployment, x: Rollout) -> str:
    fields = {"commit": of.commit[:7], "pods": words.pods(w.lang, x), "why": words.reason(w.lang, x), "number": x.previous or ""}
    match x.state:
        case _S.waiting | _S.queued:
            message = N_("Everything is there: it starts by itself in a moment.")
        case _S.rolling if x.halt_asked:
            message = N_("Halting where it stands.")
        case _S.rolling if x.back:
            message = N_("It fails, and #{number} is being put back.") if x.previous else N_("It fails, and is being taken away.")
        case _S.rolling:
            message = N_("Rolling: {pods} on {commit}.") if x.seen.wanted else N_("Rolling: {commit} is being applied.")
        case _S.soaking:
            message = N_("Soaking: {pods} on {commit}.") if x.seen.wanted else N_("Soaking on {commit}.")
        case _S.healthy:
            message = N_("Healthy: {pods} on {commit}.") if x.seen.wanted else N_("Healthy on {commit}.")
        case _S.failed:
            message = N_("Failed; nothing of it is left there.") if x.started_at else N_("Failed before anything was changed.")
        case _S.rolled_back if of.kind is DeploymentKind.deploy and x.healthy_at:
            message = N_("Was healthy, and was rolled back by people.")
        case _S.rolled_back:
            message = N_("Failed, and #{number} is back.")
        case _S.halted if not x.started_at and not x.why:
            message = N_("Halted before it started.")
        case _S.halted:
            message = N_("Halted: {why}") if x.why else N_("Halted on purpose, where it stood.")
        case _S.stuck:
            message = N_("Stuck: Podo touches nothing more until somebody decides.")
        case _S.cancelled:
            message = N_("Cancelled: {why}.") if x.why else N_("Cancelled.")
        case _:
            message = N_("Another deployment took its place.")
    return say(w, message, **fields)


def _missing(w: Web, x: Rollout, gates: Sequence[Gate]) -> list[str]:
    """What keeps it from starting, as parts of a sentence."""
    translate = languages.translator(w.lang)
    found: list[str] = []
    for gate in gates:
        if gate.kind == "ok":
            continue
        if gate.code == "approvals":
            count = x.needs - len(x.approved_by)
            found.append(say(w, N_("1 approval is missing") if count == 1 else N_("{count} approvals are missing"), count=count))
            continue
        found.append(gate.said(translate))
    return found


def _causes(w: Web, x: Rollout) -> list[str]:
    """From the effect to its cause, of what ended badly or fails now."""
    failing = x.state in (_S.failed, _S.rolled_back, _S.stuck) or (x.state is _S.rolling and x.back)
    if not failing or not x.why or (x.state is _S.rolled_back and x.healthy_at):
        return []
    cause = words.reason(w.lang, x)
    if x.seen.wanted and x.seen.ready < x.seen.wanted:
        effect = N_("{ready} of {wanted} pods became ready")
        return [say(w, effect, ready=x.seen.ready, wanted=x.seen.wanted), cause]
    return [cause]
