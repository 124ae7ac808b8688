"""The orphan court: cases with evidence, decisions that leave events and can be undone, custody, quarantine, coverage."""

from __future__ import annotations

from datetime import timedelta

import pytest

from podo.access import service as access
from podo.access.types import Membership, MembershipRole, NotAllowed, Person, Team
from podo.catalog import service
from podo.catalog.handlers import count_assets
from podo.catalog.types import (
    AssetQuery,
    AssetState,
    CloudAccount,
    ClueKind,
    NoOrphan,
    NoSuchDecision,
    NotYetDue,
    Proof,
    Provider,
    Trouble,
    WrongOwner,
)
from podo.kernel import clock
from podo.kernel.nouns import PODO, Actor
from tests.domains.catalog import town
from tests.domains.catalog.test_assets import ACCOUNT, REGION, finish, known, names, queue, take
from tests.domains.catalog.town import EMMA, HANEUL, OLIVER, SEOYEON
from tests.houses import Living


async def hear(house: Living, at: timedelta = timedelta()) -> None:
    """As the round does."""
    with clock.shifted(at):
        async with house.transaction(PODO) as tx:
            await service.hear_cases(tx)


async def court(house: Living) -> dict[str, list[tuple[str, float, list[ClueKind]]]]:
    """Name → (owner, confidence, clues) of each candidate, in the queue's order."""
    async with house.reading() as r:
        found = await service.orphans(r, AssetQuery(), limit=100)
    return {c.asset.name: [(x.owner, x.confidence, [k.kind for k in x.clues]) for x in c.candidates] for c in found.items}


async def assign(house: Living, name: str, owner: str, by: Actor = EMMA) -> str:
    """Decide, and give the batch."""
    it = await known(house, name)
    async with house.transaction(by) as tx:
        return await service.assign_assets(tx, [it.id], owner, "known by heart")


async def kept_by(house: Living, team: str) -> None:
    """The account's team keeps what nobody owns."""
    async with house.transaction(PODO) as tx:
        await service.set_account(tx, CloudAccount(Provider.aws, ACCOUNT, "podo-prod", (REGION,), team=team))


async def test_evidence_ranks_owners_and_a_decision_can_be_undone(house: Living) -> None:
    await town.register(house)
    await kept_by(house, "search")
    stack = {"terraform-workspace": "chat-infra"}
    owned = [queue(f"chat-api-q{n}-x", {"podo-project": "chat-api", **stack}) for n in range(3)]
    lost = [
        queue("chat-api-old-x", stack),
        queue("made-by-haneul", {}, creator="arn:aws:sts::1:assumed-role/dev/haneul@podo.example"),
        queue("named", {"owner": "Chat"}),
        queue("nobodys", {}),
    ]
    await take(house, [*owned, *lost])
    before = await house.newest()
    await hear(house)
    assert await house.newest() > before
    assert await court(house) == {
        "chat-api-old-x": [("project:chat-api", 0.92, [ClueKind.stack, ClueKind.prefix])],
        "named": [("team:team-2", 0.8, [ClueKind.tag])],
        "made-by-haneul": [("team:team-2", 0.6, [ClueKind.creator])],
        "nobodys": [],
    }
    # Nothing was decided by itself: the account's team keeps them.
    assert {(await known(house, it.name)).team for it in lost} == {"team-3"}
    batch = await assign(house, "chat-api-old-x", "project:chat-api", SEOYEON)
    now = await known(house, "chat-api-old-x")
    assert (now.project, now.team, now.proof, now.state) == ("chat-api", "team-2", Proof.decision, AssetState.owned)
    assert "chat-api-old-x" not in await court(house)
    # Inventory does not undo what was decided.
    await take(house, [queue("chat-api-old-x", {**stack, "podo-team": "team-3"})], "run-2")
    assert (await known(house, "chat-api-old-x")).project == "chat-api"
    async with house.reading() as r:
        decided = (await service.decisions(r, now.id))[0]
    assert (decided.batch, decided.by, decided.confidence, [c.kind for c in decided.clues]) == (
        *(batch, SEOYEON.id, 0.92),
        [ClueKind.stack, ClueKind.prefix],
    )
    async with house.transaction(SEOYEON) as tx:
        assert await service.undo_assets(tx, batch=batch) == 1
    undone = await known(house, "chat-api-old-x")
    assert (undone.team, undone.proof, undone.trouble) == ("team-3", Proof.tag, None), "its tag says so by now"
    async with house.transaction(SEOYEON) as tx:
        with pytest.raises(NoSuchDecision):
            await service.undo_assets(tx, batch=batch)


