"""What the query box understands, and what it says of what it does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podo.activity import rules
from podo.activity.types import BadQuestion, Happening, Question

NOW = datetime(2026, 11, 23, 5, 8, tzinfo=UTC)


def ask(text: str, project: str | None = None) -> Question:
    return rules.question(text, me="prs-1", now=NOW, project=project)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Question()),
        ("   ", Question()),
        ("env:prod region:kr", Question(environment="prod", region="kr")),
        ("by:@me", Question(actor="prs-1")),
        ("by:@prs-2", Question(actor="prs-2")),
        ("by:이서연", Question(actor="이서연")),
        ("project:chat-api", Question(project="chat-api")),
        ("subject:deployment/chat-api/214", Question(subject="deployment/chat-api/214")),
        ("request:01jd cause:evt_1", Question(request="01jd", cause="evt_1")),
        ("is:delivery is:access.signed_in", Question(kinds=("delivery", "access.signed_in"))),
        ("since:12h", Question(since=NOW - timedelta(hours=12))),
        ("since:7d until:1d", Question(since=NOW - timedelta(days=7), until=NOW - timedelta(days=1))),
        ("since:2w", Question(since=NOW - timedelta(days=14))),
        ("until:2026-11-20", Question(until=datetime(2026, 11, 20, tzinfo=UTC))),
        ("since:2026-11-20T09:30:00+09:00", Question(since=datetime(2026, 11, 20, 0, 30, tzinfo=UTC))),
        ("env:alpha env:prod", Question(environment="prod")),
    ],
)
def test_words_are_understood(text: str, expected: Question) -> None:
    found = ask(text)
    assert found == expected


@pytest.mark.parametrize(
    ("text", "word", "why"),
    [
        ("hello", "hello", "it has no key and value"),
        ("env:", "env:", "it has no key and value"),
        (":prod", ":prod", "there is no such key"),
        ("env:prod color:red", "color:red", "there is no such key"),
        ("since:yesterday", "since:yesterday", "a time is 7d, 12h, 2w or a date"),
        ("since:7y", "since:7y", "a time is 7d, 12h, 2w or a date"),
        ("since:9999w", "since:9999w", None),
        ("until:2026-13-01", "until:2026-13-01", "a time is 7d, 12h, 2w or a date"),
    ],
)
def test_what_is_not_understood_is_named(text: str, word: str, why: str | None) -> None:
    if why is None:
        assert ask(text).since is not None
        return
    with pytest.raises(BadQuestion) as refused:
        ask(text)
    assert refused.value.data == {"word": word, "why": why}
    assert str(refused.value).startswith(f"“{word}” is not something to look for here: {why}.")


def test_a_tab_asks_of_its_own_project_alone() -> None:
    assert ask("env:prod", "chat-api") == Question(project="chat-api", environment="prod")
    assert ask("project:chat-api", "chat-api").project == "chat-api"
    with pytest.raises(BadQuestion):
        ask("project:other", "chat-api")


@given(st.text(max_size=60))
def test_any_text_is_understood_or_refused_in_words(text: str) -> None:
    refusals: list[BadQuestion] = []
    try:
        ask(text)
    except BadQuestion as refused:
        refusals.append(refused)
    assert all(r.data["word"] in text and all(r.said()) for r in refusals)


@pytest.mark.parametrize(
    ("subject", "project", "address"),
    [
        ("deployment/chat-api/214", "chat-api", "/chat-api/deployments/214"),
        ("build/chat-api/3", "chat-api", "/chat-api/builds/3"),
        ("workload/chat-api/Deployment/chat-api", "chat-api", "/chat-api/workloads"),
        ("team/chat", None, "/teams/chat"),
        ("person/prs-1", None, "/people/prs-1"),
        ("cluster/prod-kr-1", None, "/clusters"),
        ("region/kr", None, "/regions"),
        ("something/else", "chat-api", "/chat-api"),
        (None, "chat-api", "/chat-api"),
        (None, None, None),
    ],
)
def test_where_a_subject_is(subject: str | None, project: str | None, address: str | None) -> None:
    assert rules.address(subject, project) == address


def happening(sentence: str, **facts: object) -> Happening:
    return Happening(
        id="evt_1",
        position=1,
        at=NOW,
        code="test.code",
        sentence=sentence,
        facts=facts,
        actor_kind="person",
        actor_id="prs-1",
        actor_name="이서연",
        actor_via=None,
        project="chat-api",
        environment="prod",
        region="kr",
        subject=None,
        link=None,
        request_id=None,
        cause=None,
    )


def test_a_sentence_is_filled_and_never_fails_for_what_an_older_podo_left_out() -> None:
    told = happening("{actor} moved {name} of {project} in {environment} {region} to {where}: {why}", name="x", why=None).told()
    assert told == "이서연 moved x of chat-api in prod kr to …: …"


def test_words_of_ours_among_the_facts_are_translated_and_words_of_people_are_not() -> None:
    korean = {"{name} changed: {what}": "{name}: {what} 바뀜", "teams": "팀"}
    made = happening("{name} changed: {what}", name="teams", what="teams")
    assert made.told(lambda text: korean.get(text, text)) == "teams: 팀 바뀜"


@pytest.mark.parametrize(
    ("code", "icon"),
    [
        ("delivery.rollout_failed", "x-circle-fill"),
        ("delivery.rollout_healthy", "check-circle-fill"),
        ("delivery.build_started", "package"),
        ("workloads.restart_asked", "stack"),
        ("access.signed_in", "person"),
        ("unheard.of", "dot-fill"),
    ],
)
def test_every_code_has_a_look(code: str, icon: str) -> None:
    assert rules.look(code)[0] == icon
