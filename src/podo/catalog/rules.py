"""Names, and what a namespace is made of; values only."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from podo.catalog.types import NameInvalid, NameReserved, WrongProject

_NAME = re.compile(r"[a-z]([a-z0-9-]{1,38})[a-z0-9]")
# Addresses that the site needs itself, now or for systems whose rooms are there.
RESERVED = frozenset(
    """activity alerts api assets assistant clusters cost costs default deployments docs environments flows healthz help home inbox
    incidents kube-node-lease kube-public kube-system login logout me metrics new notices people podo projects readyz regions
    releases resources search settings sign-in sign-out signin signout site stats static status teams traffic users webhooks
    why""".split()
)


def check_name(name: str) -> None:
    """Raises `NameInvalid`, with a name that would do, or `NameReserved`."""
    if not _NAME.fullmatch(name) or "--" in name:
        raise NameInvalid(name=name, better=better_name(name))
    if name in RESERVED or name.startswith(("kube-", "podo-")):
        raise NameReserved(name=name)


def better_name(name: str) -> str:
    """A valid name near to `name`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    plain = re.sub(r"-{2,}", "-", re.sub(r"[^a-z0-9]+", "-", plain)).strip("-0123456789")[:40].strip("-")
    return plain if _NAME.fullmatch(plain) else f"{plain or 'my'}-service"[:40]


def check_facts(*, title: str, tier: int, port: int, dockerfile: str, repository: str) -> None:
    """Raises `WrongProject`, naming the field."""
    if not title.strip() or len(title) > 200:
        raise WrongProject(field="title", why="give it one of up to 200 characters")
    if tier not in (1, 2, 3):
        raise WrongProject(field="tier", why="it is 1, 2 or 3")
    if not 1 <= port <= 65535:
        raise WrongProject(field="port", why=f"{port} is not between 1 and 65535")
    if not repository.strip():
        raise WrongProject(field="repository", why="give the address of a git repository")
    if dockerfile.startswith("/") or ".." in dockerfile.split("/"):
        raise WrongProject(field="dockerfile", why=f"{dockerfile} leaves the repository")


def namespace_manifests(project: str, team: str, environments: Sequence[str]) -> list[dict[str, Any]]:
    """A namespace with its labels, quota and limits."""
    labels = {"podo.dev/project": project, "podo.dev/team": team, "app.kubernetes.io/managed-by": "podo"}
    labels |= {f"podo.dev/environment-{name}": "true" for name in environments}
    hard = {"pods": "200", "requests.cpu": "64", "requests.memory": "128Gi", "limits.memory": "256Gi", "services": "50"}
    container = {
        "type": "Container",
        "default": {"memory": "512Mi"},
        "defaultRequest": {"cpu": "50m", "memory": "64Mi"},
    }
    meta = {"namespace": project, "labels": {"podo.dev/project": project, "app.kubernetes.io/managed-by": "podo"}}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": project, "labels": labels}},
        {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "podo", **meta}, "spec": {"hard": hard}},
        {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "podo", **meta}, "spec": {"limits": [container]}},
    ]


def train(regions: Sequence[str], order: Sequence[str]) -> list[str]:
    """Regions in the order of the train."""
    return sorted(regions, key=lambda code: order.index(code) if code in order else len(order))
