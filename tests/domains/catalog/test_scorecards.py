"""Scorecards: the language of rules, levels and reasons, rules that an organisation edits, and how it was day by day."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest

from podo.access.types import NotAllowed
from podo.catalog import service
from podo.catalog.handlers import score_all
from podo.catalog.rules import score_language as language
from podo.catalog.rules import scorecards as rules
from podo.catalog.types import (
    Contact,
    Dependency,
    DependencyKind,
    FactKind,
    Facts,
    Known,
    Lifecycle,
    NoSuchRule,
    Reason,
    Scorecard,
    ScorecardFact,
    ScoreRule,
    Verdict,
    WrongRule,
)
from podo.kernel import clock
from podo.kernel.db import Reading
from tests.domains.catalog import town
from tests.domains.catalog.town import EMMA, HANEUL, OLIVER, SEOYEON
from tests.houses import Living

WORDS = {w.name: w for w in (*rules.WORDS, *rules.LATER)}
KNOWN = {
    "tier": Known(2),
    "lifecycle": Known("Production"),
    "runbook": Known(""),
    "on_call": Known(True),
    "tags": Known(("grpc", "kotlin")),
    "contacts": Known(0),
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("tier <= 2", True),
        ("tier = 1", False),
        ("tier in (1, 3)", False),
        ("tier != 3", True),
        ("runbook", False),
        ("not runbook", True),
        ("lifecycle = production", True),
        ("lifecycle in (experimental, deprecated)", False),
        ('lifecycle != "deprecated"', True),
        ("on_call", True),
        ("on_call = no", False),
        ("on_call != yes", False),
        ("tags = grpc", True),
        ("tags != grpc", False),
        ("tags in (java, kotlin)", True),
        ("tags >= 2", True),
        ("tags > 2", False),
        ("contacts", False),
        ("paved", None),
        ("not paved", None),
        ("paved and tier = 1", False),
        ("paved and tier = 2", None),
        ("paved or tier = 2", True),
        ("paved or tier = 1", None),
        ("tier = 1 and on_call or tier = 2", True),
        ("tier = 1 and (on_call or tier = 2)", False),
        ("NOT (TIER = 1 OR runbook)", True),
        ("", True),
    ],
)
def test_what_a_rule_says(text: str, value: bool | None) -> None:
    assert language.decide(language.read(text, WORDS, field="holds", what=""), KNOWN)[0] is value


@pytest.mark.parametrize(
    "text",
    [
        *("tier <", "tier < a", "(tier = 1", "tier 1", "colour", "on_call = maybe", "tags < a", "lifecycle < 2"),
        *("(" * 40, "tier ; 1", "not", "in (a)", "tier in 1", "tier in (1", "and tier", "tier = 1 or", '"tier"', "x" * 600),
    ],
)
def test_what_cannot_be_understood_is_refused_with_the_word(text: str) -> None:
    with pytest.raises(WrongRule) as caught:
        language.read(text, WORDS, field="holds", what="Has to hold")
    assert caught.value.data["field"] == "holds"
    assert "Has to hold" in str(caught.value)


def test_reasons_are_the_facts_that_decided() -> None:
    def why(text: str) -> list[Reason]:
        return list(language.decide(language.read(text, WORDS, field="", what=""), KNOWN)[1])

    assert why("tier = 1 or runbook") == [Reason("tier", 2, "= 1"), Reason("runbook", "")]
    assert why("tier = 2 and runbook and contacts >= 1") == [Reason("runbook", ""), Reason("contacts", 0, ">= 1")]
    assert why("tier = 2 and paved") == [Reason("paved", None)]


def test_rules_that_podo_brings_can_be_read_and_their_words_are_known() -> None:
    for rule in rules.SHIPPED:
        rules.check_rule(rule, WORDS)
    assert len({rule.id for rule in rules.SHIPPED}) == len(rules.SHIPPED)
    assert {rule.level for rule in rules.SHIPPED} == {1, 2, 3}


def test_levels_are_reached_one_after_another_and_the_unknown_earns_nothing() -> None:
    def level(*verdicts: tuple[int, str]) -> int:
        made = [ScoreRule(f"r-{n}", "r", "", "", holds, at, n) for n, (at, holds) in enumerate(verdicts)]
        return rules.judge("chat-api", rules.read_all(made, WORDS), KNOWN).level

    assert level((1, "tier = 2"), (2, "on_call"), (3, "tier < 3")) == 3
    assert level((1, "tier = 1"), (2, "on_call"), (3, "tier < 3")) == 0
    assert level((1, "tier = 2"), (2, "runbook"), (3, "tier < 3")) == 1
    assert level((1, "tier = 2"), (2, "paved")) == 1
    assert level((1, "tier = 2"), (2, "paved"), (3, "on_call")) == 3
    assert level((0, "tier = 1"), (1, "tier = 2")) == 1
    assert level() == 0


async def _card(house: Living, slug: str = "chat-api") -> Scorecard:
    async with house.reading(OLIVER) as r:
        return await service.scorecard(r, slug)


def _verdicts(card: Scorecard) -> dict[str, str]:
    return {f.rule.id: f.verdict.value for f in card.findings}


async def test_a_project_climbs_as_it_says_more_and_the_score_follows(house: Living) -> None:
    await town.register(house, tier=1, description="Rooms")
    card = await _card(house)
    assert (card.level, _verdicts(card)["lifecycle"], _verdicts(card)["alerts"]) == (0, "failed", "unknown")
    assert _verdicts(card)["on-call-2"] == "aside"
    async with house.transaction(HANEUL) as tx:
        await service.describe(tx, "chat-api", Facts(lifecycle=Lifecycle.production, contacts=(Contact(text="#chat"),)))
    assert (await _card(house)).level == 1
    said = {"runbook": "https://wiki.podo.example/x", "on_call": "하늘", "docs": "https://docs.podo.example/chat"}
    async with house.transaction(HANEUL) as tx:
        await service.say_more(tx, "chat-api", said)
    await house.settled()
    assert (await _card(house)).level == 3
    async with house.reading(OLIVER) as r:
        (score,) = (await service.scores(r)).items
        assert (score.level, score.failed) == (3, ())
        assert [p.slug for p in (await service.projects(r, level=3)).items] == ["chat-api"]
    await town.register(house, "push-api", by=EMMA, team="search")
    async with house.transaction(HANEUL) as tx:
        await service.say_more(tx, "chat-api", {"depends_on": (Dependency(DependencyKind.project, "push-api"),)})
    async with house.transaction(OLIVER) as tx:
        await service.describe(tx, "push-api", Facts(lifecycle=Lifecycle.deprecated))
    card = await _card(house)
    (finding,) = [f for f in card.findings if f.rule.id == "needs"]
    assert (finding.verdict, finding.reasons[0].value, finding.reasons[0].why) == (Verdict.failed, 1, "push-api")


async def test_other_domains_say_what_they_know(house: Living) -> None:
    await town.register(house)

    async def paved(r: Reading, slugs: Sequence[str]) -> Mapping[str, Known]:
        return {slug: Known(False, "one waiver", f"/{slug}/waivers") for slug in slugs}

    async def deployed(r: Reading, slugs: Sequence[str]) -> Mapping[str, Known]:
        return dict.fromkeys(slugs, Known(True))

    facts = [
        ScorecardFact("paved", FactKind.flag, "Paved", "", paved),
        ScorecardFact("deployed", FactKind.flag, "Deployed", "", deployed),
    ]
    service.use_scorecard_facts(facts, [])
    (finding,) = [f for f in (await _card(house)).findings if f.rule.id == "paved"]
    assert finding.reasons == (Reason("paved", False, "", "one waiver", "/chat-api/waivers"),)
    assert finding.verdict == "failed"
    assert {"paved", "tier"} <= {w.name for w in service.score_words()}


async def test_sres_edit_the_rules_and_take_it_back(house: Living) -> None:
    await town.register(house)
    mine = ScoreRule("kotlin", "Is tagged", "why not", "tier >= 1", "tags = kotlin", 1, 5)
    with pytest.raises(NotAllowed):
        async with house.transaction(SEOYEON) as tx:
            await service.set_score_rule(tx, mine)
    for wrong in (
        ScoreRule("Kotlin!", "x", "", "", "tier", 1, 0),
        ScoreRule("kotlin", "", "", "", "tier", 1, 0),
        ScoreRule("kotlin", "x", "", "", "", 1, 0),
        ScoreRule("kotlin", "x", "", "", "colour = red", 1, 0),
        ScoreRule("kotlin", "x", "", "tier <", "tier", 1, 0),
        ScoreRule("kotlin", "x", "", "", "tier", 4, 0),
    ):
        with pytest.raises(WrongRule):
            async with house.transaction(EMMA) as tx:
                await service.set_score_rule(tx, wrong)
    async with house.transaction(EMMA) as tx:
        assert (await service.set_score_rule(tx, mine)).changed
        off = await service.score_rule(tx, "described")
        await service.set_score_rule(tx, ScoreRule("described", off.title, off.why, "", off.holds, 0, off.place))
    await house.settled()
    verdicts = _verdicts(await _card(house))
    assert verdicts["kotlin"] == "failed"
    assert "described" not in verdicts
    async with house.reading() as r:
        assert (await service.failing_rules(r))["kotlin"] == 1
        assert [s.project for s in (await service.scores(r, fails="kotlin")).items] == ["chat-api"]
        assert (await service.scores(r, fails="kot")).total == 0
        rule = await service.score_rule(r, "described")
        assert (rule.level, rule.shipped, rule.changed) == (0, True, True)
    async with house.transaction(EMMA) as tx:
        await service.reset_score_rule(tx, "described")
        await service.reset_score_rule(tx, "kotlin")
    assert "described" in _verdicts(await _card(house))
    with pytest.raises(NoSuchRule):
        async with house.transaction(EMMA) as tx:
            await service.reset_score_rule(tx, "kotlin")


async def test_teams_and_days_are_kept_and_what_ended_is_forgotten(house: Living) -> None:
    for slug, team in (("chat-api", "chat"), ("chat-web", "chat"), ("search-api", "search")):
        await town.register(house, slug, by=EMMA, team=team, description="x")
    await house.settled()
    async with house.transaction(EMMA) as tx:
        await service.describe(tx, "chat-api", Facts(lifecycle=Lifecycle.production, contacts=(Contact(text="x"),)))
    with clock.shifted(timedelta(days=-1)):
        await score_all(house.house)
    async with house.transaction(EMMA) as tx:
        await service.transfer(tx, "chat-web", "search", "moved")
        await service.retire(tx, "search-api", "search-api", "", [], "en", 30)
    await house.settled()
    for _ in range(2):
        await score_all(house.house)
    async with house.reading() as r:
        assert {s.team: s.levels for s in await service.team_scores(r)} == {"team-2": (0, 0, 1, 0), "team-3": (1, 0, 0, 0)}
        yesterday, today = await service.score_trend(r, 30)
        assert (yesterday.projects, today.projects) == (3, 3)
        assert [d.projects for d in await service.score_trend(r, 30, team="team-2")] == [2, 1]
        assert [d.levels[2] for d in await service.score_trend(r, 30, project="chat-api")] == [1, 1]
        assert (await service.scores(r)).total == 2
    with clock.shifted(timedelta(days=402)):
        await score_all(house.house)
        async with house.reading() as r:
            assert len(await service.score_trend(r, 900)) == 1


async def test_the_pages_show_who_stands_where_and_sres_write_rules(house: Living) -> None:
    await town.register(house, tier=1)
    await house.settled()
    async with house.signed_in("prs-haneul") as browser:
        page = await browser.get("/scorecards?q=fails:described")
        assert 'href="/chat-api/scorecard"' in page
        assert 'href="/chat-api/scorecard"' not in await browser.get("/scorecards?q=level:3")
        assert "means nothing in this filter" in await browser.get("/scorecards?q=colour:red")
        card = await browser.get("/chat-api/scorecard")
        assert "Description: not said" in card
        assert "Alerts: nobody knows yet" in card
        assert '<form method="post" action="/scorecards/rules"' not in await browser.get("/scorecards/rules")
        rule = {"id": "kotlin", "title": "Is tagged", "holds": "tags = kotlin", "level": "1", "place": "5"}
        await browser.send("/scorecards/rules", 403, **rule)
    async with house.signed_in("prs-emma", lang="ko") as browser:
        await browser.get("/scorecards/rules")
        wrong = (await browser.send("/scorecards/rules", 422, **rule | {"holds": "tags ="})).text
        assert 'value="tags ="' in wrong
        await browser.send("/scorecards/rules", **rule)
        await browser.send("/scorecards/rules", **rule | {"id": "described", "holds": "description", "level": "0"})
        assert "Is tagged" in await browser.get("/scorecards/rules?edit=kotlin")
        await browser.send("/scorecards/rules/reset", id="kotlin")
        assert 'id="kotlin"' not in await browser.get("/scorecards/rules")
