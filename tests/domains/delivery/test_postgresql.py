"""A whole train on PostgreSQL, as on SQLite."""

from __future__ import annotations

import asyncio
from pathlib import Path

from podo.kernel.events import log
from tests import needs, postgres
from tests.domains.delivery.shops import shop

pytestmark = needs.program("initdb")


async def test_a_train_goes_through_and_its_log_is_whole(tmp_path: Path) -> None:
    async with postgres.database_url() as url, shop(tmp_path, PODO_DATABASE_URL=url) as made:
        build = await made.healthy_alpha()
        train = await made.ask(build, "prod")
        await made.settled()
        assert await made.states(train) == {"kr": "waiting", "jp": "waiting", "uk": "waiting"}
        await made.approve(train, "kr", "jp", "uk")
        await made.settled()
        assert await made.states(train) == {"kr": "healthy", "jp": "healthy", "uk": "healthy"}
        images = {await made.image(cluster) for cluster in ("alpha-kr", "prod-kr", "prod-jp", "prod-uk")}
        assert len(images) == 1
        assert "" not in images
        verdict = await log.verify(made.living.house.database)
    assert verdict.broken_at is None
    assert verdict.sealed > 20
    assert not await asyncio.to_thread(lambda: list(tmp_path.glob("*.db"))), "something still lives in a file of this machine"
