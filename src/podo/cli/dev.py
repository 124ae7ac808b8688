"""`podo dev`: what a developer of Podo, or of something on it, wants on this machine: real local clusters."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from podo.cli.client import Failed, connection
from podo.kernel import clock, terminal
from podo.kernel.errors import Invalid, Missing, PodoError

if TYPE_CHECKING:
    from podo.clients.kubernetes import local

_HEAD = ("NAME", "STATE", "NODES", "REGION", "API", "AGE", "MEMORY", "KUBECONFIG")
_directory = click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="Where the clusters' state lies; default: $XDG_STATE_HOME/podo/clusters.",
)


@click.group()
def dev() -> None:
    """Tools for this machine; they need no Podo to talk to."""


@dev.group()
def cluster() -> None:
    """Real Kubernetes control planes whose nodes run no containers. Wants the parts: `make parts`."""


@cluster.command()
@click.argument("name", default="local")
@click.option("--nodes", type=click.IntRange(1, 1000), default=3, show_default=True, help="How many nodes.")
@click.option("--region", help="Region that the nodes say they are in; default: the cluster's name.")
@_directory
def up(name: str, nodes: int, region: str | None, directory: Path | None) -> None:
    """Start the cluster NAME, unless it runs, and say how to reach it."""
    from podo.clients.kubernetes import local

    with _plainly():
        found = local.up(name, directory, nodes=nodes, region=region)
    if connection().as_json:
        click.echo(json.dumps(_facts(found), indent=2))
        return
    click.echo(str(found.kubeconfig))
    click.echo(f"kubectl --kubeconfig {found.kubeconfig} get nodes")


@cluster.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@_directory
def down(names: tuple[str, ...], directory: Path | None) -> None:
    """End the clusters NAME (default: local) and remove all they hold."""
    from podo.clients.kubernetes import local

    for name in names or ("local",):
        with _plainly():
            local.down(name, directory)
        click.echo(f"{name} is gone.", err=True)


@cluster.command("list")
@_directory
def list_(directory: Path | None) -> None:
    """Show the clusters on this machine."""
    from podo.clients.kubernetes import local

    found = local.list(directory)
    if connection().as_json:
        click.echo(json.dumps([_facts(each) for each in found], indent=2))
        return
    if not found:
        click.echo("There is no local cluster; “podo dev cluster up” starts one.")
        return
    click.echo(terminal.table(_HEAD, [_row(each) for each in found]))


def _row(found: local.LocalCluster) -> tuple[object, ...]:
    age = timedelta(seconds=int((clock.now() - found.started_at).total_seconds()))
    memory = f"{found.memory / 1e6:.0f} MB"
    return found.name, _state(found), found.nodes, found.region, found.api_url, age, memory, found.kubeconfig


def _facts(found: local.LocalCluster) -> dict[str, object]:
    return {
        "name": found.name,
        "state": _state(found),
        "nodes": found.nodes,
        "region": found.region,
        "api_url": found.api_url,
        "started_at": found.started_at.isoformat(),
        "memory_bytes": found.memory,
        "kubeconfig": str(found.kubeconfig),
        "pids": found.pids,
    }


def _state(found: local.LocalCluster) -> str:
    return f"dead ({', '.join(found.dead)})" if found.dead else "running"


@contextmanager
def _plainly() -> Iterator[None]:
    """Our errors in the command line's own words and exit codes."""
    codes = {Invalid: 2, Missing: 4}
    try:
        yield
    except PodoError as error:
        so, do = error.said()
        exit_code = next((code for kind, code in codes.items() if isinstance(error, kind)), 5)
        raise Failed(so, do, exit_code=exit_code, code=error.code) from None
