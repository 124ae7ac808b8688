"""Projects from spreadsheets and from Backstage, shown before they are taken; and written for elsewhere, to be read again."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from podo.access.types import NotAllowed
from podo.catalog import reads, service
from podo.catalog.adapters.descriptors import YamlDescriptors
from podo.catalog.rules import tables
from podo.catalog.service import ExportFormat
from podo.catalog.types import (
    Contact,
    Dependency,
    DependencyKind,
    Facts,
    Fate,
    ImportPlan,
    LacksRepository,
    Lifecycle,
    Link,
    NothingToTake,
    PlanMoved,
    ReadRows,
    Unreadable,
)
from tests.domains.catalog import town
from tests.domains.catalog.town import EMMA, HANEUL, SEOYEON
from tests.houses import Living

KOREAN = (
    "프로젝트명;담당 팀;등급;상태;슬랙 채널;저장소;담당자;의존성\r\n"
    "chat-web;Chat;1등급;운영 중;#chat;;이서연 | 제품;chat-api, resource:redis\r\n"
)
SHEET = """Name,Owner,Tier,Lifecycle,Cost centre,Description,Runs in,Contacts
chat-web,chat,T2,prod,7,"Rooms,
in the browser",alpha:kr prod:kr jp,x@y.example; 하늘
chat-web,chat,,,,,,
Chat Bot,chat,1,,,,,
chat-bot,nobody,1,,,,,
search-api,search,5,,,,prod:mars,
,chat,,,,,,

