"""`podo project import` and `export`."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import click

from podo.catalog.cli.projects import project
from podo.cli.client import Failed, api, connection, done, lines, show, verb
from podo.kernel import terminal


@verb("catalog.plan_import", "catalog.take_import")
@project.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--backstage", is_flag=True, help="catalog-info.yaml instead of CSV.")
@click.option("--repo", "repository", default="", help="Read catalog-info.yaml from a repository instead of a file.")
@click.option("--path", default="", help="Its path there.")
@click.option("--branch", default="")
@click.option("--take", is_flag=True, help="Take what can be taken; without it, only say what would be done.")
def import_(file: Path | None, backstage: bool, take: bool, **asked: str) -> None:
    """Projects from a spreadsheet (CSV) or from Backstage: say what would be done, and with --take do it."""
    if file is None and not asked["repository"]:
        raise click.UsageError("Name a file, or a repository by --repo.")
    body: dict[str, Any] = {"format": "backstage" if backstage or asked["repository"] else "csv", **asked}
    if file is not None:
        body["content"] = base64.b64encode(file.read_bytes()).decode()
    plan = api("POST", "/imports/plan", body)
    if take and plan["made"] + plan["changed"]:
        plan = api("POST", "/imports", body | {"digest": plan["digest"]})
    show(plan, tell=lambda p: _told(p, taken=take))
    if take and plan["bad"] and not plan["made"] + plan["changed"] + plan["same"]:
        raise Failed("No line could be taken.", exit_code=2)


def _told(plan: dict[str, Any], *, taken: bool) -> str:
    rows = [
        [str(r["line"]), r["slug"], r["fate"], "; ".join(r["wrong"]) or ", ".join(c["field"] for c in r["changes"])]
        for r in plan["rows"]
    ]
    table = terminal.table(["LINE", "NAME", "WHAT", "WHICH"], rows) if rows else "No project in it."
    notes = "".join(f"\nPassed over: {note}" for note in plan["notes"])
    said = "taken" if taken else "would be"
    counts = f"{plan['made']} {said} new, {plan['changed']} changed, {plan['same']} the same, {plan['bad']} bad"
    return f"{table}{notes}\n{counts} ({plan['about']})."


@verb("catalog.export", "catalog.export_one")
@project.command("export")
@click.argument("slug", default="")
@click.option("--format", "form", type=click.Choice(["csv", "backstage", "datadog"]), default="csv", show_default=True)
@click.option("--to", type=click.Path(dir_okay=False, path_type=Path), help="A file; without it, the terminal.")
def export(slug: str, form: str, to: Path | None) -> None:
    """One project, or all: as CSV, as Backstage's entities, or as Datadog's service definitions."""
    path = f"/projects/{slug}/export" if slug else "/export"
    found = "\n".join(lines(path, {"format": form})) + "\n"
    if to is not None:
        to.write_text(found, encoding="utf-8")
        done(f"Written to {to}.")
    elif connection().as_json:
        click.echo(terminal.as_json({"format": form, "text": found}))
    else:
        click.echo("\n".join(terminal.printable(line) for line in found.splitlines()))
