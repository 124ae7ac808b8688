"""Whose an asset is, from what it says of itself: tags as they were seen, values only."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from podo.catalog.types import PROJECT_TAG, TEAM_TAG, Proof, Provider, SeenAsset, Trouble
from podo.kernel import ids

# Tags that clusters put on what they make for a namespace, and those that name the cluster.
_NAMESPACE_TAGS = (
    "kubernetes-io-created-for-pvc-namespace",
    "kubernetes-namespace",
    "k8s-namespace",
    "namespace",
    "eks-namespace",
)
_CLUSTER_TAGS = (
    "eks-cluster-name",
    "aws-eks-cluster-name",
    "elbv2-k8s-aws-cluster",
    "kubernetes-cluster",
    "goog-k8s-cluster-name",
    "cluster",
)
_CLUSTER_OF_KEY = "kubernetes-io-cluster-"
_STACK_TAGS = ("aws-cloudformation-stack-name", "terraform-workspace", "pulumi-stack", "goog-dm", "stack")
_NETWORK_TAGS = ("vpc", "vpc-id", "network", "subnet")
_CREATOR_TAGS = ("aws-createdby", "createdby", "created-by", "creator")
_BETWEEN = re.compile(r"[^\w]+|_")
_PARTS_OF_PREFIX = 2
_LONGEST_NAME, _LONGEST_KIND, _LONGEST_VALUE, _LONGEST_STACK = 400, 120, 120, 200


def asset_id(arn: str) -> str:
    """The id of an asset: the same for the same ARN, however its letters are composed."""
    return "ast_" + hashlib.sha256(same(arn).encode()).hexdigest()[:26]


def same(text: str) -> str:
    """One spelling for what looks the same: composed, without blanks around it."""
    return unicodedata.normalize("NFC", text).strip()


def folded(text: str) -> str:
    """`same`, in small letters: clouds differ in whether they keep capitals."""
    return same(text).casefold()


def tag_key(key: str) -> str:
    """A tag's key as it is compared: small letters, one kind of hyphen (`Podo_Project`, `podo:project` → `podo-project`)."""
    return _BETWEEN.sub("-", folded(key)).strip("-")


@dataclass(frozen=True, slots=True)
class Said:
    """What an asset says of itself: ids in its tags, the cluster and namespace it was made for, and what it stands beside."""

    project: str = ""
    team: str = ""
    namespace: str = ""
    cluster: str = ""
    stack: str = ""
    network: str = ""
    prefix: str = ""
    creator: str = ""


def said(name: str, tags: Mapping[str, str], creator: str = "") -> Said:
    """Read name and tags; of two tags whose keys are compared as one, the one that is spelt that way counts."""
    known: dict[str, str] = {}
    for key in sorted(tags, key=lambda k: k != tag_key(k)):
        known.setdefault(tag_key(key), same(tags[key]))
    return Said(
        project=folded(known.get(PROJECT_TAG, ""))[:_LONGEST_VALUE],
        team=known.get(TEAM_TAG, "")[:_LONGEST_VALUE],
        namespace=folded(_first(known, _NAMESPACE_TAGS)),
        cluster=_first(known, _CLUSTER_TAGS) or _cluster_in_key(tags),
        stack=_first(known, _STACK_TAGS)[:_LONGEST_STACK],
        network=_first(known, _NETWORK_TAGS)[:_LONGEST_VALUE],
        prefix=prefix(name)[:_LONGEST_VALUE],
        creator=creator or _first(known, _CREATOR_TAGS),
    )


def _first(known: Mapping[str, str], keys: Collection[str]) -> str:
    return next((known[key] for key in keys if known.get(key)), "")


def _cluster_in_key(tags: Mapping[str, str]) -> str:
    """`kubernetes.io/cluster/<name>: owned` names its cluster in the key."""
    return next((same(key).rpartition("/")[2] for key in sorted(tags) if tag_key(key).startswith(_CLUSTER_OF_KEY)), "")


def prefix(name: str) -> str:
    """The first two words of a name that has more: `chat-api-sessions-0` → `chat-api`; empty for others."""
    words = [word for word in _BETWEEN.split(folded(name)) if word]
    return "-".join(words[:_PARTS_OF_PREFIX]) if len(words) > _PARTS_OF_PREFIX else ""


@dataclass(frozen=True, slots=True)
class Register:
    """What Podo knows that tags may name: living and retired projects, teams (id → whether it lives), namespaces by cluster."""

    projects: Collection[str] = frozenset()
    retired: Collection[str] = frozenset()
    teams: Mapping[str, bool] = field(default_factory=dict[str, bool])
    namespaces: Collection[tuple[str, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Link:
    """Whose an asset is: a project, or a team; or neither, and why not."""

    project: str = ""
    team: str = ""
    proof: Proof | None = None
    trouble: Trouble | None = None


def link(what: Said, register: Register, provider: Provider) -> Link:
    """The owner by exact stable ids alone: its own tags first, then the namespace that a known cluster made it for."""
    if what.project in register.projects:
        return Link(project=what.project, proof=Proof.tag)
    team = known_team(what.team, register.teams, provider)
    if register.teams.get(team):
        return Link(team=team, proof=Proof.tag)
    if (what.cluster, what.namespace) in register.namespaces and what.namespace in register.projects:
        return Link(project=what.namespace, proof=Proof.cluster)
    if team or what.project in register.retired:
        return Link(trouble=Trouble.dead)
    return Link(trouble=Trouble.unknown if what.project or what.team else Trouble.untagged)


def known_team(said_team: str, teams: Collection[str], provider: Provider) -> str:
    """The id that a tag means, empty for none. GCP's labels have no capitals, so there the only one that folds alike is meant."""
    if said_team in teams:
        return said_team
    alike = [id_ for id_ in teams if folded(id_) == folded(said_team)] if said_team and provider is Provider.gcp else []
    return alike[0] if len(alike) == 1 else ""


def digest(seen: SeenAsset) -> str:
    """Tells whether anything that is kept of an asset has changed."""
    at = seen.created_at.isoformat() if seen.created_at else ""
    return ids.digest([seen.kind, seen.name, seen.region, seen.creator, at, dict(seen.tags or {})])[:20]


def whole(
    seen: SeenAsset,
    tags: Mapping[str, str] | None = None,
    creator: str = "",
    name: str = "",
    created_at: datetime | None = None,
) -> SeenAsset:
    """What was seen, completed by what was known before where this listing does not tell it, and cut to what is kept."""
    return SeenAsset(
        arn=same(seen.arn),
        kind=same(seen.kind)[:_LONGEST_KIND],
        name=(same(seen.name) or name or same(seen.arn).rpartition("/")[2])[:_LONGEST_NAME],
        region=seen.region,
        tags=dict(seen.tags if seen.tags is not None else tags or {}),
        creator=(same(seen.creator) or creator)[:_LONGEST_NAME],
        created_at=seen.created_at or created_at,
    )
