"""The pages: both languages, what is typed is kept, nothing is shown that is refused, and forged forms are refused."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from podo.catalog import service
from podo.catalog.types import NamespaceState
from podo.kernel.ui import languages
from tests.domains.catalog import town
from tests.domains.catalog.town import SEOYEON
from tests.houses import Browser, Living

PAGES = (
    *(
        "/projects",
        "/projects?q=is:mine",
        "/projects?q=team:search",
        "/projects?q=nonsense:x",
        "/new",
        "/search",
        "/search?q=chat",
    ),
    *("/clusters", "/clusters?edit=prod-kr", "/regions", "/regions?edit=kr", "/environments", "/environments?edit=prod"),
    *("/chat-api", "/chat-api/settings", "/chat-api/readme"),
)
# An English sentence: a capital letter, and three words at least.
_PLAIN = re.compile(r"[A-Z][a-z]+ [a-z]+ [a-z]+")


class Texts(HTMLParser):
    """What a reader sees, and what a screen reader says."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._quiet = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._quiet += tag in ("script", "style", "option", "datalist")
        self.found += [value or "" for name, value in attrs if name in ("title", "placeholder", "aria-label", "data-busy")]

    def handle_endtag(self, tag: str) -> None:
        self._quiet -= tag in ("script", "style", "option", "datalist")

    def handle_data(self, data: str) -> None:
        if not self._quiet and data.strip():
            self.found.append(data.strip())


def texts(html: str) -> list[str]:
    """Every text of a page."""
    parser = Texts()
    parser.feed(html)
    return parser.found


@pytest.fixture
async def project(house: Living, tmp_path: Path) -> Path:
    """The registered project, from a real repository."""
    files = {"README.md": "# 안녕\n", "Dockerfile": "FROM scratch\nUSER 1000\nEXPOSE 9000\n"}
    at = town.repository(tmp_path / "git/chat-api", files)
    await town.register(house, repository=str(at), description="채팅방과 메시지")
    return at


def _catalogue() -> Catalog:
    with languages.catalogue("ko").open("rb") as source:
        return read_po(source, locale="ko")


async def test_every_page_answers_in_both_languages_and_no_sentence_stays_english(house: Living, project: Path) -> None:
    english = {str(m.id) for m in _catalogue() if isinstance(m.id, str) and " " in m.id}
    for person in ("prs-seoyeon", "prs-emma"):
        for path in PAGES:
            async with house.signed_in(person) as browser:
                first = await browser.get(path)
            async with house.signed_in(person, lang="ko") as browser:
                second = await browser.get(path)
            assert 'lang="en"' in first
            assert 'lang="ko"' in second
            left = [text for text in texts(second) if text in english and languages.translator("ko")(text) != text]
            assert left == [], (path, left)
            same = [t for t in texts(second) if _PLAIN.match(t) and t in texts(first) and not t.startswith("Kubernetes")]
            assert same == [], (path, same)


async def test_the_list_is_filtered_and_its_filter_stays_in_the_address(house: Living, project: Path) -> None:
    await town.register(house, "chat-web", title="Web", tier=1, places=[("prod", "jp")])
    expected = {
        "": ["chat-api", "chat-web"],
        "team:chat": ["chat-api", "chat-web"],
        "team:search": [],
        "region:jp": ["chat-web"],
        "env:alpha": ["chat-api"],
        "env:prod region:kr": ["chat-api"],
        "tier:1": ["chat-web"],
        "web": ["chat-web"],
        "API chat": ["chat-api"],
        "is:mine": ["chat-api", "chat-web"],
        "team:nobody": [],
        "owner:me": [],
    }
    async with house.signed_in("prs-haneul") as browser:
        for query, slugs in expected.items():
            html = (await browser.client.get("/projects", params={"q": query})).text
            assert re.findall(r'class="Line-title" href="/([\w-]+)"', html) == slugs, query
            assert f'value="{query}"' in html
    async with house.signed_in("prs-oliver") as browser:
        html = await browser.get("/projects?q=is:mine")
        assert "Your teams own no project yet" in html


def field(html: str, name: str) -> str:
    """What stands in an input."""
    found = re.search(rf'<input[^>]* name="{name}"[^>]*>', html)
    value = re.search(r'value="([^"]*)"', found[0]) if found else None
    return value[1] if value else ""


