"""Hearing cases: assets of which nobody is known get one, with what speaks for whom; what is certain is decided, aloud."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from podo.access import service as access
from podo.access.types import Person, Team
from podo.catalog import rules, store
from podo.catalog.rules import court, evidence
from podo.catalog.rules import owners as lines
from podo.catalog.service import charts
from podo.catalog.service.deciding import assign
from podo.catalog.service.suggestions import homes, worked
from podo.catalog.types import ClueKind, DeedKind, OrphansFound, Provider, of_asset
from podo.kernel import clock
from podo.kernel.db import Reading, Tx

HEARD_AT_ONCE = 500
_AGAIN_AFTER = timedelta(hours=6)


async def hear_cases(tx: Tx, assign_from: float = court.CERTAIN, limit: int = HEARD_AT_ONCE) -> int:
    """Open cases for orphans that have none, and hear the oldest anew; how many were heard. Leaves `OrphansFound` for new ones.

    Where the evidence for one owner alone reaches `assign_from`, Podo decides by itself, and says so.
    """
    new = await store.without_case(tx, limit)
    old = await store.cases_to_hear(tx, clock.now() - _AGAIN_AFTER, limit - len(new)) if len(new) < limit else []
    if new or old:
        await _hear(tx, new, old)
        await _decide(tx, [row.id for row in [*new, *old]], assign_from)
    if new:
        candidates = await store.best_of(tx, [row.id for row in new])
        tx.say(OrphansFound(count=len(new), candidates=candidates))
    return len(new) + len(old)


async def hear_assets(tx: Tx, ids: Collection[str]) -> None:
    """Open cases for those of these of which nobody is known, at once. Nothing is decided."""
    rows = [row for row in (await store.asset_rows(tx, ids)).values() if row.trouble and row.gone_at is None]
    known = {case.asset.id for case in await store.cases_by_ids(tx, [row.id for row in rows])}
    if fresh := [row for row in rows if row.id not in known]:
        await _hear(tx, fresh, [])


async def _hear(tx: Tx, new: Sequence[Any], old: Sequence[Any]) -> None:
    hearings = await _hearings(tx, [*new, *old])
    now = clock.now()
    heard = {row.id: _heard(court.ranked(hearings[row.id])) | {"asset": row.id, "heard_at": now} for row in [*new, *old]}
    await store.open_cases(tx, [heard[row.id] | _opened(row) for row in new])
    await store.note_heard(tx, [heard[row.id] for row in old])


def _heard(candidates: Sequence[Any]) -> dict[str, Any]:
    best = candidates[0] if candidates else None
    return {
        "best": best.owner if best else "",
        "because": best.clues[0].kind.value if best else "",
        "confidence": best.confidence if best else 0.0,
        "candidates": store.kept_candidates(candidates),
    }


def _opened(row: Any) -> dict[str, Any]:
    now = clock.now()
    return {
        "account": f"{row.provider}/{row.account}",
        "trouble": row.trouble,
        "opened_at": now,
        "due_at": now + charts.custody_lasts(),
        "reminded_at": None,
        "skipped_at": None,
        "skipped_by": "",
    }


async def _decide(tx: Tx, ids: Collection[str], assign_from: float) -> None:
    sure: dict[str, list[str]] = defaultdict(list)
    # Where somebody undid a decision, only people decide.
    undone = await store.with_undone(tx, ids)
    cases = {case.asset.id: case for case in await store.cases_by_ids(tx, ids) if case.asset.id not in undone}
    for id_, case in cases.items():
        if (found := court.is_decided(case.candidates, assign_from)) and case.skipped_at is None:
            sure[found.owner].append(id_)
    for owner, certain in sorted(sure.items()):
        await assign(tx, [cases[i] for i in certain], owner, why="")


async def _hearings(r: Reading, rows: Sequence[Any]) -> dict[str, court.Hearing]:
    said = {row.id: evidence.said(row.name, row.tags, row.creator) for row in rows}
    spoken = {name for s in said.values() for name in (s.namespace, s.project) if name}
    projects, _ = await store.living_projects(r, spoken)
    org = await charts.organisation(r)
    names = await _names(r, org.teams.values())
    now = org.chart(clock.now())
    # What was undone was no ownership to go by.
    undone = await store.with_undone(r, [row.id for row in rows])
    before = await store.owned_before(r, [of_asset(row.id) for row in rows if row.id not in undone])
    creators = await _creators(r, {s.creator for s in said.values() if s.creator}, now.living)
    beside = await _neighbours(r, rows)
    former = spoken - set(projects)
    deeds = await _deeds(r, former, org, now.living)
    found: dict[str, court.Hearing] = {}
    for row in rows:
        team = evidence.known_team(row.said_team, org.teams, Provider(row.provider))
        was = before.get(of_asset(row.id), "")
        named = next((n for n in (said[row.id].project, said[row.id].namespace) if n in former), "")
        found[row.id] = court.Hearing(
            said=said[row.id],
            tags=row.tags,
            projects=projects,
            by_name=names,
            heirs=[heir for heir in now.heirs.get(team, ()) if heir in now.living],
            record=f"team:{lines.living(now, was)[0]}" if was else "",
            creator=creators.get(said[row.id].creator),
            neighbours=_beside(row, beside),
            former=named,
            deeds=deeds.get(named, {}),
        )
    return found


async def _names(r: Reading, teams: Collection[Team]) -> Mapping[str, str]:
    """Slugs, handles and names, folded, as tags may spell them."""
    found: dict[str, str] = {}
    for team in [t for t in teams if t.ended_at is None]:
        found |= {evidence.folded(name): f"team:{team.id}" for name in (team.name, team.handle, team.id)}
    return found | {slug: f"project:{slug}" for slug in await store.active_slugs(r)}


async def _creators(r: Reading, creators: Collection[str], living: Collection[str]) -> dict[str, court.Creator]:
    wanted = {creator: court.creator_names(creator) for creator in creators}
    people: dict[str, Person] = {}
    for person in await access.everybody(r) if wanted else []:
        known = (person.id, person.email.lower(), person.email.partition("@")[0].lower())
        people |= dict.fromkeys(known, person)
    teams = await access.teams_of_many(r, {p.id for p in people.values()})
    found: dict[str, court.Creator] = {}
    for creator, names in wanted.items():
        made = next((people[name.lower()] for name in names if name.lower() in people), None)
        if made is not None:
            mine = [team.id for team, _ in teams.get(made.id, []) if team.id in living]
            found[creator] = court.Creator(made.name, made.active, mine)
    return found


async def _deeds(
    r: Reading, former: Collection[str], org: charts.Organisation, living: Collection[str]
) -> dict[str, dict[DeedKind, dict[str, int]]]:
    """How many people of each living team worked for these projects, which are no more, by what they did."""
    people, found = homes(org), dict[str, dict[DeedKind, dict[str, int]]]()
    for slug, done in (await worked(r, sorted(former), org)).items():
        kinds = rules.by_team(done, people)
        found[slug] = {kind: {t: n for t, (n, _) in teams.items() if t in living} for kind, teams in kinds.items()}
    return found


_Beside = dict[ClueKind, dict[tuple[str, str], dict[str, int]]]


async def _neighbours(r: Reading, rows: Sequence[Any]) -> _Beside:
    found: _Beside = {}
    for kind in court.NEIGHBOURS:
        pairs = {(row.account, value) for row in rows if (value := getattr(row, kind.value))}
        found[kind] = await store.neighbours(r, kind.value, pairs)
    return found


def _beside(row: Any, beside: _Beside) -> dict[ClueKind, court.Neighbours]:
    at = {kind: (row.account, getattr(row, kind.value)) for kind in beside}
    return {kind: court.Neighbours(at[kind][1], owners) for kind, found in beside.items() if (owners := found.get(at[kind]))}
