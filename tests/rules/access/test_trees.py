"""Teams as a tree: what a chart draws of it, however wide it is."""

from __future__ import annotations

from datetime import UTC, datetime

from podo.access import rules
from podo.access.types import Team


def company(*widths: int) -> list[Team]:
    """A root, and under each team of a floor so many teams."""
    floors = [[Team("t", "t", "t")]]
    for width in widths:
        floors.append(
            [Team(f"{t.id}.{n:02}", f"{t.id}.{n:02}", f"{t.id}.{n:02}", t.id) for t in floors[-1] for n in range(width)]
        )
    return [team for floor in floors for team in floor]


def boxes(teams: list[Team], at: Team | None = None, skip: int = 0) -> int:
    """How many are drawn below the top."""
    return sum(len(floor) for floor in rules.drawn(rules.below(teams), at, skip).values())


def test_a_chart_draws_three_floors_from_the_top_or_two_below_a_team() -> None:
    teams = company(3, 3, 3)
    assert boxes(teams) == 1 + 3 + 9
    assert boxes(teams, teams[0]) == 3 + 9
    assert boxes(teams, teams[1]) == 3 + 9
    assert boxes(teams, teams[-1]) == 0


def test_a_floor_that_is_too_wide_comes_in_parts_and_one_that_makes_it_too_many_is_walked_to() -> None:
    wide = company(100)
    assert [boxes(wide, wide[0], skip) for skip in (0, 60, 100)] == [60, 40, 0]
    deep = company(12, 12)
    assert boxes(deep) == 13, "144 more would be no picture"
    assert boxes(deep, deep[1]) == 12


def test_what_ended_in_between_is_passed_over_and_names_stand_in_order() -> None:
    over = datetime(2026, 5, 3, tzinfo=UTC)
    teams = [Team("a", "a", "a"), Team("b", "b", "b", "a", ended_at=over), Team("d", "다", "d", "b"), Team("c", "가", "c", "a")]
    assert [t.id for t in rules.below(teams)["a"]] == ["c", "d"]
