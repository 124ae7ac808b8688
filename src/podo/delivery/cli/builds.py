"""`podo build`, `podo builds`, `podo build-log`, `podo cancel-build`."""

from __future__ import annotations

from typing import Any

import click

from podo.cli.client import Failed, api, connection, every, lines, show, tell_line, verb
from podo.kernel import terminal

_COLUMNS = ["number", "state", "commit", "ref", "subject", "seconds", "why"]


@verb("delivery.build", "delivery.build_log", "delivery.show_build")
@click.command("build")
@click.argument("project")
@click.argument("ref", default="")
@click.option("--watch", is_flag=True, help="Follow its log to the end; exit code 6 when it has no image then.")
def build(project: str, ref: str, watch: bool) -> None:
    """Build a commit, branch or tag; default: the newest commit of the project's branch."""
    made = api("POST", f"/projects/{project}/builds", {"ref": ref})
    if watch:
        made = _followed(project, made["number"])
    show(made, tell=_told)
    if watch and made["state"] != "succeeded":
        raise Failed(f"Build #{made['number']} is {made['state']}: {made['why'] or 'it was ended'}", exit_code=6)


def _followed(project: str, number: int) -> Any:
    for line in lines(f"/projects/{project}/builds/{number}/log", {"follow": True}):
        if not connection().as_json:
            click.echo(terminal.printable(line))
    return api("GET", f"/projects/{project}/builds/{number}")


def _told(b: dict[str, Any]) -> str:
    simulated = " (simulated: no builder is installed there)" if b["simulated"] else ""
    if b["state"] == "succeeded":
        return f"Build #{b['number']} of {b['commit'][:7]}: {b['image']}@{b['digest']}{simulated}"
    return f"Build #{b['number']} of {b['commit'][:7]} is {b['state']}."


@verb("delivery.builds")
@click.command("builds")
@click.argument("project")
@click.option("--limit", default=30, show_default=True, help="How many at most.")
def builds(project: str, limit: int) -> None:
    """Builds of a project, newest first."""
    found = every(f"/projects/{project}/builds", {"limit": min(limit, 200)}, limit)
    if not connection().as_json:
        found = [
            {**b, "commit": b["commit"][:7], "seconds": None if b["seconds"] is None else round(b["seconds"])} for b in found
        ]
    show(found, _COLUMNS)


@verb("delivery.build_log")
@click.command("build-log")
@click.argument("project")
@click.argument("number", type=int)
@click.option("--follow", "-f", is_flag=True, help="Go on until the build ends.")
@click.option("--after", default=0, help="Behind this line.")
def build_log(project: str, number: int, follow: bool, after: int) -> None:
    """The log of a build."""
    asked = {"follow": follow or None, "after": after or None}
    for line in lines(f"/projects/{project}/builds/{number}/log", asked):
        tell_line(line)


@verb("delivery.cancel_build")
@click.command("cancel-build")
@click.argument("project")
@click.argument("number", type=int)
def cancel_build(project: str, number: int) -> None:
    """End a build that has not ended."""
    show(api("POST", f"/projects/{project}/builds/{number}/cancel"), tell=_told)


commands: list[click.Command] = [build, builds, build_log, cancel_build]
