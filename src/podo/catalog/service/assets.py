"""Assets: finding them, and deciding whose they are; each decision can be undone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from podo.access import service as access
from podo.catalog import store
from podo.catalog.rules import asset_queries as rules
from podo.catalog.rules.evidence import asset_id
from podo.catalog.types import Asset, AssetFacets, AssetQuery, NoSuchAsset, TagWish
from podo.kernel.db import Reading
from podo.kernel.nouns import Page

LONGEST_PAGE = 200


async def assets(r: Reading, query: AssetQuery, *, cursor: str = "", limit: int = 50) -> Page[Asset]:
    """By name, with their owners now; without a total: `asset_facets` counts. Raises `NoSuchTeam`, `WrongAssetQuery`."""
    return await store.list_assets(r, await sought(r, query), cursor=cursor, limit=max(1, min(limit, LONGEST_PAGE)))


async def asset_facets(r: Reading, query: AssetQuery) -> AssetFacets:
    """How many a query finds, and by what it can be narrowed. Raises as `assets`."""
    counts = await store.facet_counts(r, await sought(r, query))
    by = {name: _most_first(counted) for name, counted in counts.items()}
    total = sum(counts["provider"].values())
    return AssetFacets(total, by["provider"], by["account"], by["region"], by["kind"], by["state"])


def _most_first(counted: Counter[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])))


async def count_assets_of(r: Reading, project: str) -> int:
    """How many a project has."""
    return await store.count_assets(r, store.Sought(project=project))


async def asset(r: Reading, name: str) -> Asset:
    """By id or ARN, with its owner now. Raises `NoSuchAsset`."""
    found = await store.asset(r, name) or await store.asset(r, asset_id(name))
    if found is None:
        raise NoSuchAsset(name=name)
    return found


async def sought(r: Reading, query: AssetQuery) -> store.Sought:
    """The filter as SQL takes it. Raises `NoSuchTeam`, `WrongAssetQuery`."""
    rules.checked(query)
    return store.Sought(
        text=query.text,
        provider=query.provider,
        account=query.account,
        region=query.region,
        kind=query.kind,
        teams=await _teams(r, query),
        project=query.project,
        state=query.state,
        tag=rules.tag_of(query.tag),
    )


async def _teams(r: Reading, query: AssetQuery) -> set[str] | None:
    if not query.team:
        return None
    team = await access.team(r, query.team)
    if not query.below:
        return {team.id}
    return rules.below(team.id, {t.id: t.parent for t in await access.teams(r)})


async def tag_wishes(
    r: Reading, provider: str, account: str, region: str = "", *, cursor: str = "", limit: int = 1000
) -> Page[TagWish]:
    """What Podo wants the tags of an account's assets to say, by id; `next` is the cursor. Nobody known: no project, no team."""
    found = await store.assets_after(r, provider, account, region, cursor, limit)
    wishes = [_wish(it) for it in found]
    return Page(wishes, found[-1].id if len(found) == limit else None)


async def tag_wishes_of(r: Reading, ids: Sequence[str]) -> list[TagWish]:
    """`tag_wishes` of these."""
    return [_wish(it) for it in await store.assets_by_ids(r, ids) if it.gone_at is None]


def _wish(it: Asset) -> TagWish:
    team = it.team if it.trouble is None else None
    return TagWish(it.id, it.arn, it.provider, it.account, it.region, it.kind, it.tags, it.project, team, it.quarantined_at)
