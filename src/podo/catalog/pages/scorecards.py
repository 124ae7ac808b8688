"""Scorecards: how all projects stand, a project's own card, and the rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.responses import Response

from podo.access import service as access
from podo.access.types import On, Team
from podo.catalog import rules as filters
from podo.catalog import service
from podo.catalog.pages.wrong import WHOLE, say, sentence
from podo.catalog.rules import scorecards as rules
from podo.catalog.types import (
    READ,
    SCORE,
    BadQuery,
    Finding,
    Project,
    Reason,
    Score,
    Scorecard,
    ScoreDay,
    ScoreQuery,
    ScoreRule,
    TeamScore,
    Word,
)
from podo.kernel.db import Reading
from podo.kernel.errors import N_, PodoError
from podo.kernel.http import Routes, Web
from podo.kernel.http.routes import Form, form
from podo.kernel.http.web import WebIn
from podo.kernel.ui import Series, Tab, page

routes = Routes("catalog", tag="Scorecards")
_SIZE = 30
_DAYS = 60
# What the levels look like, from none to gold.
_TONES = ("gray", "orange", "blue", "yellow")

# (text, address, count, whether it is chosen)
Choice = tuple[str, str, int | None, bool]


@dataclass(frozen=True, slots=True)
class Row:
    """A project's score, with the titles of the rules that fail."""

    project: Project
    team: Team
    score: Score
    failed: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class TeamRow:
    """A team's projects by level from 0."""

    team: Team
    score: TeamScore
    projects: int
    percent: int
    href: str


@page("catalog/scorecards.html")
@dataclass(frozen=True, slots=True)
class ScorecardsPage:
    """Scores that fit the filter; `counts` and `lists` choose a level, `failing` a rule; the trend is of all, or of one team."""

    tabs: Sequence[Tab]
    query: str
    trouble: str
    rows: Sequence[Row]
    total: int
    levels: Sequence[Choice]
    failing: Sequence[Choice]
    tiers: Sequence[Choice]
    mine: Sequence[Choice]
    teams: Sequence[TeamRow]
    days: Sequence[str]
    series: Sequence[Series]
    names: Sequence[str]
    current: int
    last: int
    path: str


