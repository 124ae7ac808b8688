"""Git repositories made on the spot from the folders of `examples/`."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from podo.app.demo.organisation import ExamplePerson
from podo.kernel.errors import N_, Unavailable

_PACKAGE = Path(__file__).parents[2] / "examples"
_TREE = Path(__file__).parents[4] / "examples"


class GitMissing(Unavailable):
    """There is no git, or it failed."""

    code = "app.git_missing"
    so = N_("No repository could be made: {why}.")
    do = N_("Install git (Debian: apt-get install git), then start Podo again.")


def example(name: str) -> Path:
    """The folder of an example: in the installed package, or in the source tree."""
    return next((at for at in (_PACKAGE / name, _TREE / name) if at.is_dir()), _TREE / name)


def make(folder: Path, name: str, author: ExamplePerson) -> Path:
    """A repository of the example `name` at `folder/name`, with one commit by `author`; one that is there stays as it is.

    Raises `GitMissing`.
    """
    made = folder / name
    if made.exists():
        return made
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".making-") as place:
        fresh = Path(place) / name
        shutil.copytree(example(name), fresh, ignore=shutil.ignore_patterns(".git"))
        _git(fresh, author, "init", "--quiet", "--initial-branch", "main")
        _git(fresh, author, "add", "--all")
        _git(fresh, author, "commit", "--quiet", "--message", "Say hello")
        fresh.rename(made)
    return made


def _git(folder: Path, author: ExamplePerson, *words: str) -> None:
    # Nobody's own configuration: it may sign commits, or run hooks.
    who = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", author.name), ("EMAIL", author.email))
    }
    environment = {"PATH": os.environ.get("PATH", ""), "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, **who}
    try:
        done = subprocess.run(["git", *words], cwd=folder, env=environment, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise GitMissing(why="git is not installed") from None
    if done.returncode:
        said = done.stderr.strip() or done.stdout.strip() or f"git {words[0]} ended with {done.returncode}"
        raise GitMissing(why=said[-300:])
