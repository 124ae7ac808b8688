"""The example is made once, kept compressed outside the tree under a name that says what made it, and moved to today's date."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import os
import re
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path

from podo.clients.helm import chart_digest, chart_folder
from podo.kernel import clock
from podo.kernel.errors import N_, Conflict
from podo.kernel.terminal import working

MARK = "example.json"
MADE = "made.json"
_DATABASE = "podo.db"
_SEAL = "seal.key"
_TWINS = "twins"
_CLOUDS = "clouds"
_PACKAGE = Path(__file__).parents[2]
# What the example follows from: the code that makes it, that it goes through, and that says what its rows look like.
_MAKERS = (
    *("app/demo/*.py", "app/schema/**/*.py", "kernel/events/*.py", "kernel/db/*.py", "kernel/ids.py", "kernel/settings/*.py"),
    *(
        "access/*.py",
        "access/models/*.py",
        "access/rules/*.py",
        "access/service/*.py",
        "access/store/*.py",
        "access/types/*.py",
        "catalog/models/*.py",
        "catalog/rules/*.py",
        "catalog/service/*.py",
        "catalog/store/*.py",
    ),
    *("catalog/types/*.py", "delivery/models/*.py", "delivery/reads.py", "delivery/rules/*.py", "delivery/types/*.py"),
    *("delivery/adapters/charts.py", "clients/helm/*.py", "clients/kubernetes/twin/**/*.py"),
)
# What tells the story of a first start, and makes no row of the example.
_TELLERS = frozenset({"story.py", "kept.py", "registry.py", "hello.py", "local.py", "repository.py", "__main__.py"})
_MOMENT = re.compile(rb"\d{4}-\d\d-\d\d(?=T\d\d:\d\d:\d\d)")
_DAY = timedelta(days=1)


class OthersData(Conflict):
    """A folder with data that the demo did not make."""

    code = "app.others_data"
    so = N_("{folder} holds data that `podo up` did not make, and in the demo anybody may sign in as anybody.")
    do = N_("Run it with `podo serve`, or choose another folder with PODO_SERVER_DIRECTORY.")


def key() -> str:
    """16 hex digits that change with anything that the example follows from."""
    seen = hashlib.sha256(chart_digest(chart_folder()).encode())
    for path in sorted({path for pattern in _MAKERS for path in _PACKAGE.glob(pattern)}):
        if path.parent.name != "demo" or path.name not in _TELLERS:
            seen.update(f"{path.relative_to(_PACKAGE).as_posix()}\0".encode())
            seen.update(path.read_bytes())
    return seen.hexdigest()[:16]


def home() -> Path:
    """The folder of examples that were made: `$XDG_CACHE_HOME/podo/example`."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "podo" / "example"


async def made() -> Path:
    """The folder with the example as this version makes it. Made now, where it is not there, which takes half a minute."""
    kept = home() / key()
    if (kept / MADE).exists():
        return kept
    # Late, so that finding out that there is nothing to make takes a blink.
    from podo.app.demo import making

    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent, prefix=".making-") as folder:
        fresh, packed = Path(folder, "fresh"), Path(folder, "packed")
        with working("Making the example company, once: 200 engineers, 200 projects, three months of history"):
            now = await making.make(fresh)
            await asyncio.to_thread(_pack, fresh, packed, now)
        await asyncio.to_thread(_place, packed, kept)
    return kept


def _place(packed: Path, kept: Path) -> None:
    """Keep this one; those of other versions are of no use any more. Another process may have been faster."""
    for old in kept.parent.iterdir():
        if old.is_dir() and not old.name.startswith(".") and old != kept:
            shutil.rmtree(old, ignore_errors=True)
    if not (kept / MADE).exists():
        shutil.rmtree(kept, ignore_errors=True)
        packed.rename(kept)


def _pack(fresh: Path, packed: Path, now: datetime) -> None:
    (packed / _TWINS).mkdir(parents=True)
    for name in _files(fresh):
        with open(fresh / name, "rb") as whole, gzip.open(packed / f"{name}.gz", "wb", compresslevel=1) as small:
            shutil.copyfileobj(whole, small, 1 << 20)
    (packed / MADE).write_text(json.dumps({"now": now.isoformat()}))


def _files(folder: Path) -> Iterator[str]:
    yield from (_DATABASE, _SEAL)
    yield from (f"{_TWINS}/{path.name}" for path in sorted((folder / _TWINS).glob("*.twin")))