async def test_registering_without_script(house: Living, project: Path) -> None:
    async with house.signed_in("prs-haneul") as browser:
        html = await browser.get("/new")
        ticked = re.findall(r'name="at" value="([^"]+)" checked', html)
        assert ticked == ["alpha/kr", "prod/kr"]
        typed = {"repository": str(project), "team": "team-2", "tier": "2", "at": ticked}
        looked = (await browser.send("/new/look", 200, **typed)).text
        assert (field(looked, "slug"), field(looked, "port"), field(looked, "branch")) == ("chat-api", "9000", "main")
        assert "A project is called “chat-api” already." in looked
        typed |= {"branch": "main", "dockerfile": "Dockerfile", "port": "70000", "slug": "Chat Web"}
        more = {"title": "웹", "description": "x", "slack": "bad name", "credential": town.KEY}
        again = (await browser.send("/new", 422, **typed, **more)).text
        assert "PRIVATE KEY" not in again
        assert "bm90" not in again
        for sentence in ("cannot be a name", "A port is a number", "cannot be a Slack channel", "Use chat-web"):
            assert sentence in again
        assert (field(again, "slug"), field(again, "port"), field(again, "title")) == ("Chat Web", "70000", "웹")
        assert re.findall(r'name="at" value="([^"]+)" checked', again) == ticked
        better = (await browser.send("/new/look", 200, **typed, better="chat-web")).text
        assert field(better, "slug") == "chat-web"
        done = await browser.send("/new", 303, **typed | {"slug": "chat-web", "port": "9000", "kept": field(again, "kept")})
        assert done.headers["location"] == "/chat-web"
        await house.settled()
        page = await browser.get("/chat-web")
        assert "chat-web is registered. Its place in each region is being made." in page
        assert "its place is ready on" in page
    async with house.reading() as r:
        made = await service.project(r, "chat-web")
        assert (made.tier, made.port, made.created_by, made.repository.has_credential) == (2, 9000, "prs-haneul", True)
        assert house.house.seal.open(await service.sealed_credential(r, "chat-web")).strip() == town.KEY
        assert {n.state for n in await service.namespaces(r, "chat-web")} == {NamespaceState.ready}


async def test_trouble_with_a_repository_stands_beside_its_field(house: Living, tmp_path: Path) -> None:
    async with house.signed_in("prs-haneul") as browser:
        await browser.get("/new")
        for typed, sentence in (
            ({"repository": ""}, "A project needs the address of a git repository."),
            ({"repository": "ftp://x/y"}, "cannot be a repository"),
            ({"repository": str(tmp_path / "nothing")}, "There is no git repository at"),
        ):
            html = (await browser.send("/new/look", 422, **typed)).text
            note = re.search(r'id="f-repository-note"[^>]*>(.*?)</div></div>', html, re.DOTALL)
            assert sentence in (note[1] if note else ""), typed
        empty = town.repository(tmp_path / "empty", {"x": "y"})
        html = (await browser.send("/new/look", 200, repository=str(empty))).text
        assert "There is no Dockerfile on this branch." in html
        missing = (await browser.send("/new/look", 422, repository=str(empty), branch="nope")).text
        assert re.search(r'id="f-branch-note"[^>]*>.*nope', missing, re.DOTALL)


async def test_a_name_is_checked_while_one_types(house: Living, project: Path) -> None:
    house.twins["prod-jp"].faults.add("down")
    await house.twins["prod-kr"].apply(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "old-web"}}, field_manager="other"
    )
    answers = {
        "slug=chat-web&at=alpha/kr&at=prod/kr": ("Note--ok", "Free in Podo and in alpha-kr, prod-kr."),
        "slug=chat-web": ("Note--warn", "No answer from prod-jp"),
        "slug=old-web&at=alpha/kr": ("Note--ok", "alpha-kr"),
        "slug=old-web&at=prod/kr": ("Note--bad", "prod-kr has a namespace “old-web” that Podo did not make."),
        "slug=chat-api": ("Note--bad", "A project is called “chat-api” already."),
        "slug=settings": ("Note--bad", "Use settings-service"),
        "slug=Refund_Worker": ("Note--bad", "Use refund-worker"),
    }
    async with house.signed_in("prs-haneul") as browser:
        for query, (kind, sentence) in answers.items():
            html = await browser.get(f"/new/name?{query}")
            assert (kind in html, sentence in html) == (True, True), (query, html)
            assert "<html" not in html
        assert (await browser.get("/new/name?slug=")).strip() == ""


async def _settings(browser: Browser) -> str:
    return await browser.get("/chat-api/settings")


