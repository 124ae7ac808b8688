"""`podo config`, `podo secret`, `podo road`: what a project's pods get, and how it is deployed."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from podo.cli.client import api, connection, show, verb
from podo.kernel import terminal


def _scope(command: click.decorators.FC) -> click.decorators.FC:
    """Where a key holds."""
    command = click.option("--region", default="", help="In one region of the environment.")(command)
    return click.option("--env", "environment", default="", help="In one environment; default: everywhere.")(command)


def _where(environment: str, region: str) -> str:
    return " ".join(filter(None, (environment, region))) or "all"


@click.group("config")
def config() -> None:
    """Environment variables of a project."""


@verb("delivery.config")
@config.command("list")
@click.argument("project")
def list_(project: str) -> None:
    """Variables and secrets; never a secret's value."""
    found = api("GET", f"/projects/{project}/config")
    if connection().as_json:
        show(found)
        return
    rows = [
        [
            e["key"],
            e["value"] if e["kind"] == "variable" else f"secret {e['fingerprint']}…",
            _where(e["environment"], e["region"]),
            e["by"],
            e["at"][:10],
        ]
        for e in found
    ]
    click.echo(terminal.table(["KEY", "VALUE", "FOR", "BY", "SINCE"], rows) if rows else "Nothing is set yet.")


@verb("delivery.set_variable")
@config.command("set")
@click.argument("project")
@click.argument("pairs", nargs=-1, required=True, metavar="KEY=VALUE…")
@_scope
def set_(project: str, pairs: tuple[str, ...], environment: str, region: str) -> None:
    """Set variables, such as LOG_LEVEL=info; they reach pods with the next deployment."""
    found = [pair.partition("=") for pair in pairs]
    if wrong := next((key for key, sign, _ in found if not sign), None):
        raise click.UsageError(f"{wrong} has no value: write {wrong}=value. For a secret: podo secret set {project} {wrong}")
    body = {"environment": environment, "region": region}
    made = [api("PUT", f"/projects/{project}/config/{key}", {**body, "value": value}) for key, _, value in found]
    where = _where(environment, region)
    show(made, tell=lambda all_: "\n".join(f"{e['key']} is set for {where}." for e in all_))


@verb("delivery.unset_variable")
@config.command("unset")
@click.argument("project")
@click.argument("key")
@_scope
def unset(project: str, key: str, environment: str, region: str) -> None:
    """Remove a variable."""
    _remove(project, "config", key, environment, region)


@click.group("secret")
def secret() -> None:
    """Secret environment variables of a project."""


@verb("delivery.set_secret")
@secret.command("set")
@click.argument("project")
@click.argument("key")
@_scope
def set_secret(project: str, key: str, environment: str, region: str) -> None:
    """Set a secret from standard input, or as typed behind a prompt; nobody sees it again.

    One line end at the end of the input is left out.
    """
    value = click.prompt(key, hide_input=True) if sys.stdin.isatty() else sys.stdin.read().removesuffix("\n")
    body = {"environment": environment, "region": region, "value": value}
    made = api("PUT", f"/projects/{project}/secrets/{key}", body)
    show(made, tell=lambda e: f"{e['key']} is sealed for {_where(environment, region)} (fingerprint {e['fingerprint']}).")


@verb("delivery.unset_secret")
@secret.command("unset")
@click.argument("project")
@click.argument("key")
@_scope
def unset_secret(project: str, key: str, environment: str, region: str) -> None:
    """Remove a secret."""
    _remove(project, "secrets", key, environment, region)


def _remove(project: str, what: str, key: str, environment: str, region: str) -> None:
    api("DELETE", f"/projects/{project}/{what}/{key}", params={"environment": environment, "region": region})
    done = {"key": key, "environment": environment, "region": region}
    show(done, tell=lambda _: f"{key} is removed for {_where(environment, region)}.")


@click.group("road")
def road() -> None:
    """How a project is deployed: what comes by itself, and values of the paved road."""


@verb("delivery.choices")
@road.command("show")
@click.argument("project")
def show_(project: str) -> None:
    """What a project chose."""
    show(api("GET", f"/projects/{project}/delivery"), tell=_told)


@verb("delivery.choose")
@road.command("set")
@click.argument("project")
@click.argument("values", nargs=-1, metavar="[PATH=VALUE…]")
@click.option("--unset", "gone", multiple=True, metavar="PATH", help="Leave this value to podo.yaml and the paved road again.")
@click.option(
    "--auto-alpha/--no-auto-alpha", default=None, help="Bring every built commit of the branch to the first environment."
)
@click.option("--poll/--no-poll", default=None, help="Ask the repository for news.")
@_scope
def choose(
    project: str,
    values: tuple[str, ...],
    gone: tuple[str, ...],
    auto_alpha: bool | None,
    poll: bool | None,
    environment: str,
    region: str,
) -> None:
    """Change manners, or values such as replicas=3 resources.memory=256Mi."""
    body: dict[str, Any] = {"environment": environment, "region": region, "auto_alpha": auto_alpha, "polled": poll}
    if values or gone:
        now = api("GET", f"/projects/{project}/delivery")
        here = [v["values"] for v in now["values"] if (v["environment"], v["region"]) == (environment, region)]
        body["values"] = _changed(here[0] if here else {}, values, gone)
    show(api("PATCH", f"/projects/{project}/delivery", body), tell=_told)


def _changed(tree: dict[str, Any], values: tuple[str, ...], gone: tuple[str, ...]) -> dict[str, Any]:
    """The values of a scope with some set and some taken away."""
    for path in gone:
        *way, last = path.split(".")
        at: Any = tree
        for part in way:
            at = at.get(part, {}) if isinstance(at, dict) else {}
        if isinstance(at, dict):
            at.pop(last, None)
    for pair in values:
        path, sign, text = pair.partition("=")
        if not sign:
            raise click.UsageError(f"{path} has no value: write {path}=value")
        *way, last = path.split(".")
        at = tree
        for part in way:
            at = at.setdefault(part, {})
        at[last] = _value(text)
    return _without_empty(tree)


def _without_empty(tree: dict[str, Any]) -> dict[str, Any]:
    found = {key: _without_empty(value) if isinstance(value, dict) else value for key, value in tree.items()}
    return {key: value for key, value in found.items() if value != {}}


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _told(c: dict[str, Any]) -> str:
    told = [
        f"Every built commit of the branch goes to the first environment by itself: {'yes' if c['auto_alpha'] else 'no'}.",
        f"Podo asks the repository for news: {'yes' if c['polled'] else 'no'}.",
        f"A webhook was heard: {'yes' if c['hooked'] else 'no'}.",
    ]
    told += [
        f"Values for {_where(scope['environment'], scope['region'])}: {json.dumps(scope['values'], ensure_ascii=False)}"
        for scope in c["values"]
    ]
    return "\n".join(told)


commands: list[click.Command] = [config, secret, road]
