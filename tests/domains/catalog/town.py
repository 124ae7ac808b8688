"""A small company: teams Chat and Search under Service, their people, an SRE, two environments, two regions, three clusters."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from podo.access import service as access
from podo.access.domain import DOMAIN as ACCESS
from podo.access.types import Membership, MembershipRole, Person, Role, Team
from podo.activity.domain import DOMAIN as ACTIVITY
from podo.catalog import service
from podo.catalog.domain import DOMAIN as CATALOG
from podo.catalog.handlers import look_at_clusters, try_unsettled_namespaces
from podo.catalog.types import ClusterKind, Environment, Namespace, Project, Region
from podo.clients.kubernetes.errors import NotFound
from podo.clients.kubernetes.types import Kind
from podo.kernel.nouns import Actor
from podo.notices.domain import DOMAIN as NOTICES
from podo.workloads.domain import DOMAIN as WORKLOADS
from tests.houses import Living, person

DOMAINS = (ACCESS, CATALOG, NOTICES, ACTIVITY, WORKLOADS)
CLUSTERS = ("alpha-kr", "prod-kr", "prod-jp")
SEOYEON, HANEUL, OLIVER, EMMA, ROOT = (person(f"prs-{name}") for name in ("seoyeon", "haneul", "oliver", "emma", "root"))
NAMESPACE, QUOTA, LIMITS = Kind("v1", "Namespace"), Kind("v1", "ResourceQuota"), Kind("v1", "LimitRange")
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nbm90IGEga2V5\n-----END OPENSSH PRIVATE KEY-----"


async def found(living: Living) -> None:
    """People, teams and places: 이서연 leads Chat, 김하늘 is in it, Oliver is in Search, Emma is an SRE, Root an admin."""
    people = [
        Person("prs-seoyeon", "이서연", "seoyeon@podo.example"),
        Person("prs-haneul", "김하늘", "haneul@podo.example"),
        Person("prs-oliver", "Oliver Wright", "oliver@podo.example"),
        Person("prs-emma", "Emma Clarke", "emma@podo.example"),
        Person("prs-root", "Root", "root@podo.example"),
    ]
    teams = [
        Team("team-1", "Service", "service"),
        Team("team-2", "Chat", "chat", "team-1"),
        Team("team-3", "Search", "search", "team-1"),
    ]
    members = [
        Membership("prs-seoyeon", "team-2", MembershipRole.lead),
        Membership("prs-haneul", "team-2"),
        Membership("prs-oliver", "team-3"),
    ]
    async with living.transaction() as tx:
        await access.sync_directory(tx, people, teams, members)
        await access.grant(tx, "prs-emma", Role.sre)
        await access.grant(tx, "prs-root", Role.admin)
        await service.set_environment(tx, Environment("alpha", 0))
        await service.set_environment(tx, Environment("prod", 1, approvals=1, soak_seconds=600))
        await service.set_region(tx, Region("kr", "Korea", "Asia/Seoul", 0))
        await service.set_region(tx, Region("jp", "Japan", "Asia/Tokyo", 1))
        for name in CLUSTERS:
            environment, _, region = name.partition("-")
            await service.add_cluster(tx, living.house.seal, name, region, [environment], ClusterKind.twin)
    await look_at_clusters(living.house)
    await living.settled()


async def register(living: Living, slug: str = "chat-api", *, by: Actor = SEOYEON, **facts: Any) -> Project:
    """A project of Chat in alpha kr and production kr, registered by 이서연; its namespaces are settled."""
    wanted: dict[str, Any] = {
        "title": "Chat API",
        "team": "chat",
        "repository": "https://git.podo.example/chat/chat-api.git",
        "branch": "main",
        "places": [("alpha", "kr"), ("prod", "kr")],
    }
    async with living.transaction(by) as tx:
        made = await service.register(tx, living.house.seal, slug=slug, **wanted | facts)
    await living.settled()
    return made


async def namespaces(living: Living, slug: str = "chat-api") -> dict[str, Namespace]:
    """What Podo knows, by cluster."""
    async with living.reading() as r:
        return {n.cluster: n for n in await service.namespaces(r, slug)}


async def real_namespace(living: Living, cluster: str, slug: str = "chat-api") -> Any:
    """What stands in the twin; None for nothing."""
    try:
        return await living.twins[cluster].get(NAMESPACE.ref(slug))
    except NotFound:
        return None


async def rounds(living: Living) -> None:
    """What Podo does by itself every few seconds."""
    await look_at_clusters(living.house)
    await try_unsettled_namespaces(living.house)
    await living.settled()


def repository(path: Path, files: Mapping[str, str], branch: str = "main") -> Path:
    """A real repository with one commit by Grape."""
    names = {"GIT_AUTHOR_NAME": "Grape", "GIT_AUTHOR_EMAIL": "g@x", "GIT_COMMITTER_NAME": "Grape", "GIT_COMMITTER_EMAIL": "g@x"}
    env = {"PATH": os.environ["PATH"], "HOME": str(path), "GIT_CONFIG_NOSYSTEM": "1", **names}

    def git(*arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=path, check=True, env=env, capture_output=True)

    path.mkdir(parents=True)
    git("init", "--quiet", f"--initial-branch={branch}")
    for name, text in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_text(text)
    git("add", "--all")
    git("commit", "--quiet", "--message=Answer hello")
    return path
