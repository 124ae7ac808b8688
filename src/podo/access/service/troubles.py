"""What a directory that is read cannot be taken over for: kept, so that those who may decide hear of it."""

from __future__ import annotations

from podo.access import store
from podo.access.service.rights import require
from podo.access.types import SYNC, DirectoryRefused, FeedTrouble, On
from podo.kernel import clock
from podo.kernel.db import Reading, Tx
from podo.kernel.errors import PodoError


async def feed_trouble(r: Reading) -> FeedTrouble | None:
    """Why the directory that is read is not taken over; None while it is."""
    await require(r, SYNC, On())
    return await store.feed_trouble(r)


async def note_trouble(tx: Tx, error: PodoError) -> None:
    """It was read and not taken over. The same once more is no news."""
    await require(tx, SYNC, On())
    known = await store.feed_trouble(tx)
    if known is not None and (known.code, dict(known.data)) == (error.code, error.data):
        return
    since = known.since if known is not None and known.code == error.code else clock.now()
    await store.put_feed_trouble(tx, FeedTrouble(error.code, error.so, error.data, since))
    if known is None or known.code != error.code:
        tx.say(DirectoryRefused(why=error.said()[0]))


async def forget_trouble(tx: Tx) -> None:
    """It was taken over."""
    if await store.feed_trouble(tx) is not None:
        await store.put_feed_trouble(tx, None)
