"""Every import contract refuses what it says: each forbidden import is added to a copy, and the linter has to name it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.house import mini
from tools import contracts

pytestmark = pytest.mark.xdist_group("break-ins")

ROOT = Path(__file__).parents[2]
Checked = dict[str, dict[str, str]]


@dataclass(frozen=True)
class BreakIn:
    """A line added to a file of the small house, and exactly the contracts that it breaks."""

    file: str
    line: str
    breaks: tuple[str, ...]


# In `breaks`, D is podo.delivery.
BREAK_INS = {
    # 1: floors
    "a lower domain knows a higher": BreakIn("catalog/service", "from podo.delivery import types", ("law 1: floors",)),
    "the kernel knows a domain": BreakIn("kernel/nouns", "from podo.catalog import types", ("law 1: floors", "law 1: kernel")),
    "a client knows a domain": BreakIn("clients/aws/client", "from podo.catalog import types", ("law 1: floors",)),
    "a client knows the site": BreakIn("clients/aws/client", "from podo.app import main", ("law 1: floors",)),
    "a domain without a floor": BreakIn("katalog/types", "import enum", ("law 1: floors",)),
    "a kernel file without a floor": BreakIn("kernel/misc", "import enum", ("law 1: kernel",)),
    "the kernel's bottom knows its top": BreakIn("kernel/ids", "from podo.kernel.http import site", ("law 1: kernel",)),
    "for the type checker alone": BreakIn(
        "catalog/service",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from podo.delivery.types import Release",
        ("law 1: floors",),
    ),
    "inside a function": BreakIn(
        "catalog/service", "def late():\n    from podo.delivery import types\n    return types", ("law 1: floors",)
    ),
    # 2: doors
    "a rule of another domain": BreakIn("delivery/service", "from podo.catalog import rules", ("law 2: doors",)),
    "an adapter of another domain": BreakIn(
        "delivery/adapters/memory", "from podo.catalog.adapters import memory", ("law 2: doors",)
    ),
    "another domain as a whole": BreakIn("delivery/service", "import podo.catalog", ("law 2: doors",)),
    "a descriptor of another domain": BreakIn("delivery/domain", "from podo.catalog import domain", ("law 2: doors",)),
    "the site knows a store": BreakIn("app/main", "from podo.delivery.store import rows", ("law 2: doors", "law 4: store of D")),
    # 3: inside
    "a helpers.py": BreakIn("delivery/helpers", "import enum", ("law 3: inside D",)),
    "a utils folder": BreakIn("delivery/utils/text", "import enum", ("law 3: inside D",)),
    "a noun knows a verb": BreakIn(
        "delivery/types", "from podo.delivery import ports", ("law 3: inside D", "law 3: what types may import")
    ),
    "a verb knows a face": BreakIn("delivery/service", "from podo.delivery import api", ("law 3: inside D",)),
    "a verb knows a question": BreakIn("delivery/service", "from podo.delivery import reads", ("law 3: inside D",)),
    "a face knows another face": BreakIn("delivery/pages", "from podo.delivery import api", ("law 3: inside D",)),
    "a step knows its workflow": BreakIn(
        "delivery/steps", "from podo.delivery import workflows", ("law 3: inside D", "law 5: workflows of D")
    ),
    "a noun knows the database": BreakIn(
        "delivery/types", "from podo.kernel.db import database", ("law 3: what types may import",)
    ),
    "a rule looks at the clock": BreakIn("delivery/rules", "from podo.kernel import clock", ("law 3: what rules may import",)),
    "a rule throws dice": BreakIn("delivery/rules", "import random", ("law 3: what rules may import",)),
    "a rule reads the environment": BreakIn("delivery/rules", "import os", ("law 3: what rules may import",)),
    "a port knows the database": BreakIn(
        "delivery/ports", "from podo.kernel.db import database", ("law 3: what ports may import",)
    ),
    "a writer knows the database": BreakIn(
        "delivery/writers", "from podo.kernel.db import database", ("law 3: what writers may import",)
    ),
    "a workflow looks at the clock": BreakIn(
        "delivery/workflows", "from podo.kernel import clock", ("law 3: what workflows may import",)
    ),
    "a workflow asks a question": BreakIn(
        "delivery/workflows", "from podo.delivery import reads", ("law 3: what workflows may import",)
    ),
    "a command knows a noun": BreakIn(
        "delivery/cli", "from podo.delivery import types", ("law 3: what cli may import", "law 7: the command line")
    ),
    # 4: rows
    "a face opens the store": BreakIn("delivery/pages", "from podo.delivery.store import rows", ("law 4: store of D",)),
    "the descriptor opens the store": BreakIn("delivery/domain", "from podo.delivery import store", ("law 4: store of D",)),
    "another domain opens the store": BreakIn(
        "delivery/service", "from podo.catalog.store import rows", ("law 2: doors", "law 4: store of podo.catalog")
    ),
    "a verb takes a row": BreakIn("delivery/service", "from podo.delivery import models", ("law 4: models of D",)),
    "another domain's row": BreakIn(
        "delivery/store/rows", "from podo.catalog import models", ("law 2: doors", "law 4: models of podo.catalog")
    ),
    # 5: the outside
    "a verb takes a writer": BreakIn("delivery/service", "from podo.delivery import writers", ("law 5: writers of D",)),
    "a question takes a writer": BreakIn("delivery/reads", "from podo.delivery import writers", ("law 5: writers of D",)),
    "a face takes a step": BreakIn("delivery/api", "from podo.delivery import steps", ("law 5: steps of D",)),
    "a handler takes a step": BreakIn("delivery/handlers", "from podo.delivery import steps", ("law 5: steps of D",)),
    "a face starts a run": BreakIn("delivery/pages", "from podo.delivery import workflows", ("law 5: workflows of D",)),
    "a verb calls a client": BreakIn("delivery/service", "from podo.clients.kubernetes import client", ("law 5: clients",)),
    "a step calls a client": BreakIn("delivery/steps", "from podo.clients.aws import client", ("law 5: clients",)),
    # 6: third parties
    "a verb writes SQL": BreakIn("delivery/service", "import sqlalchemy", ("law 6: sqlalchemy",)),
    "a workflow knows the engine": BreakIn(
        "delivery/workflows", "import dbos", ("law 3: what workflows may import", "law 6: dbos")
    ),
    "an adapter calls AWS": BreakIn("delivery/adapters/memory", "import boto3", ("law 6: boto3",)),
    "another client calls AWS": BreakIn("clients/kubernetes/client", "import boto3", ("law 6: boto3",)),
    "an adapter calls Kubernetes": BreakIn("delivery/adapters/memory", "from lightkube import Client", ("law 6: lightkube",)),
    "a verb speaks HTTP": BreakIn("delivery/service", "import aiohttp", ("law 6: aiohttp",)),
    "a verb reads structs": BreakIn("delivery/service", "import msgspec", ("law 6: msgspec",)),
    "a page fills templates": BreakIn("delivery/pages", "import jinja2", ("law 6: jinja2",)),
    "a page formats dates": BreakIn("delivery/pages", "import babel", ("law 6: babel",)),
    "a page renders Markdown": BreakIn("delivery/pages", "import markdown_it", ("law 6: markdown_it",)),
    "a verb knows HTTP": BreakIn("delivery/service", "from fastapi import HTTPException", ("law 6: fastapi",)),
    "a verb answers": BreakIn("delivery/service", "from starlette.responses import Response", ("law 6: starlette",)),
    "a verb parses": BreakIn("delivery/service", "import pydantic", ("law 6: pydantic",)),
    "a verb counts": BreakIn("delivery/service", "import prometheus_client", ("law 6: prometheus_client",)),
    "a verb traces by itself": BreakIn("delivery/service", "import opentelemetry.trace", ("law 6: opentelemetry",)),
    "the log counts by itself": BreakIn("kernel/events/log", "import prometheus_client", ("law 6: prometheus_client",)),
    "a span counts": BreakIn("kernel/traces", "from podo.kernel import metrics", ("law 1: kernel",)),
    "a verb asks Cedar": BreakIn("delivery/service", "import cedarpy", ("law 6: cedarpy",)),
    "a rule elsewhere asks Cedar": BreakIn("delivery/rules", "import cedarpy", ("law 6: cedarpy",)),
    "a verb reads a schedule": BreakIn("delivery/service", "import croniter", ("law 6: croniter",)),
    "a verb seals": BreakIn("delivery/service", "import cryptography.fernet", ("law 6: cryptography",)),
    "a verb parses a line": BreakIn("delivery/service", "import click", ("law 6: click",)),
    "a verb downloads": BreakIn("delivery/service", "import httpx", ("law 6: httpx",)),
    "a store migrates": BreakIn("delivery/store/rows", "import alembic", ("law 6: alembic",)),
    "an adapter renders charts": BreakIn("delivery/adapters/memory", "import helm_python", ("law 6: helm_python",)),
    "a domain serves": BreakIn("delivery/api", "import uvicorn", ("law 6: uvicorn",)),
    "a third party without a place": BreakIn("delivery/reads", "import requests", ("law 6: requests",)),
    # 7: the command line
    "the command line serves": BreakIn("cli/main", "from podo.app import main", ("law 1: floors", "law 7: the command line")),
    "the command line opens the database": BreakIn(
        "cli/main", "from podo.kernel.db import database", ("law 7: the command line",)
    ),
    "the command line loads the web": BreakIn("cli/main", "import fastapi", ("law 6: fastapi", "law 7: the command line")),
    "the command line calls a verb": BreakIn("cli/main", "from podo.delivery import service", ("law 7: the command line",)),
    "the command line calls Kubernetes": BreakIn(
        "cli/dev", "from podo.clients.kubernetes import client", ("law 7: the command line",)
    ),
    "the command line by a detour": BreakIn(
        "kernel/terminal", "import sqlalchemy", ("law 6: sqlalchemy", "law 7: the command line")
    ),
}


def check(folders: Sequence[Path]) -> Checked:
    """Run the linter as `make check` does, in a process of its own: `podo` means another folder each time."""
    command = [sys.executable, "-m", "tools.contracts", "--json", *map(str, folders)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode in (0, 1), done.stderr
    checked: Checked = json.loads(done.stdout)
    assert done.returncode == any(text for laws in checked.values() for text in laws.values())
    return checked


def broken(laws: dict[str, str]) -> set[str]:
    return {law for law, what in laws.items() if what}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """Each break-in's contracts; under "" those of the house as it is."""
    top = tmp_path_factory.mktemp("small")
    folders = {"": top / "clean"} | {name: top / name.replace(" ", "-") for name in BREAK_INS}
    for name, folder in folders.items():
        mini.write(folder, _added(BREAK_INS[name]) if name else {})
    checked = check(list(folders.values()))
    return {name: checked[str(folder)] for name, folder in folders.items()}


