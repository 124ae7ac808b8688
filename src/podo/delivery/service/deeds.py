"""What people did for projects by way of delivery."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from podo.access import service as access
from podo.access.types import On
from podo.catalog.types import Deed, DeedKind
from podo.delivery.store import deeds as rows
from podo.delivery.types import READ
from podo.kernel.db import Reading


async def deeds(r: Reading, projects: Collection[str], since: datetime) -> list[Deed]:
    """Who committed, deployed and approved since then. An author counts who is called as exactly one active person is."""
    await access.require(r, READ, On())
    found = [Deed(p, by, DeedKind.deployed, n) for p, by, n in await rows.deployers(r, projects, since)]
    found += [Deed(p, by, DeedKind.approved, n) for p, by, n in await rows.approvers(r, projects, since)]
    authors = await rows.authors(r, projects, since)
    called = await _called(r) if authors else {}
    return found + [Deed(p, called[name], DeedKind.committed, n) for p, name, n in authors if called.get(name)]


async def _called(r: Reading) -> dict[str, str]:
    """Name or address → the id of the one person who has it; empty where several do."""
    found: dict[str, str] = {}
    for person in await access.everybody(r):
        for name in {person.name, person.email}:
            found[name] = "" if name in found else person.id
    return found
