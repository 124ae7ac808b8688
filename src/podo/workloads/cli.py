"""`podo workload …`, `podo logs`, `podo restart`, `podo scale`."""

from __future__ import annotations

import json
import time
from typing import Any, TypeVar

import click

from podo.cli.client import Failed, api, connection, lines, show, tell_line, verb
from podo.kernel import clock, terminal

C = TypeVar("C", bound=click.Command)
_LOOK_EVERY = 0.3


def _place(command: click.decorators.FC) -> click.decorators.FC:
    """One target: environment and region, both needed."""
    command = click.option("--region", required=True, help="Region, such as kr.")(command)
    return click.option("--env", "environment", required=True, help="Environment, such as alpha or prod.")(command)


def _patience(command: click.decorators.FC) -> click.decorators.FC:
    how_long = "Seconds to wait until the cluster has taken it; 0: only ask."
    return click.option("--wait", "patience", default=60, show_default=True, help=how_long)(command)


@click.group("workload")
def workload() -> None:
    """What runs now."""


@verb("workloads.list")
@workload.command("list")
@click.argument("project")
@click.option("--env", "environment", help="Only of this environment.")
@click.option("--region", help="Only of this region.")
def list_(project: str, environment: str | None, region: str | None) -> None:
    """Workloads of a project, with health and its reason."""
    views = api("GET", f"/projects/{project}/workloads", params={"environment": environment, "region": region})
    if connection().as_json:
        show(views)
        return
    rows = [
        [
            f"{v['environment']} {v['region']}",
            f"{w['kind']}/{w['name']}",
            f"{w['ready']}/{w['desired']}",
            w["restarts"],
            w["health"],
            w["reason"] or "-",
        ]
        for v in views
        for w in v["workloads"]
    ]
    rows += [
        [f"{v['environment']} {v['region']}", "-", "-", "-", "Unknown", v["why"] or v["reach"]]
        for v in views
        if v["reach"] != "seen"
    ]
    click.echo(
        terminal.table(["TARGET", "WORKLOAD", "READY", "RESTARTS", "HEALTH", "WHY"], rows) if rows else "Nothing runs yet."
    )


@verb("workloads.manifest")
@workload.command("manifest")
@click.argument("project")
@click.argument("name")
@click.option("--kind", default="Deployment", show_default=True)
@_place
def manifest(project: str, name: str, kind: str, environment: str, region: str) -> None:
    """An object as the cluster has it, as JSON."""
    where = {"environment": environment, "region": region}
    click.echo(json.dumps(api("GET", f"/projects/{project}/manifest", params={"name": name, "kind": kind, **where}), indent=2))


@verb("workloads.events")
@workload.command("events")
@click.argument("project")
@click.argument("name", default="")
@_place
def events(project: str, name: str, environment: str, region: str) -> None:
    """Kubernetes events of a target, newest first."""
    where = {"environment": environment, "region": region}
    show(
        api("GET", f"/projects/{project}/events", params={"name": name, **where}),
        ["at", "type", "reason", "object", "count", "message"],
    )


@verb("workloads.delete_pod")
@workload.command("delete-pod")
@click.argument("project")
@click.argument("pod")
@_patience
def delete_pod(project: str, pod: str, patience: int) -> None:
    """Delete a pod; its workload makes a new one."""
    _tell(project, api("POST", f"/projects/{project}/workloads/delete-pod", {"pod": pod}), patience)


@verb("workloads.operations", "workloads.operation")
@workload.command("operations")
@click.argument("project")
@click.argument("operation", required=False)
def operations(project: str, operation: str | None) -> None:
    """Restarts, scalings and deleted pods, newest first; or one of them, by its id."""
    if operation:
        show(api("GET", f"/projects/{project}/operations/{operation}"))
        return
    columns = ["id", "at", "kind", "environment", "region", "target", "by", "state", "why"]
    show(api("GET", f"/projects/{project}/operations"), columns)


@verb("workloads.logs")
@click.command("logs")
@click.argument("project")
@click.argument("pod")
@click.option("--container", "-c", help="Which container; default: the first.")
@click.option("--previous", is_flag=True, help="Of the run before the last restart.")
@click.option("--since", help="From this moment on, such as 2026-11-23T05:08:00Z.")
@click.option("--tail", default=200, show_default=True, help="How many lines.")
@click.option("--follow", "-f", is_flag=True, help="Go on as lines come.")
def logs(project: str, pod: str, container: str | None, previous: bool, since: str | None, tail: int, follow: bool) -> None:
    """Lines of a pod's log."""
    asked = {"pod": pod, "container": container, "since": since, "tail": tail}
    asked |= {"previous": previous or None, "follow": follow or None}
    for line in lines(f"/projects/{project}/logs", asked):
        tell_line(line)


@verb("workloads.restart")
@click.command("restart")
@click.argument("project")
@click.argument("name", required=False)
@click.option("--kind", default="Deployment", show_default=True)
@_place
@_patience
def restart(project: str, name: str | None, kind: str, environment: str, region: str, patience: int) -> None:
    """Make all pods of a workload anew; default: the project's own Deployment."""
    body = {"environment": environment, "region": region, "kind": kind}
    body["name"] = name or _own(project, kind, environment, region)
    _tell(project, api("POST", f"/projects/{project}/workloads/restart", body), patience)


@verb("workloads.scale")
@click.command("scale")
@click.argument("project")
@click.argument("replicas", type=int)
@click.option("--name", help="Which workload; default: the project's own.")
@click.option("--kind", default="Deployment", show_default=True)
@_place
@_patience
def scale(project: str, replicas: int, name: str | None, kind: str, environment: str, region: str, patience: int) -> None:
    """Change the number of a workload's pods, until the next deployment."""
    body = {"environment": environment, "region": region, "kind": kind, "replicas": replicas}
    body["name"] = name or _own(project, kind, environment, region)
    _tell(project, api("POST", f"/projects/{project}/workloads/scale", body), patience)


def _own(project: str, kind: str, environment: str, region: str) -> str:
    """What the project's own workload is called there: after the environment, too, where a cluster serves several."""
    views = api("GET", f"/projects/{project}/workloads", params={"environment": environment, "region": region})
    there = {w["name"] for v in views for w in v["workloads"] if w["kind"] == kind}
    return next((name for name in (f"{project}-{environment}", project) if name in there), project)


def _tell(project: str, asked: dict[str, Any], patience: int) -> None:
    """Say what was asked, and what became of it: taken, failed, or still on its way."""
    what = f"{asked['kind'].replace('_', ' ')} of {asked['target']} in {asked['environment']} {asked['region']}"
    if not connection().as_json:
        click.echo(f"Asked: {what} ({asked['id']}).")
    until = clock.monotonic() + patience
    found = asked
    while found["state"] == "asked" and clock.monotonic() < until:
        time.sleep(_LOOK_EVERY)
        found = api("GET", f"/projects/{project}/operations/{asked['id']}")
    if found["state"] == "failed":
        raise Failed(f"The cluster did not take it: {found['why']}", exit_code=6)
    taken = "Taken by the cluster." if found["state"] == "done" else "Not taken yet; Podo goes on trying."
    show(found, tell=lambda _: taken)


commands: list[click.Command] = [workload, logs, restart, scale]
