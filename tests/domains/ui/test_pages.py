"""Rendering: the frame, escaping, both languages, errors; and that a page holds nothing the content security policy forbids."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from jinja2 import DictLoader, UndefinedError
from markupsafe import Markup

from podo.kernel import clock
from podo.kernel.ui import (
    ASSETS,
    PAGES,
    Action,
    ErrorPage,
    Frame,
    Head,
    Mark,
    NavItem,
    Tab,
    Viewer,
    page,
    patterns_page,
    render,
)
from podo.kernel.ui.environment import environment, make

NO_ASSETS = not (ASSETS / "manifest.json").exists()
pytestmark = pytest.mark.skipif(NO_ASSETS, reason="the assets are not built: `python tools/assets.py`")

FRAME = Frame(
    lang="en",
    theme="auto",
    title="Patterns",
    path="/chat-api/deployments",
    viewer=Viewer("p-1", "이서연"),
    csrf="t0k<n",
    request_id="r1",
    nav=(NavItem("Projects", "/projects"), NavItem("Deployments", "/chat-api")),
    waiting=120,
    head=Head(
        "chat-api",
        "/chat-api",
        "Chat <&>",
        "/teams/chat",
        marks=(Mark("Tier 1"),),
        actions=(Action("Watch", "/chat-api/watch", "bell", post=True), Action("Look", "/look", "eye")),
        tabs=(Tab("healthy", "/chat-api", "home"), Tab("Alerts", "/chat-api/alerts", "bell", 2, current=True)),
    ),
    live="project:chat-api",
    position=41,
    said="Copied",
    demo="A demo.",
)
NOT_FOUND = ErrorPage(404, "http.no_such_page", "There is nothing at /<b>.", "Check the address.", "r1")


class Reader(HTMLParser):
    """Every start tag with its attributes; complains of elements that are closed in the wrong order."""

    _VOID = frozenset({"meta", "link", "input", "img", "br", "hr", "col", "rect", "path", "polygon", "polyline", "circle"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self.feed(text)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs), f"<{tag}> on line {self.getpos()} repeats an attribute"
        self.tags.append((tag, dict(attrs)))
        if tag not in self._VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._VOID:
            return
        assert self._open.pop() == tag, f"</{tag}> on line {self.getpos()} closes something else"

    def find(self, tag: str, **wanted: str) -> list[dict[str, str | None]]:
        """The attributes of all such elements."""
        return [a for t, a in self.tags if t == tag and all(a.get(k.replace("_", "-")) == v for k, v in wanted.items())]


@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("shown", [patterns_page(), NOT_FOUND], ids=["patterns", "error"])
def test_a_page_is_well_formed_and_holds_nothing_inline(shown: object, lang: str) -> None:
    read = Reader(render(shown, dataclasses.replace(FRAME, lang=lang)))
    for tag, attributes in read.tags:
        assert tag != "style"
        assert tag != "script" or attributes["src"]
        assert not [name for name in attributes if name == "style" or name.startswith("on")], attributes


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_every_id_on_the_page_of_patterns_is_there_once_and_what_is_pointed_at_exists(lang: str) -> None:
    read = Reader(render(patterns_page(), dataclasses.replace(FRAME, lang=lang)))
    ids = [str(a["id"]) for _, a in read.tags if "id" in a]
    assert sorted(ids) == sorted(set(ids))
    for name in ("for", "aria-describedby", "list"):
        assert {i for _, a in read.tags for i in (a.get(name) or "").split()} <= set(ids), name


def test_controls_have_names_for_those_who_do_not_see() -> None:
    read = Reader(render(patterns_page(), FRAME))
    labelled = {a.get("for") for a in read.find("label")}
    for tag in ("input", "select", "textarea"):
        for found in read.find(tag):
            wrapped = found.get("type") in ("radio", "checkbox") or "data-query" in found or found.get("name") == "confirm"
            assert wrapped or found.get("type") == "hidden" or found.get("id") in labelled, found


def test_the_frame_shows_who_reads_where_and_what_waits() -> None:
    html = render(NOT_FOUND, FRAME)
    read = Reader(html)
    assert "<title>Patterns · Podo</title>" in html
    assert "Chat &lt;&amp;&gt;" in html
    assert "99+" in html
    assert [a["href"] for a in read.find("a", aria_current="page")] == ["/chat-api", "/chat-api/alerts"]
    assert {a["value"] for a in read.find("input", name="csrf")} == {"t0k<n"}
    stream = read.find("span", id="live")[0]
    assert stream["hx-sse:connect"] == "/-/live?topic=project%3Achat-api"
    assert stream["hx-headers"] == '{"Last-Event-ID": "41"}'
    assert "There is nothing at /&lt;b&gt;." in html
    assert [a["value"] for a in read.find("input", id="q")] == ["chat-api deployments"]


def test_a_stranger_is_offered_to_sign_in_and_sees_no_inbox() -> None:
    html = render(NOT_FOUND, Frame(lang="en", theme="dark", title="x", path="/new"))
    assert '/sign-in?next=/new"' in html.replace("%2F", "/")
    assert "/inbox" not in html
    assert 'data-color-mode="dark"' in html


def test_the_frame_speaks_korean() -> None:
    html = render(NOT_FOUND, dataclasses.replace(FRAME, lang="ko"))
    assert '<html lang="ko"' in html
    for text in ("본문으로 건너뛰기", "나를 기다리는 일 120개", "<title>패턴 · Podo</title>", "정상", "복사됨"):
        assert text in html, text


def test_a_fragment_has_no_frame_and_input_is_escaped() -> None:
    made = make("en", DictLoader({"ui/x.html": "{{ ui.row(title, href='/' ~ title) }}", **_macros()}))
    assert made.get_template("ui/x.html").render(title="<i>\"'") == (
        '<div class="Line" data-row><div class="Line-body"><div>'
        '<a class="plain" href="/&lt;i&gt;&#34;&#39;">&lt;i&gt;&#34;&#39;</a></div></div></div>'
    )


def test_what_is_kept_does_not_mix_up_text_and_markup() -> None:
    made = make("en", DictLoader({"ui/x.html": "{{ ui.label(safe) }}|{{ ui.label(raw) }}|{{ ui.label(safe) }}", **_macros()}))
    first, second, third = made.get_template("ui/x.html").render(safe=Markup("<i>"), raw="<i>").split("|")
    assert first == third != second
    assert "<i>" in first
    assert "&lt;i&gt;" in second


def test_a_name_that_a_page_lacks_is_an_error_and_not_an_empty_place() -> None:
    made = make("en", DictLoader({"ui/x.html": "{{ nobody }}", **_macros()}))
    with pytest.raises(UndefinedError, match="nobody"):
        made.get_template("ui/x.html").render()


def test_a_log_line_has_an_address_and_its_own_time() -> None:
    made = make("en", DictLoader({"ui/x.html": "{{ ui.log_line(7, text, at, 'err') }}", **_macros()}))
    with clock.fixed(datetime(2026, 1, 1, tzinfo=UTC)):
        line = made.get_template("ui/x.html").render(text="<b>", at=clock.now())
    assert line == (
        '<li id="L7" class="err"><a href="#L7">7</a>'
        '<time datetime="2026-01-01T00:00:00+00:00" data-at="clock">00:00:00</time><code>&lt;b&gt;</code></li>'
    )


@dataclass(frozen=True, slots=True)
class Orphan:
    """A page object that nobody registered."""


def test_an_object_that_is_no_page_cannot_be_rendered() -> None:
    with pytest.raises(KeyError):
        render(Orphan(), FRAME)
    registered = page("ui/error.html")(Orphan)
    try:
        assert (registered, PAGES[Orphan]) == (Orphan, "ui/error.html")
    finally:
        del PAGES[Orphan]


def _macros() -> dict[str, str]:
    loader = environment("en").loader
    assert loader
    names = [name for name in loader.list_templates() if name.startswith("ui/macros/")]
    return {name: loader.get_source(environment("en"), name)[0] for name in names}