def _added(break_in: BreakIn) -> dict[str, str]:
    path = Path("podo") / f"{break_in.file}.py"
    packages = {f"{parent}/__init__.py": "" for parent in path.parents if parent.name}
    return packages | {str(path): break_in.line}


def test_the_small_house_is_lawful(small: dict[str, dict[str, str]]) -> None:
    assert broken(small[""]) == set()


@pytest.mark.parametrize("name", BREAK_INS)
def test_a_break_in_breaks_its_law_and_no_other(small: dict[str, dict[str, str]], name: str) -> None:
    break_in = BREAK_INS[name]
    assert broken(small[name]) == {law.replace(" D", " podo.delivery") for law in break_in.breaks}
    module = "podo." + break_in.file.replace("/", ".")
    assert any(module.startswith(said) for law in broken(small[name]) for said in _modules(small[name][law]))


def _modules(text: str) -> set[str]:
    return {word.strip(":,") for word in text.split() if word.startswith("podo.")}


def test_every_contract_has_a_break_in(small: dict[str, dict[str, str]]) -> None:
    tried = {law for break_in in BREAK_INS.values() for law in break_in.breaks}
    kinds = {law.replace("podo.catalog", "D").replace("podo.delivery", "D").replace("podo.access", "D") for law in small[""]}
    assert kinds <= {law.replace("podo.catalog", "D") for law in tried}


