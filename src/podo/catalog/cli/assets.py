"""`podo asset` and `podo orphan`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import click

from podo.cli.client import api, done, every, show, verb

_COLUMNS = ["id", "state", "kind", "name", "account", "region", "project", "team"]


@click.group("asset")
def asset() -> None:
    """Things in clouds, and whose they are."""


_FILTERS = (
    click.option("--provider", help="aws or gcp."),
    click.option("--account"),
    click.option("--region"),
    click.option("--kind", help="Such as rds:db."),
    click.option("--team", help="Id or handle."),
    click.option("--below", is_flag=True, help="With the teams below."),
    click.option("--project"),
    click.option("--state", help="owned, custody, orphan, dead, quarantined or gone."),
    click.option("--tag", help="KEY or KEY=VALUE."),
)


def _filters(command: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_FILTERS):
        command = option(command)
    return command


@verb("catalog.assets")
@asset.command("list")
@click.argument("text", default="")
@_filters
@click.option("--limit", default=100, show_default=True)
def asset_list(text: str, limit: int, **wanted: str | bool | None) -> None:
    """Assets whose name or ARN contains TEXT."""
    show(every("/assets", {"q": text, "limit": min(limit, 200), **wanted}, limit), _COLUMNS)


@verb("catalog.asset_counts")
@asset.command("count")
@click.argument("text", default="")
@_filters
def asset_count(text: str, **wanted: str | bool | None) -> None:
    """How many there are, by provider, account, region, kind and state."""
    found = api("GET", "/assets/counts", params={"q": text, **wanted})
    names = ("providers", "accounts", "regions", "kinds", "states")
    rows = [{"by": name, **row} for name in names for row in found[name]]
    show([{"by": "all", "value": "", "count": found["total"]}, *rows], ["by", "value", "count"])


@verb("catalog.asset")
@asset.command("show")
@click.argument("name")
def asset_show(name: str) -> None:
    """One asset by id or ARN: whose it is, how that is known, and what was decided."""
    by_arn = "/" in name or ":" in name
    found = api("GET", "/assets/arn", params={"arn": name}) if by_arn else api("GET", f"/assets/{quote(name)}")
    show(found["asset"], [*_COLUMNS, "arn", "proof", "trouble", "creator", "seen_at", "gone_at", "quarantined_at"])


@verb("catalog.assign_assets")
@asset.command("assign")
@click.argument("assets", nargs=-1, required=True)
@click.option("--owner", required=True, help="project:NAME or team:HANDLE.")
@click.option("--why", default="")
def asset_assign(assets: tuple[str, ...], owner: str, why: str) -> None:
    """Decide whose assets (ids) are."""
    made = api("POST", "/assets/assign", {"assets": list(assets), "owner": owner, "why": why})
    done(f"{len(assets)} are {owner}’s now. Undo: podo asset undo --batch {made['batch']}")


@verb("catalog.undo_assets")
@asset.command("undo")
@click.argument("name", default="")
@click.option("--batch", default="", help="What was decided at once.")
def asset_undo(name: str, batch: str) -> None:
    """Undo the newest decision about an asset, or a batch: an owner, or a quarantine."""
    if not name and not batch:
        raise click.UsageError("Give the id of an asset, or --batch.")
    made = api("POST", "/assets/undo", {"asset": name, "batch": batch})
    done(f"{made['count']} undone.")


@verb("catalog.coverage")
@asset.command("coverage")
@click.option("--by", default="", help="provider, account or team: the newest day by part.")
@click.option("--provider", default="")
@click.option("--account", default="")
@click.option("--team", default="", help="Id or handle; with all teams below.")
@click.option("--days", default=14, show_default=True)
def asset_coverage(**wanted: str | int) -> None:
    """How many assets have an owner, by day."""
    found = api("GET", "/assets/coverage", params=wanted)
    show(found, ["name", "day", "assets", "owned", "custody", "orphans", "quarantined", "share"])


@click.group("orphan")
def orphan() -> None:
    """Assets of which nobody is known."""


@verb("catalog.orphans")
@orphan.command("list")
@click.option("--because", default="", help="tag, record, on_call, creator, committed, stack and so on: the kind of evidence.")
@click.option("--owner", default="", help="project:NAME or team:ID that the evidence speaks for.")
@click.option("--account", default="")
@click.option("--team", default="", help="Who keeps them: id or handle.")
@click.option("--mine", is_flag=True, help="Only those that teams which you lead are likeliest to own.")
@click.option("--limit", default=50, show_default=True)
def orphan_list(because: str, owner: str, account: str, team: str, mine: bool, limit: int) -> None:
    """Cases, the surest first, each with its likeliest owner and why."""
    asked = {"because": because, "owner": owner, "account": account, "team": team, "mine": mine, "limit": min(limit, 200)}
    rows = [_row(case) for case in every("/assets/orphans", asked, limit)]
    show(rows, ["id", "kind", "name", "trouble", "owner", "confidence", "because", "due_at"])


def _row(case: dict[str, Any]) -> dict[str, Any]:
    best: dict[str, Any] = next(iter(case["candidates"]), {"owner": "", "confidence": 0, "clues": []})
    because = [f"{clue['kind']} {clue['value']}" for clue in best["clues"]]
    known = {name: case["asset"][name] for name in ("id", "kind", "name")}
    return {
        **known,
        "trouble": case["trouble"],
        "owner": best["owner"],
        "confidence": best["confidence"],
        "because": because,
        "due_at": case["due_at"],
    }


@verb("catalog.skip_orphans")
@orphan.command("skip")
@click.argument("assets", nargs=-1, required=True)
def orphan_skip(assets: tuple[str, ...]) -> None:
    """Put cases (ids of assets) at the end of the queue."""
    done(f"{api('POST', '/assets/skip', {'assets': list(assets)})['count']} skipped.")


@verb("catalog.unskip_orphans")
@orphan.command("unskip")
@click.argument("assets", nargs=-1, required=True)
def orphan_unskip(assets: tuple[str, ...]) -> None:
    """Put cases back where evidence puts them."""
    done(f"{api('POST', '/assets/unskip', {'assets': list(assets)})['count']} are back.")


@verb("catalog.quarantine_assets")
@orphan.command("quarantine")
@click.argument("assets", nargs=-1, required=True)
@click.option("--why", default="")
def orphan_quarantine(assets: tuple[str, ...], why: str) -> None:
    """Set orphans apart whose time is over; nothing is deleted."""
    made = api("POST", "/assets/quarantine", {"assets": list(assets), "why": why})
    done(f"In quarantine. Undo: podo asset undo --batch {made['batch']}" if made["batch"] else "They were already.")
