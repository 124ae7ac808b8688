"""What taking over a directory changes, and what becomes of teams by it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from podo.access.rules.documents import normal
from podo.access.rules.trees import circle
from podo.access.types import (
    EntryKind,
    Feed,
    Foreseen,
    Membership,
    MembershipRole,
    Person,
    Planned,
    SuccessionKind,
    SyncPlan,
    Team,
    WrongDirectory,
)


@dataclass(frozen=True, slots=True)
class Known:
    """What Podo knows: everybody, all teams, and by team what the directory said where people decided otherwise."""

    people: Mapping[str, Person]
    teams: Mapping[str, Team]
    said: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Changes:
    """What follows from a directory: people and teams as they will be, who goes, and what becomes of teams.

    `said` are the new words of the directory where people decided otherwise, of teams for which they change.
    """

    joined: Sequence[Person]
    changed: Sequence[Person]
    left: Sequence[Person]
    began: Sequence[Team]
    returned: Sequence[Team]
    altered: Sequence[Team]
    kept: Sequence[Team]
    ended: Sequence[Team]
    successions: Sequence[Foreseen]
    memberships: Sequence[Membership]
    said: Mapping[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])


def check(feed: Feed) -> None:
    """Raises `WrongDirectory` where a directory contradicts itself."""
    people, teams, memberships = feed.people, feed.teams, feed.memberships
    for what, ids in (("person", [p.id for p in people]), ("team", [t.id for t in teams])):
        _no_two(what, ids)
    _no_two("handle", [t.handle for t in teams if t.ended_at is None])
    pairs = Counter((m.person, m.team) for m in memberships)
    if twice := [pair for pair, count in pairs.items() if count > 1]:
        raise WrongDirectory(why=f"{twice[0][0]} is in {twice[0][1]} twice")
    known_people, parents = {p.id for p in people}, {t.id: t.parent for t in teams}
    for membership in memberships:
        if membership.person not in known_people or membership.team not in parents:
            raise WrongDirectory(why=f"a membership names {membership.person} in {membership.team}, and one of them is missing")
    for team, parent in parents.items():
        if parent is not None and parent not in parents:
            raise WrongDirectory(why=f"the team {team} is under {parent}, which is missing")
    if round_ := circle(parents):
        raise WrongDirectory(why=f"the team {round_} is above itself")
    ended = {t.id: tuple(feed.successors.get(t.id, ())) for t in teams if t.ended_at is not None}
    for team in ended:
        heirs(team, ended, ())


def _no_two(what: str, ids: Sequence[str]) -> None:
    twice = [i for i, count in Counter(ids).items() if count > 1]
    if twice:
        raise WrongDirectory(why=f"the {what} {twice[0]} is there twice")


def heirs(team: str, successors: Mapping[str, Sequence[str]], seen: Sequence[str]) -> list[str]:
    """Where the chains of successors of a team end. Raises `WrongDirectory` where one leads back."""
    if team in seen:
        raise WrongDirectory(why=f"the successors of the team {team} lead back to it")
    found: list[str] = []
    for heir in successors.get(team, ()):
        found += heirs(heir, successors, (*seen, team)) if heir in successors else [heir]
    return list(dict.fromkeys(found))


def as_of(feed: Feed, now: datetime) -> Feed:
    """The feed in NFC, without people whose end has come and teams that have not begun; no end of a team lies ahead."""
    people = [_plain(p) for p in feed.people if p.ends_at is None or p.ends_at > now]
    waiting = {t.id: t.parent for t in feed.teams if t.began_at is not None and t.began_at > now}
    here = {p.id for p in people}
    teams: list[Team] = []
    for team in feed.teams:
        if team.id in waiting:
            continue
        parent = team.parent
        while parent in waiting:
            parent = waiting[parent]
        over = team.ended_at is not None and team.ended_at <= now
        teams.append(replace(team, name=normal(team.name), parent=parent, ended_at=team.ended_at if over else None))
    handles = Counter(t.handle for t in teams)
    free = [replace(t, handle=f"{t.handle}~{t.id}"[:80]) if t.ended_at and handles[t.handle] > 1 else t for t in teams]
    living = {t.id for t in free if t.ended_at is None}
    memberships = [m for m in feed.memberships if m.person in here and m.team in living]
    return Feed(people, free, memberships, feed.admins, feed.successors)


def _plain(person: Person) -> Person:
    return replace(person, name=normal(person.name), email=normal(person.email), title=normal(person.title))


def next_turn(feed: Feed, now: datetime) -> datetime | None:
    """When the same feed will mean something else: somebody leaves, or a team begins or ends."""
    moments = [p.ends_at for p in feed.people] + [m for t in feed.teams for m in (t.began_at, t.ended_at)]
    return min((m for m in moments if m is not None and m > now), default=None)


def last_turn(feed: Feed, now: datetime) -> datetime:
    """When all that a feed says of teams has come."""
    return max([now, *(m for t in feed.teams for m in (t.began_at, t.ended_at) if m is not None)])


def changes(known: Known, feed: Feed, now: datetime) -> Changes:
    """What taking over this feed (`as_of` now) changes. Raises `WrongDirectory`."""
    here = {p.id: p for p in feed.people}
    joined = [p for p in feed.people if p.id not in known.people or _is_back(known.people[p.id])]
    changed = [p for p in feed.people if p.id in known.people and p not in joined and moved(known.people[p.id], p)]
    # Whom an issuer brought the directory need not know.
    left = [p for p in known.people.values() if p.active and not p.source and p.id not in here]
    wanted, said = _merged(known, feed)
    ended = _ended(known, feed, now)
    stay = {t.id: t for t in known.teams.values() if t.ended_at is not None and "living" in known.said.get(t.id, {})}
    living = {i: t for i, t in wanted.items() if i not in stay}
    began = [t for i, t in living.items() if i not in known.teams]
    returned = [t for i, t in living.items() if i in known.teams and known.teams[i].ended_at is not None]
    altered = [t for i, t in living.items() if i in known.teams and known.teams[i].ended_at is None and known.teams[i] != t]
    for i in [*{t.id for t in ended}, *(i for i in stay if i not in wanted)]:
        if known.said.get(i):
            said[i] = {}
    successions = [f for t in altered for f in renamed_or_moved(known.teams[t.id], t)]
    successions += _became(ended, feed, set(living))
    return Changes(
        joined,
        changed,
        left,
        began,
        returned,
        altered,
        [t for i, t in living.items() if known.teams.get(i) == t],
        ended,
        successions,
        _followed(feed.memberships, known, stay, set(living)),
        said,
    )


def _is_back(was: Person) -> bool:
    return not was.active or bool(was.source)


def moved(was: Person, now: Person) -> bool:
    """Whether the directory says something else of a person."""
    return (was.name, was.email, was.title, was.ends_at) != (now.name, now.email, now.title, now.ends_at)


def _merged(known: Known, feed: Feed) -> tuple[dict[str, Team], dict[str, dict[str, Any]]]:
    """Living teams as they will be: what people decided stays until the directory says something new."""
    said: dict[str, dict[str, Any]] = {}
    wanted: dict[str, Team] = {}
    for team in feed.teams:
        if team.ended_at is not None:
            continue
        word = known.said.get(team.id, {})
        wanted[team.id], rest = settled(team, known.teams.get(team.id), word)
        if rest != dict(word):
            said[team.id] = rest
    parents = {t.id: t.parent for t in feed.teams}
    while round_ := circle({**parents, **{i: t.parent for i, t in wanted.items()}}):
        # Somebody moved one under another, and the directory the other under the one: the directory counts.
        for team, stands in list(wanted.items()):
            if round_ == team or stands.parent != parents[team]:
                wanted[team] = replace(stands, parent=parents[team])
                said[team] = {k: v for k, v in said.get(team, known.said.get(team, {})).items() if k != "parent"}
    return wanted, said


def settled(team: Team, was: Team | None, word: Mapping[str, Any]) -> tuple[Team, dict[str, Any]]:
    """A team as it will be, and the directory's words where people decided otherwise: that stays until it says something new."""
    kept = {k: getattr(was, k) for k in ("name", "parent") if was and k in word and word[k] == getattr(team, k)}
    began = team.began_at or (was.began_at if was else None)
    return replace(team, began_at=began, **kept), {k: v for k, v in word.items() if k not in ("name", "parent") or k in kept}


