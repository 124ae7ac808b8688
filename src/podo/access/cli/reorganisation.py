"""`podo team rename|move|merge|split|dissolve|history|undo`, `podo directory removals`, and `podo draft`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from podo.access.cli.people import directory, plan_lines, team
from podo.cli.client import api, done, show, verb


def _became(of: str, kind: str, why: str, at: str | None, **more: Any) -> None:
    sent = {"kind": kind, "why": why, **more} | ({"at": at} if at else {})
    made = api("POST", f"/teams/{of}/successions", sent)
    show(made, tell=lambda m: f"Recorded: {m['kind']} ({m['id']}). `podo team undo {m['id']}` takes it back.")


_why = click.option("--why", default="", help="Why; people read it on the team's page.")
_at = click.option("--at", help="When it happened (2026-11-01T09:00:00+09:00); default: now.")


@verb("access.succeed")
@team.command("rename")
@click.argument("name")
@click.argument("new_name")
@_why
@_at
def rename(name: str, new_name: str, why: str, at: str | None) -> None:
    """A team is called NEW_NAME; nothing that it owns changes."""
    _became(name, "rename", why, at, name=new_name)


@verb("access.succeed")
@team.command("move")
@click.argument("name")
@click.argument("parent", default="")
@_why
@_at
def move(name: str, parent: str, why: str, at: str | None) -> None:
    """A team stands under PARENT, or at the top without one."""
    _became(name, "move", why, at, parent=parent)


@verb("access.succeed")
@team.command("merge")
@click.argument("name")
@click.argument("into")
@_why
@_at
def merge(name: str, into: str, why: str, at: str | None) -> None:
    """A team is part of INTO now, with its people and what it owns."""
    _became(name, "merge", why, at, successors=[into])


@verb("access.succeed")
@team.command("split")
@click.argument("name")
@click.argument("into", nargs=-1, required=True)
@_why
@_at
def split(name: str, into: tuple[str, ...], why: str, at: str | None) -> None:
    """A team became several; what it owned is offered to them."""
    _became(name, "split", why, at, successors=list(into))


@verb("access.succeed")
@team.command("dissolve")
@click.argument("name")
@_why
@_at
def dissolve(name: str, why: str, at: str | None) -> None:
    """A team is no more; what it owned is in the custody of the team above."""
    _became(name, "dissolve", why, at)


@verb("access.successions")
@team.command("history")
@click.argument("name", default="")
def history(name: str) -> None:
    """What became of a team, or of all."""
    columns = ["at", "kind", "team", "successors", "was", "now", "by", "why", "withdrawn_at", "id"]
    show(api("GET", "/successions", params={"team": name}), columns)


@verb("access.withdraw")
@team.command("undo")
@click.argument("id_", metavar="ID")
@_why
def undo(id_: str, why: str) -> None:
    """Take back what was recorded of a team."""
    show(api("POST", f"/successions/{id_}/withdraw", {"why": why}), tell=lambda m: f"Not {m['kind']} after all.")


@verb("access.removals")
@directory.command("removals")
def removals() -> None:
    """What a pushed directory takes away beyond a day's share; it waits."""
    show(api("GET", "/directory/removals"), ["id", "kind", "name", "of", "asked_at"])


@verb("access.removals_take")
@directory.command("let-go")
@click.argument("ids", nargs=-1, required=True)
def let_go(ids: tuple[str, ...]) -> None:
    """Let these people leave, and these teams end."""
    show(api("POST", "/directory/removals/take", {"ids": list(ids)}), ["name", "kind"])


@verb("access.removals_keep")
@directory.command("keep")
@click.argument("ids", nargs=-1, required=True)
def keep(ids: tuple[str, ...]) -> None:
    """Keep these people and teams, whatever the directory said."""
    show(api("POST", "/directory/removals/keep", {"ids": list(ids)}), ["name", "kind"])


@click.group("draft")
def draft() -> None:
    """Charts of the organisation that may come true."""


@verb("access.drafts")
@draft.command("list")
def draft_list() -> None:
    """Those that are open, and those that came true."""
    show(api("GET", "/directory/drafts"), ["id", "name", "by", "changed_at", "taken_at"])


@verb("access.draft")
@draft.command("show")
@click.argument("id_", metavar="ID")
def draft_show(id_: str) -> None:
    """What would change if it came true."""
    show(api("GET", f"/directory/drafts/{id_}"), tell=lambda d: f"{d['name']} ({d['id']})\n{plan_lines(d['plan'])}")


@verb("access.draft_make")
@draft.command("make")
@click.argument("name")
def draft_make(name: str) -> None:
    """A new one, which says what is so now."""
    show(api("POST", "/directory/drafts", {"name": name}), tell=lambda d: d["id"])


@verb("access.draft_fill")
@draft.command("fill")
@click.argument("id_", metavar="ID")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def draft_fill(id_: str, file: Path) -> None:
    """Let it say exactly what FILE says (YAML, JSON or CSV)."""
    api("PUT", f"/directory/drafts/{id_}/file", {"name": file.name, "text": file.read_text("utf-8")})
    show(api("GET", f"/directory/drafts/{id_}"), tell=lambda d: plan_lines(d["plan"]))


@verb("access.draft_take")
@draft.command("take")
@click.argument("id_", metavar="ID")
@click.option("--most-gone", default=0.2, show_default=True, help="The largest share of people and teams that may go at once.")
def draft_take(id_: str, most_gone: float) -> None:
    """Let it come true."""
    show(api("POST", f"/directory/drafts/{id_}/take", {"most_gone": most_gone}), tell=plan_lines)


@verb("access.draft_close")
@draft.command("close")
@click.argument("id_", metavar="ID")
def draft_close(id_: str) -> None:
    """Throw it away."""
    api("DELETE", f"/directory/drafts/{id_}")
    done("Thrown away.")
