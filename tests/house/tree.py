"""The files of the project as git knows them, and Python files as syntax trees."""

from __future__ import annotations

import ast
import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src/podo"


@cache
def tracked() -> list[str]:
    """Paths of all files that are, or are about to be, in the repository."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return sorted(path for path in set(listed.stdout.splitlines()) if (ROOT / path).is_file())


def python(*folders: str) -> list[str]:
    """Paths of the Python files in these folders."""
    return [path for path in tracked() if path.endswith(".py") and path.startswith(folders)]


def text(path: str) -> str:
    return (ROOT / path).read_text()


@cache
def syntax(path: str) -> ast.Module:
    return ast.parse(text(path), filename=path)


def domains() -> list[str]:
    """Names of the domains that exist: packages of podo that are neither floor nor roof."""
    names = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    return sorted(names - {"kernel", "clients", "app", "cli"})


def kind(path: str) -> str | None:
    """`service` for src/podo/catalog/service.py and all in src/podo/catalog/service/; None outside domains."""
    parts = Path(path).parts
    if len(parts) < 4 or parts[:2] != ("src", "podo") or parts[2] not in domains():
        return None
    return parts[3].removesuffix(".py")