chat-sync,chat,,someday,,,,
chat-push,chat,3,beta,,'=1+1,prod:jp,
chat-long,chat,3,,,,,,extra
"""


def test_spreadsheets_are_read_whatever_excel_made_of_them() -> None:
    expected = ("chat-web", "Chat", 1, Lifecycle.production, "chat")
    for content in (
        KOREAN.encode(),
        b"\xef\xbb\xbf" + KOREAN.encode(),
        KOREAN.encode("cp949"),
        KOREAN.encode("utf-16"),
        KOREAN.replace(";", "\t").encode("cp949"),
        ("sep=;\r\n" + KOREAN).encode("cp949"),
        # File names and headings of a Mac come taken apart.
        __import__("unicodedata").normalize("NFD", KOREAN).encode(),
    ):
        (row,) = tables.read(*tables.decoded(content)).rows
        said = row.said
        assert (row.slug, said["team"], said["tier"], said["lifecycle"], said["slack"]) == expected
        assert row.wrong == ()
        assert said["contacts"] == (Contact(text="이서연", about="제품"),)
        assert [d.name for d in said["depends_on"]] == ["chat-api", "redis"]
        assert "repository" not in said


def test_bad_lines_are_named_by_their_number_and_reason() -> None:
    found = tables.read(SHEET)
    assert found.notes == ("Cost centre",)
    wrong = {row.line: [str(e).partition(". ")[0] for e in row.wrong] for row in found.rows if row.wrong}
    assert wrong == {
        2: ["Runs in: places are written alpha:kr prod:kr,jp “alpha:kr prod:kr jp”"],
        4: ["Name: a line before says it already: 2"],
        7: ["Tier: a tier is 1, 2 or 3 “5”"],
        8: ["Name: this line has no name"],
        10: ["Lifecycle: experimental, production or deprecated “someday”"],
        12: ["…: this line has more cells than the heading"],
    }
    assert {row.line: row.said["description"] for row in found.rows if row.slug == "chat-push"} == {11: "=1+1"}


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04\xff\xfe\x00",
        b"\x00\x01",
        b"",
        b"team,tier\nchat,1\n",
        b"name,project\na,b\n",
        b'name\n"a',
        b"name\n" + b"x\n" * 10_002,
    ],
)
def test_what_is_no_spreadsheet_is_refused_as_a_whole(content: bytes) -> None:
    with pytest.raises(Unreadable):
        tables.read(*tables.decoded(content))


@pytest.mark.parametrize(
    "text", ["a: &x [1]\nb: *x", "a: [", "- " * 100_000, "a: !!python/name:os.system", "just text", "kind: Component"]
)
def test_descriptors_that_could_harm_or_are_none_are_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        reads.entities(YamlDescriptors(), text)


async def _plan(house: Living, found: ReadRows) -> ImportPlan:
    async with house.reading(EMMA) as r:
        return await service.plan_import(r, found)


async def _take(house: Living, found: ReadRows, digest: str = "") -> ImportPlan:
    async with house.transaction(EMMA) as tx:
        return await service.take_import(tx, found, digest)


def _fates(plan: ImportPlan) -> dict[str, str]:
    return {row.slug: row.fate.value for row in plan.rows}


async def test_good_lines_are_taken_together_and_a_second_time_changes_nothing(house: Living) -> None:
    await town.register(house)
    text = (
        SHEET.replace("alpha:kr prod:kr jp", '"alpha:kr prod:kr,jp"').replace("chat-bot,nobody", "chat-api,search")
        + "chat-api,Chat,1,,,,,\n"
    )
    found = tables.read(text)
    plan = await _plan(house, found)
    told = {row.line: str(row.wrong[0]) for row in plan.rows if row.wrong}
    assert "another team owns it" in told[6]
    assert "Use “chat-bot”" in told[5]
    assert {(r.line, r.slug) for r in plan.rows if r.fate is Fate.made} == {(2, "chat-web"), (11, "chat-push")}
    with pytest.raises(NotAllowed):
        async with house.transaction(SEOYEON) as tx:
            await service.take_import(tx, found, plan.digest)
    with pytest.raises(PlanMoved):
        await _take(house, found, "0" * 16)
    await _take(house, found, plan.digest)
    await house.settled()
    async with house.reading() as r:
        made = await service.project(r, "chat-web")
        said = await service.facts(r, "chat-web")
        assert (made.team, made.tier, made.description, made.repository.url) == ("team-2", 2, "Rooms,\nin the browser", "")
        assert made.places == (("alpha", "kr"), ("prod", "kr"), ("prod", "jp"))
        assert said.contacts == (Contact(text="x@y.example"), Contact(text="하늘"))
        assert (await service.project(r, "chat-push")).description == "=1+1"
        with pytest.raises(LacksRepository):
            await service.buildable(r, "chat-web")
    assert {n.state for n in (await town.namespaces(house, "chat-web")).values()} == {"ready"}
    assert (await _plan(house, found)).rows[0].fate is Fate.same
    with pytest.raises(NothingToTake):
        await _take(house, found)
    with pytest.raises(NothingToTake):
        await _take(house, tables.read("name,team\nchat-web,\n"))
    # A line changes what it says; a hyphen empties, an empty cell leaves.
    plan = await _take(house, tables.read("name,tier,description,contacts,slack\nchat-web,1,,-,chat\n"))
    assert {c.field for c in plan.rows[0].changes} == {"tier", "slack", "contacts"}
    async with house.reading() as r:
        made, said = await service.project(r, "chat-web"), await service.facts(r, "chat-web")
        assert (made.tier, made.slack, made.description, said.contacts) == (1, "chat", "Rooms,\nin the browser", ())
        assert [set(c.now) for c in await service.changes(r, "chat-web")][:2] == [{"contacts"}, {"tier", "slack"}]


ENTITIES = """
apiVersion: backstage.io/v1alpha1
kind: System
metadata: {name: messaging}
spec: {owner: chat, domain: social}
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: grp-7}
spec: {type: team, profile: {displayName: Search}, children: []}
---
# a component with everything
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: Chat_Web
  title: 채팅
  description: |
    Rooms,
    in the browser.
  tags: [kotlin, "two words"]
  labels: {team-colour: red, tier: "1"}
  links:
    - {url: "https://wiki.example.com/run", title: The runbook}
    - {url: "https://wiki.example.com/docs", title: Docs, icon: docs}
    - {url: "https://grafana.example.com", title: Board, type: dashboard}
    - {url: "javascript:alert(1)", title: Bad}
  annotations:
    github.com/project-slug: example/chat-web
    slack.com/channel: "#chat"
    backstage.io/techdocs-ref: dir:.
