"""A small company for tests: one person for each kind of right, two branches of teams, one project in two regions."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from click.testing import CliRunner, Result

from podo.access import service as access
from podo.access.domain import DOMAIN as ACCESS
from podo.access.types import Group, Membership, MembershipRole, Person, Role, Team
from podo.activity.domain import DOMAIN as ACTIVITY
from podo.app.server import KEEP_ALIVE
from podo.catalog import service as catalog
from podo.catalog.domain import DOMAIN as CATALOG
from podo.catalog.types import ClusterKind, Environment, Region
from podo.cli.main import main as podo
from podo.kernel import clock
from podo.notices.domain import DOMAIN as NOTICES
from podo.workloads.domain import DOMAIN as WORKLOADS
from tests.houses import Living, furnished, person

DOMAINS = (ACCESS, CATALOG, NOTICES, ACTIVITY, WORKLOADS)

# member and lead are of Chat, which owns the project; the chief leads Service, the team above; the stranger is of Search.
VIEWER, MEMBER, LEAD, CHIEF, SRE, ADMIN, STRANGER = "viewer", "member", "lead", "chief", "sre", "admin", "stranger"
PEOPLE = [
    Person(VIEWER, "김하늘", "haneul@podo.example"),
    Person(MEMBER, "이서연", "seoyeon@podo.example", lang="ko"),
    Person(LEAD, "Emma Clarke", "emma@podo.example"),
    Person(CHIEF, "정소라", "sora@podo.example"),
    Person(SRE, "Oliver Wright", "oliver@podo.example"),
    Person(ADMIN, "Tanaka Yuki", "yuki@podo.example"),
    Person(STRANGER, "Daniel Tremblay", "daniel@podo.example"),
]
TEAMS = [
    Team("team-1", "Podo", "podo"),
    Team("team-2", "Service", "service", "team-1"),
    Team("team-3", "Chat", "chat", "team-2"),
    Team("team-4", "Search", "search", "team-2"),
]
MEMBERSHIPS = [
    Membership(MEMBER, "team-3"),
    Membership(LEAD, "team-3", MembershipRole.lead),
    Membership(CHIEF, "team-2", MembershipRole.lead),
    Membership(STRANGER, "team-4", MembershipRole.lead),
]
PROJECT = "chat-api"
KR, JP = "prod-kr-1", "prod-jp-1"


async def settle_in(house: Living) -> None:
    """Let these people in, with their roles."""
    async with house.transaction() as tx:
        await access.sync_directory(tx, PEOPLE, TEAMS, MEMBERSHIPS)
        await access.grant(tx, SRE, Role.sre)
        await access.grant(tx, ADMIN, Role.admin)


async def open_shop(house: Living) -> None:
    """An environment with two regions, and the project of Chat in both."""
    async with house.transaction() as tx:
        await catalog.set_environment(tx, Environment("prod", 0))
        for order, (code, name, zone) in enumerate([("kr", "Korea", "Asia/Seoul"), ("jp", "Japan", "Asia/Tokyo")]):
            await catalog.set_region(tx, Region(code, name, zone, order))
        for cluster, region in ((KR, "kr"), (JP, "jp")):
            await catalog.add_cluster(tx, house.house.seal, cluster, region, ["prod"], ClusterKind.twin)
    async with house.transaction(person(LEAD)) as tx:
        await catalog.register(
            tx,
            house.house.seal,
            slug=PROJECT,
            title="Chat API",
            team="team-3",
            repository="https://git.podo.example/chat-api.git",
            branch="main",
            places=[("prod", "kr"), ("prod", "jp")],
        )
    await house.settled()


@contextlib.asynccontextmanager
async def company(folder: Path, **options: Any) -> AsyncIterator[Living]:
    """The company's house, without a shop."""
    async with furnished(folder, "company", settle_in, DOMAINS, **options) as house:
        yield house


@contextlib.asynccontextmanager
async def shop(folder: Path, **options: Any) -> AsyncIterator[Living]:
    """The company's house with its project on two twins."""

    async def furnish(house: Living) -> None:
        await settle_in(house)
        await open_shop(house)

    async with furnished(folder, "company's shop", furnish, DOMAINS, clusters=(KR, JP), **options) as house:
        yield house


@contextlib.asynccontextmanager
async def serving(house: Living, port: int = 0) -> AsyncIterator[str]:
    """The house's site on loopback, for what speaks real HTTP; gives its address."""
    with socket.create_server(("127.0.0.1", port)) as listening:
        config = uvicorn.Config(
            house.running.app,
            log_config=None,
            access_log=False,
            lifespan="off",
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=5,
        )
        server = uvicorn.Server(config)
        serve = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            house.running.app.state.hub.closing.set()
            server.should_exit = True
            await serve


async def token_of(house: Living, who: str, *scopes: str, projects: Sequence[str] = ()) -> str:
    """The secret of a new API token of this person; without scopes it may what the person may."""
    async with house.transaction(person(who)) as tx:
        until = clock.now() + timedelta(days=30)
        _, secret = await access.create_token(tx, "test", scopes or [g.value for g in Group], until, projects)
    return secret


@contextlib.asynccontextmanager
async def api_of(house: Living, who: str, *scopes: str, projects: Sequence[str] = ()) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the JSON API in the name of this person."""
    secret = await token_of(house, who, *scopes, projects=projects)
    async with house.client(headers={"authorization": f"Bearer {secret}", "accept": "application/json"}) as client:
        yield client


@dataclass
class Terminal:
    """The `podo` command of one person, against a house that is served."""

    url: str
    secret: str

    async def run(self, *words: str, exit_code: int = 0) -> str:
        """What the command prints (of errors, too); fails when it ends with another exit code."""
        called = await asyncio.to_thread(self._run, words)
        assert called.exit_code == exit_code, (called.exit_code, called.output, called.exception)
        return called.output

    def _run(self, words: Sequence[str]) -> Result:
        return CliRunner().invoke(podo, ["--url", self.url, "--token", self.secret, *words])


@contextlib.asynccontextmanager
async def terminal_of(house: Living, who: str) -> AsyncIterator[Terminal]:
    """The `podo` command in the name of this person."""
    async with serving(house) as url:
        yield Terminal(url, await token_of(house, who))
