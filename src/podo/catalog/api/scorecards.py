"""Scorecards as JSON."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel

from podo.access import service as access
from podo.catalog import service
from podo.catalog.types import READ, SCORE, Finding, Reason, Score, Scorecard, ScoreDay, ScoreRule, TeamScore, Word
from podo.kernel.http import Routes, Web
from podo.kernel.http.web import WebIn
from podo.kernel.ui import languages

routes = Routes("catalog", tag="Scorecards")


class ReasonOut(BaseModel):
    """A fact that decided: its value (null: nobody knows) and what it should be (empty: said at all)."""

    fact: str
    value: bool | int | str | list[str] | None
    wanted: str
    why: str
    link: str

    @classmethod
    def of(cls, r: Reason) -> ReasonOut:
        """From the noun."""
        value = list(r.value) if isinstance(r.value, tuple) else r.value
        return cls(fact=r.fact, value=value, wanted=r.wanted, why=r.why, link=r.link)


class RuleOut(BaseModel):
    """A rule. `level` 0 is switched off; `shipped`: Podo brings it; `changed`: the organisation wrote or changed it."""

    id: str
    title: str
    why: str
    concerns: str
    holds: str
    level: int
    place: int
    shipped: bool
    changed: bool

    @classmethod
    def of(cls, r: ScoreRule, lang: str) -> RuleOut:
        """From the noun; what Podo brings is told in the reader's language."""
        title, why = (languages.say(lang, r.title), languages.say(lang, r.why)) if r.shipped else (r.title, r.why)
        return cls(
            id=r.id,
            title=title,
            why=why,
            concerns=r.concerns,
            holds=r.holds,
            level=r.level,
            place=r.place,
            shipped=r.shipped,
            changed=r.changed,
        )


class RuleIn(BaseModel):
    """A rule: for projects that `concerns` is true of (empty: all), `holds` has to be true. `level` 1 to 3; 0 switches it off."""

    title: str
    why: str = ""
    concerns: str = ""
    holds: str
    level: int = 1
    place: int = 100


class FindingOut(BaseModel):
    """What came of a rule: passed, failed, unknown, or aside when it does not concern the project."""

    rule: RuleOut
    verdict: str
    reasons: list[ReasonOut]

    @classmethod
    def of(cls, f: Finding, lang: str) -> FindingOut:
        """From the noun."""
        return cls(rule=RuleOut.of(f.rule, lang), verdict=f.verdict, reasons=[ReasonOut.of(one) for one in f.reasons])


class ScorecardOut(BaseModel):
    """How a project stands now: its level of `most`, how many rules hold of those asked, and each with its reasons."""

    project: str
    level: int
    most: int
    passed: int
    asked: int
    findings: list[FindingOut]

    @classmethod
    def of(cls, c: Scorecard, lang: str) -> ScorecardOut:
        """From the noun."""
        found = [FindingOut.of(f, lang) for f in c.findings]
        return cls(project=c.project, level=c.level, most=c.most, passed=c.passed, asked=c.asked, findings=found)


class ScoreOut(BaseModel):
    """How a project stood when it was last worked out; `failed` are ids of rules."""

    project: str
    level: int
    passed: int
    asked: int
    failed: list[str]
    at: datetime

    @classmethod
    def of(cls, s: Score) -> ScoreOut:
        """From the noun."""
        return cls(project=s.project, level=s.level, passed=s.passed, asked=s.asked, failed=list(s.failed), at=s.at)


class ScoresOut(BaseModel):
    """A page of scores, the lowest first."""

    items: list[ScoreOut]
    next: str | None
    total: int | None


class TeamScoreOut(BaseModel):
    """A team's projects: how many are on each level from 0, and how many rules hold of those asked."""

    team: str
    levels: list[int]
    passed: int
    asked: int

    @classmethod
    def of(cls, t: TeamScore) -> TeamScoreOut:
        """From the noun."""
        return cls(team=t.team, levels=list(t.levels), passed=t.passed, asked=t.asked)


class ScoreDayOut(BaseModel):
    """The end of a day (UTC): how many projects, and how many of them on each level from 0."""

    day: date
    projects: int
    levels: list[int]
    passed: int
    asked: int

    @classmethod
    def of(cls, d: ScoreDay) -> ScoreDayOut:
        """From the noun."""
        return cls(day=d.day, projects=d.projects, levels=list(d.levels), passed=d.passed, asked=d.asked)


