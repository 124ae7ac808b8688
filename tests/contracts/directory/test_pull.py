"""Directories that are read over the network, against real servers on loopback: scim2-server, and what breaks on the way.

One suite for every reader: the file, the table, the JSON document and the SCIM server say the same of the same company.
"""

from __future__ import annotations

import contextlib
import json
import threading
import unicodedata
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import pytest
from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_models import ResourceType, ScimProvider, ServiceProviderConfig
from scim2_server.applications.wsgi import WSGIApplication
from scim2_server.memory import InMemoryStorage
from scim2_server.utils import load_default_service_provider_config
from scim2_tester import Status, check_server

from podo.access import rules
from podo.access.adapters.file import DirectoryFile
from podo.access.adapters.pulled import JsonDirectory, ScimDirectory
from podo.access.api.schemas import MODELS, PROVIDER
from podo.access.ports import DirectoryReader
from podo.access.types import EntryKind, Feed, Membership, MembershipRole, Person, Team, WrongDirectory
from podo.clients.directory import DirectoryRefuses, DirectoryUnreachable, Document, Place, Scim
from podo.kernel import clock

TOKEN = "let-me-in"
OVER = datetime(2026, 10, 1, tzinfo=UTC)
PEOPLE = [
    Person("p-1", "김하준", "hajun@podo.example", lang="ko", title="SRE"),
    Person("p-2", "Emma Clarke", "emma@podo.example"),
    Person("p-3", "이 서연", "seoyeon@podo.example"),
]
TEAMS = [
    Team("t-1", "Podo", "podo"),
    Team("t-2", "채팅 가", "chat-a", "t-1", OVER),
    Team("t-3", "Talk", "talk", "t-1", slack="#talk", began_at=datetime(2026, 9, 30, tzinfo=UTC)),
]
MEMBERS = [Membership("p-1", "t-3", MembershipRole.lead), Membership("p-2", "t-3")]
COMPANY = Feed(PEOPLE, TEAMS, MEMBERS, successors={"t-2": ["t-3"]})


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        del format, args


class _Threads(ThreadingMixIn, WSGIServer):
    daemon_threads = True


