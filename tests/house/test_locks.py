"""The lock files say what pyproject.toml asks for, with hashes and without addresses."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house import tree

_PINNED = re.compile(r"^([a-zA-Z0-9._-]+)(?:\[[^\]]*\])?==([^ ;\\]+)(.*(?:\n    --hash=.*)*)", re.MULTILINE)
_ASKED = tomllib.loads(tree.text("pyproject.toml"))
_LOCKS = {
    "run": _ASKED["project"]["dependencies"],
    "dev": _ASKED["project"]["dependencies"] + _ASKED["dependency-groups"]["dev"],
    "build": _ASKED["dependency-groups"]["build"],
}


# Named by their framework's documentation as its own vocabulary.
_BROUGHT = {"starlette", "pydantic", "markupsafe", "botocore"}


def locked(name: str) -> dict[str, str]:
    """Package and version of every line of a lock."""
    return {canonicalize_name(package): version for package, version, _ in _PINNED.findall(tree.text(f"requirements/{name}.txt"))}


@pytest.mark.parametrize("path", ["Makefile", "deploy/image/Containerfile", "docs/installation.md", "docs/upgrading.md"])
def test_a_lock_is_installed_as_it_is(path: str) -> None:
    """It is whole; and asked for by hash, pip refuses what a package wants with extras."""
    lines = [
        line for line in tree.text(path).splitlines() if re.search(r"--require-hashes\b.*-r ", line) and "pip-audit" not in line
    ]
    assert lines
    assert [line for line in lines if "--no-deps" not in line] == []


@pytest.mark.parametrize("name", _LOCKS)
def test_a_lock_holds_what_is_asked_for(name: str) -> None:
    pins = locked(name)
    asked = [Requirement(line) for line in _LOCKS[name]]
    wrong = [str(r) for r in asked if (pin := pins.get(canonicalize_name(r.name))) is None or not r.specifier.contains(pin)]
    assert wrong == [], "run `make lock`"


@pytest.mark.parametrize("name", _LOCKS)
def test_a_lock_names_hashes_and_no_address(name: str) -> None:
    text = tree.text(f"requirements/{name}.txt")
    assert [package for package, _, rest in _PINNED.findall(text) if "--hash=sha256:" not in rest] == []
    assert re.findall(r"https?://|^-", text, re.MULTILINE) == []


def test_the_locks_agree() -> None:
    pins = locked("dev")
    assert {p: v for p, v in locked("run").items() if pins.get(p) != v} == {}


def test_what_is_imported_is_asked_for() -> None:
    """No import leans on what another package happens to bring along."""
    brought = packages_distributions()
    used = {
        name.partition(".")[0] for path in tree.python("src/") for node in ast.walk(tree.syntax(path)) for name in _imported(node)
    }
    asked = {canonicalize_name(Requirement(line).name) for line in _ASKED["project"]["dependencies"]}
    third = used - sys.stdlib_module_names - {"podo"}
    assert {name for name in third if not asked & {canonicalize_name(d) for d in brought.get(name, [])}} - _BROUGHT == set()


def _imported(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [alias.name for alias in names]
        case ast.ImportFrom(module=str(module), level=0):
            return [module]
        case _:
            return []


def test_what_builds_podo_is_locked_too() -> None:
    asked = {canonicalize_name(Requirement(line).name) for line in _ASKED["build-system"]["requires"]}
    assert asked <= locked("build").keys()
