"""`podo workload …`, `podo logs`, `podo restart`, `podo scale`."""

from __future__ import annotations

import click

from podo.cli.client import api, connection, lines, show, verb
from podo.kernel import terminal

_where = [
    click.option("--env", "environment", help="Environment, such as alpha or prod."),
    click.option("--region", help="Region, such as kr."),
]


def _place(command: click.decorators.FC) -> click.decorators.FC:
    for option in _where:
        command = option(command)
    return command


@click.group("workload")
def workload() -> None:
    """What runs now."""


@verb("workloads.list")
@workload.command("list")
@click.argument("project")
@_place
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
        if v["reach"] not in ("seen",)
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
def manifest(project: str, name: str, kind: str, environment: str | None, region: str | None) -> None:
    """An object as the cluster has it, as JSON."""
    import json

    where = {"environment": environment or "prod", "region": region or "kr"}
    click.echo(json.dumps(api("GET", f"/projects/{project}/manifest", params={"name": name, "kind": kind, **where}), indent=2))


@verb("workloads.events")
@workload.command("events")
@click.argument("project")
@click.argument("name", default="")
@_place
def events(project: str, name: str, environment: str | None, region: str | None) -> None:
    """Kubernetes events of a target, newest first."""
    where = {"environment": environment or "prod", "region": region or "kr"}
    show(
        api("GET", f"/projects/{project}/events", params={"name": name, **where}),
        ["at", "type", "reason", "object", "count", "message"],
    )


@verb("workloads.delete_pod")
@workload.command("delete-pod")
@click.argument("project")
@click.argument("pod")
def delete_pod(project: str, pod: str) -> None:
    """Delete a pod; its workload makes a new one."""
    show(api("POST", f"/projects/{project}/workloads/delete-pod", {"pod": pod}), tell=_asked)


@verb("workloads.operations")
@workload.command("operations")
@click.argument("project")
def operations(project: str) -> None:
    """Restarts, scalings and deleted pods, newest first."""
    show(api("GET", f"/projects/{project}/operations"), ["at", "kind", "environment", "region", "target", "state", "why"])


@verb("workloads.logs")
@click.command("logs")
@click.argument("project")
@click.argument("pod")
@click.option("--container", "-c", help="Which container; default: the first.")
@click.option("--previous", is_flag=True, help="Of the run before the last restart.")
@click.option("--tail", default=200, show_default=True, help="How many lines.")
@click.option("--follow", "-f", is_flag=True, help="Go on as lines come.")
def logs(project: str, pod: str, container: str | None, previous: bool, tail: int, follow: bool) -> None:
    """Lines of a pod's log."""
    asked = {"pod": pod, "container": container, "previous": previous or None, "tail": tail, "follow": follow or None}
    for line in lines(f"/projects/{project}/logs", asked):
        click.echo(terminal.printable(line))


@verb("workloads.restart")
@click.command("restart")
@click.argument("project")
@click.argument("name", required=False)
@click.option("--kind", default="Deployment", show_default=True)
@click.option("--env", "environment", required=True, help="Environment.")
@click.option("--region", required=True, help="Region.")
def restart(project: str, name: str | None, kind: str, environment: str, region: str) -> None:
    """Make all pods of a workload anew; default: the project's own Deployment."""
    body = {"environment": environment, "region": region, "kind": kind, "name": name or project}
    show(api("POST", f"/projects/{project}/workloads/restart", body), tell=_asked)


@verb("workloads.scale")
@click.command("scale")
@click.argument("project")
@click.argument("replicas", type=int)
@click.option("--name", help="Which workload; default: the project's own.")
@click.option("--kind", default="Deployment", show_default=True)
@click.option("--env", "environment", required=True, help="Environment.")
@click.option("--region", required=True, help="Region.")
def scale(project: str, replicas: int, name: str | None, kind: str, environment: str, region: str) -> None:
    """Change the number of a workload's pods, until the next deployment."""
    body = {"environment": environment, "region": region, "kind": kind, "name": name or project, "replicas": replicas}
    show(api("POST", f"/projects/{project}/workloads/scale", body), tell=_asked)


def _asked(operation: dict[str, str]) -> str:
    return f"Asked: {operation['kind'].replace('_', ' ')} of {operation['target']} in {operation['environment']} {operation['region']}."


commands: list[click.Command] = [workload, logs, restart, scale]
