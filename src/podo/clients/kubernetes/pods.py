"""Pods as typed structs, decoded straight from the API server's JSON: 10,000 of them in a fraction of a second.

A struct has the shape of the manifest, cut down to what is read by the thousand. Unknown fields are skipped while decoding.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from podo.clients.kubernetes.types import ChangeType


class _Wire(msgspec.Struct, rename="camel", frozen=True, gc=False):
    """Named as on the wire. None of them can be part of a cycle, so that the collector need not look at them."""


class Owner(_Wire, frozen=True):
    """One entry of `ownerReferences`."""

    kind: str
    name: str
    uid: str = ""
    controller: bool | None = None


class Metadata(_Wire, frozen=True):
    """What a pod is called, whose it is, how old it is."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    labels: dict[str, str] | None = None
    annotations: dict[str, str] | None = None
    owner_references: tuple[Owner, ...] = ()
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None


class Resources(_Wire, frozen=True):
    """Quantities as text (`500m`, `1Gi`) by resource."""

    requests: dict[str, str] | None = None
    limits: dict[str, str] | None = None


class ContainerSpec(_Wire, frozen=True):
    """A container as wished."""

    name: str
    image: str = ""
    resources: Resources = Resources()


class PodSpec(_Wire, frozen=True):
    """Where the pod runs and of what it is made."""

    node_name: str = ""
    containers: tuple[ContainerSpec, ...] = ()
    init_containers: tuple[ContainerSpec, ...] = ()


class Waiting(_Wire, frozen=True):
    """Why a container does not run yet (`ContainerCreating`, `ImagePullBackOff`, `CrashLoopBackOff`)."""

    reason: str = ""
    message: str = ""


class Running(_Wire, frozen=True):
    """Since when a container runs."""

    started_at: datetime | None = None


class Terminated(_Wire, frozen=True):
    """How a container ended."""

    exit_code: int = 0
    signal: int = 0
    reason: str = ""
    message: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None


class ContainerState(_Wire, frozen=True):
    """Exactly one of the three is there."""

    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class ContainerStatus(_Wire, frozen=True):
    """A container as it is."""

    name: str
    ready: bool = False
    restart_count: int = 0
    image: str = ""
    image_id: str = msgspec.field(name="imageID", default="")
    state: ContainerState = ContainerState()
    last_state: ContainerState = ContainerState()

    @property
    def waiting_reason(self) -> str:
        """Why it does not run, or an empty text."""
        return self.state.waiting.reason if self.state.waiting else ""

    @property
    def last_exit_code(self) -> int | None:
        """The exit code of its latest end, now or before the last restart; None if it never ended."""
        ended = self.state.terminated or self.last_state.terminated
        return ended.exit_code if ended else None


class Condition(_Wire, frozen=True):
    """One condition of a pod; `status` is `True`, `False` or `Unknown`."""

    type: str
    status: str = "Unknown"
    reason: str = ""
    message: str = ""
    last_transition_time: datetime | None = None


class PodStatus(_Wire, frozen=True):
    """What the cluster says of the pod."""

    phase: str = ""
    reason: str = ""
    message: str = ""
    pod_ip: str = msgspec.field(name="podIP", default="")
    host_ip: str = msgspec.field(name="hostIP", default="")
    start_time: datetime | None = None
    conditions: tuple[Condition, ...] = ()
    container_statuses: tuple[ContainerStatus, ...] = ()
    init_container_statuses: tuple[ContainerStatus, ...] = ()


class Pod(_Wire, frozen=True):
    """One pod. The properties are short ways into `metadata`, `spec` and `status`."""

    metadata: Metadata = Metadata()
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()

    def manifest(self) -> dict[str, Any]:
        """What is known of it as plain JSON, under the API's own names."""
        return msgspec.to_builtins(self)

    @property
    def name(self) -> str:
        """Its name in its namespace."""
        return self.metadata.name

    @property
    def namespace(self) -> str:
        """Its namespace."""
        return self.metadata.namespace

    @property
    def labels(self) -> dict[str, str]:
        """Its labels."""
        return self.metadata.labels or {}

    @property
    def owner(self) -> Owner | None:
        """Its controller (a ReplicaSet, a Job …), if it has one."""
        owners = self.metadata.owner_references
        return next((o for o in owners if o.controller), owners[0] if owners else None)

    @property
    def node(self) -> str:
        """The node it is on; empty while it has none."""
        return self.spec.node_name

    @property
    def phase(self) -> str:
        """Pending, Running, Succeeded, Failed or Unknown."""
        return self.status.phase

    @property
    def created(self) -> datetime | None:
        """When it was made."""
        return self.metadata.creation_timestamp

    @property
    def ready(self) -> bool:
        """Whether its Ready condition is true."""
        return any(c.type == "Ready" and c.status == "True" for c in self.status.conditions)

    @property
    def restarts(self) -> int:
        """How often its containers were restarted, together."""
        return sum(c.restart_count for c in self.status.container_statuses)


class PodPage(msgspec.Struct, frozen=True):
    """Pods of a list, all as of `resource_version`; see `types.Page`."""

    items: list[Pod]
    resource_version: str
    continue_: str | None = None
    remaining: int | None = None


class PodChange(NamedTuple):
    """One line of a watch of pods. A BOOKMARK's pod holds no more than its resource version."""

    type: ChangeType
    pod: Pod


class ListMeta(_Wire, frozen=True):
    """What a list says of itself."""

    resource_version: str = ""
    continue_: str = msgspec.field(name="continue", default="")
    remaining_item_count: int | None = None


class _PodList(_Wire, frozen=True):
    items: list[Pod] | None = None
    metadata: ListMeta = ListMeta()


class _PodLine(_Wire, frozen=True):
    type: ChangeType
    object: Pod


_pod_list = msgspec.json.Decoder(_PodList)
_pod_line = msgspec.json.Decoder(_PodLine)
_pod = msgspec.json.Decoder(Pod)


def decode_list(body: bytes | bytearray) -> PodPage:
    """A `v1.PodList` as it came over the wire."""
    found = _pod_list.decode(body)
    metadata = found.metadata
    return PodPage(found.items or [], metadata.resource_version, metadata.continue_ or None, metadata.remaining_item_count)


def decode_line(line: bytes | bytearray) -> PodChange:
    """One line of a watch of pods; not for lines of type ERROR."""
    found = _pod_line.decode(line)
    return PodChange(found.type, found.object)


def decode_pod(body: bytes) -> Pod:
    """One pod's manifest."""
    return _pod.decode(body)
