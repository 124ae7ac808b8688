"""Completion of commands, options and names of projects in bash, zsh and fish."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem, get_completion_class

from podo.cli.client import Connection, Failed, api_as
from podo.kernel import clock

_FRESH = 60.0
_VARIABLE = "_PODO_COMPLETE"
_SHELLS = ("bash", "zsh", "fish")


class ProjectName(click.ParamType[str]):
    """The name of a project; any text is taken, known ones are offered."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """As it is."""
        return str(value)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Those that begin with what was typed; none where Podo does not answer and nothing is remembered."""
        given = ctx.find_root().params
        here = Connection.from_options(given.get("url"), given.get("token"), False)
        return [CompletionItem(slug, help=title) for slug, title in _projects(here) if slug.startswith(incomplete)]


def _projects(here: Connection) -> list[tuple[str, str]]:
    """Slug and title of each project, at most a minute old; older where Podo does not answer."""
    path = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "podo" / "projects.json"
    try:
        kept = json.loads(path.read_text())
    except (OSError, ValueError):
        kept = {}
    mine = kept.get(here.url, {"at": 0, "projects": []})
    if clock.now().timestamp() - mine["at"] < _FRESH:
        return mine["projects"]
    try:
        found = api_as(here, here.token or "", "/projects", {"limit": 200}, seconds=2)["items"]
    except Failed:
        return mine["projects"]
    kept[here.url] = {"at": clock.now().timestamp(), "projects": [(p["slug"], p["title"]) for p in found]}
    _keep(path, kept)
    return kept[here.url]["projects"]


def _keep(path: Path, kept: dict[str, Any]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        new = path.with_suffix(f".{os.getpid()}")
        new.write_text(json.dumps(kept, ensure_ascii=False))
        new.replace(path)
    except OSError:
        return


def teach(command: click.Command) -> None:
    """Let every argument and option that names a project offer the known ones."""
    for param in command.params:
        if param.name == "project" and isinstance(param.type, click.types.StringParamType):
            param.type = ProjectName()
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            teach(inner)


@click.command("completion")
@click.argument("shell", type=click.Choice(_SHELLS))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print what lets SHELL complete commands, options and projects.

    \b
    bash: eval "$(podo completion bash)" in ~/.bashrc
    zsh:  eval "$(podo completion zsh)" in ~/.zshrc
    fish: podo completion fish > ~/.config/fish/completions/podo.fish
    """
    made = get_completion_class(shell)
    assert made is not None
    said = made(ctx.find_root().command, {}, "podo", _VARIABLE)
    script = made.source_template % said.source_vars()
    here = ctx.find_object(Connection)
    click.echo(json.dumps({"shell": shell, "script": script}, indent=2) if here and here.as_json else script)
