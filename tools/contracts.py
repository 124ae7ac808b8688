"""The import contracts (laws 1 to 7 of docs/architecture.md), made from the floors and from the files that exist.

`python -m tools.contracts` checks src/. With folders as arguments it checks the `podo` package in each of them and, with
`--json`, prints `{folder: {contract: what breaks it, or ""}}`. Exit code 1 when a contract is broken.
"""

from __future__ import annotations

import argparse
import copy
import importlib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import grimp
from importlinter import api  # noqa: F401 - importing it configures the linter
from importlinter.application import output
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.layers import LayersContract
from importlinter.contracts.protected import ProtectedContract
from importlinter.domain.contract import Contract

from tools.walls import Doors, Only

ROOT = "podo"
SOURCE = Path(__file__).parent.parent / "src"

FLOORS = (
    "app | cli",
    "incidents",
    "delivery",
    "alerts",
    "workloads | resources | traffic",
    "cost | observability",
    "activity",
    "notices",
    "catalog",
    "access",
    "clients",
    "kernel",
)
_LOW = ("db", "metrics", "traces", "settings | terminal", "ids", "clock", "nouns | errors")
KERNEL = ("http", "ui | domains", "durable", "events | search", *_LOW)
INSIDE = (
    "domain",
    "api | pages | chat | handlers",
    "workflows",
    "steps",
    "service | reads | adapters",
    "store",
    "models",
    "ports | writers | rules | messages",
    "types",
)
ALONE = ("cli",)
DOORS = ("types", "service", "reads")
KEYS = ("podo.app -> domain", "podo.cli -> cli")

# Types are named early, to hints alone, and read late: these two loops are tied by `if TYPE_CHECKING`.
HINTS = ("podo.kernel.db.database -> podo.kernel.events.types", "podo.kernel.domains -> podo.kernel.http.routes")

# A domain's cli.py (or cli/) stands alone: it lies in its domain's folder, and on the command line's floor.
COMMANDS = ("podo.*.cli -> podo.cli.*", "podo.*.cli.* -> podo.cli.*")

# law 4 and 5: a file of a domain, and who in the same domain may import it (`domain` collects for the descriptor)
GUARDED = {
    "store": ("4", ("service", "steps")),
    "models": ("4", ("store", "domain")),
    "writers": ("5", ("steps", "adapters", "domain")),
    "steps": ("5", ("workflows", "domain")),
    "workflows": ("5", ("handlers", "domain")),
}

# law 6: every third party has one place. `*` is any domain.
SERVER_PLACES = ("kernel.http", "*.api", "*.pages", "app")
PLACES: dict[str, tuple[str, ...]] = {
    "aiohttp": ("clients",),
    "alembic": ("kernel.db", "app"),
    "authlib": ("clients.oidc",),
    "babel": ("kernel.ui",),
    "boto3": ("clients.aws",),
    "botocore": ("clients.aws",),
    "cedarpy": ("access.rules",),
    "click": ("cli", "*.cli", "kernel.terminal"),
    "croniter": ("clients.kubernetes",),
    "cryptography": ("kernel.settings",),
    "dbos": ("kernel.durable",),
    "fastapi": SERVER_PLACES,
    "google": ("clients.gcp",),
    "helm_python": ("clients.helm",),
    "httpx": ("clients", "cli", "kernel.terminal"),
    "httpx2": ("clients.oidc", "clients.directory"),
    "jinja2": ("kernel.ui",),
    "joserfc": ("clients.oidc",),
    "jsonschema": ("clients.helm", "delivery.rules"),
    "lightkube": ("clients",),
    "markdown_it": ("kernel.ui",),
    "markupsafe": ("kernel.ui",),
    "msgspec": ("clients",),
    "opentelemetry": ("kernel.traces",),
    "prometheus_client": ("kernel.metrics",),
    "psycopg": ("kernel.db",),
    "pydantic": SERVER_PLACES,
    "scim2_client": ("clients.directory",),
    "scim2_models": ("clients.directory", "access.api"),
    "rapidfuzz": ("kernel.search",),
    "sqlalchemy": ("kernel.db", "kernel.events", "kernel.durable", "kernel.search", "*.models", "*.store", "app.migrations"),
    "starlette": SERVER_PLACES,
    "uvicorn": ("app",),
    "uvloop": ("app",),
    "yaml": ("clients", "*.adapters", "cli"),
}

