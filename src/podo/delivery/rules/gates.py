"""What a rollout's start hangs on, said in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from podo.delivery.types import OPEN, Decision, Gate, Rollout, RolloutState
from podo.kernel.errors import N_

_S = RolloutState
# A region that somebody rejected stands aside: those behind it do not wait for it, and do not suffer from it.
_WELL = frozenset({_S.healthy, _S.inactive, _S.cancelled})
_LOST = frozenset({_S.failed, _S.rolled_back, _S.halted})


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around a rollout: those before it in its train, and another deployment's rollout that moves on its target."""

    before: Sequence[Rollout]
    busy: Rollout | None = None


def gates(rollout: Rollout, around: Around, now: datetime, names: Mapping[str, str] | None = None) -> list[Gate]:
    """All gates of a rollout that has not started, those that are open too. `names` are people's names by id."""
    found = [_approvals(rollout)]
    found += [_objection(a.person, names or {}) for a in rollout.objections]
    if around.before:
        found.append(_train(around.before, now))
    if around.busy is not None:
        found.append(
            Gate("wait", "busy", N_("#{number} still moves there"), {"number": around.busy.number}),
        )
    if rollout.why and rollout.state is _S.queued:
        found.append(Gate("warn", "silent", "{why}", {"why": rollout.why}))
    return [g for g in found if g.code]


def may_start(rollout: Rollout, around: Around) -> bool:
    """Whether nothing holds it: approved by enough people, nobody wants changes, all before it are well, its target is free."""
    return (
        len(rollout.approved_by) >= rollout.needs
        and not rollout.objections
        and all(r.state in _WELL for r in around.before)
        and around.busy is None
    )


def is_approved(rollout: Rollout) -> bool:
    """Whether no person is waited for."""
    return len(rollout.approved_by) >= rollout.needs and not rollout.objections


def hopeless(around: Around) -> Rollout | None:
    """The first rollout before this one that will never be well: then this one never sees the release."""
    return next((r for r in around.before if r.state in _LOST), None)


def before(rollout: Rollout, rollouts: Sequence[Rollout]) -> list[Rollout]:
    """Those of the same deployment that go first, in the train's order."""
    return sorted((r for r in rollouts if r.order < rollout.order), key=lambda r: r.order)


def _approvals(rollout: Rollout) -> Gate:
    given = len(rollout.approved_by)
    facts = {"given": given, "needed": rollout.needs}
    if rollout.needs == 0:
        return Gate("ok", "approvals", N_("no approval needed"))
    kind = "ok" if given >= rollout.needs else "wait"
    return Gate(kind, "approvals", N_("approved {given} of {needed}"), facts)


def _objection(person: str, names: Mapping[str, str]) -> Gate:
    return Gate("bad", "changes", N_("{name} asks for changes"), {"name": names.get(person, person)})


def _train(earlier: Sequence[Rollout], now: datetime) -> Gate:
    late = next((r for r in earlier if r.state not in _WELL), None)
    if late is None:
        return Gate("ok", "train", N_("{region} is healthy"), {"region": earlier[-1].region})
    if late.state is _S.soaking and late.soak_until:
        left = max(0, int((late.soak_until - now).total_seconds()))
        facts = {"region": late.region, "minutes": left // 60, "seconds": f"{left % 60:02d}"}
        return Gate("wait", "train", N_("{region} soaks {minutes}:{seconds} more"), facts)
    if late.state in OPEN:
        return Gate("wait", "train", N_("{region} is not healthy yet"), {"region": late.region})
    return Gate("bad", "train", N_("{region} did not become healthy"), {"region": late.region})


def rejected(rollout: Rollout) -> bool:
    """Whether somebody said no to this very bundle."""
    return any(a.decision is Decision.reject and a.bundle == rollout.bundle for a in rollout.approvals)
