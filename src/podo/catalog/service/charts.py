"""The organisation as ownership sees it: who lives, what became of whom, whom to page."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from podo.access import service as access
from podo.access.types import Membership, Succession, Team
from podo.catalog import rules
from podo.catalog.types import CatalogSettings, Contact, Responder
from podo.kernel import clock
from podo.kernel.db import Reading

_kept = CatalogSettings()
_ENOUGH = 5


@dataclass(frozen=True, slots=True)
class Organisation:
    """Teams by id, what became of them, the active people of each (leads first), and whom to page where no team has anybody."""

    teams: Mapping[str, Team]
    successions: Sequence[Succession]
    members: Mapping[str, Sequence[Responder]]
    ids: Mapping[str, Sequence[str]]
    rest: Sequence[Responder]
    addresses: Mapping[str, str]
    # By team that ended: those who were in it then, leads first, as far as they are still here.
    former: Mapping[str, tuple[Contact, ...]]
    # The chart as it was worked out last, and until when it is the same.
    kept: dict[str, tuple[rules.Chart, datetime | None]] = field(default_factory=dict[str, tuple[rules.Chart, datetime | None]])

    def chart(self, at: datetime | None = None) -> rules.Chart:
        """As it is now, or at a moment; people are those of now. What ended has ended, also for a clock that was set back."""
        if at is not None:
            return self._chart(at)
        now = clock.now()
        found, until = self.kept.get(_kept.custodian, (None, None))
        if found is None or (until is not None and now >= until):
            ends = [t.ended_at for t in self.teams.values() if t.ended_at is not None]
            found = self._chart(max([now, *ends, *(s.at for s in self.successions)]))
            until = min([t.began_at for t in self.teams.values() if t.began_at is not None and t.began_at > now], default=None)
            self.kept[_kept.custodian] = found, until
        return found

    def _chart(self, at: datetime) -> rules.Chart:
        rest = [p.id for p in self.rest]
        return rules.chart(list(self.teams.values()), self.successions, self.ids, at=at, custodian=_kept.custodian, rest=rest)

    def people(self, team: str) -> Sequence[Responder]:
        """Those to page in a team; the rest where it is empty."""
        return self.members.get(team, ()) if team else self.rest

    def write_to(self, person: str) -> str:
        """An active person's name and address; the id of anybody else."""
        return self.addresses.get(person, person)

    def person(self, text: str) -> str:
        """The id of the one active person who is called so, or has this address; empty for none and for several."""
        wanted = text.strip().casefold()
        found = [i for i, said in self.addresses.items() if wanted and wanted in _parts(said)]
        return found[0] if len(found) == 1 else ""

    def name(self, team: str) -> str:
        """What a team is called; the id where nobody knows it."""
        return self.teams[team].name if team in self.teams else team


def _parts(address: str) -> tuple[str, str]:
    name, _, mail = address.casefold().removesuffix(">").rpartition(" <")
    return name, mail


def use_settings(settings: CatalogSettings) -> None:
    """What this process was told about custody; put here once, by the descriptor."""
    global _kept  # noqa: PLW0603 - read-only after the start, and needed wherever ownership is resolved
    _kept = settings


def custody_lasts() -> timedelta:
    """How long offers stand."""
    return timedelta(days=_kept.custody_days)


async def organisation(r: Reading) -> Organisation:
    """The organisation as known now; kept until something changes in the directory."""
    return await r.recall("access", "catalog.organisation", lambda: _organisation(r))


async def _organisation(r: Reading) -> Organisation:
    teams = {t.id: t for t in await access.teams(r)}
    people = {p.id: p for p in await access.everybody(r)}
    members: dict[str, list[Responder]] = {}
    for person, of in (await access.teams_of_many(r, list(people))).items():
        for team, membership in of:
            members.setdefault(team.id, []).append(_responder(people[person].name, people[person].email, membership))
    ordered = {team: sorted(found, key=lambda p: (not p.leads, p.name, p.id)) for team, found in members.items()}
    first = [i for i in await access.sres(r) if i in people] or sorted(people)[:_ENOUGH]
    rest = [Responder(i, people[i].name, people[i].email, leads=False) for i in first]
    ids = {team: [p.id for p in found] for team, found in ordered.items()}
    addresses = {p.id: f"{p.name} <{p.email}>" for p in people.values()}
    successions = await access.successions(r)
    former = {s.team: s.people for s in reversed(successions) if s.withdrawn_at is None and s.people}
    still = {t: tuple([Contact(p, addresses[p]) for p in inside if p in addresses]) for t, inside in former.items()}
    return Organisation(teams, successions, ordered, ids, rest, addresses, still)


def _responder(name: str, email: str, membership: Membership) -> Responder:
    return Responder(membership.person, name, email, leads=membership.role == "lead")


async def chart(r: Reading, at: datetime | None = None) -> rules.Chart:
    """The organisation now, or at a time."""
    return (await organisation(r)).chart(at)


async def custodian(r: Reading) -> str | None:
    """The id of the team that owns what nobody else does; None where no team lives."""
    return (await chart(r)).custodian or None


async def chosen_custodian(r: Reading) -> str | None:
    """The id of the custodian that the settings name; None where they name none that there is."""
    teams = (await organisation(r)).teams.values()
    return next((t.id for t in teams if _kept.custodian and _kept.custodian in (t.id, t.handle)), None)


async def leads(r: Reading, team: str) -> list[str]:
    """The ids of who leads a team; of the nearest above that somebody leads; else of the people who answer for it."""
    return (await leads_of(r, [team]))[team]


async def leads_of(r: Reading, teams: Collection[str]) -> dict[str, list[str]]:
    """`leads` of many."""
    org = await organisation(r)
    now = org.chart()
    return {team: _leads(org, now, rules.living(now, team)[0]) for team in teams}


def _leads(org: Organisation, now: rules.Chart, start: str) -> list[str]:
    for near in rules.ancestry(now, start):
        if found := [p.id for p in org.members.get(near, ()) if p.leads]:
            return found
    return list(rules.page(now, start)[1])


async def led_by(r: Reading, person: str) -> set[str]:
    """The ids of the living teams that a person leads, and of all below them."""
    now = await chart(r)
    led = {m.team for m in await access.teams_of(r, person) if m.role == "lead"}
    while more := {t for t, above in now.parents.items() if above in led and t not in led}:
        led |= more
    return led & now.living