_NOUNS = (
    *("podo.kernel.nouns", "podo.kernel.errors", "podo.kernel.events", "podo.kernel.events.types"),
    *("podo.*.types", "podo.*.types.*"),
)
_OWN = (".types", ".types.*", ".rules", ".rules.*")
_IMPURE = ("http", "os", "random", "secrets", "shutil", "socket", "subprocess", "tempfile", "threading", "time", "urllib", "uuid")
# law 3: what one kind of file may import, and what of the standard library it may not
ONLY: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    # A slot's function takes a Reading (tests/house look at the names); a domain's section of the settings is a noun.
    "types": ((*_NOUNS, "podo.kernel.db", "podo.kernel.settings"), ()),
    "rules": ((*_NOUNS, "podo.kernel.ids"), _IMPURE),
    "ports": (_NOUNS, ()),
    "writers": (_NOUNS, ()),
    # What marks a stuck run is one verb in a Tx of the engine's; a workflow itself has none to give.
    "workflows": (
        (*_NOUNS, *_OWN, ".steps", ".steps.*", ".service", ".service.*", "podo.kernel.durable", "podo.kernel.db"),
        _IMPURE,
    ),
    "cli": (
        ("podo", "podo.cli.*", "podo.kernel.terminal", "podo.kernel.nouns", "podo.kernel.errors", "podo.kernel.clock", "click"),
        (),
    ),
}

# law 7: what the command line may load of us
LIGHT = ("kernel.terminal", "kernel.nouns", "kernel.errors", "kernel.clock", "kernel.ids", "kernel.settings")
LIGHT_CLIENTS = ("clients.kubernetes.local",)

SESSION = {"root_packages": [ROOT], "include_external_packages": "True"}

CONTRACTS: dict[str, type[Contract]] = {
    c.type_name: c  # pyright: ignore[reportAttributeAccessIssue]
    for c in (LayersContract, ProtectedContract, ForbiddenContract, Doors, Only)
}


def build(source: Path) -> grimp.ImportGraph:
    """The import graph of the `podo` package in `source`, imports for type checkers included."""
    sys.path.insert(0, str(source))
    importlib.invalidate_caches()
    try:
        return grimp.build_graph(ROOT, include_external_packages=True, cache_dir=None)
    finally:
        sys.path.pop(0)


def contracts(graph: grimp.ImportGraph) -> list[dict[str, Any]]:
    """All contracts that `graph` has to keep, as import-linter's options."""
    house = House(graph)
    return [*_floors(house), *_doors(house), *_inside(house), *_guarded(house), *_places(house), *_command_line(house)]


class House:
    """What is there: `domains` (names of packages on a domain's floor), and patterns made into modules."""

    def __init__(self, graph: grimp.ImportGraph) -> None:
        self.graph = graph
        names = {name for floor in FLOORS for name in floor.split(" | ")} - {"app", "cli", "clients", "kernel"}
        self.domains = sorted(f"{ROOT}.{name}" for name in names if f"{ROOT}.{name}" in graph.modules)

    def existing(self, patterns: Sequence[str]) -> list[str]:
        """Modules that exist among `kernel.db`, `*.store` (of every domain), …"""
        named = ([f"{domain}{p[1:]}" for domain in self.domains] if p.startswith("*.") else [f"{ROOT}.{p}"] for p in patterns)
        return sorted({module for modules in named for module in modules if module in self.graph.modules})

    def third_parties(self) -> list[str]:
        """Packages that are neither ours nor in the standard library, and that somebody imports."""
        roots = {m for m in self.graph.modules if self.graph.is_module_squashed(m)}
        return sorted(roots - sys.stdlib_module_names)


def _optional(floors: Sequence[str]) -> list[str]:
    """`a | b` as `(a) | (b)`: a floor may be empty, a package may not be elsewhere."""
    return [" | ".join(f"({name})" for name in floor.split(" | ")) for floor in floors]


def _floors(house: House) -> Iterator[dict[str, Any]]:
    for name, package, floors, ignored in (("floors", ROOT, FLOORS, COMMANDS), ("kernel", f"{ROOT}.kernel", KERNEL, HINTS)):
        if package in house.graph.modules:
            yield {
                "name": f"law 1: {name}",
                "type": "layers",
                "containers": [package],
                "layers": _optional(floors),
                "exhaustive": "True",
                "ignore_imports": list(ignored),
                "unmatched_ignore_imports_alerting": "none",
            }


def _doors(house: House) -> Iterator[dict[str, Any]]:
    yield {"name": "law 2: doors", "type": "doors", "domains": house.domains, "doors": list(DOORS), "keys": list(KEYS)}