# The same on the real tree: as many break-ins a law as there are files that could break it.


@dataclass(frozen=True)
class Tree:
    """A copy of src/ to break."""

    folder: Path

    def domains(self) -> list[str]:
        floors = [name for floor in reversed(contracts.FLOORS) for name in floor.split(" | ")]
        there = [name for name in floors if (self.folder / "podo" / name / "__init__.py").exists()]
        return [name for name in there if name not in ("app", "cli", "clients", "kernel")]

    def file(self, module: str) -> Path | None:
        path = self.folder / "podo" / module
        return next((p for p in (path.with_suffix(".py"), path / "__init__.py") if p.exists()), None)

    def add(self, module: str, line: str) -> bool:
        """Add the line to the module; False where there is no such module."""
        file = self.file(module)
        if file is None:
            return False
        file.write_text(f"{file.read_text()}\n{line}\n")
        return True


Expected = list[tuple[str, str]]


def _upwards(tree: Tree) -> Expected:
    *lower, top = tree.domains()
    broken_ins = [
        d for d in lower if tree.file(f"{top}/types") and tree.add(f"{d}/types", f"from podo.{top} import types as upwards")
    ]
    return [("law 1: floors", f"podo.{domain}.types") for domain in broken_ins]


def _behind_doors(tree: Tree) -> Expected:
    expected = []
    for domain in tree.domains():
        kinds = [kind for kind in ("rules", "store", "adapters", "models") if tree.file(f"{domain}/{kind}")]
        for kind in kinds:
            tree.add("app/__init__", f"from podo.{domain} import {kind} as {domain}_{kind}")
            expected.append(("law 2: doors", f"podo.app -> podo.{domain}.{kind} "))
    return expected