async def test_settings_are_saved_part_by_part(house: Living, project: Path) -> None:
    async with house.signed_in("prs-seoyeon") as browser:
        await _settings(browser)
        at = "/chat-api/settings"
        wanted: dict[str, Any] = {"repository": str(project), "branch": "main", "dockerfile": "Dockerfile"}
        assert "Readable. Branch" in (await browser.send(f"{at}/look", 200, **wanted, port="9001")).text
        await browser.send(f"{at}/general", title="Chat", description="Rooms", tier="1", slack="#chat")
        wrong = (await browser.send(f"{at}/general", 422, title="", description="", tier="1", slack="")).text
        assert "A title has 1 to 200 characters." in wrong
        await browser.send(f"{at}/repository", **wanted, port="9000", credential="token-1")
        wrong = (await browser.send(f"{at}/repository", 422, **wanted, port="x", credential="token-2")).text
        assert "A port is a number" in wrong
        assert "token-2" not in wrong
        await browser.send(f"{at}/repository", **wanted, port="9001", kept=field(wrong, "kept"))
        await browser.send(f"{at}/targets", at=["prod/jp", "alpha/kr"])
        assert "Tick at least one" in (await browser.send(f"{at}/targets", 422)).text
        looked = (await browser.send(f"{at}/look", 422, **wanted, port="9001")).text
        assert "a token is for https: addresses" in looked
        assert "is sealed, and nobody sees it" in await _settings(browser)
    async with house.reading() as r:
        made = await service.project(r, "chat-api")
        assert (made.title, made.description, made.tier, made.slack, made.port) == ("Chat", "Rooms", 1, "chat", 9001)
        assert made.places == (("alpha", "kr"), ("prod", "jp"))
        assert house.house.seal.open(await service.sealed_credential(r, "chat-api")) == "token-2"
    async with house.signed_in("prs-seoyeon") as browser:
        await browser.send(f"{at}/repository", **wanted, port="9001", forget="on")
        await browser.send("/chat-api/owners/offer", team="team-3", why="Search took it over")
        assert "is offered to" in await browser.get("/chat-api/owners")
    async with house.signed_in("prs-emma") as browser:
        await browser.send("/chat-api/owners/transfer", team="team-3", why="Search took it over")
        page = await browser.get("/chat-api/owners")
        assert "Search took it over" in page
        assert "owned it for" in page
    async with house.reading() as r:
        assert not (await service.project(r, "chat-api")).repository.has_credential


async def test_who_may_not_sees_why_and_no_live_button(house: Living, project: Path) -> None:
    async with house.signed_in("prs-oliver") as browser:
        page = await _settings(browser)
        assert "You may not: Change what a project says of itself" in page
        assert re.findall(r'<button type="submit"[^>]*>(?:(?!</button>).)*Save', page, re.DOTALL) == []
        assert "/chat-api/settings/delete" not in page
        for part in ("general", "repository", "targets", "delete", "look"):
            facts = {
                "title": "x",
                "tier": "1",
                "repository": str(project),
                "at": "prod/jp",
                "team": "team-3",
                "confirm": "chat-api",
            }
            answer = await browser.send(f"/chat-api/settings/{part}", 403, **facts)
            assert "You may not" in answer.text
        for path in ("/clusters", "/regions", "/environments"):
            assert '<form method="post" action="' + path not in await browser.get(path)
            await browser.send(
                path,
                403,
                name="uk",
                title="UK",
                timezone="UTC",
                place="9",
                region="kr",
                environments="prod",
                kind="twin",
                approvals="0",
                soak_minutes="0",
            )
    async with house.signed_in("prs-haneul") as browser:
        page = await _settings(browser)
        assert "/chat-api/settings/general" in page
        assert "/chat-api/settings/delete" not in page


async def test_deleting_by_the_typed_name(house: Living, project: Path) -> None:
    async with house.signed_in("prs-seoyeon") as browser:
        await _settings(browser)
        wrong = await browser.send("/chat-api/settings/delete", 422, confirm="chat")
        assert "The name that was typed is not “chat-api”." in wrong.text
        done = await browser.send("/chat-api/settings/delete", confirm="chat-api")
        assert done.headers["location"] == "/projects"
        await house.settled()
        await browser.get("/chat-api", status=404)
    assert await town.real_namespace(house, "prod-kr") is None


