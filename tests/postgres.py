"""A PostgreSQL server of the tests' own, on loopback: one a process of tests, and a database a test from a template.

Its files are on the temporary folder's disk and are never synced: what it loses when the machine dies, no test misses.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import functools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import psycopg

from podo.app import migrations
from podo.app.domains import DOMAINS
from podo.kernel import ids
from podo.kernel.db import Database
from podo.kernel.db.models import metadata
from podo.kernel.durable import tables
from tools.system import program

_QUICK = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=300", "shared_buffers=64MB")
_TEMPLATE = "podo_template"
# However our process ends, its end of the pipe closes, and the server goes with its files.
_UNTIL_WE_END = 'folder=$1; shift; "$@" </dev/null & read _; kill -QUIT $!; wait $!; rm -rf "$folder"'


class Server:
    """A server that runs until the process of tests ends."""

    def __init__(self) -> None:
        as_whom = _somebody()
        self._kept: dict[Path, str] = {}
        # Whom root runs it as may not come into the folder for root's own temporary files.
        self.folder = Path(tempfile.mkdtemp(prefix="podo-postgres-", dir="/tmp" if as_whom else None))
        if as_whom:
            shutil.chown(self.folder, as_whom, pwd.getpwnam(as_whom).pw_gid)
        self._as: dict[str, Any] = {"user": as_whom, "group": pwd.getpwnam(as_whom).pw_gid, "extra_groups": []} if as_whom else {}
        data = self.folder / "data"
        made = [
            _binary("initdb"),
            "-D",
            str(data),
            "-U",
            "podo",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--lc-ctype=C.UTF-8",
            "--no-sync",
        ]
        subprocess.run(made, check=True, capture_output=True, cwd=self.folder, **self._as)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        options = ["listen_addresses=127.0.0.1", f"port={self.port}", "unix_socket_directories=", *_QUICK]
        command = [_binary("postgres"), "-D", str(data), *(part for option in options for part in ("-c", option))]
        with (self.folder / "log").open("wb") as log:
            guarded = ["sh", "-c", _UNTIL_WE_END, "sh", str(self.folder), *command]
            pipe = subprocess.PIPE
            self.process = subprocess.Popen(guarded, cwd="/", stdin=pipe, stdout=log, stderr=log, **self._as)
        atexit.register(self.stop)
        self._wait()

    def url(self, database: str) -> str:
        """The address of one of its databases."""
        return f"postgresql://podo@127.0.0.1:{self.port}/{database}"

    def run(self, *statements: str) -> None:
        """Run statements outside of any transaction, beside the tests' databases."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)  # type: ignore[arg-type]

    @contextlib.contextmanager
    def database(self, template: str = _TEMPLATE) -> Iterator[str]:
        """The address of a new database like `template`, for as long as one is inside."""
        name = ids.new("t").lower()
        self.run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        try:
            yield self.url(name)
        finally:
            self.run(f'DROP DATABASE "{name}" WITH (FORCE)')

    def kept(self, folder: Path) -> str:
        """The address of the database of this folder, made at the first time, for as long as the server runs."""
        if folder not in self._kept:
            self._kept[folder] = ids.new("t").lower()
            self.run(f'CREATE DATABASE "{self._kept[folder]}" TEMPLATE "{_TEMPLATE}"')
        return self.url(self._kept[folder])

    def copied(self, source: Path, folder: Path) -> None:
        """The database of `folder` is a copy of that of `source`, in which nobody lives; without what was observed."""
        name = self._kept.setdefault(folder, ids.new("t").lower())
        self.run(f'DROP DATABASE IF EXISTS "{name}"', f'CREATE DATABASE "{name}" TEMPLATE "{self._kept[source]}"')
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            connection.execute("DROP SCHEMA IF EXISTS observed CASCADE")

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """While one is inside, it stands still, with all that serves it: it takes connections, and answers nothing."""
        first = int((self.folder / "data/postmaster.pid").read_text().split()[0])
        os.kill(first, signal.SIGSTOP)
        stopped = [first, *map(int, Path(f"/proc/{first}/task/{first}/children").read_text().split())]
        for pid in stopped[1:]:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in reversed(stopped):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def stop(self) -> None:
        """End it, at once."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(20)

    def _wait(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(self.url("postgres")).close()
            except psycopg.OperationalError:
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError((self.folder / "log").read_text()) from None
                time.sleep(0.05)
            else:
                return


@functools.cache
def server() -> Server:
    """The server of this process of tests, with its template made."""
    made = Server()
    made.run(f'CREATE DATABASE "{_TEMPLATE}"')
    # A loop may be running here already, and a loop cannot wait for another one.
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as other:
        other.submit(asyncio.run, _migrate(made.url(_TEMPLATE))).result()
    return made


async def _migrate(url: str) -> None:
    assert DOMAINS, "they bring the tables"
    database = Database(url, metadata=metadata)
    await migrations.run(database)
    await database.close()
    # The engine would make its own at the first start: some hundred statements, each test anew.
    await tables.prepare(url)


def kept(folder: Path) -> str:
    """The address of a database for a house that may be begun in this folder again."""
    return server().kept(folder)


def copied(source: Path, folder: Path) -> None:
    """The rows of the house in `source`, for one in `folder`."""
    server().copied(source, folder)


def contents(url: str) -> bytes:
    """All rows of all tables of a database, as COPY tells them."""
    own = "SELECT format('%I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname !~ '^(pg_|information_)'"
    found: list[bytes] = []
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        for (table,) in connection.execute(own).fetchall():
            with cursor.copy(f"COPY {table} TO STDOUT") as rows:  # type: ignore[arg-type]
                found += map(bytes, rows)
    return b"".join(found)


@contextlib.asynccontextmanager
async def database_url() -> AsyncIterator[str]:
    """The address of a new database with this version's schema."""
    found = await asyncio.to_thread(server)
    with found.database() as url:
        yield url


def _binary(name: str) -> str:
    found = program(name)
    assert found is not None
    return found


def _somebody() -> str | None:
    """Whom to run it as: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"
