"""Scorecards: the rules, how a project stands, and how all have stood day by day."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from podo.access import service as access
from podo.access.types import On
from podo.catalog.rules import scorecards as rules
from podo.catalog.service.facts import on_call
from podo.catalog.service.projects import by_slugs, project
from podo.catalog.store import facts as saying
from podo.catalog.store import living_slugs
from podo.catalog.store import scorecards as rows
from podo.catalog.types import (
    READ,
    SCORE,
    DependencyKind,
    Facts,
    Known,
    NoSuchRule,
    OnCallSource,
    Project,
    Score,
    Scorecard,
    ScorecardFact,
    ScoreDay,
    ScoreRule,
    ScoreRuleChanged,
    ScoreRuleReset,
    Standing,
    TeamScore,
    Verdict,
    Word,
)
from podo.kernel import clock
from podo.kernel.db import Reading, Tx
from podo.kernel.nouns import Page

_KEPT = timedelta(days=400)
_FIELDS = ("title", "why", "concerns", "holds", "level", "place")
_facts: tuple[ScorecardFact, ...] = ()
_on_call: tuple[OnCallSource, ...] = ()


def use_scorecard_facts(facts: Sequence[ScorecardFact], on_call: Sequence[OnCallSource]) -> None:
    """What other domains know; put here once, by the descriptor."""
    global _facts, _on_call
    _facts, _on_call = tuple(facts), tuple(on_call)


def score_words() -> list[Word]:
    """The words that rules may use: the catalogue's own facts, then those of other domains."""
    return [*rules.WORDS, *(Word(f.name, f.kind, f.title, f.about) for f in _facts)]


def _words() -> dict[str, Word]:
    # Rules may ask for what no domain here knows (yet): then nobody knows it.
    return {w.name: w for w in (*rules.LATER, *score_words())}


# -- the rules


async def score_rules(r: Reading) -> list[ScoreRule]:
    """All rules, by level; those switched off come last."""
    await access.require(r, READ, On())
    return rules.together(await rows.rules(r))


async def score_rule(r: Reading, id_: str) -> ScoreRule:
    """Raises `NoSuchRule`."""
    found = next((rule for rule in await score_rules(r) if rule.id == id_), None)
    if found is None:
        raise NoSuchRule(name=id_)
    return found


async def set_score_rule(tx: Tx, wanted: ScoreRule) -> ScoreRule:
    """Write a rule, or change one of Podo's; all projects are judged anew soon. Raises `WrongRule`, `NotAllowed`."""
    await access.require(tx, SCORE, On())
    texts = {name: getattr(wanted, name).strip() for name in ("id", "title", "why", "concerns", "holds")}
    now = replace(wanted, **texts)
    rules.check_rule(now, _words())
    was = next((rule for rule in await score_rules(tx) if rule.id == now.id), None)
    changed = [f for f in _FIELDS if was is None or getattr(was, f) != getattr(now, f)]
    if changed:
        await rows.put_rule(tx, now)
        before = {f: getattr(was, f) for f in changed} if was else {}
        after = {f: getattr(now, f) for f in changed}
        fields = ", ".join(changed)
        tx.say(ScoreRuleChanged(rule=now.id, fields=fields, was=before, now=after, subject=f"score-rule/{now.id}"))
    return await score_rule(tx, now.id)


async def reset_score_rule(tx: Tx, id_: str) -> None:
    """Take back what the organisation said of a rule: it is as Podo brings it, or gone. Raises `NoSuchRule`."""
    await access.require(tx, SCORE, On())
    was = await score_rule(tx, id_)
    if was.changed:
        await rows.drop_rule(tx, id_)
        before = {f: getattr(was, f) for f in _FIELDS}
        tx.say(ScoreRuleReset(rule=id_, was=before, subject=f"score-rule/{id_}"))


# -- how projects stand


async def scorecard(r: Reading, slug: str) -> Scorecard:
    """How a project stands now, with reasons. Raises `NoSuchProject`."""
    (found,) = await _judged(r, [await project(r, slug)])
    return found


async def _judged(r: Reading, projects: Sequence[Project]) -> list[Scorecard]:
    read = rules.read_all(rules.together(await rows.rules(r)), _words())
    known = await _known(r, projects)
    return [rules.judge(p.slug, read, known[p.slug]) for p in projects]


