"""The verbs of a cluster, the same for a real one and for the twin.

Every verb raises what `errors` names; `Unreachable` leaves open whether a change took place, so changes are worded to be
safe when sent twice (apply, patch, delete with preconditions). Every call has a timeout. Before each request the client calls
`before_call`, if it was given one, and lets what that raises through.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from podo.clients.kubernetes.pods import PodChange, PodPage
from podo.clients.kubernetes.types import (
    Change,
    Executed,
    Kind,
    KindInfo,
    Manifest,
    Page,
    PatchType,
    Propagation,
    Ref,
    Version,
)

BeforeCall = Callable[[], None]


class Cluster(Protocol):
    """One cluster. `name` stands in errors; it has no other meaning."""

    @property
    def name(self) -> str:
        """What errors call this cluster."""
        ...

    async def get(self, ref: Ref) -> Manifest:
        """The object at `ref`; `NotFound` where there is none."""
        ...

    async def list(
        self,
        kind: Kind,
        *,
        namespace: str | None = None,
        label_selector: str = "",
        field_selector: str = "",
        limit: int | None = None,
        continue_: str | None = None,
    ) -> Page:
        """Objects of `kind`, in `namespace` or (None) in all, in the order of namespace and name.

        With `limit` it gives at most so many and a `continue_` for the rest, which sees the same moment; `Expired` when
        that moment is no longer kept.
        """
        ...

    def watch(
        self,
        kind: Kind,
        *,
        namespace: str | None = None,
        label_selector: str = "",
        field_selector: str = "",
        resource_version: str = "",
        bookmarks: bool = False,
        seconds: float = 290,
    ) -> AsyncGenerator[Change, None]:
        """What changes after `resource_version`, in order; without one, first everything there is as ADDED.

        It ends by itself after about `seconds`: watch again from the last version seen. Raises `Expired` when the version
        is no longer kept (list anew), `StreamCut` when it broke (go on as after its end). Close it (`contextlib.aclosing`)
        when leaving early.
        """
        ...

    async def create(self, manifest: Mapping[str, Any], *, field_manager: str, dry_run: bool = False) -> Manifest:
        """Make a new object; `AlreadyExists` where there is one. The only verb that is not safe to send twice."""
        ...

    async def apply(
        self, manifest: Mapping[str, Any], *, field_manager: str, force: bool = False, dry_run: bool = False
    ) -> Manifest:
        """Server-side apply: afterwards the object has these fields, and `field_manager` owns exactly them.

        Fields that it owned and no longer sends are removed. `FieldConflict` when another manager owns one that differs,
        unless `force`. With `dry_run` everything is checked and answered, and nothing is kept. Unknown fields are refused.
        """
        ...

    async def patch(
        self,
        ref: Ref,
        body: Mapping[str, Any] | Sequence[Mapping[str, Any]],
        *,
        field_manager: str,
        type: PatchType = "merge",
        subresource: str | None = None,
        dry_run: bool = False,
    ) -> Manifest:
        """Change some fields of an object that exists. `type` is the manner of `body`: RFC 7386, strategic, or RFC 6902."""
        ...

    async def delete(
        self,
        ref: Ref,
        *,
        propagation: Propagation = "Background",
        uid: str | None = None,
        resource_version: str | None = None,
        grace_seconds: int | None = None,
        dry_run: bool = False,
    ) -> None:
        """Delete an object, its dependents after it (Background), before it (Foreground) or not at all (Orphan).

        `uid` and `resource_version` are preconditions: `ResourceVersionConflict` when it is another one by now.
        """
        ...

    async def scale(self, ref: Ref, replicas: int, *, field_manager: str) -> None:
        """Set the wished number of replicas through the `scale` subresource."""
        ...

    def logs(
        self,
        pod: Ref,
        *,
        container: str | None = None,
        previous: bool = False,
        since_seconds: int | None = None,
        since_time: datetime | None = None,
        tail_lines: int | None = None,
        follow: bool = False,
        timestamps: bool = False,
    ) -> AsyncGenerator[str, None]:
        """Lines of a container's log without their line ends; with `follow` until the container ends.

        `previous` is the log of the run before the last restart. `timestamps` puts RFC 3339 and a blank before each line.
        """
        ...

    async def exec(
        self, pod: Ref, command: Sequence[str], *, container: str | None = None, stdin: bytes = b"", timeout: float = 60
    ) -> Executed:
        """Run `command` in a container to its end, without a terminal."""
        ...

    async def evict(self, pod: Ref, *, grace_seconds: int | None = None, dry_run: bool = False) -> None:
        """Ask for a pod's removal with respect to its budgets; `DisruptionBudgetExhausted` when that is not possible now."""
        ...

    async def discover(self) -> Mapping[Kind, KindInfo]:
        """Every kind that the cluster serves now."""
        ...

    async def version(self) -> Version:
        """What the API server is."""
        ...

    async def list_pods(
        self,
        *,
        namespace: str | None = None,
        label_selector: str = "",
        field_selector: str = "",
        limit: int | None = None,
        continue_: str | None = None,
    ) -> PodPage:
        """`list` of pods as typed structs: the way for pods by the ten thousand."""
        ...

    def watch_pods(
        self,
        *,
        namespace: str | None = None,
        label_selector: str = "",
        field_selector: str = "",
        resource_version: str = "",
        bookmarks: bool = True,
        seconds: float = 290,
    ) -> AsyncGenerator[PodChange, None]:
        """`watch` of pods as typed structs."""
        ...

    async def close(self) -> None:
        """Let go of connections. Open streams end."""
        ...
