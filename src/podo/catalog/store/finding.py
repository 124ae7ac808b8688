"""What projects and assets are found by."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from podo.catalog.models import AssetRow, ProjectRow
from podo.kernel import search
from podo.kernel.db import Reading, Tx

PROJECT, ASSET = "project", "asset"
_BATCH = 2000


async def note_project(tx: Tx, slug: str, title: str, repository: str) -> None:
    """Let a project be found, after its end too."""
    await search.put(tx, PROJECT, [_project(slug, title, repository)])


async def forget_project(tx: Tx, slug: str) -> None:
    """It was deleted."""
    await search.drop(tx, PROJECT, [slug])


async def note_assets(tx: Tx, rows: Collection[Mapping[str, Any]]) -> None:
    """Let assets be found: mappings with `id`, `name`, `arn`."""
    await search.put(tx, ASSET, [_asset(row["id"], row["name"], row["arn"]) for row in rows])


async def project_entries(r: Reading) -> AsyncIterator[Sequence[search.Entry]]:
    """Of all projects."""
    rows = await r.session.execute(select(ProjectRow.slug, ProjectRow.title, ProjectRow.repository))
    yield [_project(*row) for row in rows]


async def asset_entries(r: Reading) -> AsyncIterator[Sequence[search.Entry]]:
    """Of all assets that are there, some thousands at a time."""
    last = ""
    while True:
        query = select(AssetRow.id, AssetRow.name, AssetRow.arn).where(AssetRow.id > last, AssetRow.gone_at.is_(None))
        rows = (await r.session.execute(query.order_by(AssetRow.id).limit(_BATCH))).all()
        if not rows:
            return
        yield [_asset(*row) for row in rows]
        last = rows[-1].id


async def found_projects(r: Reading, text: str, limit: int) -> list[str]:
    """Slugs, the best first."""
    return [found.ref for found in await search.find(r, PROJECT, text, limit)]


async def found_assets(r: Reading, text: str, limit: int) -> list[str]:
    """Ids, the best first."""
    return [found.ref for found in await search.find(r, ASSET, text, limit)]


async def assets_holding(r: Reading, text: str, most: int) -> list[str] | None:
    """The ids of all whose names, or ends of ARNs, hold every word; None where the index of names cannot tell: see `holding`."""
    return await search.holding(r, ASSET, text, most)


def _project(slug: str, title: str, repository: str) -> search.Entry:
    return search.Entry(slug, slug, (title, repository.rpartition("/")[2].removesuffix(".git")))


def _asset(id_: str, name: str, arn: str) -> search.Entry:
    """By its name, and by what stands last in its ARN; a whole ARN is looked up by itself."""
    last = re.split(r"[:/]", arn)[-1]
    return search.Entry(id_, name or last, (last,) if last != name else ())
