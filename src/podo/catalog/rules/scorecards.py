"""Scorecards: what comes of rules for a project, and the rules and words that Podo brings; values only."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from podo.catalog.rules.score_language import Node, decide, read
from podo.catalog.types import FactKind, Finding, Known, Scorecard, ScoreRule, Verdict, Word, WrongRule
from podo.kernel.errors import N_

MOST = 3
LEVELS: Sequence[str] = (N_("No level"), N_("Bronze"), N_("Silver"), N_("Gold"))
_ID = re.compile(r"[a-z][a-z0-9-]{0,38}[a-z0-9]")


@dataclass(frozen=True, slots=True)
class Read:
    """A rule and what its texts say, read once for many projects."""

    rule: ScoreRule
    concerns: Node | None
    holds: Node | None


def read_all(rules: Sequence[ScoreRule], words: Mapping[str, Word]) -> list[Read]:
    """The rules that are switched on; one that asks for a fact that is no longer known is left out."""
    found: list[Read] = []
    for rule in rules:
        if rule.level:
            try:
                found.append(Read(rule, *(read(text, words, field="", what="") for text in (rule.concerns, rule.holds))))
            except WrongRule:
                continue
    return found


def judge(slug: str, rules: Sequence[Read], known: Mapping[str, Known]) -> Scorecard:
    """How a project stands. A level is reached when a rule of it holds, and none of it or below it fails."""
    findings = tuple(_finding(one, known) for one in rules)
    passed = {f.rule.level for f in findings if f.verdict is Verdict.passed}
    lowest = min((f.rule.level for f in findings if f.verdict is Verdict.failed), default=MOST + 1)
    verdicts = [f.verdict for f in findings]
    good, bad = verdicts.count(Verdict.passed), verdicts.count(Verdict.failed)
    return Scorecard(slug, max((n for n in passed if n < lowest), default=0), MOST, good, good + bad, findings)


def _finding(one: Read, known: Mapping[str, Known]) -> Finding:
    concerned, why = decide(one.concerns, known)
    if concerned is not True:
        return Finding(one.rule, Verdict.aside if concerned is False else Verdict.unknown, why)
    value, reasons = decide(one.holds, known)
    verdict = Verdict.unknown if value is None else Verdict.passed if value else Verdict.failed
    return Finding(one.rule, verdict, reasons)


# -- the rules


def check_rule(rule: ScoreRule, words: Mapping[str, Word]) -> None:
    """Raises `WrongRule` with the field that cannot be so."""
    if not _ID.fullmatch(rule.id):
        raise WrongRule(
            field="id", what=N_("Name"), why=N_("small letters, digits and hyphens, 2 to 40, a letter first"), word=""
        )
    if not rule.title or len(rule.title) > 120:
        raise WrongRule(field="title", what=N_("Title"), why=N_("a title has 1 to 120 characters"), word="")
    if not 0 <= rule.level <= MOST:
        raise WrongRule(field="level", what=N_("Level"), why=N_("a level is 1, 2 or 3, and 0 switches the rule off"), word="")
    if len(rule.why) > 1000:
        raise WrongRule(field="why", what=N_("Why"), why=N_("this is too long"), word="")
    read(rule.concerns, words, field="concerns", what=N_("Concerns"))
    if read(rule.holds, words, field="holds", what=N_("Has to hold")) is None:
        raise WrongRule(field="holds", what=N_("Has to hold"), why=N_("a rule asks for something"), word="")


def together(own: Sequence[ScoreRule]) -> list[ScoreRule]:
    """Podo's rules with the organisation's in their place, by level and place; those switched off come last."""
    mine = {rule.id: rule for rule in own}
    shipped = {rule.id for rule in SHIPPED}
    found = [mine.pop(rule.id, rule) for rule in SHIPPED] + list(mine.values())
    marked = [_marked(rule, rule.id in shipped, rule in own) for rule in found]
    return sorted(marked, key=lambda rule: (rule.level or MOST + 1, rule.place, rule.id))


def _marked(rule: ScoreRule, shipped: bool, changed: bool) -> ScoreRule:
    return ScoreRule(
        rule.id, rule.title, rule.why, rule.concerns, rule.holds, rule.level, rule.place, shipped=shipped, changed=changed
    )


def _ship(level: int, *rules: tuple[str, str, str, str, str]) -> list[ScoreRule]:
    return [
        ScoreRule(id_, title, why, concerns, holds, level, place * 10)
        for place, (id_, title, why, concerns, holds) in enumerate(rules)
    ]


SHIPPED: Sequence[ScoreRule] = (
    *_ship(
        1,
        (
            "owner",
            N_("Its owner is alive"),
            N_("A team that has ended, or in which nobody is, answers nobody."),
            "",
            "owner_alive",
        ),
        ("described", N_("It says what it does"), N_("Whoever is called at night reads this first."), "", "description"),
        ("lifecycle", N_("It says how far it is"), N_("An experiment is not missed; production is."), "", "lifecycle"),
        ("source", N_("Its source is known"), N_("What cannot be built cannot be mended."), "", "repository"),
        (
            "channel",
            N_("It can be asked"),
            N_("A Slack channel or a contact, so that nobody has to guess."),
            "",
            "slack or contacts >= 1",
        ),
    ),
    *_ship(
        2,
        (
            "runbook",
            N_("It has a runbook"),
            N_("What hurts within an hour needs steps that anybody on call can follow."),
            "tier <= 2 and not lifecycle = deprecated",
            "runbook",
        ),
        ("on-call", N_("Somebody is on call"), N_("What hurts at once needs somebody who wakes up."), "tier = 1", "on_call"),
        (
            "paved",
            N_("It is on the paved road"),
            N_("What deploys as everybody does is understood, upgraded and secured by everybody."),
            "deployed",
            "paved",
        ),
        ("two", N_("More than one person knows it"), N_("One person sleeps, leaves and forgets."), "", "owner_people >= 2"),
    ),
    *_ship(
        3,
        ("alerts", N_("It has alerts"), N_("Users should not be the first to notice."), "tier <= 2", "alerts"),
        (
            "on-call-2",
            N_("Somebody is on call, in tier 2 too"),
            N_("Within an hour somebody has to look."),
            "tier = 2",
            "on_call",
        ),
        ("docs", N_("It is documented"), N_("A newcomer finds out alone how it works."), "", "docs"),
        (
            "needs",
            N_("It needs nothing that has ended"),
            N_("What is retired or deprecated is mended by nobody."),
            "dependencies >= 1",
            "ended_dependencies = 0",
        ),
        (
            "fresh",
            N_("It was deployed within 90 days"),
            N_("What is never deployed can no longer be deployed when it has to be."),
            "deployed and tier <= 2",
            "days_since_deployment <= 90",
        ),
    ),
)

# What the catalogue itself knows of a project.
WORDS: Sequence[Word] = (
    Word("tier", FactKind.number, N_("Tier"), N_("1, 2 or 3: how much it hurts when it is down"), ("tier <= 2",)),
    Word("lifecycle", FactKind.text, N_("Lifecycle"), N_("experimental, production or deprecated"), ("lifecycle = production",)),
    Word("type", FactKind.text, N_("Type"), N_("service, website, library or another word"), ("type in (service, worker)",)),
    Word("system", FactKind.text, N_("System"), N_("The system that it is a part of")),
    Word("domain", FactKind.text, N_("Domain"), N_("The domain that its system is a part of")),
    Word("description", FactKind.text, N_("Description"), N_("What it says it does")),
    Word("repository", FactKind.text, N_("Git repository"), N_("The address of its source")),
    Word("docs", FactKind.text, N_("Documentation"), N_("The address of its documentation")),
    Word("runbook", FactKind.text, N_("Runbook"), N_("The address of its runbook")),
    Word("slack", FactKind.text, N_("Slack channel"), N_("Its own channel, or its team's")),
    Word("on_call", FactKind.flag, N_("On call"), N_("Whether somebody is on call, by a schedule or by its own word")),
    Word("contacts", FactKind.number, N_("Contacts"), N_("How many contacts it names"), ("contacts >= 1",)),
    Word("links", FactKind.number, N_("Links"), N_("How many links it names")),
    Word("tags", FactKind.words, N_("Tags"), N_("Its tags"), ("tags = grpc",)),
    Word("dependencies", FactKind.number, N_("Depends on"), N_("How many things it says it needs")),
    Word(
        "ended_dependencies", FactKind.number, N_("Depends on what has ended"), N_("How many of them are retired or deprecated")
    ),
    Word("needed_by", FactKind.number, N_("Needed by"), N_("How many projects say they need it")),
    Word("environments", FactKind.words, N_("Environments"), N_("Where it is to run"), ("environments = prod",)),
    Word("regions", FactKind.words, N_("Regions"), N_("Where it is to run"), ("regions >= 2", "regions in (kr, jp)")),
    Word("owner_alive", FactKind.flag, N_("Owner is alive"), N_("Whether its team has not ended and has people")),
    Word("owner_people", FactKind.number, N_("People of the owner"), N_("How many people its team has")),
    Word("age_days", FactKind.number, N_("Age"), N_("For how many days it is registered")),
)

# What rules that Podo brings ask of domains that need not be there; then nobody knows it.
LATER: Sequence[Word] = (
    Word("deployed", FactKind.flag, N_("Deployed"), N_("Whether anything of it is deployed")),
    Word("days_since_deployment", FactKind.number, N_("Days since the last deployment"), N_("Of its newest deployment")),
    Word("paved", FactKind.flag, N_("On the paved road"), N_("Whether it deploys as everybody does")),
    Word("alerts", FactKind.flag, N_("Alerts"), N_("Whether it has alerts that somebody hears")),
)
