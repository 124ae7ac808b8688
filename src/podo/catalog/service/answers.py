"""The door for whoever needs somebody: a namespace's project, team, people, channel, duty. Never without an answer."""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Mapping, Sequence
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
    resolve = _resolver(org, at)
    return {s: Responsible(s, recorded.get(s), *resolve(recorded[s].team if s in recorded else "")) for s in subjects}


_Found = tuple[str, Way, str, tuple[str, ...]]


def _resolver(org: Organisation, at: datetime | None) -> Callable[[str], _Found]:
    """For a recorded team: who answers, how that was found, and whom to page."""
    here = org.chart()
    now = here if at is None else org.chart(at)

    @functools.cache
    def resolve(team: str) -> _Found:
        found, way = rules.living(now, team)
        page, people = rules.page(here, rules.living(here, team)[0])
        return found, way, page, tuple(people)

    return resolve


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
    if at is not None or known is not None:
        spoken = _back_then(spoken, await owners_of(r, [of_project(name) for name in spoken], at, known))
    asked = list(spoken) if on_call_sources else [name for name, said in spoken.items() if said.on_call]
    duty = await on_call(r, on_call_sources, asked) if asked else {}
    resolve = _resolver(org, at)
    return [_answer(org, resolve, name, spoken.get(name, _NOBODY), duty.get(name, ())) for name in namespaces]


_NOBODY = Spoken("", "", "", (), "", custody=False, of="")


def _back_then(spoken: Mapping[str, Spoken], owned: Mapping[str, Ownership]) -> dict[str, Spoken]:
    """With the owners of another time; a project that was not there then is nobody's."""
    found: dict[str, Spoken] = {}
    for name, said in spoken.items():
        then = owned.get(of_project(name))
        team, custody, of = (then.team, then.custody, then.of) if then else ("", False, "")
        found[name] = replace(said, team=team, custody=custody, of=of)
    return found


def _answer(org: Organisation, resolve: Callable[[str], _Found], name: str, said: Spoken, duty: Sequence[OnCall]) -> Answer:
    found, way, page, _ = resolve(said.team)
    team = org.teams.get(found)
    is_known = said is not _NOBODY
    stands_in = way is not Way.owner and bool(said.team)
    of = said.of if said.custody else said.team if stands_in else ""
    return Answer(
        namespace=name,
        project=name if is_known else "",
        title=said.title,
        team=found,
        team_name=team.name if team else "",
        handle=team.handle if team else "",
        recorded=said.team,
        custody=said.custody or stands_in,
        of=of,
        way=way,
        page=page,
        people=tuple(org.people(page)),
        contacts=tuple([_contact(org, c) for c in said.contacts]) if said.contacts else (),
        slack=(said.slack or (team.slack if team else "")).removeprefix("#"),
        on_call=tuple([_on_call(org, d) for d in duty]) if duty else (),
        former=org.former.get(of, ()) if of else (),
    )


def _contact(org: Organisation, said: Contact) -> Contact:
    return said if said.text or not said.person else replace(said, text=org.write_to(said.person))


def _on_call(org: Organisation, said: OnCall) -> OnCall:
    return said if said.text or not said.person else replace(said, text=org.write_to(said.person))