def _ended(known: Known, feed: Feed, now: datetime) -> list[Team]:
    listed = {t.id: t for t in feed.teams}
    taken = {t.handle for t in feed.teams if t.ended_at is None}
    gone = [replace(let_go(t, taken), ended_at=now) for i, t in known.teams.items() if t.ended_at is None and i not in listed]
    over = [t for t in feed.teams if t.ended_at is not None and _lives(known, t.id)]
    return gone + [replace(t, began_at=t.began_at or _began(known, t.id)) for t in over]


def let_go(team: Team, taken: Collection[str]) -> Team:
    """The team without its handle where that is another one's."""
    return replace(team, handle=f"{team.handle}~{team.id}"[:80]) if team.handle in taken else team


def _lives(known: Known, team: str) -> bool:
    """Whether Podo does not know yet that a team ended: it lives here, or was never heard of."""
    return team not in known.teams or known.teams[team].ended_at is None


def _began(known: Known, team: str) -> datetime | None:
    return known.teams[team].began_at if team in known.teams else None


def _became(ended: Iterable[Team], feed: Feed, living: set[str]) -> list[Foreseen]:
    gone = {t.id: tuple(feed.successors.get(t.id, ())) for t in ended}
    found: list[Foreseen] = []
    for team in ended:
        followed = tuple(h for h in heirs(team.id, gone, ()) if h in living)
        kind = (SuccessionKind.dissolve, SuccessionKind.merge, SuccessionKind.split)[min(len(followed), 2)]
        found.append(Foreseen(kind, team.id, team.name, followed))
    return found