class WordOut(BaseModel):
    """A word that rules may use; `kind` is flag, number, text or words."""

    name: str
    kind: str
    title: str
    about: str

    @classmethod
    def of(cls, w: Word, lang: str) -> WordOut:
        """From the noun."""
        return cls(name=w.name, kind=w.kind, title=languages.say(lang, w.title), about=languages.say(lang, w.about))


@routes.api("GET", "/api/v1/scorecards", verb="catalog.scores", permission=READ.id)
async def scores(
    q: str = "",
    team: str = "",
    tier: int = 0,
    level: int | None = None,
    fails: str = "",
    cursor: str | None = None,
    limit: int = 50,
    w: Web = WebIn,
) -> ScoresOut:
    """How projects stand, the lowest first; `fails` is the id of a rule, `team` an id or handle."""
    skip = int(cursor) if cursor and cursor.isdecimal() and len(cursor) < 10 else 0
    async with w.reading() as r:
        teams = [(await access.team(r, team)).id] if team else None
        found = await service.scores(
            r, text=q, teams=teams, tier=tier, level=level, fails=fails, skip=skip, limit=max(1, min(limit, 200))
        )
    return ScoresOut(items=[ScoreOut.of(s) for s in found.items], next=found.next, total=found.total)


@routes.api("GET", "/api/v1/projects/{project}/scorecard", verb="catalog.scorecard", permission=READ.id)
async def scorecard(project: str, w: Web = WebIn) -> ScorecardOut:
    """How one project stands now, with the reasons."""
    async with w.reading() as r:
        return ScorecardOut.of(await service.scorecard(r, project), w.lang)


@routes.api("GET", "/api/v1/scorecards/teams", verb="catalog.team_scores", permission=READ.id)
async def team_scores(w: Web = WebIn) -> list[TeamScoreOut]:
    """How the projects of each team stand."""
    async with w.reading() as r:
        return [TeamScoreOut.of(t) for t in await service.team_scores(r)]


@routes.api("GET", "/api/v1/scorecards/trend", verb="catalog.score_trend", permission=READ.id)
async def trend(days: int = 90, team: str = "", project: str = "", w: Web = WebIn) -> list[ScoreDayOut]:
    """Day by day: of all projects, of those that were a team's on that day, or of one."""
    async with w.reading() as r:
        owner = (await access.team(r, team)).id if team else ""
        found = await service.score_trend(r, max(1, min(days, 400)), team=owner, project=project)
    return [ScoreDayOut.of(d) for d in found]


@routes.api("GET", "/api/v1/scorecards/rules", verb="catalog.score_rules", permission=READ.id)
async def rules(w: Web = WebIn) -> list[RuleOut]:
    """All rules, by level; those switched off come last."""
    async with w.reading() as r:
        return [RuleOut.of(rule, w.lang) for rule in await service.score_rules(r)]


@routes.api("GET", "/api/v1/scorecards/words", verb="catalog.score_words", permission=READ.id)
async def words(w: Web = WebIn) -> list[WordOut]:
    """The words that rules may use."""
    return [WordOut.of(word, w.lang) for word in service.score_words()]


@routes.api("PUT", "/api/v1/scorecards/rules/{rule}", verb="catalog.set_score_rule", permission=SCORE.id)
async def set_rule(rule: str, wanted: RuleIn, w: Web = WebIn) -> RuleOut:
    """Write the rule of the address, or change one that Podo brings."""
    made = ScoreRule(rule, wanted.title, wanted.why, wanted.concerns, wanted.holds, wanted.level, wanted.place)
    async with w.transaction() as tx:
        return RuleOut.of(await service.set_score_rule(tx, made), w.lang)


@routes.api("DELETE", "/api/v1/scorecards/rules/{rule}", verb="catalog.reset_score_rule", permission=SCORE.id, status=204)
async def reset_rule(rule: str, w: Web = WebIn) -> None:
    """Take back what the organisation said of a rule: it is as Podo brings it, or gone."""
    async with w.transaction() as tx:
        await service.reset_score_rule(tx, rule)
