"""Inventory is taken page by page: owners by exact ids, twice is once, and only a complete run removes anything."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from datetime import timedelta

from podo.catalog import service
from podo.catalog.rules.evidence import asset_id
from podo.catalog.types import Asset, AssetQuery, AssetState, Finished, Proof, Provider, SeenAsset, Taken, Trouble
from podo.kernel import clock
from podo.kernel.nouns import PODO
from tests.domains.catalog import town
from tests.houses import Living

ACCOUNT, REGION, SOURCE, KINDS = "123456789012", "ap-northeast-2", "sqs:queue", ("sqs:queue",)


def queue(name: str, tags: dict[str, str] | None = None, **facts: str) -> SeenAsset:
    """A queue as a listing shows it."""
    return SeenAsset(f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}", "sqs:queue", name, REGION, tags, **facts)  # type: ignore[arg-type]


async def take(house: Living, seen: Sequence[SeenAsset], run: str = "run-1", source: str = SOURCE) -> Taken:
    """A page, in a transaction of its own as a recording step has it."""
    async with house.transaction(PODO) as tx:
        await service.begin_assets(tx, Provider.aws, ACCOUNT, REGION, source=source, run=run)
        return await service.take_assets(tx, Provider.aws, ACCOUNT, REGION, seen, source=source, run=run)


async def finish(house: Living, run: str = "run-1", source: str = SOURCE) -> Finished:
    """The run was complete."""
    async with house.transaction(PODO) as tx:
        return await service.finish_assets(tx, Provider.aws, ACCOUNT, REGION, source=source, run=run, kinds=KINDS)


async def known(house: Living, name: str) -> Asset:
    """What Podo knows of a queue."""
    async with house.reading() as r:
        return await service.asset(r, f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}")


async def names(house: Living, **query: str | bool) -> list[str]:
    """The names that a filter finds."""
    async with house.reading() as r:
        return [it.name for it in (await service.assets(r, AssetQuery(**query))).items]  # type: ignore[arg-type]


async def test_owners_follow_from_exact_ids_and_a_page_taken_twice_changes_nothing(house: Living) -> None:
    await town.register(house)
    page = [
        queue("mine", {"podo-project": "chat-api"}),
        queue("odd-case", {"Podo_Project": " Chat-API ", "이름": "대기열"}),
        queue("straight", {"podo-team": "team-3"}),
        queue("in-a-cluster", {"kubernetes.io/cluster/prod-kr": "owned", "kubernetes.io/created-for/pvc/namespace": "chat-api"}),
        queue("elsewhere", {"kubernetes.io/cluster/foreign": "owned", "kubernetes.io/created-for/pvc/namespace": "chat-api"}),
        queue("typo", {"podo-project": "chat-apii"}),
        queue("bare", {}),
    ]
    before = await house.newest()
    assert await take(house, page) == Taken(new=7, changed=0, same=0, back=0)
    said = await house.newest()
    assert said > before
    assert await take(house, page) == Taken(new=0, changed=0, same=7, back=0)
    assert await house.newest() == said
    for name, project, team, proof in (
        ("mine", "chat-api", "team-2", Proof.tag),
        ("odd-case", "chat-api", "team-2", Proof.tag),
        ("straight", None, "team-3", Proof.tag),
        ("in-a-cluster", "chat-api", "team-2", Proof.cluster),
    ):
        it = await known(house, name)
        assert (it.project, it.team, it.proof, it.state) == (project, team, proof, AssetState.owned), name
    assert (await known(house, "elsewhere")).trouble is Trouble.untagged
    assert (await known(house, "typo")).trouble is Trouble.unknown
    assert (await known(house, "bare")).state is AssetState.orphan
    assert await names(house, team="chat") == ["in-a-cluster", "mine", "odd-case"]
    assert await names(house, team="service") == []
    assert await names(house, team="service", below=True) == ["in-a-cluster", "mine", "odd-case", "straight"]
    assert await names(house, tag="이름=대기열") == ["odd-case"]
    async with house.transaction(town.ROOT) as tx:
        await service.transfer(tx, "chat-api", "search", "moved")
    assert (await known(house, "mine")).team == "team-3"


async def test_a_name_in_either_unicode_form_is_one_asset(house: Living) -> None:
    composed, split = "대기열", unicodedata.normalize("NFD", "대기열")
    assert composed != split
    assert asset_id(f"arn:{composed}") == asset_id(f"arn:{split}")
    await take(house, [queue(composed, {"podo-team": "team-3"})])
    assert (await take(house, [queue(split, {"podo-team": "team-3"})])).same == 1


async def test_only_a_complete_run_removes_and_what_comes_back_is_as_it_was(house: Living) -> None:
    await take(house, [queue("a", {"podo-team": "team-3"}), queue("b", {"podo-team": "team-3"})])
    assert await finish(house) == Finished(0, is_doubted=False)
    await take(house, [queue("a", {"podo-team": "team-3"})], "run-2")
    # Killed here: nothing is removed. The next run sees all, and only then what is missing is gone.
    assert (await known(house, "b")).gone_at is None
    await take(house, [queue("a", {"podo-team": "team-3"})], "run-3")
    assert (await finish(house, "run-2")).gone == 0, "overtaken"
    assert await finish(house, "run-3") == Finished(1, is_doubted=False)
    assert await finish(house, "run-3") == Finished(0, is_doubted=False)
    gone = await known(house, "b")
    assert (gone.state, gone.team) == (AssetState.gone, "team-3")
    assert (await names(house), await names(house, state="gone")) == (["a"], ["b"])
    assert (await take(house, [queue("a"), queue("b")], "run-4")) == Taken(new=0, changed=0, same=1, back=1)
    back = await known(house, "b")
    assert (back.state, back.team, back.tags) == (AssetState.owned, "team-3", {"podo-team": "team-3"})
    assert back.found_at == gone.found_at


async def test_two_runs_at_once_and_clocks_that_differ_remove_nothing_that_is_there(house: Living) -> None:
    await take(house, [queue("a", {}), queue("b", {})])
    await take(house, [queue("a", {})], "run-2")
    with clock.shifted(-timedelta(hours=3)):
        await take(house, [queue("a", {})], "run-3")
        # A page of the run that was overtaken arrives late, and from a machine whose clock is behind.
        await take_late(house, [queue("b", {})], "run-2")
    seen = await known(house, "b")
    with clock.shifted(timedelta(days=1)):
        assert (await finish(house, "run-3")).gone == 0
    assert (await known(house, "b")).gone_at is None
    assert (await known(house, "b")).seen_at == seen.seen_at


async def test_a_word_is_a_part_of_a_name_or_else_of_any_arn(house: Living) -> None:
    await take(house, [queue("chat-push-1"), queue("chat-pull-1"), queue("feed")])
    assert await names(house, text="CHAT-pu") == ["chat-pull-1", "chat-push-1"]
    assert await names(house, text="push chat") == ["chat-push-1"]
    assert await names(house, text=f"{REGION}:{ACCOUNT}") == ["chat-pull-1", "chat-push-1", "feed"], (
        "no name has it, every ARN does"
    )
    assert await names(house, text="nothing-has-it") == []
    assert await names(house, text="fe") == ["feed"], "too short for the index"


async def take_late(house: Living, seen: Sequence[SeenAsset], run: str) -> None:
    """A page of a run that began before."""
    async with house.transaction(PODO) as tx:
        await service.take_assets(tx, Provider.aws, ACCOUNT, REGION, seen, source=SOURCE, run=run)


async def test_a_complete_run_that_misses_most_is_believed_the_second_time(house: Living) -> None:
    await take(house, [queue(f"q-{n:03}", {}) for n in range(60)])
    await take(house, [], "run-2")
    assert await finish(house, "run-2") == Finished(0, is_doubted=True)
    assert len(await names(house, text="q-")) == 50
    await take(house, [], "run-3")
    assert await finish(house, "run-3") == Finished(60, is_doubted=False)
    assert await names(house) == []


async def test_assets_find_their_owner_when_it_comes_and_lose_it_when_it_goes(house: Living) -> None:
    await take(house, [queue("early", {"podo-project": "chat-web"})])
    assert (await known(house, "early")).trouble is Trouble.unknown
    await town.register(house, "chat-web")
    assert ((await known(house, "early")).project, (await known(house, "early")).state) == ("chat-web", AssetState.owned)
    async with house.transaction(town.ROOT) as tx:
        await service.delete(tx, "chat-web", "chat-web", [])
    await house.settled()
    assert (await known(house, "early")).trouble is Trouble.unknown


async def test_lists_have_pages_and_counts_and_a_listing_without_tags_takes_none_away(house: Living) -> None:
    await take(house, [queue(f"q-{n}", {"podo-team": "team-3", "env": "prod"}, creator="oliver@podo.example") for n in range(5)])
    assert (await take(house, [queue("q-0", None)], source="other")).same == 1
    async with house.reading() as r:
        first = await service.assets(r, AssetQuery(team="search"), limit=2)
        second = await service.assets(r, AssetQuery(team="search"), cursor=first.next or "", limit=2)
        third = await service.assets(r, AssetQuery(team="search"), cursor=second.next or "", limit=2)
        facets = await service.asset_facets(r, AssetQuery(tag="env"))
    assert [it.name for page in (first, second, third) for it in page.items] == [f"q-{n}" for n in range(5)]
    assert third.next is None
    assert (facets.total, facets.kinds, facets.states) == (5, (("sqs:queue", 5),), (("owned", 5),))
