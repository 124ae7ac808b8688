"""Charts that may come true: made, written into by a file or by SCIM, thrown away."""

from __future__ import annotations

from podo.access import rules, store
from podo.access.service.rights import require
from podo.access.types import READ, Draft, EntryKind, Feed, NoSuchDraft, On
from podo.kernel.db import Reading


async def drafts(r: Reading) -> list[Draft]:
    """Those that are open or were taken, the newest first."""
    await require(r, READ, On())
    return [d for d in await store.drafts(r) if d.closed_at is None]


async def draft(r: Reading, id_: str) -> Draft:
    """One, closed ones included. Raises `NoSuchDraft`."""
    await require(r, READ, On())
    found = await store.draft(r, id_)
    if found is None:
        raise NoSuchDraft(name=id_)
    return found


async def draft_feed(r: Reading, id_: str) -> Feed:
    """What a draft says. Raises `NoSuchDraft`, and `WrongDirectory` where an entry of it cannot be meant."""
    found = await draft(r, id_)
    users = [(e.id, e.document) for e in await store.entries(r, found.id, EntryKind.user)]
    groups = [(e.id, e.document) for e in await store.entries(r, found.id, EntryKind.group)]
    return rules.feed_of(users, groups)
