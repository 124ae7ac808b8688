"""Commands that start and look after an installation. They run the server as a program of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

_config = click.option(
    "--config", type=click.Path(exists=True, dir_okay=False, path_type=Path), envvar="PODO_CONFIG", help="The settings file."
)


def _server(*words: str, config: Path | None) -> None:
    environment = dict(os.environ)
    if config is not None:
        environment["PODO_CONFIG"] = str(config)
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, "-m", "podo.app", *words], environment)


@click.command()
@_config
@click.option(
    "--clusters", type=click.Choice(["twin", "local"]), default="twin", help="Cluster twins, or real local control planes."
)
@click.option("--empty", is_flag=True, help="Without the example organisation.")
def up(config: Path | None, clusters: str, empty: bool) -> None:
    """Try Podo here: an example organisation, twins for everything that is not configured."""
    click.echo("Starting Podo …", err=True)
    _server("up", "--clusters", clusters, *(["--empty"] if empty else []), config=config)


@click.command()
@_config
def serve(config: Path | None) -> None:
    """Run Podo from its settings: web, worker and watcher in one process."""
    _server("serve", config=config)


@click.group()
def audit() -> None:
    """The event log, which is the audit log."""


@audit.command()
@_config
def verify(config: Path | None) -> None:
    """Check the chain of hashes over all events, and tell how many are not sealed yet."""
    _server("verify", config=config)


commands: list[click.Command] = [up, serve, audit]
