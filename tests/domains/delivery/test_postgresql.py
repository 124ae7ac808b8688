"""A whole train on PostgreSQL, as on SQLite."""

from __future__ import annotations

import asyncio
from pathlib import Path

from podo.access import service as access
from podo.access.types import Role
from podo.catalog import service as catalog
from podo.kernel.events import log
from tests import needs, postgres
from tests.company import api_of
from tests.domains.delivery.shops import PROJECT, Shop, shop
from tests.house.test_faces import readable

pytestmark = needs.program("initdb")
PLACE = {"environment": "prod", "region": "kr"}


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
        await _read(made)
        verdict = await log.verify(made.living.house.database)
    assert verdict.broken_at is None
    assert verdict.sealed > 20
    assert not await asyncio.to_thread(lambda: list(tmp_path.glob("*.db"))), "something still lives in a file of this machine"


async def _read(made: Shop) -> None:
    """Whatever is only read, by pages and by the API: all that is asked of this kind of database is a question that it knows."""
    async with made.living.transaction() as tx:
        await access.grant(tx, "oliver", Role.admin)
        # Nobody is there: what is read of it answers that it cannot be.
        await catalog.change(tx, made.living.house.seal, PROJECT, repository="http://127.0.0.1:1/chat-api.git")
    known = {"project": PROJECT, "number": "1", "environment": "prod", "region": "kr", "cluster": "prod-kr", "name": "prod-kr"}
    known |= {"person": "haneul", "team": "chat", "handle": "chat"}
    async with made.living.signed_in("oliver") as browser, api_of(made.living, "oliver") as api:
        asked = [(api if path.startswith(("/api", "/scim")) else browser.client, path) for path in readable(known)]
        answers = [await client.get(path, params=PLACE) for client, path in asked]
    assert [f"{a.url} {a.text[:300]}" for a in answers if a.status_code == 500] == []
    assert sum(a.is_success for a in answers) > 100
