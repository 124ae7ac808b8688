"""`podo approve`, `podo request-changes`, `podo reject`, `podo halt`, `podo retry`, `podo reseal`, `podo rollback`."""

from __future__ import annotations

from typing import Any

import click

from podo.cli.client import Failed, api, connection, show, verb
from podo.delivery.cli.deployments import Watch, changed
from podo.delivery.cli.watching import watched

_UNDECIDED = ("waiting", "queued")


def _review(command: click.decorators.FC) -> click.decorators.FC:
    """What every decision takes."""
    command = click.option("--yes", is_flag=True, help="Do not ask whether the changes that are shown are meant.")(command)
    command = click.option("--comment", default="", help="Why; kept in the conversation and the audit log.")(command)
    command = click.option("--region", "regions", multiple=True, help="Only this region; default: all that wait.")(command)
    command = click.argument("number", type=int)(command)
    return click.argument("project")(command)


def _decide(decision: str, project: str, number: int, regions: tuple[str, ...], comment: str, yes: bool) -> dict[str, Any]:
    path = f"/projects/{project}/deployments/{number}"
    now = api("GET", path)
    chosen = [x for x in now["rollouts"] if (x["region"] in regions if regions else x["state"] in _UNDECIDED)]
    if missing := set(regions) - {x["region"] for x in chosen}:
        raise Failed(f"#{number} does not go to {', '.join(sorted(missing))}.", exit_code=4)
    if not chosen:
        raise Failed(f"Nothing of #{number} waits for a decision; it is {now['state']}.")
    if not yes:
        _show_changes(path, now, chosen)
        click.confirm(
            f"{decision.replace('_', ' ').capitalize()} {', '.join(x['region'] for x in chosen)}?", abort=True, err=True
        )
    # The very bundles that were shown: when the release has changed meanwhile, nothing is recorded.
    body = {"decision": decision, "bundles": {x["region"]: x["bundle"] for x in chosen}, "comment": comment}
    return api("POST", f"{path}/review", body)


def _tell(decided: dict[str, Any]) -> None:
    show(decided, tell=lambda d: "\n".join(_stands(x) for x in d["rollouts"]))


def _show_changes(path: str, now: dict[str, Any], chosen: list[dict[str, Any]]) -> None:
    regions = [x["region"] for x in chosen]
    click.echo(f"#{now['number']} {now['title']} ({now['release']}, {now['commit'][:7]}) to {now['environment']}", err=True)
    for c in api("GET", f"{path}/changes"):
        if c["region"] in regions:
            click.echo(changed(c, full=False), err=True)
    for x in chosen:
        click.echo(f"{x['region']}: bundle {x['bundle'][:12]}, {_given(x)} of {x['needs']} approvals", err=True)


def _given(x: dict[str, Any]) -> int:
    return sum(a["decision"] == "approve" and a["bundle"] == x["bundle"] for a in x["approvals"])


def _stands(x: dict[str, Any]) -> str:
    return f"{x['region']}: {x['state']}, {_given(x)} of {x['needs']} approvals"


@verb("delivery.review", "delivery.changes")
@click.command("approve")
@_review
@Watch
def approve(project: str, number: int, regions: tuple[str, ...], comment: str, yes: bool, watch: bool) -> None:
    """Approve what a deployment brings to regions, after showing it."""
    decided = _decide("approve", project, number, regions, comment, yes)
    if not watch or not connection().as_json:
        _tell(decided)
    if watch:
        watched(decided)


@verb("delivery.review")
@click.command("request-changes")
@_review
def request_changes(project: str, number: int, regions: tuple[str, ...], comment: str, yes: bool) -> None:
    """Ask for changes before a deployment goes on."""
    _tell(_decide("request_changes", project, number, regions, comment, yes))


@verb("delivery.review")
@click.command("reject")
@_review
def reject(project: str, number: int, regions: tuple[str, ...], comment: str, yes: bool) -> None:
    """Reject what a deployment brings to regions."""
    _tell(_decide("reject", project, number, regions, comment, yes))


@verb("delivery.halt")
@click.command("halt")
@click.argument("project")
@click.argument("number", type=int)
@click.option("--why", default="", help="Kept in the conversation.")
def halt(project: str, number: int, why: str) -> None:
    """Stop everything of a deployment that has not finished; what is healthy stays."""
    made = api("POST", f"/projects/{project}/deployments/{number}/halt", {"why": why})
    show(made, tell=lambda d: "\n".join(f"{x['region']}: {x['state']}" for x in d["rollouts"]))


@verb("delivery.retry")
@click.command("retry")
@click.argument("project")
@click.argument("number", type=int)
@Watch
def retry(project: str, number: int, watch: bool) -> None:
    """Try again what ended badly, with the same release."""
    _end(api("POST", f"/projects/{project}/deployments/{number}/retry"), watch)


@verb("delivery.reseal")
@click.command("reseal")
@click.argument("project")
@click.argument("number", type=int)
def reseal(project: str, number: int) -> None:
    """Seal a deployment's release anew with today's configuration; where something changed, approvals start over."""
    made = api("POST", f"/projects/{project}/deployments/{number}/reseal")
    show(made, tell=lambda d: f"#{d['number']} brings {d['release']} now.\n" + "\n".join(_stands(x) for x in d["rollouts"]))


@verb("delivery.roll_back")
@click.command("rollback")
@click.argument("project")
@click.option("--env", "environment", required=True, help="Environment, such as prod.")
@click.option("--region", required=True, help="Region, such as kr.")
@click.option("--to", type=int, help="Number of the deployment to go back to; default: the last that was healthy there before.")
@Watch
def rollback(project: str, environment: str, region: str, to: int | None, watch: bool) -> None:
    """Bring back what was healthy in a target, without a build and without an approval."""
    body = {"environment": environment, "region": region, "to": to}
    made = api("POST", f"/projects/{project}/roll-back", body)
    if not connection().as_json:
        click.echo(f"#{made['number']} brings {environment} {region} back to {made['release']} ({made['commit'][:7]}).")
    _end(made, watch, told=True)


def _end(made: dict[str, Any], watch: bool, *, told: bool = False) -> None:
    if watch:
        watched(made)
    elif connection().as_json or not told:
        show(made, tell=lambda d: "\n".join(f"{x['region']}: {x['state']}" for x in d["rollouts"]))


commands: list[click.Command] = [approve, request_changes, reject, halt, retry, reseal, rollback]