@routes.page("/scorecards", permission=READ.id)
async def scorecards(q: str = "", number: int = 1, w: Web = WebIn) -> Response:
    """How projects stand, the lowest first; `q` is a filter such as `team:chat tier:1 level:0 fails:runbook`."""
    trouble, wanted = "", ScoreQuery()
    try:
        wanted = filters.score_query(q)
    except BadQuery as error:
        trouble = sentence(w, error)
    number = max(1, min(number, 10_000))
    async with w.reading() as r:
        everyone = await access.teams(r)
        mine = {m.team for m in await access.teams_of(r, w.person)}
        teams = _owners(wanted, everyone, mine)
        found = await service.scores(
            r,
            text=wanted.text,
            teams=[] if trouble else teams,
            tier=wanted.tier,
            level=wanted.level,
            fails=wanted.fails,
            skip=_SIZE * (number - 1),
            limit=_SIZE,
        )
        projects = {p.slug: p for p in await service.by_slugs(r, [s.project for s in found.items])}
        titles = {rule.id: _title(w, rule) for rule in await service.score_rules(r)}
        by_id = {t.id: t for t in everyone}
        trend = await service.score_trend(r, _DAYS, team=teams[0] if teams and len(teams) == 1 else "")
        stands = await service.team_scores(r)
        failing = await service.failing_rules(r)
    total = found.total or 0
    made = ScorecardsPage(
        tabs=_tabs("scorecards"),
        query=q,
        trouble=trouble,
        rows=[_row(projects[s.project], by_id, s, titles) for s in found.items],
        total=total,
        levels=_levels(w, q, stands),
        failing=_failing(q, failing, titles),
        tiers=[(say(w, N_("Tier {n}"), n=t), *_narrowed(q, "tier", str(t))) for t in filters.TIERS],
        mine=[(say(w, N_("Of my teams")), *_narrowed(q, "is", "mine"))],
        teams=_teams(stands, by_id, mine),
        days=[f"{d.day.month}/{d.day.day}" for d in trend],
        series=_series(w, trend),
        names=[say(w, name) for name in rules.LEVELS],
        current=number,
        last=-(-total // _SIZE),
        path=f"/scorecards?{urlencode({'q': q})}&number=",
    )
    return await w.page(made, title=N_("Scorecards"))


def _owners(wanted: ScoreQuery, teams: Sequence[Team], mine: set[str]) -> list[str] | None:
    if not wanted.team and not wanted.mine:
        return None
    named = {t.id for t in teams if wanted.team in ("", t.id, t.handle)}
    return sorted(named & mine if wanted.mine else named)


def _title(w: Web, rule: ScoreRule) -> str:
    return say(w, rule.title) if rule.shipped else rule.title


def _row(project: Project, teams: Mapping[str, Team], score: Score, titles: Mapping[str, str]) -> Row:
    return Row(project, teams[project.team], score, [(rule, titles.get(rule, rule)) for rule in score.failed])


def _at(query: str) -> str:
    return f"/scorecards?{urlencode({'q': query})}" if query else "/scorecards"


def _narrowed(query: str, key: str, value: str, count: int | None = None) -> tuple[str, int | None, bool]:
    on = f"{key}:{value}" in query.split()
    return _at(filters.with_word(query, key, "" if on else value)), count, on


def _levels(w: Web, query: str, teams: Sequence[TeamScore]) -> list[Choice]:
    counts = [sum(t.levels[n] for t in teams) for n in range(rules.MOST + 1)]
    return [(say(w, rules.LEVELS[n]), *_narrowed(query, "level", str(n), counts[n])) for n in range(rules.MOST, -1, -1)]


def _failing(query: str, failing: Mapping[str, int], titles: Mapping[str, str]) -> list[Choice]:
    ordered = sorted(failing.items(), key=lambda pair: (-pair[1], pair[0]))
    return [(titles.get(rule, rule), *_narrowed(query, "fails", rule, number)) for rule, number in ordered]


def _teams(stands: Sequence[TeamScore], teams: Mapping[str, Team], mine: set[str]) -> list[TeamRow]:
    found = [
        TeamRow(teams[s.team], s, sum(s.levels), round(100 * s.passed / max(1, s.asked)), _at(f"team:{teams[s.team].handle}"))
        for s in stands
        if s.team in teams
    ]
    return sorted(found, key=lambda row: (row.team.id not in mine, row.percent, row.team.name))


def _series(w: Web, trend: Sequence[ScoreDay]) -> list[Series]:
    """The levels from the highest: gold at the bottom of each column."""
    return [Series(say(w, rules.LEVELS[n]), [d.levels[n] for d in trend], _TONES[n]) for n in range(rules.MOST, -1, -1)]


# -- a project's own


@page("catalog/scorecard.html")
@dataclass(frozen=True, slots=True)
class ScorecardPage:
    """A project's card: its findings by level, with reasons in words, and how it was day by day."""

    project: Project
    card: Scorecard
    levels: Sequence[tuple[int, str, Sequence[Told]]]
    names: Sequence[str]
    percent: int
    days: Sequence[str]
    series: Sequence[Series]


@dataclass(frozen=True, slots=True)
class Told:
    """A finding in words; each reason is a sentence and an address where it is seen or mended."""

    rule: str
    title: str
    why: str
    verdict: str
    reasons: Sequence[tuple[str, str]]


@routes.page("/{project}/scorecard", permission=READ.id)
async def scorecard(project: str, w: Web = WebIn) -> Response:
    """The card."""
    async with w.reading() as r:
        head = await service.head(r, w.house.slots, project, "overview", w.lang)
        found = await service.project(r, project)
        card = await service.scorecard(r, project)
        trend = await service.score_trend(r, _DAYS, project=project)
    titles = {word.name: say(w, word.title) for word in (*rules.LATER, *service.score_words())}
    levels = [
        (n, say(w, rules.LEVELS[n]), [_told(w, f, titles) for f in card.findings if f.rule.level == n])
        for n in range(1, rules.MOST + 1)
    ]
    made = ScorecardPage(
        project=found,
        card=card,
        levels=[level for level in levels if level[2]],
        names=[say(w, name) for name in rules.LEVELS],
        percent=round(100 * card.passed / max(1, card.asked)),
        days=[f"{d.day.month}/{d.day.day}" for d in trend],
        series=[Series(say(w, N_("Rules that hold")), [d.passed for d in trend], "green")],
    )
    return await w.page(made, title=f"{say(w, N_('Scorecard'))} · {project}", head=head)


def _told(w: Web, finding: Finding, titles: Mapping[str, str]) -> Told:
    rule = finding.rule
    reasons = [(_reason(w, reason, titles), reason.link) for reason in finding.reasons]
    why = say(w, rule.why) if rule.shipped else rule.why
    return Told(rule.id, _title(w, rule), why, finding.verdict.value, reasons)


def _reason(w: Web, reason: Reason, titles: Mapping[str, str]) -> str:
    title = titles.get(reason.fact, reason.fact)
    if reason.value is None:
        return say(w, N_("{fact}: nobody knows yet"), fact=title)
    value = _value(w, reason)
    more = f" ({reason.why})" if reason.why else ""
    if reason.wanted:
        return say(w, N_("{fact}: {value}, asked for: {wanted}"), fact=title, value=value + more, wanted=reason.wanted)
    return say(w, N_("{fact}: {value}"), fact=title, value=value + more)


def _value(w: Web, reason: Reason) -> str:
    match reason.value:
        case bool():
            return say(w, N_("yes")) if reason.value else say(w, N_("no"))
        case tuple():
            return ", ".join(reason.value) or say(w, N_("none"))
        case "":
            return say(w, N_("not said"))
        case _:
            return str(reason.value)


# -- the rules


@page("catalog/score_rules.html")
@dataclass(frozen=True, slots=True)
class ScoreRulesPage:
    """All rules by level, the form for one at the side, and the words that a rule may use."""

    tabs: Sequence[Tab]
    rules: Sequence[tuple[ScoreRule, str, str]]
    names: Sequence[str]
    failing: Mapping[str, int]
    words: Sequence[tuple[Word, str, str]]
    can_score: bool
    editing: str
    typed: Mapping[str, str]
    wrong: Mapping[str, str]


def _tabs(current: str) -> list[Tab]:
    return [
        Tab(N_("Scorecards"), "/scorecards", "checklist", current=current == "scorecards"),
        Tab(N_("Rules"), "/scorecards/rules", "law", current=current == "rules"),
    ]


@routes.page("/scorecards/rules", permission=READ.id)
async def score_rules(edit: str = "", w: Web = WebIn) -> Response:
    """The page; `edit` is the rule that stands in the form."""
    return await _show_rules(w, edit)


@routes.form("/scorecards/rules", verb="catalog.set_score_rule", permission=SCORE.id)
async def set_rule(w: Web = WebIn) -> Response:
    """Write a rule, or change one."""
    f = await form(w)
    level, place = (int(f[name]) if f[name].isdecimal() and len(f[name]) < 6 else -1 for name in ("level", "place"))
    made = ScoreRule(f["id"], f["title"], f["why"], f["concerns"], f["holds"], level, max(0, place))
    try:
        async with w.transaction() as tx:
            await service.set_score_rule(tx, made)
    except PodoError as error:
        if error.kind in ("refused", "missing"):
            raise
        return await _show_rules(w, f["edit"], f, error)
    return w.go("/scorecards/rules", said=say(w, N_("The rule is set. Every project is judged anew.")))


@routes.form("/scorecards/rules/reset", verb="catalog.reset_score_rule", permission=SCORE.id)
async def reset_rule(w: Web = WebIn) -> Response:
    """Take back what the organisation said of it."""
    f = await form(w)
    async with w.transaction() as tx:
        await service.reset_score_rule(tx, f["id"])
    return w.go("/scorecards/rules", said=say(w, N_("What was said of {rule} is taken back."), rule=f["id"]))


async def _show_rules(w: Web, edit: str, typed: Form | None = None, error: PodoError | None = None) -> Response:
    async with w.reading() as r:
        known = await service.score_rules(r)
        failing = await service.failing_rules(r)
        can = await _may_score(r)
    was = next((rule for rule in known if rule.id == edit), None)
    made = ScoreRulesPage(
        tabs=_tabs("rules"),
        rules=[(rule, _title(w, rule), say(w, rule.why) if rule.shipped else rule.why) for rule in known],
        names=[say(w, name) for name in rules.LEVELS],
        failing=failing,
        words=[(word, say(w, word.title), say(w, word.about)) for word in service.score_words()],
        can_score=can,
        editing=was.id if was else "",
        typed={name: typed[name] for name in _FORM} if typed else _form(w, was),
        wrong={error.data.get("field") or WHOLE: sentence(w, error)} if error else {},
    )
    return await w.page(made, title=N_("Rules of scorecards"), status=422 if error else 200)


_FORM = ("id", "title", "why", "concerns", "holds", "level", "place")


def _form(w: Web, was: ScoreRule | None) -> dict[str, str]:
    if was is None:
        return dict.fromkeys(_FORM, "") | {"level": "1", "place": "100"}
    return {
        "id": was.id,
        "title": _title(w, was),
        "why": say(w, was.why) if was.shipped else was.why,
        "concerns": was.concerns,
        "holds": was.holds,
        "level": str(was.level),
        "place": str(was.place),
    }


async def _may_score(r: Reading) -> bool:
    return (await access.may(r, SCORE, On())).allowed
