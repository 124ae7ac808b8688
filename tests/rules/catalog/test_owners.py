"""Who answers when teams come and go: over any tree and any successions; and how ownership is set right."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as some

from podo.access.types import Succession, SuccessionKind, Team
from podo.catalog import rules
from podo.catalog.rules import Chart
from podo.catalog.types import Deed, DeedKind, Evidence, Ownership, Way

START = datetime(2026, 5, 3, tzinfo=UTC)
NAMES = [f"t{n}" for n in range(8)]


def moment(hours: float) -> datetime:
    return START + timedelta(hours=hours)


@some.composite
def charts(draw: some.DrawFn) -> Chart:
    """Any parents, also circles and unknown ones; any successors, also circles; any teams ended; people anywhere."""
    names = NAMES[: draw(some.integers(1, 8))]
    anyone = some.sampled_from([*names, "nobody-knows"])
    parents = {t: draw(some.none() | anyone) for t in names}
    alive = frozenset(draw(some.sets(some.sampled_from(names))))
    heirs = draw(some.dictionaries(some.sampled_from(names), some.lists(anyone, max_size=3, unique=True).map(tuple)))
    people = {t: draw(some.lists(some.sampled_from(["ann", "bo", "che"]), max_size=2, unique=True)) for t in names}
    here = {t: who for t, who in people.items() if who and t in alive}
    keeper = draw(some.sampled_from(sorted(alive))) if alive else ""
    return Chart(parents, alive, heirs, here, keeper, ("rest",) if draw(some.booleans()) else ())


@given(charts(), some.sampled_from([*NAMES, "nobody-knows", ""]))
def test_a_living_team_answers_whatever_became_of_the_owner(now: Chart, team: str) -> None:
    found, way = rules.living(now, team)
    if not now.living:
        assert (found, way) == ("", Way.anybody)
        return
    assert found in now.living
    assert (way is Way.owner) == (found == team)
    page, people = rules.page(now, found)
    if now.people:
        assert people == now.people[page]
    else:
        assert (page, list(people)) == ("", list(now.rest))


@given(charts(), some.sampled_from(NAMES))
def test_a_fate_agrees_with_who_answers(now: Chart, team: str) -> None:
    """Before anything follows from a feed, and after it, the same team answers: no moment between has another owner."""
    fate = rules.fate(now, team)
    if team in now.living or not now.living:
        assert fate is None
        return
    assert fate is not None
    found, way = rules.living(now, team)
    assert fate.to == found
    assert not (fate.custody and way is Way.owner)
    assert fate.to not in fate.candidates
    assert set(fate.candidates) <= now.living
    if not fate.custody:
        assert way is Way.successor


@given(charts(), some.sampled_from(NAMES))
def test_the_way_up_ends(now: Chart, team: str) -> None:
    at, seen = rules.living(now, team)[0], list[str]()
    while at and at not in seen:
        seen.append(at)
        at = rules.above(now, at)
    assert len(seen) <= len(now.living)


def plain(**heirs: tuple[str, ...]) -> Chart:
    """Root over division over chat and search; chat and what `heirs` name have ended."""
    parents = {"root": None, "div": "root", "chat": "div", "search": "div", "voice": "search", "old": "chat"}
    alive = frozenset(parents) - {"chat", "old"} - heirs.keys()
    return Chart(parents, alive, heirs, {"voice": ["vic"], "root": ["ray"], "search": []}, "root")


def test_what_became_of_a_team_in_plain_cases() -> None:
    assert rules.living(plain(chat=("search",)), "chat") == ("search", Way.successor)
    assert rules.living(plain(chat=("old",), old=("search",)), "chat") == ("search", Way.successor)
    assert rules.living(plain(chat=("search", "voice")), "chat") == ("div", Way.ancestor)
    assert rules.living(plain(chat=()), "chat") == ("div", Way.ancestor)
    assert rules.living(plain(chat=(), div=()), "chat") == ("root", Way.ancestor)
    assert rules.living(plain(chat=(), div=("voice",)), "chat") == ("voice", Way.ancestor)
    assert rules.living(plain(chat=("old",), old=("chat",)), "chat") == ("div", Way.ancestor)
    assert rules.living(plain(), "unheard-of") == ("root", Way.custodian)


def test_fates_in_plain_cases() -> None:
    merged = rules.fate(plain(chat=("search",)), "chat")
    assert merged == rules.Fate("search", custody=False, kind=SuccessionKind.merge)
    split = rules.fate(plain(chat=("search", "voice", "old"), old=()), "chat")
    assert split == rules.Fate("div", custody=True, kind=SuccessionKind.split, candidates=("search", "voice"))
    round_ = rules.fate(plain(chat=("old",), old=("chat",)), "chat")
    assert round_ == rules.Fate("div", custody=True, kind=SuccessionKind.dissolve)
    # Merged into one that was split: kept above, offered to those who follow that one.
    onward = rules.fate(plain(chat=("old",), old=("search", "voice")), "chat")
    assert onward == rules.Fate("div", custody=True, kind=SuccessionKind.split, candidates=("search", "voice"))


def test_who_is_paged_is_the_nearest_with_somebody() -> None:
    now = plain()
    assert rules.page(now, "voice") == ("voice", ["vic"])
    assert rules.page(now, "search") == ("root", ["ray"])
    emptied = replace(now, people={"voice": ["vic"]})
    assert rules.page(emptied, "div") == ("voice", ["vic"])
    assert rules.page(replace(now, people={}, rest=("sre",)), "div") == ("", ("sre",))


def test_a_chart_is_of_its_moment() -> None:
    teams = [
        Team("a", "A", "a", None, ended_at=moment(5)),
        Team("b", "B", "b", None, began_at=moment(3)),
        Team("c", "C", "c", "b"),
    ]
    merged = Succession("s1", SuccessionKind.merge, "a", ("b",), moment(5), moment(6), "podo")
    gone = replace(merged, id="s2", successors=("c",), recorded_at=moment(7), withdrawn_at=moment(8))
    people = {"c": ["ann"], "a": []}
    for hours, alive, answers in ((1, {"a", "c"}, "a"), (4, {"a", "b", "c"}, "a"), (5, {"b", "c"}, "b")):
        now = rules.chart(teams, [gone, merged], people, at=moment(hours))
        assert now.living == alive
        assert rules.living(now, "a")[0] == answers
    now = rules.chart(teams, [merged], people, at=moment(9))
    assert now.custodian == "b"
    assert rules.chart(teams, [], people, at=moment(9), custodian="c").custodian == "c"
    assert rules.chart(teams, [], people, at=moment(9), custodian="a").custodian == "b"


def test_the_likeliest_comes_first() -> None:
    of = Team("chat", "Chat", "chat", "div")
    split = rules.Fate("div", custody=True, kind=SuccessionKind.split, candidates=("search", "voice"))
    evidence = [Evidence("voice", 30, "x"), Evidence("search", 10, "y"), Evidence("div", 99, "z")]
    order = rules.ranked(plain(), of, split, evidence, 3)
    assert [(t, sum(e.points for e in es)) for t, es in order] == [("voice", 30), ("search", 10)]
    # Who is offered something is told why, in any case.
    assert all(es for _, es in rules.ranked(plain(), of, split, [], 3))
    gone = rules.Fate("div", custody=True, kind=SuccessionKind.dissolve)
    assert [t for t, _ in rules.ranked(plain(), of, gone, evidence, 3)] == ["voice", "search"]
    assert [t for t, _ in rules.ranked(plain(), of, gone, [], 3)] == ["search"]


@some.composite
def histories(draw: some.DrawFn) -> list[Ownership]:
    """Intervals that follow each other without a gap; the last is open."""
    bounds = [0, *sorted(draw(some.sets(some.integers(1, 30), max_size=5)))]
    ends = [*bounds[1:], None]
    return [
        Ownership("project:p", f"t{n}", moment(b), moment(e) if e is not None else None, moment(b), "x", "")
        for n, (b, e) in enumerate(zip(bounds, ends, strict=True))
    ]


@given(histories(), some.integers(0, 40), some.none() | some.integers(1, 20))
def test_set_right_is_what_was_wanted_and_nothing_else(before: list[Ownership], since: int, lasts: int | None) -> None:
    until = moment(since + lasts) if lasts else None
    wanted = Ownership("project:p", "right", moment(since), until, moment(99), "x", "")
    gone, written = rules.revised(before, wanted)
    after = [o for o in before if o not in gone] + list(written)
    for half in range(82):
        at = moment(half / 2)
        was = [o.team for o in before if o.since <= at and (o.until is None or at < o.until)]
        now = [o.team for o in after if o.since <= at and (o.until is None or at < o.until)]
        inside = wanted.since <= at and (until is None or at < until)
        assert now == (["right"] if inside else was)


def test_each_kind_of_deed_is_a_reason_of_its_own() -> None:
    done = [
        Deed("chat-api", "p1", DeedKind.did, 100),
        Deed("chat-api", "p1", DeedKind.deployed, 2),
        Deed("chat-api", "p2", DeedKind.deployed, 5),
        Deed("chat-api", "p2", DeedKind.on_call, 1),
        Deed("chat-api", "gone", DeedKind.committed, 9),
    ]
    found = rules.spoken_for(done, {"p1": ["t1"], "p2": ["t1", "t2"]}, 90)
    assert [(e.team, e.points, e.told()) for e in found] == [
        ("t1", 40, "1 of its people are on call for it"),
        ("t2", 40, "1 of its people are on call for it"),
        ("t1", 47, "2 of its people deployed it, 7 times in 90 days"),
        ("t2", 25, "1 of its people deployed it, 5 times in 90 days"),
        ("t1", 80, "1 of its people did 100 things here in 90 days"),
    ]
