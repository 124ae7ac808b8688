"""The verbs of the twin, and how it is filled, saved and let go."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from podo.clients.kubernetes import kinds
from podo.clients.kubernetes.client import BeforeCall
from podo.clients.kubernetes.pods import Pod, PodChange, PodPage, decode_pod
from podo.clients.kubernetes.twin import commands, controllers, lists, logs, writes
from podo.clients.kubernetes.twin.controllers import budgets
from podo.clients.kubernetes.twin.faults import Fault, Faults, Pace
from podo.clients.kubernetes.twin.plane import Plane, copied
from podo.clients.kubernetes.twin.store import Entry, decode, head
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
from podo.kernel import clock

VERSION = Version("1", "36", "v1.36.3+twin")
_ANY = Ref("", "", "")
_LOOK = 3600.0


class Twin:
    """A cluster in this process. Its controllers run on the loop of whoever calls a verb, and only while something is due.

    `nodes` worker nodes stand in `zones`; namespaces `default` and `kube-system` exist. `faults` may be changed at any time.
    """

    def __init__(
        self,
        name: str = "twin",
        *,
        pace: Pace | None = None,
        faults: Faults | None = None,
        nodes: int = 6,
        zones: Sequence[str] = ("a", "b", "c"),
        before_call: BeforeCall | None = None,
    ) -> None:
        self._name = name
        self._before_call = before_call
        self._closed = False
        self._page_tokens = lists.Snapshots()
        self._plane = Plane(name, pace or Pace(), faults or Faults(), hear=controllers.hear, look=controllers.look)
        manifests = [*map(_namespace, ("default", "kube-system")), *(_node(name, n, zones) for n in range(nodes))]
        self.seed(manifests)

    @property
    def name(self) -> str:
        """What errors call this cluster."""
        return self._name

    @property
    def faults(self) -> Faults:
        """What goes wrong now."""
        return self._plane.faults

    @property
    def pace(self) -> Pace:
        """How long things take; may be replaced at any time."""
        return self._plane.pace

    @pace.setter
    def pace(self, pace: Pace) -> None:
        self._plane.pace = pace

    # Filling and saving

    def seed(self, manifests: Iterable[Mapping[str, Any]]) -> None:
        """Put objects and all that follows from them at once: Deployments with all pods ready since their creation.

        A manifest's `metadata.creationTimestamp` is kept. Objects that exist are left as they are. No Events, no faults of calls.
        """
        plane = self._plane
        plane.is_quiet = True
        try:
            for manifest in manifests:
                writes.seed(plane, copied(manifest))
            plane.work.run()
        finally:
            plane.is_quiet = False
            plane.store.forget(plane.store.version)

    @property
    def revision(self) -> int:
        """Of the whole cluster: with no change it stays."""
        return self._plane.store.version

    def dump(self) -> bytes:
        """Everything there is, for `load`."""
        return msgspec.msgpack.encode(self._plane.store.dump())

    def load(self, dumped: bytes) -> None:
        """Stand where `dump` stood; what was on its way goes on. Watchers get `Expired` and list anew."""
        plane = self._plane
        plane.store.load(msgspec.msgpack.decode(dumped))
        writes.learn_definitions(plane)
        for kind in (kinds.POD, kinds.REPLICA_SET):
            for ref, body in plane.store.scan(kind):
                controllers.count(plane, Entry(0, "ADDED", ref, None, body, head(body)))
        controllers.look_at_all(plane)

    async def settle(self, timeout: float = 10) -> None:
        """Wait until nothing is due now: for tests, with a pace of near zero. Raises TimeoutError."""
        async with asyncio.timeout(timeout):
            await self._plane.work.idle()

    def wake(self) -> None:
        """Let every controller look again, at the moment that the caller's clock shows: for tests with a shifted clock."""
        controllers.look_at_all(self._plane)

    def forget_history(self) -> None:
        """Keep no versions of before now: whoever watches or pages from earlier gets `Expired`."""
        self._plane.store.forget(self._plane.store.version)
        self._page_tokens.clear()

    async def close(self) -> None:
        """Stop. Open streams end."""
        self._closed = True
        self._plane.work.close()
        self._plane.store.wake()

    # Faults of calls

    @contextlib.asynccontextmanager
    async def _call(self, verb: str, ref: Ref = _ANY) -> AsyncGenerator[None, None]:
        if self._before_call:
            self._before_call()
        plane = self._plane
        if self._closed:
            raise plane.refuse.unreachable("the twin is closed")
        for fault in self.faults.meeting(verb, ref.kind, ref.namespace, ("down", "slow", "forbidden", "throttled")):
            await self._meet(fault, verb, ref)
        # A caller that only reads gives way too, as over a wire.
        await asyncio.sleep(0)
        plane.work.arm()
        yield
        if self.faults.meeting(verb, ref.kind, ref.namespace, ("answer lost",)):
            raise plane.refuse.unreachable("the answer was lost")

    async def _meet(self, fault: Fault, verb: str, ref: Ref) -> None:
        refuse = self._plane.refuse
        match fault.type:
            case "slow":
                await asyncio.sleep(fault.seconds)
            case "forbidden":
                raise refuse.unauthorized(ref, self._plural(ref), verb)
            case "throttled":
                raise refuse.throttled(ref, fault.seconds)
            case _:
                raise refuse.unreachable("connection refused")

    def _plural(self, ref: Ref) -> str:
        info = kinds.BUILT_IN.get(ref.type) or self._plane.definitions.get(ref.type)
        return info.plural if info else ref.kind.lower() + "s"

    def _cut_after(self, verb: str, ref: Ref) -> Callable[[], None]:
        """A counter of a stream's lines that raises when the stream is to be cut."""
        faults = self.faults.meeting(verb, ref.kind, ref.namespace, ("cut",))
        left = min((f.after for f in faults), default=None)

        def count() -> None:
            nonlocal left
            if left is not None:
                if left <= 0:
                    raise self._plane.refuse.cut()
                left -= 1

        return count

    # Reading

    async def get(self, ref: Ref) -> Manifest:
        """See `client.Cluster`."""
        async with self._call("get", ref):
            return self._plane.read(ref)

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
        """See `client.Cluster`."""
        wanted = lists.Wanted(kind, namespace, label_selector, field_selector)
        found = await self._page(wanted, limit, continue_)
        return Page([decode(body) for body in found.bodies], found.version, found.continue_, found.remaining)

    async def list_pods(
        self,
        *,
        namespace: str | None = None,
        label_selector: str = "",
        field_selector: str = "",
        limit: int | None = None,
        continue_: str | None = None,
    ) -> PodPage:
        """See `client.Cluster`."""
        wanted = lists.Wanted(kinds.POD, namespace, label_selector, field_selector)
        found = await self._page(wanted, limit, continue_)
        return PodPage([decode_pod(body) for body in found.bodies], found.version, found.continue_, found.remaining)

    async def _page(self, wanted: lists.Wanted, limit: int | None, continue_: str | None) -> lists.Found:
        async with self._call("list", wanted.ref):
            self._plane.info(wanted.ref)
            return lists.page(self._plane, self._page_tokens, wanted, limit, continue_)

    async def watch(
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
        """See `client.Cluster`."""
        wanted = lists.Wanted(kind, namespace, label_selector, field_selector)
        async with contextlib.aclosing(self._watch(wanted, resource_version, bookmarks, seconds)) as lines:
            async for type, body in lines:
                yield Change(type, decode(body))

    async def watch_pods(
        self,
        *,
        namespace: str | None = None,
        label_selector: str = "",
        field_selector: str = "",
        resource_version: str = "",
        bookmarks: bool = True,
        seconds: float = 290,
    ) -> AsyncGenerator[PodChange, None]:
        """See `client.Cluster`."""
        wanted = lists.Wanted(kinds.POD, namespace, label_selector, field_selector)
        async with contextlib.aclosing(self._watch(wanted, resource_version, bookmarks, seconds)) as lines:
            async for type, body in lines:
                yield PodChange(type, decode_pod(body) if body else Pod())

    async def _watch(
        self, wanted: lists.Wanted, version: str, bookmarks: bool, seconds: float
    ) -> AsyncGenerator[lists.Line, None]:
        async with self._call("watch", wanted.ref):
            self._plane.info(wanted.ref)
        count = self._cut_after("watch", wanted.ref)
        stream = lists.watch(self._plane, wanted, version, bookmarks, seconds, lambda: self._closed)
        async with contextlib.aclosing(stream) as lines:
            async for line in lines:
                count()
                yield line
                if self.faults.meeting("watch", wanted.kind.kind, wanted.namespace, ("down",)):
                    raise self._plane.refuse.cut()

    # Writing

    async def create(self, manifest: Mapping[str, Any], *, field_manager: str, dry_run: bool = False) -> Manifest:
        """See `client.Cluster`."""
        async with self._call("create", Ref.of(manifest)):
            return writes.create(self._plane, copied(manifest), field_manager, dry_run=dry_run)

    async def apply(
        self, manifest: Mapping[str, Any], *, field_manager: str, force: bool = False, dry_run: bool = False
    ) -> Manifest:
        """See `client.Cluster`."""
        async with self._call("apply", Ref.of(manifest)):
            return writes.apply(self._plane, copied(manifest), field_manager, force=force, dry_run=dry_run)

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
        """See `client.Cluster`."""
        async with self._call("patch", ref):
            return writes.patch(self._plane, ref, body, field_manager, type, subresource, dry_run=dry_run)

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
        """See `client.Cluster`."""
        async with self._call("delete", ref):
            writes.check_preconditions(self._plane, ref, uid, resource_version)
            if not dry_run:
                writes.delete(self._plane, ref, propagation, grace_seconds)

    async def scale(self, ref: Ref, replicas: int, *, field_manager: str) -> None:
        """See `client.Cluster`."""
        async with self._call("scale", ref):
            writes.scale(self._plane, ref, replicas, field_manager)

    # Pods

    async def logs(
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
        """See `client.Cluster`."""
        async with self._call("logs", pod):
            run = self._run(pod, container, previous)
        count = self._cut_after("logs", pod)
        now = clock.now()
        since = since_time or (now - timedelta(seconds=since_seconds) if since_seconds is not None else None)
        written = [line for line in run.lines(now) if since is None or line.at >= since]
        for line in written if tail_lines is None else written[len(written) - min(tail_lines, len(written)) :]:
            count()
            yield logs.dated(line) if timestamps else line.text
        number = run.count(now)
        while follow and run.ended is None and not self._closed:
            line = run.line(number) if run.has(number) else None
            await self._until(line.at if line else clock.now() + timedelta(seconds=_LOOK), pod)
            if not self._still_runs(pod, container, run):
                return
            if line is not None and line.at <= clock.now():
                number += 1
                count()
                yield logs.dated(line) if timestamps else line.text

    async def _until(self, moment: datetime, pod: Ref) -> None:
        """Wait until then, or until a pod is written: this one may have ended."""
        body = self._plane.store.body(pod)
        while self._plane.store.body(pod) == body and not self._closed:
            left = (moment - clock.now()).total_seconds()
            if left <= 0 or not await lists.news(self._plane.store, kinds.POD, left):
                return

    def _run(self, ref: Ref, container: str | None, previous: bool) -> logs.Run:
        pod = self._plane.read(ref)
        name = self._container(ref, pod, container)
        if "containerStatuses" not in pod["status"]:
            why = f'container "{name}" in pod "{ref.name}" is waiting to start: ContainerCreating'
            raise self._plane.refuse.no_log(ref, why)
        fault, every = self.faults.of_pod(pod), self.pace.heartbeat
        run = logs.run_of(pod, name, previous=previous, every=every, fault=fault)
        if isinstance(run, str):
            raise self._plane.refuse.no_log(ref, run)
        return run

    def _still_runs(self, ref: Ref, container: str | None, run: logs.Run) -> bool:
        pod = self._plane.store.get(ref)
        if pod is None:
            return False
        name = self._container(ref, pod, container)
        now = logs.run_of(pod, name, previous=False, every=run.every, fault=None)
        return isinstance(now, logs.Run) and now.ended is None and now.started == run.started

    def _container(self, ref: Ref, pod: Manifest, wanted: str | None) -> str:
        names = [container["name"] for container in pod["spec"]["containers"]]
        if wanted is None and len(names) > 1:
            why = f"a container name must be specified for pod {ref.name}, choose one of: [{' '.join(names)}]"
            raise self._plane.refuse.bad(ref, why)
        if wanted is not None and wanted not in names:
            raise self._plane.refuse.bad(ref, f"container {wanted} is not valid for pod {ref.name}")
        return wanted or names[0]

    async def exec(
        self, pod: Ref, command: Sequence[str], *, container: str | None = None, stdin: bytes = b"", timeout: float = 60
    ) -> Executed:
        """See `client.Cluster`."""
        async with self._call("exec", pod):
            manifest = self._plane.read(pod)
            name = self._container(pod, manifest, container)
            status = next((c for c in manifest["status"].get("containerStatuses") or () if c["name"] == name), None)
            if status is None or "running" not in status["state"]:
                raise self._plane.refuse.no_log(pod, f'container not found ("{name}")')
            return commands.run(manifest, name, command, stdin)

    async def evict(self, pod: Ref, *, grace_seconds: int | None = None, dry_run: bool = False) -> None:
        """See `client.Cluster`."""
        async with self._call("evict", pod):
            self._plane.read(pod)
            body = self._plane.store.body(pod) or b""
            if why := budgets.forbidding(self._plane, decode_pod(body)):
                raise self._plane.refuse.budget(pod, why)
            if not dry_run:
                self._plane.delete(pod, grace=grace_seconds)

    # The cluster itself

    async def discover(self) -> Mapping[Kind, KindInfo]:
        """See `client.Cluster`."""
        async with self._call("discover"):
            return {**kinds.BUILT_IN, **self._plane.definitions}

    async def version(self) -> Version:
        """See `client.Cluster`."""
        async with self._call("version"):
            return VERSION


def _namespace(name: str) -> Manifest:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def _node(cluster: str, number: int, zones: Sequence[str]) -> Manifest:
    name = f"{cluster}-node-{number}"
    room = {"cpu": "64", "memory": "256Gi", "pods": "250"}
    labels = {"kubernetes.io/hostname": name, "topology.kubernetes.io/zone": zones[number % len(zones)]}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "spec": {},
        "status": {
            "capacity": room,
            "allocatable": room,
            "addresses": [{"type": "InternalIP", "address": f"10.0.{number // 250}.{number % 250 + 1}"}],
            "conditions": [{"type": "Ready", "status": "True", "reason": "KubeletReady"}],
            "nodeInfo": {
                "kubeletVersion": VERSION.git_version,
                "containerRuntimeVersion": "twin://1",
                "operatingSystem": "linux",
                "architecture": "amd64",
            },
        },
    }
