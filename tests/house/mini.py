"""A small lawful house: the floors, and two domains with every kind of file, each importing all that it may.

The linter reads it and nobody runs it, so that a break-in can be tried for a law before a real domain could break it.
"""

from __future__ import annotations

from pathlib import Path

_NOUNS = "import dataclasses\nfrom podo.kernel.nouns import Actor\nfrom podo.kernel.errors import Missing\n"

_HOUSE = {
    "kernel/nouns": "import enum",
    "kernel/errors": "",
    "kernel/clock": "import time",
    "kernel/ids": "from podo.kernel import clock",
    "kernel/settings/load": "import cryptography",
    "kernel/terminal": "from podo.kernel import clock",
    "kernel/db/database": "import sqlalchemy, alembic",
    "kernel/events/types": "from podo.kernel.db import database",
    "kernel/durable/engine": "import dbos\nfrom podo.kernel.events import types",
    "kernel/ui/pages": "import jinja2, babel, markdown_it",
    "kernel/http/site": "import fastapi, starlette\nfrom podo.kernel import metrics\nfrom podo.kernel.ui import pages",
    "kernel/metrics": "import prometheus_client\nfrom podo.kernel import traces",
    "kernel/traces": "import opentelemetry\nfrom podo.kernel import terminal",
    "kernel/domains": "from podo.kernel.durable import engine",
    "clients/aws/client": "import boto3\nfrom podo.kernel import errors",
    "clients/kubernetes/client": "import lightkube, aiohttp, msgspec, croniter",
    "clients/kubernetes/local": "import subprocess",
    "clients/helm/engine": "import helm_python",
    "access/types": _NOUNS,
    "access/rules": "import cedarpy\nfrom podo.access import types",
    "app/main": "import uvicorn, fastapi\nfrom podo.catalog import domain\nfrom podo.delivery import domain as d, service, types",
    "app/migrations": "import alembic, sqlalchemy",
    "cli/main": "import click\nfrom podo.catalog import cli\nfrom podo.delivery import cli as d",
    "cli/client": "import httpx",
    "cli/dev": "from podo.clients.kubernetes import local",
}

_DOMAIN = {
    "types": _NOUNS + "from podo.kernel.events.types import Event\n",
    "rules": "import math\nfrom podo.{d} import types",
    "messages": "from podo.{d} import types",
    "ports": "from podo.{d} import types",
    "writers": "from podo.{d} import types",
    "models": "import sqlalchemy\nfrom podo.kernel.db import database",
    "store/rows": "import sqlalchemy\nfrom podo.{d} import models, types",
    "service": "from podo.{d} import store, rules, types\nfrom podo.{d}.store import rows\nfrom podo.access import types as a",
    "reads": "from podo.{d} import ports, types",
    "adapters/kubernetes": "from podo.{d} import ports, writers, types\nfrom podo.clients.kubernetes import client",
    "adapters/memory": "from podo.{d} import ports, writers, types",
    "steps": "from podo.{d} import service, writers, ports, types\nfrom podo.{d}.store import rows\n"
    "from podo.kernel.durable import engine",
    "workflows": "from podo.{d} import steps, types, rules\nfrom podo.kernel import durable",
    "handlers": "from podo.{d} import workflows, service, types",
    "api": "import fastapi, pydantic\nfrom podo.{d} import service, reads, types",
    "pages": "import fastapi\nfrom podo.kernel.http import site\nfrom podo.{d} import service, reads",
    "chat": "from podo.{d} import service, messages",
    "cli": "import click\nfrom podo.cli import client\nfrom podo.kernel import terminal",
    "domain": "from podo.{d} import api, pages, chat, handlers, workflows, steps, adapters, models, writers, types\n"
    "from podo.{d}.adapters import kubernetes\nfrom podo.kernel import domains",
}
_HIGHER = {"service": "from podo.catalog import service as s, types as t", "reads": "from podo.catalog import reads as r"}


def files() -> dict[str, str]:
    """Path of each module under the source folder, and its text."""
    found = {f"podo/{path}.py": text for path, text in _HOUSE.items()}
    for domain in ("catalog", "delivery"):
        for kind, text in _DOMAIN.items():
            more = _HIGHER.get(kind, "") if domain == "delivery" else ""
            found[f"podo/{domain}/{kind}.py"] = "\n".join((text.format(d=domain), more))
    packages = {parent for path in found for parent in Path(path).parents if parent.name}
    return found | {f"{package}/__init__.py": "" for package in packages}


def write(target: Path, extra: dict[str, str]) -> None:
    """Put the house into `target`; `extra` text is added at the end of the file of that path, or makes it."""
    made = files()
    for path, text in extra.items():
        made[path] = f"{made.get(path, '')}\n{text}\n"
    for path, text in made.items():
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        (target / path).write_text(text)