def _rooms_without_a_name(tree: Tree) -> Expected:
    for domain in tree.domains():
        (tree.folder / "podo" / domain / "helpers.py").write_text('"""Misc."""')
    return [(f"law 3: inside podo.{domain}", f"podo.{domain}.helpers") for domain in tree.domains()]


def _guarded(law: str, breakers: dict[str, str]) -> Callable[[Tree], Expected]:
    def breaks(tree: Tree) -> Expected:
        pairs = [(domain, kind, face) for domain in tree.domains() for kind, face in breakers.items()]
        return [
            (f"law {law}: {kind} of podo.{domain}", f"podo.{domain}.{face} -> podo.{domain}.{kind} ")
            for domain, kind, face in pairs
            if tree.file(f"{domain}/{kind}")
            and tree.add(f"{domain}/{face}", f"from podo.{domain} import {kind} as guarded_{kind}")
        ]

    return breaks


def _third_parties(tree: Tree) -> Expected:
    text = "\n".join(file.read_text() for file in tree.folder.rglob("*.py"))
    used = [package for package in contracts.PLACES if re.search(rf"^\s*(import|from) {package}\b", text, re.MULTILINE)]
    for package in used:
        assert tree.add("kernel/nouns", f"import {package}")
    return [(f"law 6: {package}", "podo.kernel.nouns") for package in used]


def _server(tree: Tree) -> Expected:
    heavy = [kind for kind in ("service", "store", "api") for domain in tree.domains()[:1] if tree.file(f"{domain}/{kind}")]
    lines = [f"from podo.{tree.domains()[0]} import {kind} as heavy_{kind}" for kind in heavy]
    tree.add("cli/__init__", "\n".join(["import fastapi", "from podo.kernel import db", *lines]))
    return [("law 7: the command line", f"podo.cli -> {what}") for what in ("fastapi", "podo.kernel.db")]


REAL: dict[str, Callable[[Tree], Expected]] = {
    "1": _upwards,
    "2": _behind_doors,
    "3": _rooms_without_a_name,
    "4": _guarded("4", {"store": "pages", "models": "service"}),
    "5": _guarded("5", {"writers": "service", "steps": "api", "workflows": "pages"}),
    "6": _third_parties,
    "7": _server,
}


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[dict[str, str], Expected]]:
    """For each law the contracts of a copy that breaks it wherever it can, and what they have to say; "" is the tree as it is."""
    top = tmp_path_factory.mktemp("real")
    expected: dict[str, Expected] = {"": []}
    for law in ("", *REAL):
        shutil.copytree(contracts.SOURCE / "podo", top / f"law{law}" / "podo", ignore=_all_but_python)
        if law:
            expected[law] = REAL[law](Tree(top / f"law{law}"))
    checked = check([top / f"law{law}" for law in expected])
    return {law: (checked[str(top / f"law{law}")], expected[law]) for law in expected}


def _all_but_python(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if not name.endswith(".py") and not (Path(folder) / name).is_dir()]


def test_the_real_house_is_lawful(real: dict[str, tuple[dict[str, str], Expected]]) -> None:
    laws, _ = real[""]
    assert {law: laws[law] for law in broken(laws)} == {}


@pytest.mark.parametrize("law", REAL)
def test_the_real_house_notices_every_break_in(real: dict[str, tuple[dict[str, str], Expected]], law: str) -> None:
    laws, expected = real[law]
    if not expected:
        pytest.skip(f"no domain has a file yet that could break law {law}")
    assert [(name, said) for name, said in expected if said not in laws[name]] == []
