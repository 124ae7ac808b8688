"""A whole house for a test: databases of its own, twins as clusters, everything running, and a client like a browser."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import functools
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import func, select

from podo.access import service as access
from podo.app import house as houses
from podo.app import migrations
from podo.app.settings import DatabaseSettings
from podo.catalog.adapters.clusters import ClusterPool
from podo.clients.kubernetes.connections import Connections
from podo.clients.kubernetes.twin import AT_ONCE, Pace, Twin
from podo.kernel import clock, metrics
from podo.kernel.db import Database, outside
from podo.kernel.db.models import metadata
from podo.kernel.domains import Domain, House
from podo.kernel.durable import tables
from podo.kernel.events.models import EventRow
from podo.kernel.nouns import PODO, Actor, ActorKind
from podo.kernel.settings import load
from tests import needs, postgres

# As `AT_ONCE`, but watchers hear a bookmark now and then only: a whole house watches 24 lists.
QUICK = replace(AT_ONCE, bookmark=10.0, heartbeat=1.0)
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass
class Living:
    """A house that runs. `twins` are its clusters by name; all are there already when `clusters` named them."""

    running: houses.Running
    folder: Path
    twins: dict[str, Twin] = field(default_factory=dict)

    @property
    def house(self) -> House:
        """The house itself."""
        return self.running.house

    async def settled(self) -> None:
        """Wait until all that was said is heard, and all runs that followed have ended."""
        while True:
            before = await self.newest()
            await self.running.delivery.settled()
            # A run may have said its last word in between, and be over now.
            if not await self.house.durable.unfinished() and await self.newest() == before:
                return
            await while_runs()

    async def newest(self) -> int:
        """The number of what was said last, sealed or not."""
        async with self.reading() as r:
            return await r.session.scalar(select(func.max(EventRow.seq))) or 0

    def transaction(self, actor: Actor = PODO) -> Any:
        """A transaction on behalf of somebody."""
        return self.house.database.transaction(actor)

    def reading(self, actor: Actor = PODO) -> Any:
        """A view on behalf of somebody."""
        return self.house.database.reading(actor)

    async def written(self) -> bytes:
        """All that its databases hold: files of SQLite with what is not yet in its place in them, or rows of PostgreSQL."""
        url = self.house.settings[DatabaseSettings].url
        if url.startswith("postgresql"):
            return await asyncio.to_thread(postgres.contents, url)
        files = [path for name in ("podo.db", "engine.db") for path in self.folder.glob(f"{name}*")]
        return b"".join([await asyncio.to_thread(path.read_bytes) for path in files])

    def client(self, **options: Any) -> httpx.AsyncClient:
        """A client of the site that nobody is signed in with."""
        transport = httpx.ASGITransport(app=self.running.app, raise_app_exceptions=False)
        # Where people come by https, cookies go by https alone.
        scheme = houses.url_of(self.house.settings).partition(":")[0]
        return httpx.AsyncClient(transport=transport, base_url=f"{scheme}://podo.test", **options)

    @contextlib.asynccontextmanager
    async def signed_in(self, person: str, *, lang: str = "en") -> AsyncIterator[Browser]:
        """A browser in which this person is signed in (the demo's way)."""
        async with self.client(headers={"accept": "text/html", "accept-language": lang}) as client:
            answer = await client.post("/sign-in/as", data={"person": person})
            assert answer.status_code == 303, answer.text
            yield Browser(client)

    @contextlib.asynccontextmanager
    async def signed_in_by_link(self, person: str) -> AsyncIterator[Browser]:
        """A browser in which this person is signed in by a link, where nobody is picked."""
        async with self.transaction() as tx:
            known = await access.person(tx, person)
            await access.begin_sign_in(tx, self.house.seal, known.email, person)
            (asked,) = [e for e, _ in tx.said if e.code == "access.sign_in_asked"]
            found = await access.sealed_link(tx, asked.link)
        assert found is not None
        key = self.house.seal.open(found[1]).partition("key=")[2]
        async with self.client(headers={"accept": "text/html"}) as client:
            answer = await client.post("/sign-in/link", data={"key": key})
            assert answer.status_code == 303, answer.text
            yield Browser(client)


@dataclass
class Browser:
    """Pages by address, forms with the token of their page."""

    client: httpx.AsyncClient
    csrf: str = ""

    async def get(self, path: str, *, status: int = 200) -> str:
        """The page at `path`."""
        answer = await self.client.get(path, follow_redirects=True)
        assert answer.status_code == status, (answer.status_code, path, answer.text[-2000:])
        if found := _CSRF.search(answer.text):
            self.csrf = found[1]
        return answer.text

    async def send(self, path: str, status: int = 303, **fields: Any) -> httpx.Response:
        """Send a form; the token is that of the last page that had one."""
        if not self.csrf:
            await self.get("/-/why")
        answer = await self.client.post(path, data={"csrf": self.csrf, **fields})
        assert answer.status_code == status, (answer.status_code, path, answer.text[-2000:])
        return answer


async def while_runs(seconds: float = 0.2) -> None:
    """Wait as long as runs are under way in this process, `seconds` at most: to look at memory costs less than at databases."""
    until = clock.monotonic() + seconds
    while True:
        await asyncio.sleep(0.01)
        samples = [sample for family in metrics.RUNNING.collect() for sample in family.samples]
        if not any(sample.value for sample in samples) or clock.monotonic() > until:
            return


def person(id_: str) -> Actor:
    """Somebody of the directory."""
    return Actor(ActorKind.person, id_)


@contextlib.asynccontextmanager
async def living(
    folder: Path,
    domains: Sequence[Domain] | None = None,
    *,
    clusters: Sequence[str] = (),
    pace: Pace = QUICK,
    pauses: tuple[float, ...] = (0.01, 0.02),
    **settings: str,
) -> AsyncIterator[Living]:
    """A house in `folder`: `domains` alone where they are named. `settings` are variables such as `PODO_ACCESS_DEMO="true"`."""
    from podo.app.domains import DOMAINS

    chosen = DOMAINS if domains is None else domains
    sections = dict(houses.SECTIONS)
    for domain in chosen:
        sections.update(domain.settings)
    environ = {"PODO_SERVER_DIRECTORY": str(folder), "PODO_ACCESS_DEMO": "true", **settings}
    if "PODO_DATABASE_URL" not in settings and needs.POSTGRES:
        environ["PODO_DATABASE_URL"] = await asyncio.to_thread(postgres.kept, folder)
    elif "PODO_DATABASE_URL" not in settings:
        _furnish(folder)
    house = houses.build(load(sections, None, environ), chosen)
    house.durable.pauses = pauses
    async with houses.running(house, chosen) as running:
        found = Living(running, folder)
        for name in clusters:
            found.twins[name] = Twin(name, pace=pace, before_call=outside)
            pool = house.ports[Connections]  # type: ignore[type-abstract]
            assert isinstance(pool, ClusterPool)
            pool.put(found.twins[name])
        yield found


@contextlib.asynccontextmanager
async def furnished(
    folder: Path,
    kind: Hashable,
    furnish: Callable[[Living], Awaitable[None]],
    domains: Sequence[Domain] | None = None,
    **options: Any,
) -> AsyncIterator[Living]:
    """A house as `living` opens it, after `furnish`, which is called once a process for each `kind`: the others are copies.

    With a database or keys of its own it is furnished by itself.
    """
    if not OWN.isdisjoint(options):
        async with living(folder, domains, **options) as house:
            await furnish(house)
            yield house
        return
    kind = (kind, tuple(options.get("clusters", ())))
    if kind not in _furnished:
        first = {name: value for name, value in options.items() if name == "clusters"}
        made = _folder() / "house"
        async with living(made, domains, **first) as house:
            await furnish(house)
            await house.settled()
        _furnished[kind] = made
    # What was observed is observed anew.
    _copy(_furnished[kind], folder)
    if needs.POSTGRES:
        await asyncio.to_thread(postgres.copied, _furnished[kind], folder)
    async with living(folder, domains, **options) as house:
        # Before anything in the house runs on: nothing is waited for since it was opened.
        for name, twin in house.twins.items():
            twin.load((folder / "twins" / f"{name}.twin").read_bytes())
        yield house


def _copy(made: Path, folder: Path) -> None:
    """A copy that is its server's alone, as the folder was."""
    shutil.copytree(made, folder, ignore=shutil.ignore_patterns("observed.db*"), dirs_exist_ok=True)
    folder.chmod(0o700)


OWN = {"PODO_DATABASE_URL", "PODO_SEAL_KEYS"}
_furnished: dict[Hashable, Path] = {}


def _furnish(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for made in _empty().iterdir():
        if not (folder / made.name).exists():
            shutil.copy(made, folder)


def _folder() -> Path:
    """A folder that goes when the process ends."""
    path = Path(tempfile.mkdtemp(prefix="podo-tests-"))
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


@functools.cache
def _empty() -> Path:
    """A folder with a database of this version's schema and one of the engine's, made once a process."""
    folder = _folder()

    async def make() -> None:
        database = Database(f"sqlite:///{folder / 'podo.db'}", metadata=metadata)
        await migrations.run(database)
        async with database.engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        await database.close()
        await tables.prepare(f"sqlite:///{folder / 'engine.db'}")

    # A loop may be running here already, and a loop cannot wait for another one.
    with ThreadPoolExecutor(1) as other:
        other.submit(asyncio.run, make()).result()
    return folder
