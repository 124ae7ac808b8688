"""`podo owner`: whose something is, was, and will be; and `podo offer`."""

from __future__ import annotations

from typing import Any

import click

from podo.cli.client import api, done, show, verb

_AT = click.option("--at", default="", metavar="TIME", help="At a time, such as 2026-05-03 or 2026-05-03T09:00:00Z.")
_KNOWN = click.option("--known", default="", metavar="TIME", help="As it was known then.")
_WHY = click.option("--why", default="", help="Stays with the history.")
_HISTORY = ["team_name", "since", "until", "custody", "of", "by", "why"]
_OFFERS = ["project", "team_name", "holder_name", "state", "due_at", "because", "why"]


@click.group("owner")
def owner() -> None:
    """Whose a project is, was, and who is called for it."""


@verb("catalog.answers")
@owner.command("of")
@click.argument("namespaces", nargs=-1, required=True)
@_AT
@_KNOWN
def of(namespaces: tuple[str, ...], at: str, known: str) -> None:
    """Whose namespaces these are, and whom to call."""
    found = api("GET", "/owners", params={"namespace": list(namespaces), "at": at, "known": known})
    show(found, tell=lambda rows: "\n\n".join(_told(a) for a in rows))


def _told(a: dict[str, Any]) -> str:
    kept = f", kept since {a['of']} is no more" if a["custody"] else ""
    lines = [f"{a['namespace']}: {a['title'] or 'nobody registered it'}", f"  team    {a['team_name']} ({a['handle']}){kept}"]
    lines += [f"  call    {p['name']} <{p['email']}>{' (lead)' if p['leads'] else ''}" for p in a["people"]]
    lines += [f"  on call {_reach(one)}" for one in a["on_call"]]
    lines += [f"  ask     {_reach(one)}" for one in a["contacts"]]
    lines += [f"  former  {_reach(one)}" for one in a["former"]]
    return "\n".join(lines + ([f"  slack   #{a['slack']}"] if a["slack"] else []))


def _reach(one: dict[str, str]) -> str:
    said = " ".join(filter(None, (one["text"] or one["person"], one["link"])))
    return f"{said} ({one['about']})" if one["about"] else said


@verb("catalog.owners")
@owner.command("history")
@click.argument("slug")
@_AT
@_KNOWN
def history(slug: str, at: str, known: str) -> None:
    """Who owned a project, from when to when; with `--at` at that time alone."""
    show(api("GET", f"/projects/{slug}/owners", params={"at": at, "known": known}), _HISTORY)


@verb("catalog.record")
@owner.command("record")
@click.argument("slug")
def record(slug: str) -> None:
    """All that was ever believed of a project's owners, the newest belief first."""
    show(api("GET", f"/projects/{slug}/owners/record"), ["team_name", "since", "until", "recorded_at", "superseded_at", "why"])


@verb("catalog.transfer")
@owner.command("transfer")
@click.argument("slug")
@click.argument("team")
@click.option("--why", required=True, help="Stays with the history.")
def transfer(slug: str, team: str, why: str) -> None:
    """Give a project to another team at once, for whoever leads both; `podo offer make` asks that team first."""
    show(api("POST", f"/projects/{slug}/transfer", {"team": team, "why": why}))


@verb("catalog.give_back")
@owner.command("give-back")
@click.argument("slug")
@_WHY
def give_back(slug: str, why: str) -> None:
    """Undo the last change of owner."""
    show(api("POST", f"/projects/{slug}/give-back", {"why": why}))


@verb("catalog.escalate")
@owner.command("escalate")
@click.argument("slug")
@_WHY
def escalate(slug: str, why: str) -> None:
    """Hand a project in custody to the team above."""
    show(api("POST", f"/projects/{slug}/escalate", {"why": why}))


@verb("catalog.correct")
@owner.command("correct")
@click.argument("slug")
@click.argument("team")
@click.option("--since", required=True, metavar="TIME")
@click.option("--until", default="", metavar="TIME", help="Without it: to this day.")
@click.option("--why", required=True, help="Stays with the history.")
def correct(slug: str, team: str, since: str, until: str, why: str) -> None:
    """Set right who owned a project in the past; what was known before stays on record."""
    wanted = {"team": team, "since": since, "until": until, "why": why}
    show(api("POST", f"/projects/{slug}/owners/correct", wanted), _HISTORY)


@verb("catalog.rehearse")
@owner.command("rehearse")
@click.argument("draft")
def rehearse(draft: str) -> None:
    """What a draft of the chart of teams would move, and what would be left without an owner."""
    show(api("GET", f"/rehearsals/{draft}"), tell=_rehearsed)


def _rehearsed(found: dict[str, Any]) -> str:
    lines = [
        f"{found['name']}: {found['moved']} of {found['projects']} projects would move, {found['left']} with nobody to take them."
    ]
    for move in found["moves"]:
        how = "kept by" if move["custody"] else "to"
        offered = f"; offered to {', '.join(move['candidates'])}" if move["candidates"] else ""
        lines.append(f"  {move['project']}: {move['from_name']} {how} {move['to_name']}{offered}")
    return "\n".join(lines)


@click.group("offer")
def offer() -> None:
    """Projects offered to teams."""


@verb("catalog.open_offers")
@offer.command("list")
@click.option("--mine", is_flag=True, help="Those that wait for me.")
@click.option("--team", default="", help="Those to one team.")
def list_(mine: bool, team: str) -> None:
    """Offers that wait for an answer, the first due first."""
    show(api("GET", "/offers", params={"mine": mine, "team": team}), _OFFERS)


@verb("catalog.offers")
@offer.command("of")
@click.argument("slug")
def of_project(slug: str) -> None:
    """All offers of a project."""
    show(api("GET", f"/projects/{slug}/offers"), _OFFERS)


@verb("catalog.offer")
@offer.command("make")
@click.argument("slug")
@click.argument("team")
@_WHY
@click.option("--until", default="", metavar="TIME", help="How long it stands.")
def make(slug: str, team: str, why: str, until: str) -> None:
    """Offer a project to another team; it stays where it is until that team accepts."""
    show(api("POST", f"/projects/{slug}/offers", {"team": team, "why": why, "until": until}))


@verb("catalog.accept")
@offer.command("accept")
@click.argument("slug")
@click.argument("team")
def accept(slug: str, team: str) -> None:
    """Take a project for a team."""
    api("POST", f"/projects/{slug}/offers/{team}/accept")
    done(f"{slug} is {team}'s now.")


@verb("catalog.decline")
@offer.command("decline")
@click.argument("slug")
@click.argument("team")
@_WHY
def decline(slug: str, team: str, why: str) -> None:
    """Say for a team that it does not want a project."""
    api("POST", f"/projects/{slug}/offers/{team}/decline", {"why": why})
    done(f"Declined {slug} for {team}.")


@verb("catalog.withdraw_offer")
@offer.command("withdraw")
@click.argument("slug")
@click.argument("team")
@_WHY
def withdraw(slug: str, team: str, why: str) -> None:
    """Take an offer back."""
    api("POST", f"/projects/{slug}/offers/{team}/withdraw", {"why": why})
    done(f"{slug} is no longer offered to {team}.")
