"""Names, facts, filters, and what a namespace is made of; values only."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from typing import Any

from podo.catalog.types import (
    BadQuery,
    BadScoreQuery,
    NameInvalid,
    NameReserved,
    NoRepository,
    ProjectQuery,
    ScoreQuery,
    WrongBranch,
    WrongDockerfile,
    WrongPlaceName,
    WrongPort,
    WrongProject,
    WrongSlack,
    WrongTier,
    WrongTitle,
)

LONGEST_NAME = 40
TIERS = (1, 2, 3)
_NAME = re.compile(r"[a-z][a-z0-9-]{1,38}[a-z0-9]")
_PLACE = re.compile(r"[a-z]([a-z0-9-]*[a-z0-9])?")
_SLACK = re.compile(r"[\w-]{1,80}")
# What git's check-ref-format refuses, as far as a branch's short name can be wrong.
_NO_BRANCH = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|^[-/.]|[/.]$|\.lock$|/\.")
# Addresses that the site needs itself, now or for systems whose rooms are there.
_SITE = """
    activity alerts api assets assistant clusters cost costs default deployments docs environments flows healthz help home
    inbox incidents kube-node-lease kube-public kube-system login logout me metrics new notices offers owners people podo projects
    readyz regions rehearsals releases resources scorecards search settings sign-in sign-out signin signout site static stats
    status teams traffic users webhooks why
"""
RESERVED = frozenset(_SITE.split())


def check_name(name: str) -> None:
    """Raises `NameInvalid` or `NameReserved`, each with a name that would do."""
    if not _NAME.fullmatch(name) or "--" in name:
        raise NameInvalid(name=name, better=better_name(name))
    if is_reserved(name):
        raise NameReserved(name=name, better=better_name(name))


def is_reserved(name: str) -> bool:
    """Whether the site or Kubernetes needs the name."""
    return name in RESERVED or name.startswith(("kube-", "podo-"))


def better_name(name: str) -> str:
    """A name near to `name` that `check_name` lets pass."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    plain = re.sub(r"[^a-z0-9]+", "-", plain).lstrip("-0123456789").strip("-")[:LONGEST_NAME].strip("-")
    if plain.startswith(("kube-", "podo-")):
        plain = plain.partition("-")[2].lstrip("-0123456789")
        return better_name(plain or "my")
    if _NAME.fullmatch(plain) and not is_reserved(plain):
        return plain
    longer = f"{plain}-service"
    return longer if plain and not is_reserved(longer) else "my-service"


def name_of_repository(url: str) -> str:
    """The name that a repository's address suggests; empty where it suggests none."""
    last = re.split(r"[/:]", url.strip().rstrip("/"))[-1].removesuffix(".git")
    return better_name(last) if re.search(r"[A-Za-z]", last) else ""


def wrong_facts(
    *, title: str, tier: int, port: int, dockerfile: str, repository: str, branch: str = "main", slack: str = ""
) -> list[WrongProject]:
    """Everything that cannot be so, one error a field."""
    path = dockerfile.split("/")
    found: list[tuple[bool, WrongProject]] = [
        (not title.strip() or len(title.strip()) > 200, WrongTitle()),
        (tier not in TIERS, WrongTier()),
        (not 1 <= port <= 65535, WrongPort()),
        (not repository.strip() or len(repository) > 500, NoRepository()),
        (not branch or len(branch) > 200 or bool(_NO_BRANCH.search(branch)), WrongBranch(branch=branch)),
        (not dockerfile or len(dockerfile) > 300 or path[0] == "" or ".." in path, WrongDockerfile(path=dockerfile)),
        (bool(slack) and not _SLACK.fullmatch(slack), WrongSlack(channel=slack)),
    ]
    return [error for is_wrong, error in found if is_wrong]


def check_place_name(name: str, what: str, most: int) -> None:
    """Raises `WrongPlaceName`: what is in a label of Kubernetes, and short."""
    if not _PLACE.fullmatch(name) or "--" in name or len(name) > most:
        raise WrongPlaceName(what=what, name=name, most=most, why="")


def in_order(places: Collection[tuple[str, str]], stages: Sequence[str], train: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs without doubles, in promotion order and the order of the train; what is unknown comes last."""

    def at(name: str, order: Sequence[str]) -> int:
        return order.index(name) if name in order else len(order)

    return sorted(set(places), key=lambda pair: (at(pair[0], stages), at(pair[1], train), pair))


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


def project_query(text: str) -> ProjectQuery:
    """A filter such as `team:chat env:prod region:jp tier:1 lifecycle:production is:mine refund`. Raises `BadQuery`."""
    words: list[str] = []
    found: dict[str, Any] = {}
    for word in text.split():
        key, colon, value = word.partition(":")
        match key, value:
            case _ if not colon:
                words.append(word)
            case "team" | "region", _ if value:
                found[key] = value
            case "env" | "environment", _ if value:
                found["environment"] = value
            case "tier", "1" | "2" | "3":
                found["tier"] = int(value)
            case "lifecycle", "experimental" | "production" | "deprecated":
                found[key] = value
            case "level", "0" | "1" | "2" | "3":
                found[key] = int(value)
            case "is", "mine" | "retired":
                found[value] = True
            case _:
                raise BadQuery(word=word)
    return ProjectQuery(text=" ".join(words), **found)


def with_word(query: str, key: str, value: str) -> str:
    """The filter with `key:value` in place of what it said of `key`; an empty value takes it away."""
    kept = [word for word in query.split() if word.partition(":")[0] != key or ":" not in word]
    return " ".join([*kept, f"{key}:{value}"] if value else kept)


def score_query(text: str) -> ScoreQuery:
    """A filter such as `team:chat tier:1 level:0 fails:runbook is:mine refund`. Raises `BadQuery`."""
    words: list[str] = []
    found: dict[str, Any] = {}
    for word in text.split():
        key, colon, value = word.partition(":")
        match key, value:
            case _ if not colon:
                words.append(word)
            case "team" | "fails", _ if value:
                found[key] = value
            case "tier", "1" | "2" | "3":
                found[key] = int(value)
            case "level", "0" | "1" | "2" | "3":
                found[key] = int(value)
            case "is", "mine":
                found["mine"] = True
            case _:
                raise BadScoreQuery(word=word)
    return ScoreQuery(text=" ".join(words), **found)
