"""People at the counters of the shop: programs with tokens, and the command line, against the running site."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from click.testing import CliRunner
from sqlalchemy import event

from podo.access import service as access
from podo.cli.main import main
from podo.kernel import clock
from podo.kernel.nouns import Actor
from tests.domains.delivery.shops import PROJECT, Shop
from tests.houses import Living, person

API = f"/api/v1/projects/{PROJECT}"
EVERY = ("read", "operate", "approve", "own", "govern", "administer")
_counting: ContextVar[list[str] | None] = ContextVar("counting", default=None)
_TAGS = re.compile(r"<(script|style|svg).*?</\1>|<[^>]+>", re.DOTALL)


def words(html: str) -> str:
    """What a page says, without its marks, blanks made one."""
    return re.sub(r"\s+", " ", _TAGS.sub(" ", html)).replace("&#39;", "'").replace("&amp;", "&").replace("&#34;", '"')


async def token(living: Living, who: Actor, scopes: tuple[str, ...] = EVERY) -> str:
    """A secret that stands for somebody."""
    async with living.transaction(who) as tx:
        _, secret = await access.create_token(tx, "counter", scopes, clock.now() + timedelta(days=1))
    return secret


@contextlib.asynccontextmanager
async def program(shop: Shop, who: Actor | str) -> AsyncIterator[httpx.AsyncClient]:
    """A program of somebody's that speaks JSON."""
    secret = await token(shop.living, person(who) if isinstance(who, str) else who)
    async with shop.living.client(headers={"authorization": f"Bearer {secret}"}) as client:
        yield client


@dataclass
class Terminal:
    """Somebody's terminal: the command line in a thread, speaking to the site over a socket as always."""

    url: str
    secret: str
    home: Path

    async def type(self, *line: str, typed: str = "", code: int = 0) -> str:
        """Run a command and give what it wrote; asserts its exit code."""
        words_ = ["--url", self.url, "--token", self.secret, *line]
        env = {"XDG_CONFIG_HOME": str(self.home)}
        done = await asyncio.to_thread(CliRunner().invoke, main, words_, input=typed, env=env, prog_name="podo")
        assert done.exit_code == code, (line, done.exit_code, done.output, done.exception)
        return done.output


@contextlib.asynccontextmanager
async def served(shop: Shop) -> AsyncIterator[str]:
    """The site's address on this machine."""
    config = uvicorn.Config(shop.living.running.app, host="127.0.0.1", port=0, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it by this alone
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


@contextlib.contextmanager
def asked(living: Living) -> Iterator[list[str]]:
    """The statements that reach the main database from what is asked for here, rounds and handlers left out."""
    found: list[str] = []
    token_ = _counting.set(found)

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        if _counting.get() is found:
            found.append(statement)

    engine = living.house.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        _counting.reset(token_)
        event.remove(engine, "before_cursor_execute", note)


def repository(folder: Path, files: Mapping[str, str], said: str = "Begin") -> str:
    """A git repository on this machine with one commit on main; its address."""
    environ = {**os.environ, "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
    who = ("-c", "user.name=김하늘", "-c", "user.email=haneul@podo.test")
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for line in (("init", "-q", "-b", "main"), ("add", "."), (*who, "commit", "-q", "-m", said)):
        subprocess.run(["git", *line], cwd=folder, env=environ, check=True, capture_output=True)
    return folder.as_uri()
