"""Which state may follow which."""

from __future__ import annotations

from podo.delivery.types import NotOpen, RolloutState

_S = RolloutState

# A rollout begins waiting (a person is needed) or queued (its turn comes by itself). What has ended badly may be tried again.
TRANSITIONS: dict[RolloutState, frozenset[RolloutState]] = {
    _S.waiting: frozenset({_S.queued, _S.halted, _S.cancelled}),
    _S.queued: frozenset({_S.waiting, _S.rolling, _S.failed, _S.halted, _S.cancelled, _S.stuck}),
    _S.rolling: frozenset({_S.soaking, _S.healthy, _S.failed, _S.rolled_back, _S.halted, _S.stuck, _S.queued}),
    _S.soaking: frozenset({_S.healthy, _S.failed, _S.rolled_back, _S.halted, _S.stuck, _S.rolling}),
    _S.healthy: frozenset({_S.inactive, _S.rolled_back}),
    _S.failed: frozenset({_S.queued, _S.waiting}),
    _S.rolled_back: frozenset({_S.queued, _S.waiting}),
    _S.halted: frozenset({_S.queued, _S.waiting, _S.inactive}),
    _S.stuck: frozenset({_S.queued, _S.halted, _S.inactive}),
    _S.cancelled: frozenset({_S.queued, _S.waiting}),
    _S.inactive: frozenset(),
}


def check(now: RolloutState, then: RolloutState, *, region: str = "", verb: str = "do") -> None:
    """Raises `NotOpen` when `then` may not follow `now`."""
    if then not in TRANSITIONS[now]:
        raise NotOpen(region=region, state=now.value, verb=verb)


def minutes(seconds: int) -> float:
    """A time of soaking as it is told: whole minutes without a point, and never 0 for a few seconds."""
    return seconds // 60 if seconds % 60 == 0 else float(f"{seconds / 60:.2g}")