def check(directory: Path) -> bool:
    """Whether the demo has been here before. Raises `OthersData` when somebody else has."""
    if (directory / MARK).exists():
        return True
    if (directory / _DATABASE).exists():
        raise OthersData(folder=str(directory))
    return False


def mark(directory: Path, **facts: object) -> None:
    """From now on this folder is the demo's."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    new = directory / f"{MARK}.new"
    new.write_text(json.dumps(facts))
    new.replace(directory / MARK)


async def unpack(directory: Path) -> None:
    """Put the example into an empty server's folder, moved to today. Killed in between, it begins anew at the next start."""
    if check(directory) and (directory / _DATABASE).exists():
        return
    kept = await made()
    made_at = datetime.fromisoformat(json.loads((kept / MADE).read_text())["now"])
    days = max(0, (clock.now() - made_at) // _DAY)
    mark(directory, days=days)
    with tempfile.TemporaryDirectory(dir=directory, prefix=".unpacking-") as folder:
        fresh = Path(folder)
        await asyncio.to_thread(_unpack, kept, fresh, timedelta(days=days))
        if days:
            with working("Moving the example to today"):
                await _seal_anew(fresh / _DATABASE)
        await asyncio.to_thread(_put_clouds, fresh)
        for name in (_TWINS, _CLOUDS):
            shutil.rmtree(directory / name, ignore_errors=True)
        # The database comes last: as long as it is not there, nothing is.
        for name in (_TWINS, _CLOUDS, _SEAL, _DATABASE):
            (fresh / name).replace(directory / name)


def _put_clouds(fresh: Path) -> None:
    # What stands there has no dates: it is made on the spot, the same every time.
    from podo.app.demo import assets

    assets.put(fresh)


def _unpack(kept: Path, fresh: Path, by: timedelta) -> None:
    (fresh / _TWINS).mkdir()
    for packed in sorted(kept.glob("**/*.gz")):
        target = fresh / packed.relative_to(kept).with_suffix("")
        content = gzip.decompress(packed.read_bytes())
        target.write_bytes(moved(content, by) if target.suffix == ".twin" else content)
    (fresh / _SEAL).chmod(0o600)
    if by:
        _move(fresh / _DATABASE, by)


def moved(dump: bytes, by: timedelta) -> bytes:
    """A twin's dump with all its moments later by whole days."""
    known: dict[bytes, bytes] = {}

    def later(found: re.Match[bytes]) -> bytes:
        day = found[0]
        if day not in known:
            known[day] = (date.fromisoformat(day.decode()) + by).isoformat().encode()
        return known[day]

    return _MOMENT.sub(later, dump) if by else dump


def _move(database: Path, by: timedelta) -> None:
    """Every moment in every row later by whole days; events lose their seals."""
    from podo.app.domains import DOMAINS
    from podo.kernel.db import UtcTime
    from podo.kernel.db.models import metadata

    assert DOMAINS, "importing the domains fills the metadata"
    with closing(sqlite3.connect(database)) as connection, connection:
        for table in metadata.sorted_tables:
            columns = [column for column in table.columns if isinstance(column.type, UtcTime) or str(column.type) == "DATE"]
            if not columns:
                continue
            # The date is the text's first ten characters; the time of day stays.
            later = ", ".join(
                f'"{c}" = date(substr("{c}", 1, 10), \'{by.days} days\') || substr("{c}", 11)'
                for c in (column.name for column in columns)
            )
            if any(column.primary_key for column in columns):
                # What stands by its day may not meet the row of that day on its way.
                connection.execute(f'CREATE TEMP TABLE away AS SELECT * FROM "{table.name}"')  # noqa: S608 - our own names
                connection.execute(f"UPDATE away SET {later}")  # noqa: S608
                connection.execute(f'DELETE FROM "{table.name}"')  # noqa: S608
                connection.execute(f'INSERT INTO "{table.name}" SELECT * FROM away')  # noqa: S608
                connection.execute("DROP TABLE away")
                continue
            connection.execute(f'UPDATE "{table.name}" SET {later}')  # noqa: S608
        connection.execute("UPDATE events SET position = NULL, hash = NULL")


async def _seal_anew(path: Path) -> None:
    from podo.kernel.db import Database
    from podo.kernel.db.models import metadata
    from podo.kernel.events import log

    database = Database(f"sqlite:///{path}", metadata=metadata)
    try:
        while await log.seal(database):
            pass
    finally:
        await database.close()
