"""Where the real parts are: programs built from `tools/parts/`, one folder of the cache for each state of its recipe.

A built part is the folder `<cache>/<part>-<fingerprint of its recipe>/`, and holds its programs. The cache is `$PODO_PARTS`,
else `$XDG_CACHE_HOME/podo/parts`, else `~/.cache/podo/parts`. A program is only ever found where its recipe is the one in
this tree; without a tree (an installed wheel) the newest build counts.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from podo.kernel.errors import N_, Unavailable

RECIPES = Path(__file__).parents[5] / "tools" / "parts"


class PartMissing(Unavailable):
    """A real part was not built on this machine."""

    code = "kubernetes.part_missing"
    so = N_("“{part}” is not built on this machine.")
    do = N_("Run “{command}” in Podo's source tree (minutes, once), then try again.")


def cache(directory: Path | None = None) -> Path:
    """The folder that holds all built parts; `directory` wins over the environment."""
    if directory is not None:
        return directory
    if named := os.environ.get("PODO_PARTS"):
        return Path(named).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "podo" / "parts"


def command(part: str) -> str:
    """What a person types to build `part`."""
    return f"make parts ARGS={part}"


def fingerprint(recipe: Path) -> str:
    """12 hex digits that change with any name or byte under `recipe`."""
    seen = hashlib.sha256()
    for path in sorted(p for p in recipe.rglob("*") if p.is_file()):
        content = path.read_bytes()
        seen.update(f"{path.relative_to(recipe).as_posix()}\0{len(content)}\0".encode())
        seen.update(content)
    return seen.hexdigest()[:12]


def place(part: str, *, recipes: Path = RECIPES, directory: Path | None = None) -> Path:
    """Where the build of `part` by its recipe belongs, whether it is there or not."""
    return cache(directory) / f"{part}-{fingerprint(recipes / part)}"


def find(part: str, *, recipes: Path = RECIPES, directory: Path | None = None) -> Path:
    """The folder of the built `part`. Raises `PartMissing`."""
    if (recipes / part).is_dir():
        built = place(part, recipes=recipes, directory=directory)
        if built.is_dir():
            return built
        raise PartMissing(part=part, command=command(part))
    # The fingerprint has no dash, so that a part's name never matches a longer one.
    builds = [p for p in cache(directory).glob(f"{part}-*") if p.is_dir() and "-" not in p.name.removeprefix(f"{part}-")]
    if not builds:
        raise PartMissing(part=part, command=command(part))
    return max(builds, key=lambda p: p.stat().st_mtime)


def program(part: str, name: str) -> Path:
    """The program `name` of the built `part`. Raises `PartMissing`."""
    return find(part) / name
