"""What may start, what never will, and how it is said: over every combination of states before a rollout."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from podo.delivery.rules import gates, states
from podo.delivery.types import OPEN, Approval, Decision, NotOpen, Rollout, RolloutSoaking, RolloutState, Seen

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
WELL = {RolloutState.healthy, RolloutState.inactive, RolloutState.cancelled}
LOST = {RolloutState.failed, RolloutState.rolled_back, RolloutState.halted}


def rollout(region: str = "jp", order: int = 1, needs: int = 1, state: RolloutState = RolloutState.waiting) -> Rollout:
    """A rollout of deployment #7."""
    return Rollout(
        id=f"rol_{region}",
        project="chat-api",
        number=7,
        environment="prod",
        region=region,
        cluster=f"prod-{region}",
        order=order,
        needs=needs,
        bundle="b" * 64,
        state=state,
        epoch=0,
        why="",
        seen=Seen(),
        previous=None,
        asked_at=NOW,
        started_at=None,
        healthy_at=None,
        soak_until=None,
        ended_at=None,
        due_at=None,
    )


def says(decision: Decision, person: str = "minjun", bundle: str = "b" * 64) -> Approval:
    """What somebody says of the rollout."""
    return Approval("rol_jp", person, decision, bundle, "", NOW)


@pytest.mark.parametrize("states_before", list(product(RolloutState, repeat=2)))
def test_a_rollout_starts_when_all_before_it_are_well_and_never_when_one_is_lost(
    states_before: tuple[RolloutState, ...],
) -> None:
    before = [rollout(f"r{n}", n, state=s) for n, s in enumerate(states_before)]
    mine = replace(rollout(order=9), approvals=(says(Decision.approve),))
    around = gates.Around(before)
    assert gates.may_start(mine, around) == (set(states_before) <= WELL)
    assert (gates.hopeless(around) is not None) == bool(set(states_before) & LOST)
    assert not (gates.may_start(mine, around) and gates.hopeless(around))


def test_an_approval_counts_for_its_own_bundle_and_an_objection_holds() -> None:
    alone = gates.Around(())
    assert not gates.may_start(rollout(), alone)
    assert gates.may_start(rollout(needs=0), alone)
    assert gates.may_start(replace(rollout(), approvals=(says(Decision.approve),)), alone)
    assert not gates.may_start(replace(rollout(), approvals=(says(Decision.approve, bundle="old"),)), alone)
    held = replace(rollout(), approvals=(says(Decision.approve), says(Decision.request_changes, "oliver")))
    assert not gates.may_start(held, alone)
    assert [g.said() for g in gates.gates(held, alone, NOW, {"oliver": "Oliver Wright"})] == [
        "approved 1 of 1",
        "Oliver Wright asks for changes",
    ]
    two = replace(rollout(needs=2), approvals=(says(Decision.approve), says(Decision.approve, "oliver")))
    assert gates.may_start(two, alone)
    assert not gates.may_start(two, gates.Around((), busy=rollout()))


def test_the_gates_say_what_is_waited_for() -> None:
    soaking = replace(rollout("kr", 0, state=RolloutState.soaking), soak_until=NOW + timedelta(seconds=372))
    said = [g.said() for g in gates.gates(rollout(), gates.Around([soaking]), NOW)]
    assert said == ["approved 0 of 1", "kr soaks 6:12 more"]
    for state, sentence in ((RolloutState.rolling, "kr is not healthy yet"), (RolloutState.failed, "kr did not become healthy")):
        assert gates.gates(rollout(), gates.Around([rollout("kr", 0, state=state)]), NOW)[1].said() == sentence


def test_what_has_ended_well_never_opens_again_and_every_open_state_can_be_halted() -> None:
    for state in OPEN:
        states.check(state, RolloutState.halted)
    for then in RolloutState:
        with pytest.raises(NotOpen):
            states.check(RolloutState.inactive, then, region="kr")
    assert states.TRANSITIONS.keys() == set(RolloutState)


def test_a_time_of_soaking_is_never_told_as_nothing() -> None:
    told = RolloutSoaking.sentence
    for seconds, words in ((600, "10 min"), (60, "1 min"), (90, "1.5 min"), (2, "0.033 min")):
        said = told.format(region="kr", ready=2, wanted=2, minutes=states.minutes(seconds))
        assert said == f"kr is healthy (2 of 2 pods) and soaks for {words}"