@contextlib.contextmanager
def served(app: Any) -> Iterator[str]:
    """A WSGI application on loopback; gives its address."""
    with make_server("127.0.0.1", 0, app, server_class=_Threads, handler_class=_Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def reference(feed: Feed = COMPANY) -> tuple[Any, dict[str, str]]:
    """scim2-server with this company, and its own ids by ours."""
    storage = InMemoryStorage()
    config = ServiceProviderConfig.model_validate(load_default_service_provider_config().model_dump())
    provider = ScimProvider(
        models=PROVIDER._models,
        resource_types=[ResourceType.from_resource(m) for m in MODELS.values()],
        config=config,
    )
    own: dict[str, str] = {}
    kinds = {kind: ResourceType.from_resource(model) for kind, model in MODELS.items()}
    with provider:
        for person in feed.people:
            made = MODELS[EntryKind.user].model_validate(rules.user_of(person))
            own[person.id] = str(storage.create(kinds[EntryKind.user], made).id)
        for team in sorted(feed.teams, key=lambda t: t.id != "t-1"):
            own[team.id] = f"id-{team.id}"
        for team in feed.teams:
            parent = own[team.parent] if team.parent else None
            members = [replace(m, person=own[m.person], team=own[m.team]) for m in feed.memberships if m.team == team.id]
            heirs = [own[h] for h in feed.successors.get(team.id, ())]
            document = rules.group_of(replace(team, id=own[team.id], parent=parent), members, heirs)
            storage.generate_id = lambda kind, one, own=own[team.id]: own  # type: ignore[method-assign]
            storage.create(kinds[EntryKind.group], MODELS[EntryKind.group].model_validate(document))
    return WSGIApplication(storage, provider), own


def as_named(feed: Feed, own: dict[str, str]) -> Feed:
    """The company as the server's ids name it."""
    people = [replace(p, id=own[p.id]) for p in feed.people]
    teams = [replace(t, id=own[t.id], parent=own[t.parent] if t.parent else None) for t in feed.teams]
    members = [replace(m, person=own[m.person], team=own[m.team]) for m in feed.memberships]
    return Feed(people, teams, members, successors={own[k]: [own[h] for h in v] for k, v in feed.successors.items()})


def scim(url: str, page: int = 200, token: str = "") -> ScimDirectory:
    return ScimDirectory(Scim(Place(url, token, pause=0.01), page), 15)


def by_id(feed: Feed) -> tuple[list[Any], ...]:
    plain = rules.as_of(feed, clock.now())
    heirs = sorted((k, list(v)) for k, v in feed.successors.items())
    return sorted(map(str, plain.people)), sorted(map(str, plain.teams)), sorted(map(str, plain.memberships)), heirs


YAML = """
people:
  - {id: p-1, name: 김하준, email: hajun@podo.example, team: talk, lead: true, lang: ko, title: SRE}
  - {id: p-2, name: Emma Clarke, email: emma@podo.example, team: talk}
  - {id: p-3, name: 이 서연, email: seoyeon@podo.example}
teams:
  - {id: t-1, handle: podo, name: Podo}
  - {id: t-2, handle: chat-a, name: 채팅 가, parent: podo, ends: 2026-09-30, successors: [talk]}
  - {id: t-3, handle: talk, name: Talk, parent: podo, slack: "#talk", begins: 2026-09-30}
"""
TABLE = """id,handle,name,parent,slack,begins,ends,successors,email,team,lead,lang,title
t-1,podo,Podo,,,,,,,,,,
t-2,chat-a,채팅 가,podo,,,2026-09-30,talk,,,,,
t-3,talk,Talk,podo,#talk,2026-09-30,,,,,,,
p-1,,김하준,,,,,,hajun@podo.example,talk,yes,ko,SRE
p-2,,Emma Clarke,,,,,,emma@podo.example,talk,,,
p-3,,이 서연,,,,,,seoyeon@podo.example,,,,
"""


@contextlib.asynccontextmanager
async def opened(kind: str, folder: Path) -> AsyncIterator[tuple[DirectoryReader, Feed]]:
    """A reader of the company, and how it names it."""
    if kind == "scim":
        app, own = reference()
        with served(app) as url:
            yield scim(f"{url}/v2", page=2), as_named(COMPANY, own)
        return
    if kind == "json":
        import yaml

        body = json.dumps(yaml.safe_load(YAML), default=str).encode()
        with served(lambda _, start: [start("200 OK", [("content-type", "application/json")]), [body]][1]) as url:
            yield JsonDirectory(Document(Place(url, pause=0.01)), 15), COMPANY
        return
    file = folder / f"directory.{kind}"
    # As it comes from a Mac: names in pieces, and Excel's mark at the front of a table.
    file.write_text(("\ufeff" if kind == "csv" else "") + unicodedata.normalize("NFD", TABLE if kind == "csv" else YAML), "utf-8")
    yield DirectoryFile(file), COMPANY


@pytest.mark.parametrize("kind", ["yaml", "csv", "json", "scim"])
async def test_every_reader_says_the_same_of_the_same_company(kind: str, tmp_path: Path) -> None:
    async with opened(kind, tmp_path) as (reader, wanted):
        read = await reader.read()
        rules.check(read)
        assert by_id(read) == by_id(wanted)
        assert await reader.stamp() == await reader.stamp()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no columns"),
        ("a,b\n1,2", "no columns"),
        ("id,name\n,x", "line 2"),
        ('id,name\n1,"x', "line 1"),
        ("id,name,team,email\n1,x,nowhere,x@x", "names the team nowhere"),
        ("id,name,handle,begins,ends\n1,x,h,2026-05-01,2026-04-01", "ends before"),
        ("id,name,handle,successors\n1,x,h,ghost", "ghost"),
    ],
)
async def test_a_table_that_is_wrong_says_where(text: str, why: str, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text(text)
    with pytest.raises(WrongDirectory, match=why):
        await DirectoryFile(file).read()


def listed(*resources: dict[str, Any], total: int | None = None) -> dict[str, Any]:
    count = len(resources) if total is None else total
    schemas = ["urn:ietf:params:scim:api:messages:2.0:ListResponse"]
    return {"schemas": schemas, "totalResults": count, "Resources": list(resources)}


class Breaking:
    """A SCIM server that answers what a test wants: a list of answers each, the last for ever."""

    def __init__(self, **answers: list[Any]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        kind = environ["PATH_INFO"].strip("/").split("/")[-1]
        self.asked.append(f"{kind}?{environ['QUERY_STRING']}")
        mine = self.answers.get(kind, [listed()])
        answer = mine.pop(0) if len(mine) > 1 else mine[0]
        headers = [("content-type", "application/scim+json")]
        match answer:
            case int():
                start(f"{answer} Excuse", [*headers, ("retry-after", "0")])
                return [b"{}"]
            case str():
                # A length that is not kept: the line is cut in the middle of a page.
                start("200 OK", [*headers, ("content-length", str(len(answer) + 500))])
                return [answer.encode()]
            case _:
                start("200 OK", headers)
                return [json.dumps(answer).encode()]


ONE, TWO = ({"id": f"u{n}", "userName": f"u{n}@x", "displayName": f"U{n}"} for n in (1, 2))


async def test_an_answer_that_is_not_whole_changes_nothing() -> None:
    cases: list[tuple[dict[str, list[Any]], type[Exception], str]] = [
        ({"Users": [listed(ONE, total=2), 500]}, DirectoryUnreachable, "."),
        ({"Users": [listed(ONE, total=2), json.dumps(listed(TWO))[:40]]}, DirectoryUnreachable, "."),
        ({"Users": [listed(ONE, total=5), listed(total=5)]}, DirectoryUnreachable, "says 5 Users and gave 1"),
        ({"Users": [503]}, DirectoryUnreachable, "."),
        ({"Users": [429]}, DirectoryUnreachable, "."),
        ({"Users": [401]}, DirectoryRefuses, "401"),
        ({"Users": [404]}, DirectoryRefuses, "404"),
        ({"Users": [["no", "list"]]}, DirectoryUnreachable, "."),
        ({"Users": [listed({"userName": "nobody"})]}, DirectoryUnreachable, "no id"),
        ({"Users": [listed({**ONE, "id": "a b/c"})]}, WrongDirectory, "address"),
        ({"Groups": [listed({"id": "g", "displayName": " "})]}, WrongDirectory, "no name"),
    ]
    for answers, error, why in cases:
        with served(Breaking(**answers)) as url, pytest.raises(error, match=why):
            await scim(url).read()
    with pytest.raises(DirectoryUnreachable):
        await scim("http://127.0.0.1:9").read()


async def test_a_busy_server_is_asked_again_and_what_comes_twice_counts_once() -> None:
    busy = Breaking(Users=[429, 503, listed(ONE, total=3), listed(ONE, TWO, total=3)], Groups=[502, listed()])
    with served(busy) as url:
        read = await scim(url, page=2).read()
    assert [p.id for p in read.people] == ["u1", "u2"]
    assert [a.split("?")[0] for a in busy.asked] == ["Users"] * 4 + ["Groups"] * 2
    with served(Breaking()) as url:
        nothing = await scim(url).read()
    assert (nothing.people, nothing.teams) == ([], [])


async def test_a_directory_whose_clock_is_off_and_whose_teams_stand_in_a_circle() -> None:
    ahead = {"id": "g1", "displayName": "Soon", rules.TEAM: {"validFrom": "2999-01-01T00:00:00+09:00"}}
    off = {"id": "g2", "displayName": "Local", rules.TEAM: {"validTo": "2020-01-01T00:00:00"}}
    with served(Breaking(Groups=[listed(ahead, off)])) as url:
        read = rules.as_of(await scim(url).read(), clock.now())
    assert [(t.id, t.ended_at) for t in read.teams] == [("g2", datetime(2020, 1, 1, tzinfo=UTC))]
    circle = [{"id": f"g{n}", "displayName": "G", rules.TEAM: {"parent": {"value": f"g{1 - n}"}}} for n in (0, 1)]
    with served(Breaking(Groups=[listed(*circle)])) as url, pytest.raises(WrongDirectory, match="above itself"):
        rules.check(await scim(url).read())


async def test_the_token_is_sent_and_a_document_is_read_again_only_when_it_changed() -> None:
    seen: list[tuple[str, str]] = []

    def app(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        seen.append((environ.get("HTTP_AUTHORIZATION", ""), environ.get("HTTP_IF_NONE_MATCH", "")))
        if seen[-1][1] == '"1"':
            start("304 Not Modified", [("etag", '"1"')])
            return []
        start("200 OK", [("etag", '"1"')])
        return [b'{"people": [{"id": "p", "name": "P", "email": "p@x"}], "teams": []}']

    with served(app) as url:
        reader = JsonDirectory(Document(Place(f"{url}/people.json", TOKEN, pause=0.01)), 15)
        first, second = await reader.read(), await reader.read()
    assert first.people == second.people
    assert seen == [(f"Bearer {TOKEN}", ""), (f"Bearer {TOKEN}", '"1"')]
    assert TOKEN not in repr(reader._document)
    for status, error in (("200 OK", DirectoryUnreachable), ("500 No", DirectoryUnreachable), ("403 No", DirectoryRefuses)):
        with served(lambda _, start, status=status: [start(status, []), [b'{"people": [']][1]) as url:
            with pytest.raises(error):
                await JsonDirectory(Document(Place(url, pause=0.01)), 15).read()


def test_scim2_server_and_podo_differ_from_scim2_tester_in_the_same_two_checks() -> None:
    """The tester's own mistake (see tests/domains/access/test_scim.py), as the reference makes it plain."""
    app, _ = reference(Feed([], [], []))
    client = WSGISCIMClient(app, "http://localhost/v2")
    client.discover()
    results = check_server(client, resource_types=["Group"])
    bad = [f"{r.title} {r.reason}" for r in results if r.status is not Status.SUCCESS]
    assert [name for name in ("successors", "leads") for reason in bad if f"{name}'" in reason] == ["successors", "leads"], bad
    assert len(bad) == 2, bad
