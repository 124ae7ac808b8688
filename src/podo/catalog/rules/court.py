"""The evidence ladder: who may own an asset of which nobody is known, with reasons and how sure they make one. Values only."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from podo.catalog.rules.evidence import Said, folded, tag_key
from podo.catalog.types import Candidate, Clue, ClueKind, DeedKind

MOST_CANDIDATES = 9
"""As many as there are keys to choose one by."""

# How sure each rung makes one by itself. Only what is an exact, recorded stable id is certain.
CERTAIN, SUCCESSOR_OF_SPLIT, RECORD, NAMED, NAMESPACE = 1.0, 0.5, 0.9, 0.8, 0.85
CREATOR, CREATOR_WHO_LEFT = 0.6, 0.4
NEIGHBOURS = {ClueKind.stack: 0.8, ClueKind.prefix: 0.6, ClueKind.network: 0.3}
# What people did for a project that its tag names and that is no more: by the share of them who are in a team.
DEEDS = {DeedKind.on_call: 0.6, DeedKind.committed: 0.55, DeedKind.deployed: 0.5, DeedKind.approved: 0.4}
LEAST_NEIGHBOURS, MOST_SURE = 2, 0.99

_TEAM_TAGS = ("team", "owner", "squad", "owning-team", "contact", "group")
_PROJECT_TAGS = ("project", "service", "app", "application", "component", "app-kubernetes-io-name", "app-kubernetes-io-part-of")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What stands beside an asset by one thing they share: its value, and how many there belong to whom."""

    value: str
    owners: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Creator:
    """A person of the directory who made it, whether still here, and the ids of the living teams that the person is in."""

    name: str
    active: bool
    teams: Collection[str]


@dataclass(frozen=True, slots=True)
class Hearing:
    """All that is known of one asset. `record` is who owned it before; `heirs` whom its tag's ended team became.

    `by_name` finds the owner (`project:…`, `team:…`) that a name in other tags means, folded; `projects` are slugs that live;
    `former` is the project it names that is no more, and `deeds` how many people of each living team worked for that lately.
    """

    said: Said
    tags: Mapping[str, str]
    projects: Collection[str] = frozenset()
    by_name: Mapping[str, str] = field(default_factory=dict[str, str])
    heirs: Collection[str] = ()
    record: str = ""
    creator: Creator | None = None
    neighbours: Mapping[ClueKind, Neighbours] = field(default_factory=dict[ClueKind, Neighbours])
    former: str = ""
    deeds: Mapping[DeedKind, Mapping[str, int]] = field(default_factory=dict[DeedKind, Mapping[str, int]])


def ranked(hearing: Hearing) -> tuple[Candidate, ...]:
    """Candidates, the likeliest first; each with its clues, the strongest first."""
    found: dict[str, list[Clue]] = {}
    for owner, clue in _clues(hearing):
        if all((c.kind, c.value) != (clue.kind, clue.value) for c in found.setdefault(owner, [])):
            found[owner].append(clue)
    candidates = [Candidate(owner, together(clues), tuple(sorted(clues, key=_strength))) for owner, clues in found.items()]
    return tuple(sorted(candidates, key=lambda c: (-c.confidence, c.owner))[:MOST_CANDIDATES])


def _strength(clue: Clue) -> tuple[float, int]:
    return -clue.confidence, list(ClueKind).index(clue.kind)


def together(clues: Collection[Clue]) -> float:
    """How sure several clues make one: each leaves a doubt, and doubts multiply. Certain is only what is certain alone."""
    if any(c.confidence >= CERTAIN for c in clues):
        return CERTAIN
    doubt = 1.0
    for clue in clues:
        doubt *= 1 - clue.confidence
    return round(min(MOST_SURE, 1 - doubt), 2)


def _clues(hearing: Hearing) -> Iterator[tuple[str, Clue]]:
    yield from _tags(hearing)
    if hearing.record:
        yield hearing.record, Clue(ClueKind.record, hearing.record, RECORD)
    if hearing.said.namespace in hearing.projects:
        yield f"project:{hearing.said.namespace}", Clue(ClueKind.namespace, hearing.said.namespace, NAMESPACE)
    if hearing.creator and hearing.creator.teams:
        alone = CREATOR if hearing.creator.active else CREATOR_WHO_LEFT
        for team in hearing.creator.teams:
            sure = round(alone / len(hearing.creator.teams), 2)
            yield f"team:{team}", Clue(ClueKind.creator, hearing.creator.name, sure)
    yield from _deeds(hearing)
    for kind, beside in hearing.neighbours.items():
        yield from _beside(kind, beside)


def _tags(hearing: Hearing) -> Iterator[tuple[str, Clue]]:
    said = hearing.said
    for heir in hearing.heirs:
        yield f"team:{heir}", Clue(ClueKind.tag, said.team, CERTAIN if len(hearing.heirs) == 1 else SUCCESSOR_OF_SPLIT)
    # A name where an id belongs (`podo-team: Chat`) is what somebody meant, but not certain.
    named = [said.team, said.project]
    wanted = {tag_key(key): value for key, value in hearing.tags.items()}
    named += [wanted[key] for key in (*_PROJECT_TAGS, *_TEAM_TAGS) if wanted.get(key)]
    for value in named:
        if owner := hearing.by_name.get(folded(value)):
            yield owner, Clue(ClueKind.tag, value, NAMED)


def _deeds(hearing: Hearing) -> Iterator[tuple[str, Clue]]:
    for kind, teams in hearing.deeds.items():
        total = sum(teams.values())
        for team, people in sorted(teams.items(), key=lambda pair: (-pair[1], pair[0]))[:3] if kind in DEEDS else ():
            yield (
                f"team:{team}",
                Clue(ClueKind(kind.value), hearing.former, round(DEEDS[kind] * people / total, 2), people, total),
            )


def _beside(kind: ClueKind, beside: Neighbours) -> Iterator[tuple[str, Clue]]:
    total = sum(beside.owners.values())
    for owner, count in sorted(beside.owners.items(), key=lambda pair: (-pair[1], pair[0]))[:3]:
        if count >= LEAST_NEIGHBOURS:
            yield owner, Clue(kind, beside.value, round(NEIGHBOURS[kind] * count / total, 2), count, total)


def is_decided(candidates: Collection[Candidate], threshold: float) -> Candidate | None:
    """The only candidate that is sure enough to need no person; None where there is none, or more than one."""
    sure = [c for c in candidates if c.confidence >= threshold]
    return sure[0] if len(sure) == 1 else None


def creator_names(creator: str) -> tuple[str, ...]:
    """What a creator may be known by: the address in it, the last part of an ARN, a user of IAM behind its colon."""
    said = creator.strip()
    mail = _EMAIL.search(said)
    return tuple(dict.fromkeys([*([mail.group()] if mail else []), re.split(r"[/:]", said)[-1]])) if said else ()