async def _known(r: Reading, projects: Sequence[Project]) -> dict[str, dict[str, Known]]:
    slugs = [p.slug for p in projects]
    said = await saying.facts(r, slugs)
    called = await on_call(r, _on_call, slugs)
    teams = {t.id: t for t in await access.teams(r)}
    heads = await access.head_counts(r)
    needing = await rows.counts_of_dependants(r, slugs)
    named = {d.name for f in said.values() for d in f.depends_on if d.kind is DependencyKind.project}
    ended = await rows.ended_among(r, named) if named else set[str]()
    now = clock.now()
    found: dict[str, dict[str, Known]] = {}
    for p in projects:
        facts, team = said.get(p.slug, Facts()), teams[p.team]
        people = heads.get(p.team, 0)
        found[p.slug] = {
            **_of_facts(p, facts, ended),
            "slack": Known(p.slack or team.slack, link=f"/{p.slug}/settings#general"),
            "on_call": Known(bool(called.get(p.slug)), link=f"/{p.slug}/settings/about"),
            "needed_by": Known(needing.get(p.slug, 0)),
            "owner_alive": Known(team.ended_at is None and people > 0, link=f"/teams/{team.handle}"),
            "owner_people": Known(people, link=f"/teams/{team.handle}"),
            "age_days": Known((now - p.created_at).days),
        }
    for source in _facts:
        for slug, value in (await source.values(r, slugs)).items():
            found[slug][source.name] = value
    return found


def _of_facts(p: Project, facts: Facts, ended: Collection[str]) -> Mapping[str, Known]:
    general, about = f"/{p.slug}/settings#general", f"/{p.slug}/settings/about"
    gone = [d.name for d in facts.depends_on if d.kind is DependencyKind.project and d.name in ended]
    return {
        "tier": Known(p.tier, link=general),
        "description": Known(p.description, link=general),
        "repository": Known(p.repository.url, link=f"/{p.slug}/settings#repository"),
        "lifecycle": Known(facts.lifecycle.value, link=about),
        "type": Known(facts.type, link=about),
        "system": Known(facts.system, link=about),
        "domain": Known(facts.domain, link=about),
        "docs": Known(facts.docs, link=about),
        "runbook": Known(facts.runbook, link=about),
        "contacts": Known(len(facts.contacts), link=about),
        "links": Known(len(facts.links), link=about),
        "tags": Known(facts.tags, link=about),
        "dependencies": Known(len(facts.depends_on), link=about),
        "ended_dependencies": Known(len(gone), ", ".join(gone), about),
        "environments": Known(tuple(dict.fromkeys(e for e, _ in p.places)), link=f"/{p.slug}/settings#targets"),
        "regions": Known(tuple(dict.fromkeys(g for _, g in p.places)), link=f"/{p.slug}/settings#targets"),
    }


async def scored_projects(r: Reading) -> list[str]:
    """All that are scored: those that live."""
    return await living_slugs(r)


async def standings(r: Reading, slugs: Collection[str]) -> list[Standing]:
    """How those of these projects stand now that live, for `note_scores`."""
    living = [p for p in await by_slugs(r, slugs) if p.lives]
    cards = await _judged(r, living) if living else []
    return [Standing(_score(card), p.team) for p, card in zip(living, cards, strict=True)]


async def note_scores(tx: Tx, found: Sequence[Standing]) -> None:
    """Keep how these projects stand, and that they stood so today."""
    await rows.note(tx, found, clock.now().date())


async def refresh_scores(tx: Tx, slugs: Collection[str]) -> None:
    """Work out anew how these projects stand; the score of one that no longer lives is forgotten."""
    found = await standings(tx, slugs)
    await note_scores(tx, found)
    if gone := set(slugs) - {s.score.project for s in found}:
        await rows.forget_scores(tx, gone)


async def forget_ended_scores(tx: Tx) -> None:
    """Scores of projects that no longer live, and days of more than a year ago."""
    await rows.forget_ended(tx, (clock.now() - _KEPT).date())


def _score(card: Scorecard) -> Score:
    failed = tuple(f.rule.id for f in card.findings if f.verdict is Verdict.failed)
    return Score(card.project, card.level, card.passed, card.asked, failed, clock.now())


async def score(r: Reading, slug: str) -> Score | None:
    """How a project stood when it was last worked out; None before the first time."""
    return await rows.score(r, slug)


async def scores(
    r: Reading,
    *,
    text: str = "",
    teams: Collection[str] | None = None,
    tier: int = 0,
    level: int | None = None,
    fails: str = "",
    skip: int = 0,
    limit: int = 50,
) -> Page[Score]:
    """How projects stood when it was last worked out, the lowest first, with the total; `next` is what to skip."""
    await access.require(r, READ, On())
    return await rows.scores(r, rows.Which(text, teams, tier, level, fails), skip=skip, limit=limit)


async def team_scores(r: Reading) -> list[TeamScore]:
    """How the projects of each team stand."""
    await access.require(r, READ, On())
    return await rows.team_scores(r, rules.MOST)


async def failing_rules(r: Reading) -> dict[str, int]:
    """How many projects each rule fails for."""
    await access.require(r, READ, On())
    found: dict[str, int] = {}
    for failed in await rows.failures(r):
        for rule in failed:
            found[rule] = found.get(rule, 0) + 1
    return found


async def score_trend(r: Reading, days: int, *, team: str = "", project: str = "") -> list[ScoreDay]:
    """Day by day for so many days: of all projects, of those that were a team's then, or of one."""
    await access.require(r, READ, On())
    since = (clock.now() - timedelta(days=days)).date()
    return await rows.score_days(r, since, rules.MOST, team=team, project=project)
