"""Assets and labels of GCP: the asset inventory lists all, each service's own call labels."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from podo.catalog.types import AssetPage, CloudAccount, SeenAsset, Source, TagFailure, TagTrouble
from podo.clients.gcp import (
    KINDS,
    Found,
    Gcp,
    GcpChanged,
    GcpCredentials,
    GcpGone,
    GcpRefused,
    GcpThrottled,
    GcpUnreachable,
    Kind,
)
from podo.kernel.errors import PodoError

_SOURCE = "resources"
_AT_ONCE = 8
# Which of the types that a service's names can stand for; an address says by its path which it is.
_BY_COLLECTION = {
    ("compute.googleapis.com", "instances"): "compute.googleapis.com/Instance",
    ("compute.googleapis.com", "disks"): "compute.googleapis.com/Disk",
    ("compute.googleapis.com", "snapshots"): "compute.googleapis.com/Snapshot",
    ("compute.googleapis.com", "images"): "compute.googleapis.com/Image",
    ("compute.googleapis.com", "addresses"): "compute.googleapis.com/Address",
    ("compute.googleapis.com", "forwardingRules"): "compute.googleapis.com/ForwardingRule",
    ("cloudsql.googleapis.com", "instances"): "sqladmin.googleapis.com/Instance",
    ("redis.googleapis.com", "instances"): "redis.googleapis.com/Instance",
    ("pubsub.googleapis.com", "topics"): "pubsub.googleapis.com/Topic",
    ("pubsub.googleapis.com", "subscriptions"): "pubsub.googleapis.com/Subscription",
    ("bigquery.googleapis.com", "datasets"): "bigquery.googleapis.com/Dataset",
    ("container.googleapis.com", "clusters"): "container.googleapis.com/Cluster",
}
_TROUBLES: tuple[tuple[type[PodoError], TagTrouble], ...] = (
    (GcpThrottled, TagTrouble.throttled),
    (GcpUnreachable, TagTrouble.away),
    (GcpChanged, TagTrouble.conflict),
    (GcpGone, TagTrouble.gone),
    (GcpRefused, TagTrouble.refused),
    (GcpCredentials, TagTrouble.refused),
)


class GcpAssets:
    """Answers `AssetReader` and `TagWriter` for projects of GCP; a label is what the catalogue calls a tag."""

    def __init__(self, gcp: Gcp) -> None:
        self._gcp = gcp

    def sources(self, account: CloudAccount, region: str) -> Sequence[Source]:
        """See `AssetReader`. One list holds all that is in a project, wherever it is."""
        return [Source(_SOURCE, is_rest=True)]

    async def read(self, account: CloudAccount, region: str, source: str, cursor: str) -> AssetPage:
        """See `AssetReader`."""
        piece = await self._gcp.resources(account.id, cursor)
        unsupported = sorted({it.kind for it in piece.items} - KINDS.keys())
        return AssetPage(tuple(_seen(it) for it in piece.items), piece.next, tuple(unsupported))

    async def tags(self, account: CloudAccount, region: str, arns: Sequence[str]) -> Mapping[str, Mapping[str, str] | None]:
        """See `AssetReader`. Each service is asked itself: the inventory lags behind."""
        room = asyncio.Semaphore(_AT_ONCE)

        async def one(name: str) -> Mapping[str, str] | None:
            if (kind := _kind(name)) is None:
                return None
            async with room:
                try:
                    return (await self._gcp.labels(kind, name)).labels
                except GcpGone:
                    return None

        found = await asyncio.gather(*(one(name) for name in arns))
        return dict(zip(arns, found, strict=True))

    async def write(
        self, account: CloudAccount, region: str, arns: Sequence[str], wanted: Mapping[str, str], drop: Sequence[str]
    ) -> Mapping[str, TagFailure]:
        """See `TagWriter`. Some at once; what one says is no matter of the others."""
        room = asyncio.Semaphore(_AT_ONCE)

        async def one(name: str) -> TagFailure | None:
            if (kind := _kind(name)) is None:
                return TagFailure(TagTrouble.unsupported, "", "Podo knows no call that labels this type")
            async with room:
                try:
                    await self._write(kind, name, wanted, drop)
                except PodoError as error:
                    trouble = next((t for cls, t in _TROUBLES if isinstance(error, cls)), TagTrouble.invalid)
                    return TagFailure(trouble, error.code, error.said()[0])
                return None

        found = await asyncio.gather(*(one(name) for name in arns))
        return {name: said for name, said in zip(arns, found, strict=True) if said is not None}

    async def close(self) -> None:
        """Close its connections."""
        await self._gcp.close()

    async def _write(self, kind: Kind, name: str, wanted: Mapping[str, str], drop: Sequence[str]) -> None:
        was = await self._gcp.labels(kind, name)
        if all(was.labels.get(key) == text for key, text in wanted.items()) and not set(drop) & was.labels.keys():
            return
        await self._gcp.write(kind, name, was, wanted, [key for key in drop if key in was.labels])


def _kind(name: str) -> Kind | None:
    """The type of what has this full name; None for one that Podo cannot label."""
    host, _, rest = name.removeprefix("//").partition("/")
    if host == "storage.googleapis.com":
        return KINDS["storage.googleapis.com/Bucket"]
    parts = rest.split("/")
    found = _BY_COLLECTION.get((host, parts[-2])) if len(parts) > 1 else None
    return KINDS[found] if found else None


def _seen(it: Found) -> SeenAsset:
    return SeenAsset(it.name, it.kind, it.display_name, it.location, it.labels, created_at=it.created_at)
