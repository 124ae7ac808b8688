"""Who is likely to want what a team leaves behind: by what people did there, and by who is on call for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta

from podo.access.types import Team
from podo.catalog import rules
from podo.catalog.service.charts import Organisation
from podo.catalog.service.facts import on_call
from podo.catalog.types import Deed, DeedKind, Evidence, OnCallSource, OwnerEvidence
from podo.kernel import clock
from podo.kernel.db import Reading
from podo.kernel.events import log

RECENT = timedelta(days=90)
_MOST = 3
_BATCH = 500
_sources: tuple[OwnerEvidence, ...] = ()
_duty: tuple[OnCallSource, ...] = ()


def use_sources(sources: Sequence[OwnerEvidence], duty: Sequence[OnCallSource]) -> None:
    """What other domains know; put here once, by the descriptor."""
    global _sources, _duty
    _sources, _duty = tuple(sources), tuple(duty)


async def suggested(
    r: Reading, projects: Sequence[str], of: Team, fate: rules.Fate, org: Organisation
) -> dict[str, list[tuple[str, tuple[Evidence, ...]]]]:
    """By project, the teams that it should be offered to and why, the likeliest first. `of` is the team that ended.

    `org` is the organisation without it: who did something counts for the teams that they are in there.
    """
    people = homes(org, without=of.id)
    found: dict[str, list[Evidence]] = {}
    for project, done in (await worked(r, projects, org)).items():
        found[project] = rules.spoken_for(done, people, RECENT.days)
    return {p: rules.ranked(org.chart(), of, fate, found.get(p, ()), _MOST) for p in projects}


def homes(org: Organisation, without: str = "") -> Mapping[str, Collection[str]]:
    """The ids of the teams that each person is in."""
    found: dict[str, list[str]] = {}
    for team, people in org.ids.items():
        for person in people if team != without else ():
            found.setdefault(person, []).append(team)
    return found


async def worked(r: Reading, projects: Sequence[str], org: Organisation) -> dict[str, list[Deed]]:
    """What people did for projects lately, and who is on call for them, by slug; projects that are no more included."""
    since = clock.now() - RECENT
    named = {code for source in _sources for code in source.codes}
    found: dict[str, list[Deed]] = {}
    for first in range(0, len(projects), _BATCH):
        some = projects[first : first + _BATCH]
        done = [Deed(*one[:2], DeedKind.did, one[2]) for one in await log.deeds(r, some, since, without=named)]
        for source in _sources:
            done += await source.deeds(r, some, since)
        for project, called in (await on_call(r, _duty, some)).items():
            done += [Deed(project, p, DeedKind.on_call, 1) for c in called if (p := c.person or org.person(c.text))]
        for deed in done:
            found.setdefault(deed.project, []).append(deed)
    return found
