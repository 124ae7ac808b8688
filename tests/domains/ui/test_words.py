"""Languages, numbers, times, people's marks, queries: what turns values into text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from podo.kernel import clock
from podo.kernel.errors import Missing
from podo.kernel.ui import Series, languages, markdown
from podo.kernel.ui.charts import draw
from podo.kernel.ui.formats import Formats
from podo.kernel.ui.frames import hue, initials
from podo.kernel.ui.marks import look, paint
from podo.kernel.ui.pager import steps
from podo.kernel.ui.particles import settled

NOW = datetime(2026, 11, 23, 5, 22, tzinfo=UTC)
EN, KO = (Formats(lang, languages.translator(lang)) for lang in ("en", "ko"))


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("김하늘 님이 결제을(를) 서울(으)로", "김하늘 님이 결제를 서울로"),
        ("빌드 #3이(가) 끝났고 #2은(는) 부산(으)로", "빌드 #3이 끝났고 #2는 부산으로"),
        ("“당근”와(과) (곰)과(와)", "“당근”과 (곰)과"),
        ("“당근”(이)라는 “채팅”(이)라는", "“당근”이라는 “채팅”이라는"),
        ("chat-api을(를)", "chat-api을(를)"),
        ("Podo 님이 Podo 님의 일을 Podo 님, Podo 님은", "Podo가 Podo의 일을 Podo, Podo는"),
        ("Podo 님들", "Podo 님들"),
    ],
)
def test_korean_particles_follow_from_what_they_stand_behind(said: str, shown: str) -> None:
    assert settled(said) == shown


def test_podo_has_no_honorific_in_what_it_did_itself() -> None:
    said = languages.translator("ko")("{actor} approved {region}")
    assert said.format(actor="김하늘", region="kr") == "김하늘 님이 kr 승인"
    assert said.format_map({"actor": "Podo", "region": "kr"}) == "Podo가 kr 승인"


@pytest.mark.parametrize(
    ("chosen", "accepted", "expected"),
    [
        (None, "", "en"),
        (None, "ko-KR,ko;q=0.9,en-US;q=0.8", "ko"),
        (None, "fr-FR, en;q=0.5, ko;q=0.7", "ko"),
        (None, "ko;q=0, en;q=0.1", "en"),
        (None, "ko;q=nonsense", "ko"),
        ("ko", "en", "ko"),
        ("xx", "ko", "ko"),
        (None, "ja, zh;q=0.5", "en"),
    ],
)
def test_the_language_is_what_was_chosen_else_what_the_browser_likes_best(
    chosen: str | None, accepted: str, expected: str
) -> None:
    assert languages.pick(chosen, accepted) == expected


def test_a_text_without_translation_is_shown_in_english_and_an_empty_one_stays_empty() -> None:
    korean = languages.translator("ko")
    assert korean("healthy") == "정상"
    assert korean("no such text") == "no such text"
    assert korean("") == ""


def test_a_reason_that_was_kept_in_english_is_said_in_the_readers_language() -> None:
    korean = languages.translator("ko")
    assert korean("jp did not become healthy") == "jp이(가) 정상이 되지 못함"
    inner = "The Dockerfile cannot be built from: line 2: “COPPY” is no instruction."
    assert korean(inner) == "Dockerfile로 빌드할 수 없습니다. 2번째 줄: “COPPY”은(는) 없는 명령입니다."
    assert korean("What a person wrote: nobody of us said that.") == "What a person wrote: nobody of us said that."
    assert languages.translator("en")(inner) == inner


def test_errors_speak_the_readers_language() -> None:
    error = Missing(what="project", name="chat-api")
    assert error.said()[0] == "There is no project “chat-api”."
    assert error.said(languages.translator("ko"))[0] == "“chat-api”(이)라는 프로젝트가 없습니다."
    assert languages.say("ko", "Wait {after} seconds and try again.", after=3) == "3초 기다렸다가 다시 시도하세요."


@pytest.mark.parametrize(
    ("past", "english", "korean"),
    [
        (timedelta(seconds=2), "just now", "방금"),
        (timedelta(seconds=40), "40 s ago", "40초 전"),
        (timedelta(minutes=14, seconds=59), "14 min ago", "14분 전"),
        (timedelta(hours=21), "21 h ago", "21시간 전"),
        (timedelta(days=214), "214 d ago", "214일 전"),
        (timedelta(days=400), "19 Oct 2025", "2025년 10월 19일"),
        (-timedelta(minutes=8), "in 8 min", "8분 뒤"),
        (-timedelta(seconds=1), "just now", "방금"),
    ],
)
def test_times_are_relative_in_both_languages(past: timedelta, english: str, korean: str) -> None:
    with clock.fixed(NOW):
        assert (EN.relative(NOW - past), KO.relative(NOW - past)) == (english, korean)


def test_exact_times_are_utc_whatever_the_zone_of_the_value() -> None:
    seoul = datetime.fromisoformat("2026-11-23T14:08:31+09:00")
    assert EN.moment(seoul) == "2026-11-23 05:08:31 UTC"
    assert EN.time_of_day(seoul) == "05:08 UTC"


@pytest.mark.parametrize(
    ("seconds", "english", "korean"),
    [
        (0, "0 s", "0초"),
        (168, "2 min 48 s", "2분 48초"),
        (120, "2 min", "2분"),
        (4320, "1 h 12 min", "1시간 12분"),
        (3600 * 27, "1 d 3 h", "1일 3시간"),
        (86400 * 19 + 7200, "19 d", "19일"),
    ],
)
def test_durations_have_their_two_largest_units(seconds: int, english: str, korean: str) -> None:
    assert (EN.duration(seconds), KO.duration(timedelta(seconds=seconds))) == (english, korean)


def test_numbers_have_the_readers_signs() -> None:
    assert (EN.number(1204), EN.number(1204.56, 1), EN.number(2, 2)) == ("1,204", "1,204.6", "2")
    assert (EN.percent(0.021, 1), KO.percent(Decimal("0.021"), 1), EN.percent(0.5)) == ("2.1 %", "2.1%", "50 %")
    assert (EN.bytes(88_000_000), EN.bytes(4_500_000_000), EN.bytes(12)) == ("88 MB", "4.5 GB", "12 B")
    assert (EN.memory(512 * 2**20), EN.memory(4.5 * 2**30)) == ("512 Mi", "4.5 Gi")
    assert (EN.cpu(250), EN.cpu(1500)) == ("250 m", "1.5 CPU")
    assert (EN.money(Decimal("4120.5"), "USD"), EN.money(Decimal("4120.4"), "USD", 0)) == ("US$4,120.50", "US$4,120")
    assert KO.money(Decimal(38000), "KRW") == "₩38,000"


@pytest.mark.parametrize(
    ("name", "kind", "expected"),
    [
        ("이서연", "person", "서연"),
        ("남궁민수", "person", "민수"),
        ("이산", "person", "산"),
        ("Tanaka Yuki", "person", "TY"),
        ("Oliver van der Berg", "person", "OB"),
        ("podo", "person", "PO"),
        ("Chat", "team", "C"),
        ("동네생활", "team", "동"),
        ("", "person", "?"),
    ],
)
def test_initials(name: str, kind: str, expected: str) -> None:
    assert initials(name, kind) == expected


def test_a_hue_is_the_same_for_an_id_for_ever() -> None:
    assert [hue("p-1"), hue("p-2"), hue("t-chat")] == [hue("p-1"), hue("p-2"), hue("t-chat")]
    assert len({hue(f"p-{n}") for n in range(200)}) == 9


def test_states_have_a_look_and_unknown_ones_a_neutral_one() -> None:
    assert look("rolled back") is look("rolled_back")
    assert look("soaking").tone == "accent"
    assert (look("strange").word, look("strange").tone) == ("strange", "secondary")


@given(st.text())
def test_painting_changes_no_letter_of_a_query(query: str) -> None:
    painted = paint(query)
    assert painted.replace("<b>", "").replace("</b>", "") == str(escape(query))


def test_painting_marks_words_with_a_colon() -> None:
    assert paint('env:prod author:"Kim <b>" oops') == "<b>env:prod</b> <b>author:&#34;Kim &lt;b&gt;&#34;</b> oops"


def test_pages_of_a_list() -> None:
    assert steps(1, 1) == [1]
    assert steps(1, 23) == [1, 2, None, 23]
    assert steps(5, 23) == [1, None, 4, 5, 6, None, 23]
    assert steps(23, 23) == [1, None, 22, 23]


def test_a_new_line_is_a_break_in_a_comment_and_a_blank_in_a_file() -> None:
    assert markdown("one\ntwo") == "<p>one<br />\ntwo</p>\n"
    assert markdown("one\ntwo", wrapped=True) == "<p>one\ntwo</p>\n"


def test_markdown_is_safe_and_knows_people_and_numbers() -> None:
    known = {"@team-chat": "/teams/chat", "#214": "/chat-api/deployments/214"}
    text = "cc @team-chat, see #214 and #9; not `#214`, not a@team-chat, not [#214](https://example.com)"
    assert markdown(text, known.get) == (
        '<p>cc <a href="/teams/chat">@team-chat</a>, see <a href="/chat-api/deployments/214">#214</a> and #9; '
        "not <code>#214</code>, not a@team-chat, "
        'not <a href="https://example.com" rel="nofollow noopener">#214</a></p>\n'
    )


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](data:text/html;base64,AAAA)",
        "![x](https://example.com/track.png)",
        "<a href='https://example.com'>x</a>",
    ],
)
def test_markdown_lets_nothing_through_that_acts(text: str) -> None:
    seen: list[tuple[str, dict[str, str | None]]] = []
    reader = HTMLParser()
    reader.handle_starttag = lambda tag, attrs: seen.append((tag, dict(attrs)))
    reader.feed(markdown(text))
    assert {tag for tag, _ in seen} <= {"p", "a"}
    for _, attributes in seen:
        assert set(attributes) <= {"href", "rel"}
        assert (attributes.get("href") or "https:").startswith("https:")


@given(
    st.lists(st.lists(st.one_of(st.none(), st.floats(0, 1e9)), min_size=5, max_size=5), max_size=4),
    st.sampled_from(["bars", "lines"]),
)
def test_a_chart_stays_within_its_frame(values: list[list[float | None]], kind: str) -> None:
    made = draw(list("abcde"), [Series(str(n), row) for n, row in enumerate(values)], kind)
    assert (made.ticks[0], made.ticks[-1][1]) == ((0, 100), 0)
    assert 2 <= len(made.ticks) <= 6
    for column in made.columns:
        assert all(-0.01 <= bar.y <= bar.y + bar.height <= 100.01 for bar in column.bars)
    for _, points in made.lines:
        assert all(-0.01 <= float(point.split(",")[1]) <= 100.01 for point in points.split())


def test_bars_stand_on_each_other_and_lines_break_where_nothing_is_known() -> None:
    series = [Series("a", [30, 0]), Series("b", [50, None], "red")]
    bars = draw(["1", "2"], series)
    assert bars.ticks == [(0, 100.0), (20, 75.0), (40, 50.0), (60, 25.0), (80, 0.0)]
    assert [(b.tone, b.y, b.height) for b in bars.columns[0].bars] == [("blue", 62.5, 37.5), ("red", 0.0, 62.5)]
    assert bars.columns[1].bars == []
    assert bars.columns[1].says == [("a", 0), ("b", None)]
    lines = draw(["1", "2", "3"], [Series("a", [1, None, 2])], "lines")
    assert lines.lines == [("blue", "16.667,50.000"), ("blue", "83.333,0.000")]
    assert draw([], []).columns == []