async def test_what_is_beside_a_thing_that_found_its_owner_is_heard_next(house: Living) -> None:
    await town.register(house)
    await kept_by(house, "search")
    stack = {"terraform-workspace": "chat-infra"}
    await take(house, [*(queue(name, stack) for name in ("beside", "found", "found-too")), queue("other", {})])
    await hear(house)
    for name in ("found", "found-too"):
        await assign(house, name, "project:chat-api")
    with clock.shifted(timedelta(hours=7)):
        async with house.transaction(PODO) as tx:
            assert await service.hear_cases(tx, limit=1) == 1
    assert {name: bool(candidates) for name, candidates in (await court(house)).items()} == {"beside": True, "other": False}


async def test_who_may_claim_and_give(house: Living) -> None:
    await town.register(house)
    await kept_by(house, "search")
    await take(house, [queue("lost", {}), queue("mine", {"podo-team": "team-3"})])
    await hear(house)
    with pytest.raises(NotAllowed):
        await assign(house, "lost", "team:service", HANEUL)
    with pytest.raises(NotAllowed):
        await assign(house, "mine", "team:chat", HANEUL)
    with pytest.raises(WrongOwner):
        await assign(house, "lost", "chat", EMMA)
    # Whoever keeps it may say whose it is, and anybody may claim for a team of theirs what nobody owns.
    await assign(house, "lost", "team:chat", HANEUL)
    assert (await known(house, "lost")).team == "team-2"
    async with house.transaction(HANEUL) as tx:
        await service.undo_assets(tx, asset=(await known(house, "lost")).id)
    assert (await known(house, "lost")).trouble is Trouble.untagged
    await hear(house)
    await assign(house, "lost", "project:chat-api", OLIVER)
    assert (await known(house, "lost")).project == "chat-api"


async def test_quarantine_waits_for_its_day_and_ends_with_one_click(house: Living) -> None:
    await kept_by(house, "search")
    await take(house, [queue("lost", {}), queue("mine", {"podo-team": "team-3"})])
    await hear(house)
    lost, mine = await known(house, "lost"), await known(house, "mine")
    async with house.transaction(EMMA) as tx:
        with pytest.raises(NotYetDue):
            await service.quarantine_assets(tx, [lost.id], "")
        with pytest.raises(NoOrphan):
            await service.quarantine_assets(tx, [mine.id], "")
    with clock.shifted(timedelta(days=15)):
        async with house.transaction(OLIVER) as tx:
            with pytest.raises(NotAllowed):
                await service.quarantine_assets(tx, [lost.id], "")
        async with house.transaction(EMMA) as tx:
            batch = await service.quarantine_assets(tx, [lost.id], "nobody answered")
            assert await service.quarantine_assets(tx, [lost.id], "again") == ""
        async with house.reading() as r:
            wish = (await service.tag_wishes(r, "aws", ACCOUNT)).items
        assert [(w.quarantined_at is not None, w.team) for w in wish if w.asset == lost.id] == [(True, None)]
        assert [w.team for w in wish if w.asset == mine.id] == ["team-3"]
        # Taken again, it stays set apart; whoever claims it ends that.
        await take(house, [queue("lost", {"a": "b"})], "run-2")
        assert (await known(house, "lost")).state is AssetState.quarantined
        async with house.transaction(OLIVER) as tx:
            await service.undo_assets(tx, batch=batch)
        assert (await known(house, "lost")).state is AssetState.orphan


