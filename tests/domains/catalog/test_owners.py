"""Ownership as intervals, and who may do what."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from podo.access import service as access
from podo.access.types import NoSuchTeam, NotAllowed
from podo.catalog import service
from podo.catalog.types import DeletionObjection, Deployed, PlaceInUse, TeamEnded
from podo.kernel import clock
from podo.kernel.db import Reading
from podo.kernel.nouns import Actor
from tests.domains.catalog import town
from tests.domains.catalog.town import EMMA, HANEUL, OLIVER, ROOT, SEOYEON
from tests.houses import Living, person


async def test_a_transfer_keeps_exactly_one_open_interval_and_no_gap(house: Living) -> None:
    await town.register(house)
    start = clock.now()
    for days, team in enumerate(("search", "service", "service", "chat"), start=1):
        with clock.shifted(timedelta(days=days)):
            async with house.transaction(EMMA) as tx:
                await service.transfer(tx, "chat-api", team, "reorganised")
    await house.settled()
    async with house.reading() as r:
        history = await service.history(r, "chat-api")
        assert [o.team for o in history] == ["team-2", "team-1", "team-3", "team-2"]
        assert [o.until is None for o in history] == [True, False, False, False]
        for newer, older in pairwise(history):
            assert older.until == newer.since
        for days, team in ((0.5, "team-2"), (1.5, "team-3"), (3.5, "team-1"), (9, "team-2")):
            assert (await service.owner(r, "chat-api", start + timedelta(days=days))).team == team
        assert (await service.project(r, "chat-api")).team == "team-2"


async def test_what_is_corrected_and_given_back_in_one_moment_has_one_owner_at_each(house: Living) -> None:
    await town.register(house)
    start = clock.now()
    with clock.fixed(start + timedelta(days=2)):
        async with house.transaction(EMMA) as tx:
            await service.correct(tx, "chat-api", "search", start + timedelta(days=1), "it was so")
        async with house.transaction(EMMA) as tx:
            await service.give_back(tx, "chat-api", "it was not")
    async with house.reading() as r:
        believed = [o for o in await service.record(r, "chat-api") if o.superseded_at is None]
        assert [o.team for o in await service.history(r, "chat-api")] == ["team-2", "team-3", "team-2"]
    for older, newer in pairwise(sorted(believed, key=lambda o: o.since)):
        assert older.until == newer.since


async def test_the_label_in_the_clusters_follows_the_owner(house: Living) -> None:
    await town.register(house)
    async with house.transaction(EMMA) as tx:
        await service.transfer(tx, "chat-api", "search", "Search took it over")
    await house.settled()
    for cluster in ("alpha-kr", "prod-kr"):
        assert (await town.real_namespace(house, cluster))["metadata"]["labels"]["podo.dev/team"] == "team-3"


async def test_a_team_that_ended_owns_nothing_new(house: Living) -> None:
    await town.register(house)
    async with house.transaction() as tx:
        people, members = (
            await access.everybody(tx),
            [m for p in await access.everybody(tx) for m in await access.teams_of(tx, p.id)],
        )
        living = [t for t in await access.teams(tx) if t.handle != "search"]
        members = [m for m in members if m.team != "team-3"]
        await access.sync_directory(tx, people, living, members, most_gone=1)
    with pytest.raises(TeamEnded):
        async with house.transaction(EMMA) as tx:
            await service.transfer(tx, "chat-api", "search", "they want it")
    with pytest.raises(TeamEnded):
        await town.register(house, "search-api", by=EMMA, team="search")
    with pytest.raises(NoSuchTeam):
        await town.register(house, "search-api", by=EMMA, team="nobody")


NOBODY = person("prs-nobody")
MAY = {
    "register": {SEOYEON, HANEUL, EMMA, ROOT},
    "change": {SEOYEON, HANEUL, EMMA, ROOT},
    "targets": {SEOYEON, HANEUL, EMMA, ROOT},
    "transfer": {SEOYEON, EMMA, ROOT},
    "delete": {SEOYEON, EMMA, ROOT},
    "environment": {EMMA, ROOT},
    "cluster": {EMMA, ROOT},
}


async def _try(house: Living, verb: str, actor: Actor) -> None:
    async with house.transaction(actor) as tx:
        match verb:
            case "register":
                await service.may_register(tx, "chat-web", "chat")
            case "change":
                await service.change(tx, house.house.seal, "chat-api", title=f"By {actor.id}")
            case "targets":
                await service.set_targets(tx, "chat-api", [("alpha", "kr")])
            case "transfer":
                await service.transfer(tx, "chat-api", "chat", "again")
            case "delete":
                await service.delete(tx, "chat-api", "chat-api", [DeletionObjection(_runs)])
            case "environment":
                await service.remove_environment(tx, "alpha")
            case _:
                await service.remove_cluster(tx, "prod-kr")


async def _runs(r: Reading, slug: str) -> str:
    return f"{slug} runs in prod kr"


async def test_who_may_what(house: Living) -> None:
    await town.register(house)
    allowed: dict[str, set[Actor]] = {}
    for verb in MAY:
        allowed[verb] = set()
        for actor in (SEOYEON, HANEUL, OLIVER, EMMA, ROOT, NOBODY):
            try:
                await _try(house, verb, actor)
            except NotAllowed:
                continue
            except (Deployed, PlaceInUse):
                pass  # Refused by what is so, and no longer by who asks.
            allowed[verb].add(actor)
    assert allowed == MAY


async def test_what_has_run_is_not_deleted(house: Living) -> None:
    await town.register(house)
    with pytest.raises(Deployed, match="runs in prod kr"):
        async with house.transaction(SEOYEON) as tx:
            await service.delete(tx, "chat-api", "chat-api", [DeletionObjection(_runs)])
    async with house.reading(OLIVER) as r:
        assert (await service.project(r, "chat-api")).title == "Chat API"