def _inside(house: House) -> Iterator[dict[str, Any]]:
    for domain in house.domains:
        yield {
            "name": f"law 3: inside {domain}",
            "type": "layers",
            "containers": [domain],
            "layers": _optional(INSIDE),
            "exhaustive": "True",
            "exhaustive_ignores": list(ALONE),
        }
    for kind, (may_import, barred) in ONLY.items():
        placed = [package for package, places in PLACES.items() if any(place.endswith(f".{kind}") for place in places)]
        yield {
            "name": f"law 3: what {kind} may import",
            "type": "only",
            "domains": house.domains,
            "kind": kind,
            "may_import": [*may_import, *placed],
            "barred": list(barred),
        }


def _guarded(house: House) -> Iterator[dict[str, Any]]:
    for domain in house.domains:
        for kind, (law, importers) in GUARDED.items():
            if f"{domain}.{kind}" in house.graph.modules:
                allowed = [f"{domain}.{name}" for name in importers]
                name = f"law {law}: {kind} of {domain}"
                yield _protected(name, f"{domain}.{kind}", [module for module in allowed if module in house.graph.modules])
    if f"{ROOT}.clients" in house.graph.modules:
        yield _protected("law 5: clients", f"{ROOT}.clients", house.existing(("*.adapters", "*.domain", "app", "cli.dev")))


def _places(house: House) -> Iterator[dict[str, Any]]:
    for package in house.third_parties():
        yield _protected(f"law 6: {package}", package, house.existing(PLACES.get(package, ())))


def _protected(name: str, module: str, importers: Sequence[str]) -> dict[str, Any]:
    return {"name": name, "type": "protected", "protected_modules": [module], "allowed_importers": list(importers)}


def _command_line(house: House) -> Iterator[dict[str, Any]]:
    sources = house.existing(("cli", "*.cli"))
    if not sources:
        return
    light = house.existing((*LIGHT, *LIGHT_CLIENTS))
    ours = {m for container in ("kernel", *_names(house.domains)) for m in house.graph.find_children(f"{ROOT}.{container}")}
    ours |= set(house.existing(("app",)))
    clients = _leaves(house.graph, f"{ROOT}.clients", light)
    theirs = [p for p in house.third_parties() if not is_light(PLACES.get(p, ()))]
    heavy = sorted((ours | clients) - set(light) - set(sources)) + theirs
    yield {"name": "law 7: the command line", "type": "forbidden", "source_modules": sources, "forbidden_modules": heavy}


def _names(domains: Sequence[str]) -> list[str]:
    return [domain.removeprefix(f"{ROOT}.") for domain in domains]


def is_light(places: Sequence[str]) -> bool:
    """Whether a third party with these places may be loaded by the command line."""
    return any(place in LIGHT or place == "cli" or place.endswith(".cli") for place in places)


def _leaves(graph: grimp.ImportGraph, package: str, light: Sequence[str]) -> set[str]:
    """Modules under `package`, as deep as it needs to leave out what is light."""
    if package not in graph.modules:
        return set()
    if not any(module == package or module.startswith(package + ".") for module in light):
        return {package}
    return {leaf for child in graph.find_children(package) if child not in light for leaf in _leaves(graph, child, light)}


def checked(source: Path) -> dict[str, str]:
    """Every contract of `source`, each with the imports or files that break it; "" where it is kept."""
    graph = build(source)
    found = {}
    for options in contracts(graph):
        contract = CONTRACTS[options["type"]](options["name"], SESSION, options)
        check = contract.check(copy.deepcopy(graph), verbose=False)
        with output.console.capture() as captured:
            if not check.kept:
                contract.render_broken_contract(check)
        found[contract.name] = captured.get().strip()
    return found


def main(arguments: Sequence[str]) -> int:
    """Check; see the module."""
    parser = argparse.ArgumentParser(prog="python -m tools.contracts", description=__doc__)
    parser.add_argument("sources", nargs="*", type=Path, default=[SOURCE])
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args(arguments)
    output.console.width = 1000
    found = {str(source): checked(source) for source in asked.sources}
    broken = [(source, law, what) for source, laws in found.items() for law, what in laws.items() if what]
    if asked.json:
        print(json.dumps(found))
        return int(bool(broken))
    for source, law, what in broken:
        print(f"{source}: broken {law}\n{what}\n")
    if not broken:
        print(f"{sum(map(len, found.values()))} import contracts are kept.")
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
