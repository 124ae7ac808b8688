"""`podo scorecard`."""

from __future__ import annotations

from typing import Any

import click

from podo.cli.client import api, done, every, show, verb

_LEVELS = ("-", "bronze", "silver", "gold")


@click.group("scorecard")
def scorecard() -> None:
    """How projects stand by the organisation's rules."""


@verb("catalog.scores")
@scorecard.command("list")
@click.argument("text", default="")
@click.option("--team", help="Id or handle.")
@click.option("--tier", type=int)
@click.option("--level", type=int, help="0 to 3.")
@click.option("--fails", help="The id of a rule that fails.")
@click.option("--limit", default=100, show_default=True)
def list_(text: str, limit: int, **asked: object) -> None:
    """Projects, the lowest level first."""
    found = every("/scorecards", {"q": text, "limit": min(limit, 200), **asked}, limit)
    rows = [{**s, "level": _LEVELS[s["level"]], "holds": f"{s['passed']}/{s['asked']}"} for s in found]
    show(rows, ["project", "level", "holds", "failed"])


@verb("catalog.scorecard")
@scorecard.command("show")
@click.argument("slug")
def show_(slug: str) -> None:
    """One project: each rule, what came of it, and why."""
    show(api("GET", f"/projects/{slug}/scorecard"), tell=_told)


def _told(card: dict[str, Any]) -> str:
    lines = [f"{card['project']}: {_LEVELS[card['level']]}, {card['passed']} of {card['asked']} hold"]
    for found in card["findings"]:
        why = "; ".join(_reason(r) for r in found["reasons"]) if found["verdict"] in ("failed", "unknown") else ""
        lines.append(f"  {found['verdict']:<8} {found['rule']['id']:<12} {found['rule']['title']}{f'  ({why})' if why else ''}")
    return "\n".join(lines)


def _reason(reason: dict[str, Any]) -> str:
    value = "not known" if reason["value"] is None else reason["value"] if reason["value"] != "" else "not said"
    return " ".join(
        filter(None, (f"{reason['fact']}: {value}", reason["wanted"] and f"wanted {reason['wanted']}", reason["why"]))
    )


@verb("catalog.team_scores")
@scorecard.command("teams")
def teams() -> None:
    """How the projects of each team stand."""
    found = api("GET", "/scorecards/teams")
    names = dict(zip(("none", "bronze", "silver", "gold"), range(4), strict=True))
    rows = [{"team": t["team"], **{name: t["levels"][n] for name, n in names.items()}, **t} for t in found]
    show(rows, ["team", *names, "passed", "asked"])


@verb("catalog.score_trend")
@scorecard.command("trend")
@click.option("--days", default=30, show_default=True)
@click.option("--team", help="Id or handle.")
@click.option("--project")
def trend(days: int, team: str | None, project: str | None) -> None:
    """How many projects were on each level, day by day."""
    found = api("GET", "/scorecards/trend", params={"days": days, "team": team, "project": project})
    show(found, ["day", "projects", "levels", "passed", "asked"])


@verb("catalog.score_rules")
@scorecard.command("rules")
def rules() -> None:
    """All rules, by level; 0 is switched off."""
    show(api("GET", "/scorecards/rules"), ["id", "level", "title", "concerns", "holds", "changed"])


@verb("catalog.score_words")
@scorecard.command("words")
def words() -> None:
    """The words that rules may use."""
    show(api("GET", "/scorecards/words"), ["name", "kind", "about"])


@verb("catalog.set_score_rule")
@scorecard.command("set-rule")
@click.argument("rule")
@click.option("--title", required=True)
@click.option("--why", default="")
@click.option("--concerns", default="", help="Which projects: `tier <= 2`; empty: all.")
@click.option("--holds", required=True, help="What has to be so: `runbook`.")
@click.option("--level", default=1, show_default=True, help="1 to 3; 0 switches it off.")
@click.option("--place", default=100, show_default=True)
def set_rule(rule: str, **said: object) -> None:
    """Write a rule, or change one that Podo brings."""
    show(api("PUT", f"/scorecards/rules/{rule}", said))


@verb("catalog.reset_score_rule")
@scorecard.command("reset-rule")
@click.argument("rule")
def reset_rule(rule: str) -> None:
    """Take back what the organisation said of a rule."""
    api("DELETE", f"/scorecards/rules/{rule}")
    done(f"{rule} is as Podo brings it, or gone.")
