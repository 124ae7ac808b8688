"""`podo database migrate`: what a job does before an upgrade. What cannot be done is said, and changes nothing."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, text

from tests import needs, postgres

KINDS = ["SQLite", pytest.param("PostgreSQL", marks=needs.program("initdb"))]


@contextlib.contextmanager
def place(kind: str, folder: Path) -> Iterator[tuple[dict[str, str], str]]:
    """Settings that name an empty place, and its address for a plain look."""
    if kind == "SQLite":
        yield {}, f"sqlite:///{folder}/podo.db"
        return
    with postgres.server().database("template0") as url:
        yield {"PODO_DATABASE_URL": url}, url.replace("postgresql://", "postgresql+psycopg://")


def migrate(folder: Path, given: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """The command, as a program."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PODO_")}
    return subprocess.run(
        [sys.executable, "-m", "podo.cli.main", "database", "migrate"],
        env={**plain, "PODO_SERVER_DIRECTORY": str(folder), **given},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_place_is_made_ready_and_a_later_one_is_left_alone(kind: str, tmp_path: Path) -> None:
    with place(kind, tmp_path) as (given, address):
        first = migrate(tmp_path, given)
        assert (first.returncode, "it was empty" in first.stdout) == (0, True), first.stdout + first.stderr
        engine = create_engine(address)
        tables = set(inspect(engine).get_table_names())
        assert {"events", "projects", "alembic_version"} <= tables
        if kind == "PostgreSQL":
            # What its processes would make at their first start is there too: they need no right to make any.
            assert {"dbos", "observed"} <= set(inspect(engine).get_schema_names())
            engine.dispose()
            return
        with engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
            connection.execute(text("DELETE FROM schema_lives_with"))
        refused = migrate(tmp_path, given)
        assert (refused.returncode, "9999" in refused.stderr, "restore the backup" in refused.stderr) == (2, True, True)
        assert set(inspect(engine).get_table_names()) == tables
        engine.dispose()
