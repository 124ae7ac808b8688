"""Each cluster: whether it answers, what time it has, and whether Podo may do there what it does; no more is asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from podo.app.doctor.database import skew
from podo.app.doctor.findings import Finding, bad, looked, odd, well
from podo.catalog import service as catalog
from podo.catalog.types import Cluster, ClusterKind
from podo.clients.kubernetes.real import RealCluster, connect
from podo.kernel import clock
from podo.kernel.db import Database, outside
from podo.kernel.nouns import PODO
from podo.kernel.settings import Seal

_AT_ONCE = 12
_ALL = "get list create patch delete"
# Everything that Podo does in a cluster, as in the ClusterRole of charts/podo (a test compares them): group → resources → verbs.
RIGHTS: dict[str, dict[str, str]] = {
    "": {
        "namespaces": "get create patch delete",
        "resourcequotas limitranges": "create patch",
        "services configmaps secrets serviceaccounts": _ALL,
        "pods": "get list watch delete",
        "pods/log": "get",
        "events": "list",
    },
    "autoscaling": {"horizontalpodautoscalers": _ALL},
    "networking.k8s.io": {"ingresses": _ALL},
    "policy": {"poddisruptionbudgets": _ALL},
    "apps": {
        "deployments statefulsets": f"{_ALL} watch",
        "daemonsets": "get list watch patch",
        "deployments/scale statefulsets/scale": "patch",
        "replicasets": "get",
    },
    "batch": {"cronjobs": f"{_ALL} watch", "jobs": "get list watch"},
}


def rights() -> Iterator[tuple[str, str, str]]:
    """(group, resource with its subresource, verb), one by one."""
    for group, resources in RIGHTS.items():
        for names, verbs in resources.items():
            for name in names.split():
                for verb in verbs.split():
                    yield group, name, verb


async def clusters(database: Database, seal: Seal) -> Sequence[Finding]:
    """Of every cluster that the catalogue knows."""
    async with database.reading(PODO) as r:
        known = await catalog.clusters(r)
        ways = {c.name: await catalog.sealed_kubeconfig(r, c.name) for c in known if c.kind is ClusterKind.kubeconfig}
    if not known:
        return [odd("clusters", "There is none: nothing can be deployed.", "Add one under Clusters, or by `podo cluster add`.")]
    found = [_of_twins([c for c in known if c.name not in ways])]
    found += await asyncio.gather(
        *(looked(f"cluster {name}", lambda n=name, s=s: _one(n, seal.open(s))) for name, s in ways.items())
    )
    return [finding for findings in found for finding in findings]


def _of_twins(twins: Sequence[Cluster]) -> Sequence[Finding]:
    names = ", ".join(c.name for c in twins)
    return [well("clusters", f"Twins, which live in Podo's own process: {names}.")] if twins else []


async def _one(name: str, kubeconfig: str) -> Sequence[Finding]:
    about = f"cluster {name}"
    client = connect(kubeconfig, name=name, before_call=outside, timeout=10)
    try:
        before = clock.now()
        version = await client.version()
        theirs = await client.time()
        middle = before + (clock.now() - before) / 2
        found = [well(about, f"Kubernetes {version.git_version} answers at {client.server}.")]
        if theirs is not None:
            # Its header has whole seconds, cut off.
            found.append(skew(about, f"{name}'s", (theirs - middle).total_seconds() + 0.5))
        return [*found, await _rights(about, client)]
    finally:
        await client.close()


async def _rights(about: str, client: RealCluster) -> Finding:
    gate = asyncio.Semaphore(_AT_ONCE)

    async def may(right: tuple[str, str, str]) -> bool:
        async with gate:
            return await client.may(*right)

    wanted = list(rights())
    answers = await asyncio.gather(*(may(right) for right in wanted))
    refused = [right for right, answer in zip(wanted, answers, strict=True) if not answer]
    if not refused:
        return well(about, f"Podo may do there all of the {len(wanted)} things that it does.")
    said = ", ".join(f"{verb} {name}" + (f".{group}" if group else "") for group, name, verb in refused[:8])
    more = f" and {len(refused) - 8} more" if len(refused) > 8 else ""
    do = "Give its account the ClusterRole of charts/podo/templates/access.yaml."
    return bad(about, f"Podo may not there: {said}{more}.", do)
