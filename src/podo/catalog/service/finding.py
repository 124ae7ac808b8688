"""Finding projects and assets by name, with typing errors forgiven."""

from __future__ import annotations

from collections.abc import Sequence

from podo.access import service as access
from podo.access.types import On
from podo.catalog import store
from podo.catalog.rules.evidence import asset_id
from podo.catalog.types import READ, Asset, Project
from podo.kernel import search
from podo.kernel.db import Reading


async def find_projects(r: Reading, text: str, limit: int) -> Sequence[Project]:
    """Those that fit, the best first; retired ones too."""
    await access.require(r, READ, On())
    slugs = await store.found_projects(r, text, limit)
    known = {p.slug: p for p in await store.by_slugs(r, slugs)} if slugs else {}
    return [known[slug] for slug in slugs if slug in known]


async def find_assets(r: Reading, text: str, limit: int) -> Sequence[Asset]:
    """Those that fit, the best first; a whole ARN or full resource name finds its one."""
    await access.require(r, READ, On())
    ids = [asset_id(text)] if text.startswith(("arn:", "//")) else await store.found_assets(r, text, limit)
    known = {a.id: a for a in await store.assets_by_ids(r, ids)} if ids else {}
    return [known[id_] for id_ in ids if id_ in known]


SEARCHABLE = (search.Searchable("project", store.project_entries), search.Searchable("asset", store.asset_entries))
