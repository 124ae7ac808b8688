"""Each cluster: whether it answers, what time it has, and whether Podo may do there what it does; no more is asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from podo.app.doctor.database import skew
from podo.app.doctor.findings import Finding, Text, bad, looked, odd, well
from podo.catalog import service as catalog
from podo.catalog.types import Cluster, ClusterKind
from podo.clients.kubernetes.real import RealCluster, connect
from podo.kernel import clock
from podo.kernel.db import Database, outside
from podo.kernel.errors import N_
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
        do = N_("Add one under Clusters, or by `podo cluster add`.")
        return [odd("clusters", N_("There is none: nothing can be deployed."), do)]
    found = [_of_twins([c for c in known if c.name not in ways])]
    found += await asyncio.gather(
        *(looked(f"cluster {name}", lambda n=name, s=s: _one(n, seal.open(s))) for name, s in ways.items())
    )
    return [finding for findings in found for finding in findings]


def _of_twins(twins: Sequence[Cluster]) -> Sequence[Finding]:
    names = ", ".join(c.name for c in twins)
    return [well("clusters", Text(N_("Twins, which live in Podo's own process: {names}."), names=names))] if twins else []


async def _one(name: str, kubeconfig: str) -> Sequence[Finding]:
    about = f"cluster {name}"
    client = connect(kubeconfig, name=name, before_call=outside, timeout=10)
    try:
        before = clock.now()
        version = await client.version()
        theirs = await client.time()
        middle = before + (clock.now() - before) / 2
        so = Text(N_("Kubernetes {version} answers at {server}."), version=version.git_version, server=client.server)
        found = [well(about, so)]
        if theirs is not None:
            # Its header has whole seconds, cut off.
            found.append(skew(about, name, (theirs - middle).total_seconds() + 0.5))
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
        return well(about, Text(N_("Podo may do there all of the {count} things that it does."), count=len(wanted)))
    named = ", ".join(f"{verb} {name}" + (f".{group}" if group else "") for group, name, verb in refused[:8])
    do = N_("Give its account the ClusterRole of charts/podo/templates/access.yaml.")
    if len(refused) > 8:
        return bad(about, Text(N_("Podo may not there: {named} and {more} more."), named=named, more=len(refused) - 8), do)
    return bad(about, Text(N_("Podo may not there: {named}."), named=named), do)
