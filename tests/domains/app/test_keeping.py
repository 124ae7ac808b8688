"""The drill: a backup of what runs, put into an empty place, goes on where it stood. And the move to PostgreSQL."""

from __future__ import annotations

import contextlib
import shutil
import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from podo.app import keeping, moving
from podo.app.settings import DatabaseSettings, ServerSettings
from podo.catalog import service as catalog
from podo.delivery.types import Deployment
from podo.kernel.events import log
from podo.kernel.settings import Settings
from tests import needs, postgres
from tests.domains.delivery.shops import PROJECT, QUICK, Shop, shop
from tests.houses import living

KINDS = ["SQLite", pytest.param("PostgreSQL", marks=needs.program("initdb"))]
KEY = "9v3ZxgKkD4C1SxVb8zq4nqYp0WlX5iYHkYpC0pQm1aE="
WAITING = {"kr": "waiting"}
HEALTHY = dict.fromkeys(WAITING, "healthy")


@contextlib.asynccontextmanager
async def place(kind: str, folder: Path) -> AsyncIterator[dict[str, str]]:
    """An empty place for rows, as settings."""
    given = {"PODO_SEAL_KEYS": KEY}
    if kind == "SQLite":
        yield given
        return
    async with contextlib.AsyncExitStack() as stack:
        found = postgres.server()
        yield {**given, "PODO_DATABASE_URL": stack.enter_context(found.database("template0"))}


def at(settings: Settings, directory: Path, given: dict[str, str]) -> Settings:
    """The same settings, for another place."""
    database = replace(settings[DatabaseSettings], url=given.get("PODO_DATABASE_URL", ""))
    return settings.but(replace(settings[ServerSettings], directory=directory), database)


@contextlib.asynccontextmanager
async def lived_in(folder: Path, given: dict[str, str], twins: Path) -> AsyncIterator[Shop]:
    """A house over what is there already, which reaches the clusters as they were left."""
    shutil.copytree(twins, folder / "twins")
    async with living(folder, **QUICK, **given) as house:
        yield Shop(house)


async def goes_on(made: Shop, train: Deployment) -> None:
    """What waited can be approved, and arrives; the log is whole, and secrets can be opened."""
    assert await made.states(train) == WAITING
    async with made.living.reading() as r:
        assert (await catalog.project(r, PROJECT)).title == "Chat API"
    await made.approve(train, "kr")
    await made.settled()
    assert await made.states(train) == HEALTHY
    assert (await log.verify(made.living.house.database)).broken_at is None


@pytest.mark.parametrize("kind", KINDS)
async def test_a_backup_of_what_runs_goes_on_elsewhere(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "podo.backup"
    async with place(kind, tmp_path) as first, place(kind, tmp_path) as second:
        async with shop(tmp_path / "first", **first) as made:
            settings = made.living.house.settings
            build = await made.healthy_alpha()
            train = await made.ask(build, "prod", ["kr"])
            await made.settled()
            kept = await keeping.backup(settings, file)
            # What comes after it is not in it.
            await made.approve(train, "kr")
            await made.settled()
            with pytest.raises(keeping.BackupThere):
                await keeping.backup(settings, file)
        assert kept.kind == kind
        assert kept.sealed > 20
        assert file.stat().st_mode & 0o777 == 0o600
        there = at(settings, tmp_path / "second", second)
        with pytest.raises(keeping.NotEmpty):
            await keeping.restore(at(settings, tmp_path / "first", first), file)
        assert await keeping.restore(there, file) == kept
        with pytest.raises(keeping.NotEmpty):
            await keeping.restore(there, file)
        async with lived_in(tmp_path / "second", second, tmp_path / "first/twins") as again:
            await goes_on(again, train)


async def test_a_backup_that_was_cut_or_changed_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    file, cut, other = tmp_path / "podo.backup", tmp_path / "cut", tmp_path / "other"
    async with shop(tmp_path / "first") as made:
        settings = made.living.house.settings
        await keeping.backup(settings, file)
    cut.write_bytes(file.read_bytes()[:-5000])
    with zipfile.ZipFile(file) as whole, zipfile.ZipFile(other, "w") as changed:
        for name in whole.namelist():
            content = whole.read(name)
            changed.writestr(name, content.replace(b"Chat API", b"Chat APX") if name == "podo.db" else content)
    empty = at(settings, tmp_path / "second", {})
    for bad in (cut, other):
        with pytest.raises(keeping.NoBackup):
            await keeping.restore(empty, bad)
        assert not list((tmp_path / "second").glob("*.db"))
    with pytest.raises(keeping.NothingToKeep):
        await keeping.backup(empty, tmp_path / "none")
    elsewhere = at(settings, tmp_path / "second", {"PODO_DATABASE_URL": "postgresql://127.0.0.1:1/podo"})
    with pytest.raises(keeping.OtherKind):
        await keeping.restore(elsewhere, file)


@needs.program("initdb")
async def test_one_command_moves_all_to_postgresql_where_it_goes_on(tmp_path: Path) -> None:
    async with place("PostgreSQL", tmp_path) as target:
        async with shop(tmp_path / "first", PODO_SEAL_KEYS=KEY) as made:
            settings = made.living.house.settings
            build = await made.healthy_alpha()
            train = await made.ask(build, "prod", ["kr"])
            await made.settled()
            with pytest.raises(moving.StillRuns):
                await moving.move(settings, target["PODO_DATABASE_URL"])
            before = await log.verify(made.living.house.database)
        moved = await moving.move(settings, target["PODO_DATABASE_URL"])
        assert (moved.sealed, moved.tail) == (before.sealed, before.tail)
        with pytest.raises(keeping.NotEmpty):
            await moving.move(settings, target["PODO_DATABASE_URL"])
        async with lived_in(tmp_path / "second", target, tmp_path / "first/twins") as again:
            await goes_on(again, train)
