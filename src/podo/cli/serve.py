"""Commands that start and look after an installation. They run the server as a program of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click

from podo.cli.client import api, connection, show, verb

_config = click.option(
    "--config", type=click.Path(exists=True, dir_okay=False, path_type=Path), envvar="PODO_CONFIG", help="The settings file."
)


def _server(*words: str, config: Path | None, **variables: str) -> None:
    environment = {**os.environ, **variables}
    if config is not None:
        environment["PODO_CONFIG"] = str(config)
    program = [sys.executable, "-m", "podo.app", *words]
    if connection().as_json and words[0] not in ("up", "serve", "doctor"):
        ended = subprocess.run(program, env=environment, capture_output=True, text=True, check=False)
        facts = {"said": ended.stdout.strip(), "so": ended.stderr.strip(), "exit_code": ended.returncode}
        click.echo(json.dumps(facts, ensure_ascii=False), err=ended.returncode != 0)
        sys.exit(ended.returncode)
    sys.stdout.flush()
    os.execve(sys.executable, program, environment)


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
@click.option(
    "--role",
    "roles",
    multiple=True,
    type=click.Choice(["web", "worker", "watcher"]),
    help="What this process does; may be given again. Default: server.roles, else all. Needs PostgreSQL.",
)
def serve(config: Path | None, roles: tuple[str, ...]) -> None:
    """Run Podo from its settings: web, worker and watcher in one process, or as one of several."""
    chosen = {"PODO_SERVER_ROLES": ",".join(roles)} if roles else {}
    _server("serve", config=config, **chosen)


@click.command()
@_config
def link(config: Path | None) -> None:
    """Print a link with which an administrator signs in once, within 15 minutes, whatever else does not work."""
    _server("link", config=config)


@verb("app.examine")
@click.command()
@click.option("--running", is_flag=True, help="Ask the running server how it is there, instead of looking from here.")
@_config
def doctor(config: Path | None, *, running: bool) -> None:
    """Look whether this installation is well, and say of each thing what is so and what to do.

    It reads the same settings as `serve`, asks the database, every cluster (also for each right that Podo needs there), the
    registry, the mail server and the issuers, and changes nothing. Exit code 0: all is well; 1: something is odd; 2: something
    is broken.
    """
    if not running:
        _server("doctor", *(["--json"] if connection().as_json else []), config=config)
    found = api("GET", "/doctor")
    show(found if connection().as_json else found["findings"], None if connection().as_json else ["about", "level", "so", "do"])
    sys.exit(found["exit_code"])


@click.group()
def audit() -> None:
    """The event log, which is the audit log."""


@audit.command()
@_config
def verify(config: Path | None) -> None:
    """Check the chain of hashes over all events, and tell how many are not sealed yet."""
    _server("verify", config=config)


@click.command()
@_config
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(config: Path | None, file: Path) -> None:
    """Write everything people decided, the event log and the runs under way into FILE; Podo may run meanwhile."""
    _server("backup", str(file), config=config)


@click.command()
@_config
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(config: Path | None, file: Path) -> None:
    """Put the backup FILE into an empty folder or database, and check it."""
    _server("restore", str(file), config=config)


@click.group()
def database() -> None:
    """Where rows live."""


@database.command()
@_config
def migrate(config: Path | None) -> None:
    """Bring the database to this version's schema and end; a start does so too. For a job before an upgrade."""
    _server("migrate", config=config)


@database.command()
@_config
@click.argument("url")
def move(config: Path | None, url: str) -> None:
    """Copy all from SQLite to the empty PostgreSQL database at URL, and prove that it is there; Podo must be stopped."""
    _server("move", url, config=config)


commands: list[click.Command] = [up, serve, backup, restore, database, link, doctor, audit]