def renamed_or_moved(was: Team, now: Team) -> list[Foreseen]:
    """What became of a team that lives on."""
    found: list[Foreseen] = []
    if was.name != now.name:
        found.append(Foreseen(SuccessionKind.rename, now.id, now.name, (), was.name, now.name))
    if was.parent != now.parent:
        found.append(Foreseen(SuccessionKind.move, now.id, now.name, (), was.parent or "", now.parent or ""))
    return found


def _followed(memberships: Sequence[Membership], known: Known, stay: Mapping[str, Team], living: set[str]) -> list[Membership]:
    """People of a team that was merged by hand are in its successor, although the directory does not know yet."""
    found: dict[tuple[str, str], Membership] = {}
    for member in memberships:
        team: str | None = member.team
        while team is not None and team in stay:
            team = known.said[team].get("into")
        if team is None or team not in living:
            continue
        there = found.get((member.person, team))
        if there is None or member.role is MembershipRole.lead:
            found[member.person, team] = replace(member, team=team)
    return list(found.values())


def summary(known: Known, made: Changes) -> SyncPlan:
    """The changes as people read them. The share counts who leaves, and teams that end without a successor."""
    lines = [Planned(EntryKind.user, p.id, p.name, "joined") for p in made.joined]
    lines += [Planned(EntryKind.user, p.id, p.name, "changed") for p in made.changed]
    lines += [Planned(EntryKind.user, p.id, p.name, "left") for p in made.left]
    lines += [Planned(EntryKind.group, t.id, t.name, "joined") for t in (*made.began, *made.returned)]
    lines += [Planned(EntryKind.group, t.id, t.name, "changed") for t in made.altered]
    lines += [Planned(EntryKind.group, t.id, t.name, "left") for t in made.ended if t.id in known.teams]
    lost = {f.team for f in made.successions if f.kind is SuccessionKind.dissolve and f.team in known.teams}
    total = sum(p.active and not p.source for p in known.people.values())
    total += sum(t.ended_at is None for t in known.teams.values())
    named = {what: tuple(line.name for line in lines if line.what == what) for what in ("joined", "changed", "left")}
    share = (len(made.left) + len(lost)) / total if total else 0.0
    return SyncPlan(named["joined"], named["changed"], named["left"], share, tuple(lines), tuple(made.successions))
