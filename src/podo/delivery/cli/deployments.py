"""`podo deploy`, `podo deployments`, `podo deployment …`, `podo changes`, `podo places`, `podo release`."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

import click

from podo.cli.client import api, connection, every, show, verb
from podo.delivery.cli.watching import said, watched
from podo.kernel import terminal

Watch = click.option("--watch", is_flag=True, help="Show how it goes on to its end; exit code 6 when it ended badly.")


@verb("delivery.deploy", "delivery.deployment")
@click.command("deploy")
@click.argument("project")
@click.option("--env", "environment", required=True, help="Environment, such as alpha or prod.")
@click.option("--region", "regions", multiple=True, help="Only in this region; may be given several times. Default: all.")
@click.option("--build", type=int, help="Number of the build; default: the newest that has an image.")
@click.option("--title", default="", help="Default: the commit's first line.")
@click.option("--description", default="", help="What a reviewer should know, in Markdown.")
@Watch
def deploy(
    project: str, environment: str, regions: tuple[str, ...], build: int | None, title: str, description: str, watch: bool
) -> None:
    """Seal a build into a release and ask to bring it to an environment."""
    body = {"environment": environment, "build": build, "title": title, "description": description}
    made = api("POST", f"/projects/{project}/deployments", {**body, "regions": list(regions) or None})
    if not connection().as_json:
        click.echo(f"Asked: #{made['number']} brings {made['release']} ({made['commit'][:7]}) to {said(made)}.")
    _end(made, watch)


def _end(made: dict[str, Any], watch: bool) -> None:
    if watch:
        watched(made)
    elif connection().as_json:
        show(made)


@verb("delivery.deployments", "delivery.all_deployments")
@click.command("deployments")
@click.argument("project", required=False)
@click.argument("query", nargs=-1)
@click.option("--all", "everywhere", is_flag=True, help="Of all projects.")
@click.option("--limit", default=30, show_default=True, help="How many at most.")
def deployments(project: str | None, query: tuple[str, ...], everywhere: bool, limit: int) -> None:
    """Deployments, newest first: `podo deployments chat-api env:prod is:failed`; without a project, all."""
    words = list(query)
    if project and (everywhere or ":" in project):
        words, project = [project, *words], None
    path = f"/projects/{project}/deployments" if project else "/deployments"
    found = every(path, {"q": " ".join(words), "limit": min(limit, 200)}, limit)
    if connection().as_json:
        show(found)
        return
    rows = [
        [
            f"{d['project']} #{d['number']}",
            d["state"],
            said(d),
            d["commit"][:7],
            d["title"],
            d["by"],
            d["at"][:16].replace("T", " "),
        ]
        for d in found
    ]
    head = ["DEPLOYMENT", "STATE", "WHERE", "COMMIT", "TITLE", "BY", "AT (UTC)"]
    click.echo(terminal.table(head, rows) if rows else "No deployments yet.")


@click.group("deployment")
def deployment() -> None:
    """One deployment."""


@verb("delivery.deployment")
@deployment.command("show")
@click.argument("project")
@click.argument("number", type=int)
@click.option("--watch", is_flag=True, help="Show how it goes on to its end; exit code 6 when it ended badly.")
def show_(project: str, number: int, watch: bool) -> None:
    """Its regions, their states, and what each waits for."""
    found = api("GET", f"/projects/{project}/deployments/{number}")
    if watch:
        watched(found)
        return
    show(found, tell=_told)


def _told(d: dict[str, Any]) -> str:
    head = [
        f"#{d['number']} {d['title']}",
        f"{d['release']} of {d['commit'][:7]} ({d['ref']}), build #{d['build']}",
        f"asked by {d['by']} at {d['at'][:16].replace('T', ' ')} UTC",
        f"{d['environment']}: {d['state']}",
        "",
    ]
    rows = [
        [
            x["region"],
            x["cluster"],
            x["state"],
            f"{x['ready']}/{x['wanted']}" if x["wanted"] else "-",
            "; ".join(g["text"] for g in x["gates"]) or x["reason"] or x["why"] or "-",
        ]
        for x in d["rollouts"]
    ]
    return "\n".join([*head, terminal.table(["REGION", "CLUSTER", "STATE", "PODS", "WHY"], rows)])


@verb("delivery.comment")
@deployment.command("comment")
@click.argument("project")
@click.argument("number", type=int)
@click.argument("text")
def comment(project: str, number: int, text: str) -> None:
    """Say something about it, in Markdown."""
    made = api("POST", f"/projects/{project}/deployments/{number}/comments", {"text": text})
    show(made, tell=lambda _: "Said.")


@verb("delivery.comments")
@deployment.command("comments")
@click.argument("project")
@click.argument("number", type=int)
def comments(project: str, number: int) -> None:
    """What was said about it, oldest first."""
    show(api("GET", f"/projects/{project}/deployments/{number}/comments"), ["at", "person", "text"])


@verb("delivery.manifests")
@deployment.command("manifests")
@click.argument("project")
@click.argument("number", type=int)
@click.option("--region", required=True, help="Region, such as kr.")
@click.option("--values", is_flag=True, help="What the chart was given, and where each value came from.")
def manifests(project: str, number: int, region: str, values: bool) -> None:
    """What it consists of in a region, as YAML."""
    found = api("GET", f"/projects/{project}/deployments/{number}/manifests", params={"region": region})
    if connection().as_json:
        show(found)
    elif values:
        show(found["values"], ["path", "value", "source"])
    else:
        click.echo(
            "---\n".join(m["text"] if m["text"].endswith("\n") else m["text"] + "\n" for m in found["manifests"]), nl=False
        )


@verb("delivery.changes")
@click.command("changes")
@click.argument("project")
@click.argument("number", type=int)
@click.option("--region", help="Only in this region.")
@click.option("--full", is_flag=True, help="With the manifests as a diff.")
def changes(project: str, number: int, region: str | None, full: bool) -> None:
    """What a deployment changes in each region."""
    found = api("GET", f"/projects/{project}/deployments/{number}/changes", params={"region": region})
    show(found, tell=lambda all_: "\n".join(changed(c, full=full) for c in all_))


def changed(c: dict[str, Any], *, full: bool) -> str:
    """What one region gets, in words; with the manifests where all is wanted."""
    against = f"against #{c['against']}, which runs there" if c["against"] else "nothing runs there yet"
    told = [f"{c['region']} ({against}):", *(f"  {word}" for word in c["words"] or ["nothing changes"])]
    for file in c["files"] if full else ():
        lines = difflib.unified_diff(
            file["was"].splitlines(), file["now"].splitlines(), f"a/{file['title']}", f"b/{file['title']}", lineterm=""
        )
        told += [f"  {terminal.printable(line)}" for line in lines]
    return "\n".join(told)


@verb("delivery.places")
@click.command("places")
@click.argument("project")
def places(project: str) -> None:
    """What runs in each target, and what is on its way there."""
    found = api("GET", f"/projects/{project}/places")
    if connection().as_json:
        show(found)
        return
    rows = [_place(p) for p in found]
    head = ["TARGET", "CLUSTER", "RUNS", "HEALTH", "PODS", "ON ITS WAY"]
    click.echo(terminal.table(head, rows) if rows else "It has no targets yet.")


def _place(p: dict[str, Any]) -> Sequence[str]:
    now, coming = p["running"], p["coming"]
    return [
        f"{p['environment']} {p['region']}",
        p["cluster"],
        f"{p['commit'][:7]} #{p['running_number']}" if now else "-",
        now["health"] if now else "-",
        f"{now['ready']}/{now['wanted']}" if now else "-",
        f"#{p['coming_number']} {coming['state']}" if coming else "-",
    ]


@verb("delivery.release")
@click.command("release")
@click.argument("project")
@click.argument("release")
def release(project: str, release: str) -> None:
    """A sealed release."""
    show(api("GET", f"/projects/{project}/releases/{release}"))


commands: list[click.Command] = [deploy, deployments, deployment, changes, places, release]
