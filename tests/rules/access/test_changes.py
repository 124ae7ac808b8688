"""What taking over a directory changes: exhaustively where it is small, at random where it is not."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from podo.access import rules
from podo.access.rules import Known
from podo.access.types import EntryKind, Feed, Membership, MembershipRole, Person, SuccessionKind, Team, WrongDirectory

NOW = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)
TOP = Team("t0", "Podo", "podo")
A, B, C = (Team(f"t{n}", name, name.lower(), "t0") for n, name in ((1, "Chat"), (2, "Talk"), (3, "Push")))
NOBODY = Known({}, {}, {})


def knowing(*teams: Team, people: tuple[Person, ...] = (), **said: dict[str, object]) -> Known:
    return Known({p.id: p for p in people}, {t.id: t for t in teams}, said)


def made(known: Known, feed: Feed, now: datetime = NOW) -> rules.Changes:
    rules.check(feed)
    return rules.changes(known, rules.as_of(feed, now), now)


def became(known: Known, feed: Feed) -> list[tuple[SuccessionKind, str, tuple[str, ...]]]:
    return [(f.kind, f.team, f.successors) for f in made(known, feed).successions]


def test_what_ends_with_one_successor_is_a_merge_with_several_a_split_with_none_a_dissolution() -> None:
    known = knowing(TOP, A, B, C)
    over = replace(A, ended_at=NOW - DAY)
    teams = [TOP, over, B, C]
    assert became(known, Feed([], teams, [], successors={"t1": ["t2"]})) == [(SuccessionKind.merge, "t1", ("t2",))]
    assert became(known, Feed([], teams, [], successors={"t1": ["t2", "t3"]})) == [(SuccessionKind.split, "t1", ("t2", "t3"))]
    assert became(known, Feed([], teams, [])) == [(SuccessionKind.dissolve, "t1", ())]
    assert became(known, Feed([], [TOP, B, C], [])) == [(SuccessionKind.dissolve, "t1", ())]
    both = [TOP, over, replace(B, ended_at=NOW - DAY), C]
    chained = became(known, Feed([], both, [], successors={"t1": ["t2"], "t2": ["t3"]}))
    assert chained == [(SuccessionKind.merge, "t1", ("t3",)), (SuccessionKind.merge, "t2", ("t3",))]
    with pytest.raises(WrongDirectory, match="lead back"):
        made(known, Feed([], both, [], successors={"t1": ["t2"], "t2": ["t1"]}))
    with pytest.raises(WrongDirectory, match="above itself"):
        made(known, Feed([], [replace(TOP, parent="t1"), A, B, C], []))


def test_what_lies_ahead_comes_when_it_comes_and_a_name_in_pieces_is_no_other_name() -> None:
    ahead = Feed([], [TOP, replace(A, ended_at=NOW + DAY), replace(B, began_at=NOW + DAY), replace(C, parent="t2")], [])
    found = made(knowing(TOP, A), ahead)
    assert ([t.id for t in found.began], found.ended) == (["t3"], [])
    assert found.began[0].parent == "t0", "under what has not begun is under what is above that"
    assert rules.next_turn(ahead, NOW) == NOW + DAY
    assert became(knowing(TOP, A), replace(ahead, successors={"t1": ["t2"]})) == []
    later = rules.changes(knowing(TOP, A, C), rules.as_of(replace(ahead, successors={"t1": ["t2"]}), NOW + DAY), NOW + DAY)
    assert [(f.kind, f.successors) for f in later.successions if f.team == "t1"] == [(SuccessionKind.merge, ("t2",))]
    for name in ("채팅팀", "Équipe"):
        apart = unicodedata.normalize("NFD", name)
        assert apart != name
        same = made(knowing(replace(TOP, name=name)), Feed([], [replace(TOP, name=apart)], []))
        assert (same.altered, same.successions) == ([], [])


def test_what_people_decided_stays_until_the_directory_says_something_new() -> None:
    renamed = replace(A, name="Messages")
    known = knowing(TOP, renamed, B, t1={"name": "Chat"})
    same = made(known, Feed([], [TOP, A, B], []))
    assert (same.altered, same.said) == ([], {})
    new = made(known, Feed([], [TOP, replace(A, name="Chats"), B], []))
    assert ([t.name for t in new.altered], new.said) == (["Chats"], {"t1": {}})
    ended = replace(A, ended_at=NOW - DAY)
    merged = knowing(TOP, ended, B, people=(Person("p", "P", ""),), t1={"living": True, "into": "t2", "members": []})
    told = Feed([Person("p", "P", "")], [TOP, A, B], [Membership("p", "t1", MembershipRole.lead)])
    stays = made(merged, told)
    assert (stays.returned, stays.memberships) == ([], [Membership("p", "t2", MembershipRole.lead)])
    gone = made(merged, Feed([Person("p", "P", "")], [TOP, B], []))
    assert (gone.successions, gone.said) == ([], {"t1": {}}), "the directory caught up"
    back = made(knowing(TOP, ended, B), Feed([], [TOP, A, B], []))
    assert [t.id for t in back.returned] == ["t1"]


def test_a_move_by_hand_and_one_by_the_directory_make_no_circle() -> None:
    under = replace(A, parent="t2")
    found = made(knowing(TOP, under, B, t1={"parent": "t0"}), Feed([], [TOP, A, replace(B, parent="t1")], []))
    assert {t.id: t.parent for t in found.altered} == {"t1": "t0", "t2": "t1"}
    assert found.said["t1"] == {}


@st.composite
def charts(draw: st.DrawFn) -> Feed:
    """A company at random: a tree of teams, some over, with successors that lead to later teams alone."""
    size = draw(st.integers(1, 8))
    teams, heirs = [TOP], {}
    for n in range(1, size):
        parent = draw(st.sampled_from([t.id for t in teams]))
        over = draw(st.booleans())
        name = draw(st.text("가나다abc", min_size=1, max_size=4))
        teams.append(Team(f"t{n}", name, f"h{n}", parent, NOW - DAY if over else None))
        if over and draw(st.booleans()):
            heirs[f"t{n}"] = draw(
                st.lists(st.sampled_from([f"t{m}" for m in range(n + 1, size)] or ["t0"]), max_size=3, unique=True)
            )
    people = [Person(f"p{n}", f"사람{n}", f"p{n}@x") for n in range(draw(st.integers(0, 4)))]
    members = [Membership(p.id, draw(st.sampled_from([t.id for t in teams]))) for p in people if draw(st.booleans())]
    return Feed(people, teams, members, successors=heirs)


def after(known: Known, found: rules.Changes) -> Known:
    """What Podo knows behind the changes."""
    people = {**known.people, **{p.id: p for p in (*found.joined, *found.changed)}}
    people |= {p.id: replace(p, active=False) for p in found.left}
    teams = {**known.teams, **{t.id: t for t in (*found.began, *found.returned, *found.altered, *found.ended)}}
    return Known(people, teams, {})


@given(charts(), charts())
@settings(max_examples=150, deadline=None)
def test_a_second_time_changes_nothing_and_everybody_who_is_said_to_be_here_is(first: Feed, second: Feed) -> None:
    known = after(NOBODY, made(NOBODY, first))
    found = made(known, second)
    now = after(known, found)
    again = made(now, second)
    assert (again.joined, again.changed, again.left, again.began, again.returned, again.altered, again.ended) == ([],) * 7
    assert {i for i, t in now.teams.items() if t.ended_at is None} == {t.id for t in second.teams if t.ended_at is None}
    assert {i for i, p in now.people.items() if p.active} == {p.id for p in second.people}
    living = {i for i, t in now.teams.items() if t.ended_at is None}
    assert all(set(f.successors) <= living for f in found.successions)
    ends = [f.team for f in found.successions if f.kind not in (SuccessionKind.rename, SuccessionKind.move)]
    assert sorted(ends) == sorted(t.id for t in found.ended), "each end is told once"
    lines = rules.summary(known, found).lines
    assert sum(x.kind is EntryKind.user and x.what == "left" for x in lines) == len(found.left)


@given(charts())
@settings(max_examples=50, deadline=None)
def test_what_is_written_as_scim_means_the_same_when_it_is_read(feed: Feed) -> None:
    members: dict[str, list[Membership]] = {}
    for m in feed.memberships:
        members.setdefault(m.team, []).append(m)
    users = [(p.id, rules.user_of(p)) for p in feed.people]
    groups = [(t.id, rules.group_of(t, members.get(t.id, []), feed.successors.get(t.id, ()))) for t in feed.teams]
    read = rules.feed_of(users, groups)
    assert (read.people, read.teams) == (feed.people, feed.teams)
    assert sorted(map(str, read.memberships)) == sorted(map(str, feed.memberships))
    assert {k: list(v) for k, v in read.successors.items()} == {k: list(v) for k, v in feed.successors.items() if v}


def test_a_person_without_a_team_names_in_both_orders_and_handles_of_korean_teams() -> None:
    user = {
        "userName": "hj",
        "name": {"familyName": "김", "givenName": "하준"},
        "emails": [{"value": "a@x"}, {"value": "b@x", "primary": True}],
    }
    person = rules.person_of("p", user)
    assert (person.name, person.email, person.active) == ("김하준", "b@x", True)
    assert rules.person_of("p", {**user, "name": {"familyName": "Clarke", "givenName": "Emma"}}).name == "Emma Clarke"
    assert rules.feed_of([("p", user)], []).memberships == []
    assert rules.team_of("team-7", {"displayName": "채팅팀"}).handle == "team-7"
    assert rules.team_of("team-7", {"displayName": "Chat Ops & Co"}).handle == "chat-ops-co"
    assert rules.team_of("team-8", {"displayName": "Chat Ops & Co"}, {"chat-ops-co"}).handle == "team-8"
    for wrong in ({"displayName": " "}, {"displayName": "x", rules.TEAM: {"validTo": "soon"}}):
        with pytest.raises(WrongDirectory):
            rules.team_of("t", wrong)
