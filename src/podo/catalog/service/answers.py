"""The door for whoever needs somebody: a namespace's project, team, people, channel, duty. Never without an answer."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from podo.access import service as access
from podo.access.types import On
from podo.catalog import rules, store
from podo.catalog.service.charts import Organisation, organisation
from podo.catalog.service.facts import on_call
from podo.catalog.service.owners import owners_of
from podo.catalog.types import (
    READ,
    Answer,
    Contact,
    OnCall,
    OnCallSource,
    Ownership,
    Responsible,
    Spoken,
    Way,
    of_project,
)
from podo.kernel.db import Reading


async def responsible(
    r: Reading, subjects: Collection[str], at: datetime | None = None, known: datetime | None = None
) -> dict[str, Responsible]:
    """Who answers for each subject (`project:<slug>`, `asset:<id>`), now or at a time, as known now or then: every one is there.

    The recorded owner if it lived then; else what became of it, the nearest living team above, the custodian. People are those of
    now.
    """
    org = await organisation(r)
    recorded = await owners_of(r, subjects, at, known)
    return _resolved(org, subjects, recorded, at)


def _resolved(
    org: Organisation, subjects: Iterable[str], recorded: Mapping[str, Ownership], at: datetime | None
) -> dict[str, Responsible]:
    here = org.chart()
    now = here if at is None else org.chart(at)
    by_team: dict[str, tuple[str, Way, str, tuple[str, ...]]] = {}
    found: dict[str, Responsible] = {}
    for subject in subjects:
        ownership = recorded.get(subject)
        named = ownership.team if ownership else ""
        if named not in by_team:
            team, way = rules.living(now, named)
            page, people = rules.page(here, rules.living(here, team)[0])
            by_team[named] = team, way, page, tuple(people)
        found[subject] = Responsible(subject, ownership, *by_team[named])
    return found


async def answers(
    r: Reading,
    namespaces: Sequence[str],
    *,
    on_call_sources: Sequence[OnCallSource] = (),
    at: datetime | None = None,
    known: datetime | None = None,
) -> list[Answer]:
    """What is known of namespaces, in the order asked. One that nobody registered is answered for by the custodian."""
    await access.require(r, READ, On())
    org = await organisation(r)
    spoken = await store.spoken(r, namespaces)
    subjects = {name: of_project(name) for name in namespaces}
    recorded = await owners_of(r, [subjects[name] for name in spoken], at, known)
    found = _resolved(org, subjects.values(), recorded, at)
    asked = list(spoken) if on_call_sources else [name for name, said in spoken.items() if said.on_call]
    duty = await on_call(r, on_call_sources, asked) if asked else {}
    return [_answer(org, name, found[subjects[name]], spoken.get(name), duty.get(name, ())) for name in namespaces]


def _answer(org: Organisation, name: str, who: Responsible, said: Spoken | None, duty: Sequence[OnCall]) -> Answer:
    team = org.teams.get(who.team)
    ownership = who.ownership
    return Answer(
        namespace=name,
        project=name if said else "",
        title=said.title if said else "",
        team=who.team,
        team_name=team.name if team else "",
        handle=team.handle if team else "",
        recorded=ownership.team if ownership else "",
        custody=bool(ownership and ownership.custody) or who.way is not Way.owner,
        of=(ownership.of if ownership.custody else ownership.team if who.way is not Way.owner else "") if ownership else "",
        way=who.way,
        page=who.page,
        people=tuple(org.people(who.page)),
        contacts=tuple([_contact(org, c) for c in said.contacts]) if said else (),
        slack=((said.slack if said else "") or (team.slack if team else "")).removeprefix("#"),
        on_call=tuple([_on_call(org, d) for d in duty]),
    )


def _contact(org: Organisation, said: Contact) -> Contact:
    return said if said.text or not said.person else replace(said, text=org.write_to(said.person))


def _on_call(org: Organisation, said: OnCall) -> OnCall:
    return said if said.text or not said.person else replace(said, text=org.write_to(said.person))