spec:
  type: website
  lifecycle: beta
  owner: group:default/chat
  system: messaging
  dependsOn: ["component:default/chat-api", "resource:default/chat-redis"]
  consumesApis: [rooms]
  providesApis: [web]
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: search-web}
spec: {type: service, lifecycle: someday, owner: grp-7}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: mine}
spec: {type: service, lifecycle: production, owner: "user:default/haneul"}
---
kind: Deployment
"""


async def test_backstage_is_read_taken_written_and_read_again(house: Living, tmp_path: Path) -> None:
    yaml = YamlDescriptors()
    found = reads.entities(yaml, ENTITIES)
    assert [row.slug for row in found.rows] == ["chat-web", "search-web", "mine"]
    assert any(note.startswith("Group grp-7") for note in found.notes)
    assert "metadata.tags: two words" in found.rows[0].notes
    plan = await _plan(house, found)
    assert _fates(plan) == {"chat-web": "made", "search-web": "made", "mine": "bad"}
    assert "a team owns a project" in str(plan.rows[2].wrong[0])
    await _take(house, found, plan.digest)
    async with house.reading() as r:
        made, said = await service.project(r, "chat-web"), await service.facts(r, "chat-web")
        assert (made.title, made.tier, made.slack, made.team) == ("채팅", 1, "chat", "team-2")
        assert (await service.project(r, "search-web")).team == "team-3"
        assert made.repository.url == "https://github.com/example/chat-web.git"
    assert said == Facts(
        lifecycle=Lifecycle.experimental,
        type="website",
        system="messaging",
        domain="social",
        docs="https://wiki.example.com/docs",
        runbook="https://wiki.example.com/run",
        links=(Link("Board", "https://grafana.example.com", "dashboard"),),
        depends_on=(
            Dependency(DependencyKind.project, "chat-api"),
            Dependency(DependencyKind.resource, "chat-redis"),
            Dependency(DependencyKind.api, "rooms"),
        ),
        provides=("web",),
        tags=("kotlin",),
        annotations={"backstage.io/techdocs-ref": "dir:."},
    )
    async with house.transaction(HANEUL) as tx:
        contacts = (Contact(person="prs-seoyeon", about="product"), Contact(text="#chat-help"))
        await service.say_more(tx, "chat-web", {"contacts": contacts, "on_call": "하늘"})
        await service.change(tx, house.house.seal, "chat-web", branch="trunk")
    await _again(house, yaml)
    # And from a repository, by the way that reads them.
    at = town.repository(tmp_path / "web", {"catalog-info.yml": ENTITIES}, branch="trunk")
    text = await reads.descriptor(house.house.ports[reads.RepositoryReader], str(at), "", "", "")
    assert text == ENTITIES


async def _again(house: Living, yaml: YamlDescriptors) -> None:
    """What was written says nothing new, as a spreadsheet and as entities; and all of it into an empty house says the same."""
    async with house.reading() as r:
        sheet, documents = await service.exported(r, ExportFormat.csv), await service.exported(r, ExportFormat.backstage)
        before = await service.facts_of(r)
    assert isinstance(sheet, str)
    assert not isinstance(documents, str)
    assert set(_fates(await _plan(house, tables.read(sheet))).values()) == {"same"}
    written = reads.entities(yaml, yaml.text(documents))
    assert {(row.slug, row.fate.value) for row in (await _plan(house, written)).rows} == {
        ("chat-web", "same"),
        ("search-web", "same"),
    }
    async with house.transaction(EMMA) as tx:
        for slug in ("chat-web", "search-web"):
            await service.delete(tx, slug, slug, [])
    await town.rounds(house)
    await _take(house, written)
    async with house.reading() as r:
        assert await service.facts_of(r) == before
        assert (await service.project(r, "chat-web")).repository.branch == "trunk"


async def test_datadog_gets_what_its_schema_allows(house: Living) -> None:
    await town.register(house, tier=1)
    said = Facts(
        lifecycle=Lifecycle.production,
        type="service",
        system="messaging",
        runbook="https://wiki.example.com/run",
        on_call="https://example.pagerduty.com/service-directory/PCHAT01",
        contacts=(Contact(person="prs-haneul", about="protocol"), Contact(text="#chat-help")),
        depends_on=(Dependency(DependencyKind.resource, "redis"),),
        tags=("go", "env:prod"),
    )
    async with house.transaction(HANEUL) as tx:
        await service.describe(tx, "chat-api", said)
    async with house.reading() as r:
        (made,) = await service.exported(r, ExportFormat.datadog, ["chat-api"])
    facts: dict[str, Any] = dict(made)  # type: ignore[arg-type]
    assert (facts["schema-version"], facts["dd-service"], facts["team"], facts["tier"]) == ("v2.2", "chat-api", "chat", "1")
    assert facts["integrations"] == {"pagerduty": {"service-url": said.on_call}}
    assert facts["contacts"] == [{"name": "김하늘 (protocol)", "type": "email", "contact": "haneul@podo.example"}]
    assert facts["extensions"]["podo.dev"] == {"depends-on": ["resource:redis"], "contacts": ["#chat-help"], "title": "Chat API"}
    assert (facts["type"], facts["languages"], facts["application"]) == ("web", ["go"], "messaging")
    assert {link["type"] for link in facts["links"]} == {"runbook", "repo"}


async def test_the_page_shows_before_it_takes_and_gives_files(house: Living) -> None:
    await town.register(house)
    async with house.signed_in("prs-emma") as browser:
        page = await browser.get("/projects/import")
        assert 'type="file"' in page
        upload = {"file": ("목록.csv", KOREAN.encode("cp949"), "text/csv")}
        answer = await browser.client.post("/projects/import/plan", data={"csrf": browser.csrf, "format": "csv"}, files=upload)
        assert answer.status_code == 200, answer.text[-500:]
        assert "CP949" in answer.text
        assert "Take 1 project" in answer.text
        digest = answer.text.partition('name="digest" value="')[2].partition('"')[0]
        await browser.send("/projects/import", format="csv", text=KOREAN, digest=digest)
        assert "Nothing in it is new" in (await browser.send("/projects/import", 422, format="csv", text=KOREAN)).text
        refused = (await browser.send("/projects/import/plan", 422, format="csv", text="team\nchat\n")).text
        assert "no column is called name" in refused
        assert "team\nchat" in refused
        shown = (await browser.send("/projects/import/plan", 200, format="backstage", text=ENTITIES)).text
        assert "a team owns a project, not a person" in shown
        page = await browser.get("/chat-web")
        assert "Next: A repository" in page
        assert "It came without one" in page
        assert "chat-web" in await browser.get("/projects")
        for path in ("workloads", "settings", "readme", "settings/about", "scorecard"):
            await browser.get(f"/chat-web/{path}")
        for kind, told in (("csv", "chat-web"), ("backstage", "kind: Component"), ("datadog", "schema-version: v2.2")):
            for path in ("/projects/export", "/chat-web/export"):
                file = await browser.client.get(f"{path}?format={kind}")
                assert told in file.text
                assert "attachment" in file.headers["content-disposition"]
    async with house.signed_in("prs-seoyeon") as browser:
        assert "SREs import projects" in await browser.get("/projects/import")
        await browser.send("/projects/import/plan", 403, format="csv", text=KOREAN)
        await browser.send("/projects/import", 403, format="csv", text=KOREAN)


def _rows(sent: Sequence[Any]) -> dict[str, str]:
    return {row["slug"]: row["fate"] for row in sent}


async def test_the_api_plans_and_takes_by_bytes(house: Living) -> None:
    from tests.domains.catalog.test_faces import _client

    async with await _client(house, EMMA) as client:
        body = {"format": "csv", "content": base64.b64encode(KOREAN.encode("cp949")).decode()}
        plan = (await client.post("/api/v1/imports/plan", json=body)).json()
        assert (plan["made"], plan["about"], _rows(plan["rows"])) == (1, "CSV, CP949, ;", {"chat-web": "made"})
        assert (await client.post("/api/v1/imports", json=body | {"digest": "x"})).json()["code"] == "catalog.plan_moved"
        assert (await client.post("/api/v1/imports", json=body | {"digest": plan["digest"]})).json()["made"] == 1
        assert (await client.post("/api/v1/imports/plan", json={"content": "%"})).json()["code"] == "catalog.unreadable"
        sheet = await client.get("/api/v1/export", params={"format": "csv"})
        assert sheet.text.startswith("\ufeffname,title")
        one = await client.get("/api/v1/projects/chat-web/export", params={"format": "datadog"})
        assert "dd-service: chat-web" in one.text
        assert (await client.get("/api/v1/projects/nobody/export")).status_code == 404
