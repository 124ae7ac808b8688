"""A rolling upgrade: the new version migrates while the old one works; and what the old one cannot live with, it refuses."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from podo.access import service as access
from podo.access.types import SuccessionKind
from podo.app import migrations
from podo.catalog import service as catalog
from podo.catalog.types import AccountKind, CloudAccount, Provider, SeenAsset
from podo.kernel.db import Database
from podo.kernel.db.models import metadata
from podo.kernel.events import log
from tests import needs, postgres
from tests.domains.catalog.test_inventory import looked, twin
from tests.domains.delivery.shops import EMMA, OLIVER, PROJECT, Shop, shop

_NEXT = '''
"""What a later version brings."""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{before}"
branch_labels = None
depends_on = None
alone = {alone}


def upgrade() -> None:
    """To this schema."""
    {does}
'''
ADDS = 'op.add_column("projects", sa.Column("nickname", sa.String(80), nullable=True))'
ADDS_MORE = 'op.create_table("later_things", sa.Column("id", sa.String(40), primary_key=True))'
# Each table of ours gets a column: nothing may rely on there being none.
ADDS_TO_ALL = """for table in sa.inspect(op.get_bind()).get_table_names():
        op.add_column(table, sa.Column("later", sa.String(40), nullable=True))"""
REMOVES = 'op.drop_column("projects", "nickname")'


def later(folder: Path, *steps: tuple[str, bool]) -> Path:
    """The migrations of a later version: ours, and these, each with whether it stands alone."""
    scripts = folder / f"schema-{len(steps)}"
    shutil.copytree(migrations.SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    before = max(path.name[:4] for path in (scripts / "versions").glob("0*.py"))
    for number, (does, alone) in enumerate(steps, 9001):
        text = _NEXT.format(revision=number, before=before, alone=alone, does=does)
        (scripts / "versions" / f"{number}_later.py").write_text(text)
        before = str(number)
    return scripts


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=needs.program("initdb"))])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """A database of this version."""
    if request.param == "sqlite":
        made = Database(f"sqlite:///{tmp_path}/podo.db", metadata=metadata)
        await migrations.run(made)
        yield made
        await made.close()
        return
    async with postgres.database_url() as url:
        made = Database(url, metadata=metadata)
        yield made
        await made.close()


async def test_an_old_version_lives_with_what_was_added_and_refuses_what_was_taken_away(
    database: Database, tmp_path: Path
) -> None:
    added = later(tmp_path, (ADDS, False), (ADDS_MORE, False))
    await migrations.run(database, scripts=added)
    assert await migrations.revision_of(database) == "9002"
    await migrations.check(database)
    await migrations.run(database)
    assert await migrations.revision_of(database) == "9002", "the old version went back"

    removed = later(tmp_path, (ADDS, False), (ADDS_MORE, False), (REMOVES, True))
    await migrations.run(database, scripts=removed)
    with pytest.raises(migrations.NewerSchema, match="9003"):
        await migrations.check(database)
    with pytest.raises(migrations.NewerSchema):
        await migrations.run(database)
    with pytest.raises(migrations.NewerSchema):
        await migrations.run(database, scripts=added)
    await migrations.run(database, scripts=removed)


@needs.program("initdb")
async def test_a_train_goes_on_while_the_new_version_migrates_and_the_old_one_can_start_again(tmp_path: Path) -> None:
    async with postgres.database_url() as url:
        async with shop(tmp_path / "old", PODO_DATABASE_URL=url) as made:
            build = await made.healthy_alpha()
            train = await made.ask(build, "prod", ["kr", "jp"])
            await made.settled()
            await made.approve(train, "kr", "jp")
            new = Database(url, metadata=metadata)
            await migrations.run(new, scripts=later(tmp_path, (ADDS, False), (ADDS_TO_ALL, False)))
            await made.settled()
            assert set((await made.states(train)).values()) == {"healthy"}
            assert (await made.living.client().get("/readyz")).text == "ok"
            await _katalog_goes_on(made)
            more = later(tmp_path, (ADDS, False), (ADDS_TO_ALL, False), (REMOVES, True))
            # An old process starts beside the new one.
            await migrations.run(made.living.house.database)
            await migrations.run(new, scripts=more)
            await new.close()
            answer = await made.living.client().get("/readyz")
            assert answer.status_code == 503
            assert "schema: The database has schema 9003" in answer.text


async def _katalog_goes_on(made: Shop) -> None:
    """A team is merged, its project and what is seen of a cloud follow, and all of it is found."""
    async with made.living.transaction(OLIVER) as tx:
        await catalog.set_account(tx, CloudAccount(Provider.gcp, "podo-test", "Podo", kind=AccountKind.twin))
    topic = SeenAsset("//pubsub.googleapis.com/t/1", "pubsub.googleapis.com/Topic", "orders", "asia", {"podo-project": PROJECT})
    twin(made.living).put("podo-test", [topic])
    await looked(made.living)
    async with made.living.transaction(EMMA) as tx:
        about = {
            "title": "Ads",
            "team": "ads",
            "repository": "https://git.test/ads",
            "branch": "main",
            "places": [("alpha", "kr")],
        }
        await catalog.register(tx, made.living.house.seal, slug="ads-api", **about)  # type: ignore[arg-type]
    async with made.living.transaction() as tx:
        await access.succeed(tx, SuccessionKind.merge, "ads", ["chat"], "one team")
    await made.settled()
    async with made.living.reading(EMMA) as r:
        assert [p.slug for p in await catalog.find_projects(r, "adsapi", 5)] == ["ads-api"]
        [asset] = await catalog.find_assets(r, "order", 5)
        assert (await catalog.owner(r, "ads-api")).team == "team-chat"
    assert asset.name == "orders"
    assert (await log.verify(made.living.house.database)).broken_at is None
