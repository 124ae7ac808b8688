"""Types of assets whose labels Podo can write: data, a line each, from the vendor's discovery documents.

compute v1, storage v1, sqladmin v1, redis v1, pubsub v1, bigquery v2 and container v1; tests/contracts/gcp/facts.json holds what
was taken from them. A type that is not here is shown and reported as one that cannot be labelled.
"""

from __future__ import annotations

from podo.clients.gcp.types import Kind, Manner


def _compute(name: str) -> Kind:
    """Compute Engine: all labels at once, with the fingerprint of those that were read."""
    kind = f"compute.googleapis.com/{name}"
    return Kind(kind, "compute.googleapis.com", "compute/v1/", Manner.set, mark="labelFingerprint", post="/setLabels")


_ALL = (
    *map(
        _compute, ("Instance", "Disk", "Snapshot", "Image", "Address", "GlobalAddress", "ForwardingRule", "GlobalForwardingRule")
    ),
    Kind(
        *("storage.googleapis.com/Bucket", "storage.googleapis.com", "storage/v1/b/", Manner.patch),
        mark="metageneration",
        condition="ifMetagenerationMatch",
    ),
    Kind(
        *("sqladmin.googleapis.com/Instance", "sqladmin.googleapis.com", "v1/", Manner.patch, "settings/userLabels"),
        mark="settings/settingsVersion",
    ),
    Kind("redis.googleapis.com/Instance", "redis.googleapis.com", "v1/", Manner.mask),
    Kind("pubsub.googleapis.com/Topic", "pubsub.googleapis.com", "v1/", Manner.mask, wrap="topic"),
    Kind("pubsub.googleapis.com/Subscription", "pubsub.googleapis.com", "v1/", Manner.mask, wrap="subscription"),
    Kind(
        *("bigquery.googleapis.com/Dataset", "bigquery.googleapis.com", "bigquery/v2/", Manner.patch),
        mark="etag",
        condition="If-Match",
    ),
    Kind(
        *("container.googleapis.com/Cluster", "container.googleapis.com", "v1/", Manner.set, "resourceLabels"),
        mark="labelFingerprint",
        post=":setResourceLabels",
    ),
)
KINDS = {kind.kind: kind for kind in _ALL}


def path_of(kind: Kind, name: str) -> str:
    """The path of a resource at its service, from its full name."""
    _, _, rest = name.removeprefix("//").partition("/")
    if kind.host == "container.googleapis.com":
        # Its full name says zones where the API says locations.
        rest = rest.replace("/zones/", "/locations/", 1)
    return kind.prefix + rest
