"""`podo activity` and `podo event`."""

from __future__ import annotations

import click

from podo.cli.client import api, connection, every, show, verb
from podo.kernel import terminal


@verb("activity.list")
@click.command("activity")
@click.argument("query", nargs=-1)
@click.option("--project", "-p", help="Of one project.")
@click.option("--limit", default=30, show_default=True, help="How many at most.")
def activity_list(query: tuple[str, ...], project: str | None, limit: int) -> None:
    """What happened, newest first: `podo activity env:prod by:@me since:7d`."""
    items = every("/activity", {"q": " ".join(query), "project": project, "limit": min(limit, 200)}, limit)
    if connection().as_json:
        show(items)
        return
    rows = [[i["at"][:19].replace("T", " "), i["project"] or "-", i["actor_name"], i["sentence"], i["id"]] for i in items]
    nothing = "Nothing fits." if query else "Nothing happened yet."
    click.echo(terminal.table(["AT (UTC)", "PROJECT", "WHO", "WHAT", "ID"], rows) if rows else nothing)


@verb("activity.show")
@click.command("event")
@click.argument("id_", metavar="ID")
def event_show(id_: str) -> None:
    """One event with all its facts, and what it caused."""
    found = api("GET", f"/activity/{id_}")
    if connection().as_json:
        show(found)
        return
    caused = found.pop("caused")
    show(found)
    for h in caused:
        click.echo(f"then             {h['at'][:19].replace('T', ' ')}  {terminal.printable(h['sentence'])} ({h['id']})")


commands: list[click.Command] = [activity_list, event_show]