async def test_sres_edit_places_in_the_site(house: Living) -> None:
    async with house.signed_in("prs-emma") as browser:
        await browser.get("/regions")
        await browser.send("/regions", name="uk", title="United Kingdom", timezone="Europe/London", place="3")
        wrong = (await browser.send("/regions", 422, name="us", title="US", timezone="Mars", place="4")).text
        assert "There is no time zone “Mars”." in wrong
        assert field(wrong, "title") == "US"
        await browser.send("/environments", name="stage", place="2", approvals="0", soak_minutes="5", self_approval="on")
        html = await browser.get("/environments?edit=stage")
        assert field(html, "soak_minutes") == "5"
        added = {"name": "prod-uk", "region": "uk", "environments": ["stage", "prod"], "kind": "twin"}
        await browser.send("/clusters", **added)
        clash = (await browser.send("/clusters", 422, **added | {"name": "prod-uk-2"})).text
        assert "prod-uk serves prod uk, stage uk already." in clash
        bad = (await browser.send("/clusters", 422, **added | {"kind": "kubeconfig", "kubeconfig": "secret: {"})).text
        assert "The kubeconfig cannot be used" in bad
        assert "secret: {" not in bad
        assert "stage" in await browser.get("/clusters")
        held = await browser.send("/regions/remove", 422, name="uk")
        assert "prod-uk still use it" in held.text
        await browser.send("/clusters/remove", name="prod-uk")
        await browser.send("/regions/remove", name="uk")
        await browser.send("/environments/remove", name="stage")
    async with house.reading() as r:
        assert [c.name for c in await service.clusters(r)] == sorted(town.CLUSTERS)
        assert [g.code for g in await service.regions(r)] == ["kr", "jp"]


FORMS = (
    *(
        "/new",
        "/new/look",
        "/clusters",
        "/clusters/remove",
        "/regions",
        "/regions/remove",
        "/environments",
        "/environments/remove",
        "/chat-api/owners/transfer",
    ),
    *(f"/chat-api/settings/{part}" for part in ("general", "repository", "look", "targets", "retry-namespace", "delete")),
)


async def test_forged_forms_are_refused(house: Living, project: Path) -> None:
    async with house.signed_in("prs-root") as browser:
        for path in FORMS:
            for token in ({}, {"csrf": "forged"}):
                answer = await browser.client.post(path, data={**token, "name": "uk", "confirm": "chat-api", "team": "team-3"})
                assert answer.status_code == 403, path
                assert "This form did not come from a page of yours" in answer.text
    async with house.client(headers={"accept": "text/html"}) as nobody:
        for path in (*FORMS, *PAGES):
            answer = await (nobody.get(path) if path in PAGES else nobody.post(path))
            assert (answer.status_code, answer.headers["location"].split("?")[0]) == (303, "/sign-in"), path
    async with house.reading(SEOYEON) as r:
        assert (await service.project(r, "chat-api")).team == "team-2"


async def test_search_finds_what_is_called_so(house: Living, project: Path) -> None:
    async with house.signed_in("prs-haneul") as browser:
        page = await browser.get("/search?q=chat")
        assert {"/chat-api", "/teams/chat"} <= set(re.findall(r'class="plain" href="([^"]+)"', page))
        piece = await browser.get("/search/hits?q=oliver")
        assert "/people/prs-oliver" in piece
        assert "<html" not in piece
        assert "/clusters#prod-kr" in await browser.get("/search/hits?q=prod-kr")
        assert "Nothing is called so" in await browser.get("/search/hits?q=zzz")


async def test_the_overview_says_what_is_missing_and_shows_the_readme(house: Living, project: Path) -> None:
    async with house.signed_in("prs-haneul") as browser:
        page = await browser.get("/chat-api")
        assert "채팅방과 메시지" in page
        assert 'hx-get="/chat-api/readme"' in page
        assert "안녕" in await browser.get("/chat-api/readme")
        piece = await browser.client.get("/chat-api/readme", headers={"hx-request": "true"})
        assert "안녕" in piece.text
        assert "<html" not in piece.text
        house.twins["prod-jp"].faults.add("down")
        await browser.send("/chat-api/settings/targets", at=["prod/jp", "alpha/kr"])
        await house.settled()
        moving = await browser.get("/chat-api/running")
        assert "its place waits for prod-jp" in moving
        assert "Next:" not in moving
        await browser.send("/chat-api/settings/targets", at=["prod/jp"])
        await house.settled()
        assert "Next: A place in every region" in await browser.get("/chat-api/running")
        waiting = await browser.get("/chat-api/namespaces")
        assert "/chat-api/settings/retry-namespace" in waiting
        house.twins["prod-jp"].faults.clear()
        await browser.send("/chat-api/settings/retry-namespace", cluster="prod-jp")
        await house.settled()
        moving = await browser.get("/chat-api/running")
        assert "its place is ready on prod-jp" in moving
        assert "Next:" not in moving
