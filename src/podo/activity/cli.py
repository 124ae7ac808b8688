"""`podo activity`."""

from __future__ import annotations

import click

from podo.cli.client import connection, every, show, verb
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
    rows = [[i["at"][:19].replace("T", " "), i["project"] or "-", i["actor_name"], i["sentence"]] for i in items]
    click.echo(terminal.table(["AT (UTC)", "PROJECT", "WHO", "WHAT"], rows) if rows else "Nothing happened yet.")


commands: list[click.Command] = [activity_list]