async def test_skipped_cases_come_last_and_go_with_their_asset(house: Living) -> None:
    await kept_by(house, "search")
    await take(house, [queue("a-a-a", {"owner": "Chat"}), queue("b", {"owner": "Chat"}), queue("c", {})])
    await hear(house)
    first = await known(house, next(iter(await court(house))))
    async with house.transaction(OLIVER) as tx:
        assert await service.skip_orphans(tx, [first.id]) == 1
        assert await service.skip_orphans(tx, [first.id]) == 0
    assert list(await court(house))[-1] == first.name
    async with house.transaction(OLIVER) as tx:
        await service.unskip_orphans(tx, [first.id])
    assert next(iter(await court(house))) == first.name
    async with house.reading() as r:
        groups = await service.clue_groups(r, AssetQuery())
    assert [(g.because, g.owner, g.count, g.confidence) for g in groups] == [(ClueKind.tag, "team:team-2", 2, 0.8)]
    await take(house, [queue("b", {"podo-team": "team-2"})], "run-2")
    await finish(house, "run-2")
    assert await court(house) == {}
    assert await names(house, state="gone") == ["a-a-a", "c"]


async def test_a_team_that_ends_leaves_no_asset_alone(house: Living) -> None:
    await kept_by(house, "service")
    page = [queue("straight", {"podo-team": "team-3"}), queue("decided", {})]
    await take(house, page)
    await hear(house)
    await assign(house, "decided", "team:search")
    people = [Person(f"prs-{n}", n, f"{n}@podo.example") for n in ("seoyeon", "haneul", "oliver", "emma", "root")]
    teams = [Team("team-1", "Service", "service"), Team("team-2", "Chat", "chat", "team-1")]
    members = [Membership("prs-seoyeon", "team-2", MembershipRole.lead), Membership("prs-haneul", "team-2")]
    async with house.transaction() as tx:
        await access.sync_directory(tx, people, teams, members, most_gone=1.0)
    await house.settled()
    for name in ("straight", "decided"):
        it = await known(house, name)
        assert (it.team, it.custody) == ("team-1", True), name
    assert (await known(house, "straight")).trouble is Trouble.dead
    await hear(house)
    assert set(await court(house)) == {"straight"}
    # The same page again does not take it from who keeps it.
    await take(house, [queue("straight", {"podo-team": "team-3", "more": "x"})], "run-2")
    assert (await known(house, "straight")).team == "team-1"
    await assign(house, "straight", "team:chat", SEOYEON)
    assert ((await known(house, "straight")).team, (await known(house, "straight")).custody) == ("team-2", False)


async def test_coverage_is_counted_by_day_and_part(house: Living) -> None:
    await kept_by(house, "search")
    await take(house, [queue("a", {"podo-team": "team-3"}), queue("b", {"podo-team": "team-2"}), queue("c", {})])
    with clock.shifted(-timedelta(days=1)):
        await count_assets(house.house)
    await assign_all(house)
    await count_assets(house.house)
    await count_assets(house.house)
    async with house.reading() as r:
        days = await service.coverage(r)
        chat = await service.coverage(r, team="chat")
        by_team = await service.coverage_parts(r, "team")
    assert [(d.assets, d.owned, d.orphans, round(d.share, 2)) for d in days] == [(3, 2, 1, 0.67), (3, 3, 0, 1.0)]
    assert [(d.assets, d.owned) for d in chat] == [(1, 1), (2, 2)]
    assert [(name, it.assets) for name, it in by_team] == [("team-2", 2), ("team-3", 1)]


async def assign_all(house: Living) -> None:
    """What nobody owns is Chat's."""
    await hear(house)
    await assign(house, "c", "team:chat")
