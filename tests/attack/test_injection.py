"""What people write (subjects, branches, names, logs) moves no cursor, forges no line and no header, and turns no text around."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import click
import httpx
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from podo.cli.client import Connection, Failed, failure, harmless, show
from podo.delivery import service
from podo.delivery.types import Commit
from podo.kernel import ids, terminal
from podo.kernel.ui.environment import environment
from tests.company import Terminal, serving, token_of
from tests.domains.delivery.shops import HANEUL, MINJUN, PROJECT, Shop, shop

# A title that clears the screen, one that sets the window's title, C1 codes, a carriage return that hides, text turned around.
EVIL = "\x1b[2J\x1b]0;owned\x07\x9b31m\x85\rApproved\u202egnihton\u2066 \u200f\x7f"
DANGEROUS = set("\x1b\x07\x9b\x85\r\u202e\u2066\u200f\x7f\x08")


# What browsers do nothing with, or need to write some languages.
HARMLESS_IN_PAGES = set("\r\u200f")


def is_harmless(text: str) -> bool:
    return not DANGEROUS & set(text)


def _line(style: logging.Formatter, message: str, **extra: object) -> str:
    record = logging.LogRecord("podo.test", logging.INFO, "x", 1, message, (), None)
    vars(record).update(extra)
    return style.format(record)


@given(st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from([*sorted(DANGEROUS), "\n", "\u2028"])))
def test_whatever_is_logged_is_one_line_without_power_over_a_terminal(text: str) -> None:
    for style in (terminal.PlainLines(), terminal.JsonLines()):
        line = _line(style, text, cluster=text)
        assert is_harmless(line)
        assert len(line.splitlines()) == 1
    assert json.loads(_line(terminal.JsonLines(), text, cluster=text))["cluster"] == text, "and nothing is lost to machines"


def test_an_error_that_is_logged_forges_no_line() -> None:
    try:
        raise ValueError(f"{EVIL}\n12:00:00 info    podo was hacked")
    except ValueError as error:
        record = logging.LogRecord("podo.test", logging.ERROR, "x", 1, "unplanned", (), (type(error), error, error.__traceback__))
    plain = terminal.PlainLines().format(record)
    assert is_harmless(plain)
    first, *rest = plain.splitlines()
    assert "unplanned" in first
    assert rest
    assert all(line.startswith("  ") for line in rest), "what follows is indented, and no line of its own"
    assert len(terminal.JsonLines().format(record).splitlines()) == 1


@given(st.recursive(st.text() | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_answers_are_harmless_before_a_command_prints_them(value: object) -> None:
    assert is_harmless(str(harmless(value)))
    assert json.loads(terminal.as_json(value)) == value


def test_json_for_scripts_is_whole_and_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    with click.Context(click.Command("x"), obj=Connection("http://podo.test", None, True)):
        show({"title": EVIL, "한국어": "하늘"})
    printed = capsys.readouterr().out
    assert is_harmless(printed)
    assert "하늘" in printed
    assert json.loads(printed)["title"] == EVIL


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    async with shop(Path(tmp_path_factory.mktemp("evil"))) as made:
        await made.healthy_alpha()
        commit = Commit("e" * 40, EVIL, EVIL, datetime(2026, 11, 1, tzinfo=UTC))
        async with made.living.transaction() as tx:
            build = await service.builds.queue(tx, PROJECT, commit, "main", HANEUL.id)
            await service.builds.started(tx, build.id, "test", f"registry.test/ok/{PROJECT}", {}, simulated=False)
            await service.builds.succeeded(tx, build.id, f"sha256:{ids.digest([9])}", 1000)
        await made.settled()
        await made.ask(build, "alpha")
        await made.settled()
        await made.ask(build, "prod", ["kr"])
        await made.settled()
        yield made


@pytest.mark.asyncio(loop_scope="module")
async def test_a_commit_that_wants_to_own_the_terminal_is_only_read(town: Shop) -> None:
    async with serving(town.living) as url:
        approver = Terminal(url, await token_of(town.living, MINJUN.id))
        told: list[str] = []
        for words in (
            ("deployments", PROJECT),
            ("deployment", "show", PROJECT, "3"),
            ("builds", PROJECT),
            ("activity",),
            ("home",),
        ):
            told += [await approver.run(*words), await approver.run("--json", *words)]
        # What is asked before somebody approves; nobody is there to say yes.
        told.append((await asyncio.to_thread(approver._run, ("approve", PROJECT, "3", "kr"))).output)
    assert [text for text in told if not is_harmless(text)] == []
    assert any("Approved" in text for text in told), "the subject is shown, as what it is"


@pytest.mark.asyncio(loop_scope="module")
async def test_pages_hold_nothing_that_turns_text_around(town: Shop) -> None:
    async with town.living.signed_in(MINJUN.id) as browser:
        found = 0
        for path in (
            "/",
            f"/{PROJECT}",
            f"/{PROJECT}/deployments",
            f"/{PROJECT}/deployments/3",
            f"/{PROJECT}/builds",
            f"/{PROJECT}/activity",
            "/deployments",
        ):
            page = (await browser.client.get(path, follow_redirects=True)).text
            assert DANGEROUS & set(page) <= HARMLESS_IN_PAGES, path
            found += "Approved" in page
        assert found > 2


@pytest.mark.asyncio(loop_scope="module")
async def test_no_header_can_be_forged(town: Shop) -> None:
    sent = {"x-request-id": "a b\tc", "accept-language": "ko;q=\x7f", "traceparent": "00-\x7f", "user-agent": "\x1b[2J"}
    async with town.living.client() as client:
        answer = await client.get("/sign-in", params={"next": "/x\r\nset-cookie: a=b"}, headers=sent)
        assert answer.status_code == 200
        assert answer.headers["x-request-id"].isalnum()
        for path in ("/x%0d%0aset-cookie:a=b", "/%0a", "/people%0d%0ax-evil:1"):
            answer = await client.get(path, headers={"accept": "text/html"})
            assert "x-evil" not in answer.headers
            assert "a=b" not in answer.headers.get("set-cookie", "")
            assert not set("\r\n") & set(answer.headers.get("location", ""))


def test_an_error_of_the_server_is_harmless_too() -> None:
    body = {"title": EVIL, "detail": EVIL, "request_id": "1"}
    failed = failure(httpx.Response(404, json=body, request=httpx.Request("GET", "http://podo.test")))
    assert isinstance(failed, Failed)
    assert is_harmless(failed.so + failed.do)


def test_templates_print_no_override_of_direction() -> None:
    shown = environment("en").from_string("{{ a }}|{{ b|e }}|{{ '<b>' }}").render(a=EVIL, b="하늘 <x>")
    assert DANGEROUS & set(shown) <= HARMLESS_IN_PAGES
    assert "하늘 &lt;x&gt;|&lt;b&gt;" in shown
