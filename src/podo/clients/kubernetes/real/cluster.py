"""The verbs over HTTP: plain manifests by msgspec over one aiohttp session."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from podo.clients.kubernetes import addresses, errors, kinds
from podo.clients.kubernetes import pods as typed
from podo.clients.kubernetes.client import BeforeCall
from podo.clients.kubernetes.pods import PodChange, PodPage
from podo.clients.kubernetes.real import discovery, exec
from podo.clients.kubernetes.real.kubeconfig import Kubeconfig, read
from podo.clients.kubernetes.real.wire import Call, Wire
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

_PATCHES = {
    "merge": "application/merge-patch+json",
    "strategic": "application/strategic-merge-patch+json",
    "json": "application/json-patch+json",
}
_APPLY = "application/apply-patch+yaml"
_AUTHORIZATION = "authorization.k8s.io/v1"
_QUIET = 30.0
# How far into a line of a watch its type is read.
_TYPE = 24

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode


class _List(msgspec.Struct):
    metadata: typed.ListMeta
    items: list[dict[str, Any]] | None = None


class _Line(msgspec.Struct):
    type: str
    object: dict[str, Any]


class _Version(msgspec.Struct, rename="camel"):
    major: str
    minor: str
    git_version: str


_list = msgspec.json.Decoder(_List).decode
_line = msgspec.json.Decoder(_Line).decode
_version = msgspec.json.Decoder(_Version).decode


def connect(
    kubeconfig: Kubeconfig | None = None,
    context: str | None = None,
    *,
    name: str | None = None,
    before_call: BeforeCall | None = None,
    timeout: float = 30,
    patience: float = 10,
) -> RealCluster:
    """The cluster that a kubeconfig describes: its text (a str), its file (a Path), its content (a mapping), or (None) what is
    found here: a pod's service account, `$KUBECONFIG`, ~/.kube/config. Text and content may name no files; no program is run.

    Nothing is asked yet. `name` stands in errors (the context's name by default). A whole call takes at most `timeout` seconds;
    one that is told to come later (429) does so for up to `patience` seconds. Raises `BadKubeconfig`.
    """
    wire = Wire(read(kubeconfig, context, name), timeout=timeout, patience=patience, before_call=before_call)
    return RealCluster(wire)


class RealCluster:
    """A cluster behind an API server. Use it on one loop; `close` it at the end."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._defined: Mapping[Kind, KindInfo] = {}
        self._discovering = asyncio.Lock()

    @property
    def name(self) -> str:
        """What errors call this cluster."""
        return self._wire.access.name

    @property
    def server(self) -> str:
        """The address of its API server."""
        return self._wire.access.server

    async def close(self) -> None:
        """See `client.Cluster`."""
        await self._wire.close()

    # Reading

    async def get(self, ref: Ref) -> Manifest:
        """See `client.Cluster`."""
        return await self._wire.call(Call("GET", await self._place(ref), ref), _decode)

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
        params = _selection(label_selector, field_selector, limit, continue_)
        ref = kind.ref("", namespace)
        path = addresses.collection(kind, await self._info(ref), namespace)
        found = await self._wire.call(Call("GET", path, ref, params), _list)
        # Items of a list do not repeat what they are.
        items = [{"apiVersion": kind.api_version, "kind": kind.kind, **item} for item in found.items or ()]
        metadata = found.metadata
        return Page(items, metadata.resource_version, metadata.continue_ or None, metadata.remaining_item_count)

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
        params = _selection(label_selector, field_selector, limit, continue_)
        path = addresses.collection(kinds.POD, kinds.BUILT_IN[kinds.POD], namespace)
        return await self._wire.call(Call("GET", path, kinds.POD.ref("", namespace), params), typed.decode_list)

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
        selection = _selection(label_selector, field_selector, None, None)
        ref = kind.ref("", namespace)
        async with contextlib.aclosing(self._watch(ref, selection, resource_version, bookmarks, seconds)) as lines:
            async for line in lines:
                found = self._wire.decoded(_line, line)
                if found.type == "ERROR":
                    raise self._refusal(ref, found.object)
                yield Change(found.type, found.object)  # pyright: ignore[reportArgumentType] - the API's own words

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
        selection = _selection(label_selector, field_selector, None, None)
        ref = kinds.POD.ref("", namespace)
        async with contextlib.aclosing(self._watch(ref, selection, resource_version, bookmarks, seconds)) as lines:
            async for line in lines:
                if b'"ERROR"' in line[:_TYPE]:
                    raise self._refusal(ref, self._wire.decoded(_line, line).object)
                yield self._wire.decoded(typed.decode_line, line)

    async def _watch(
        self, ref: Ref, selection: dict[str, str], version: str, bookmarks: bool, seconds: float
    ) -> AsyncGenerator[bytes, None]:
        params = selection | {"watch": "true", "timeoutSeconds": str(max(1, round(seconds)))}
        if version:
            params["resourceVersion"] = version
        if bookmarks:
            params["allowWatchBookmarks"] = "true"
        path = addresses.collection(ref.type, await self._info(ref), ref.namespace)
        # The server ends the watch in time; if it does not, the connection is dead.
        lines = self._wire.lines(Call("GET", path, ref, params), silence=seconds + _QUIET)
        async with contextlib.aclosing(lines) as stream:
            async for line in stream:
                if line:
                    yield line

    def _refusal(self, ref: Ref, status: Mapping[str, Any]) -> Exception:
        """What a `v1.Status` inside a stream means."""
        code = int(status.get("code") or 500)
        return errors.from_status(status, code=code, cluster=self.name, kind=ref.kind, name=ref.name, namespace=ref.namespace)

    # Writing

    async def create(self, manifest: Mapping[str, Any], *, field_manager: str, dry_run: bool = False) -> Manifest:
        """See `client.Cluster`."""
        ref = Ref.of(manifest)
        info = await self._info(ref)
        named = ref if ref.name else ref.type.ref("generated", ref.namespace)
        addresses.check(self.name, named, info)
        call = Call(
            "POST", addresses.collection(ref.type, info, ref.namespace), ref, _writing(field_manager, dry_run), _encode(manifest)
        )
        return await self._wire.call(call, _decode)

    async def apply(
        self, manifest: Mapping[str, Any], *, field_manager: str, force: bool = False, dry_run: bool = False
    ) -> Manifest:
        """See `client.Cluster`."""
        ref = Ref.of(manifest)
        params = _writing(field_manager, dry_run) | {"force": str(force).lower()}
        call = Call("PATCH", await self._place(ref), ref, params, _encode(manifest), type=_APPLY)
        return await self._wire.call(call, _decode)

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
        path, params = await self._place(ref, subresource), _writing(field_manager, dry_run)
        return await self._wire.call(Call("PATCH", path, ref, params, _encode(body), type=_PATCHES[type]), _decode)

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
        wanted = {"uid": uid, "resourceVersion": resource_version}
        options = _deletion(grace_seconds, dry_run) | {"propagationPolicy": propagation}
        if preconditions := {name: value for name, value in wanted.items() if value is not None}:
            options["preconditions"] = preconditions
        await self._wire.call(Call("DELETE", await self._place(ref), ref, None, _encode(options)), _decode)

    async def scale(self, ref: Ref, replicas: int, *, field_manager: str) -> None:
        """See `client.Cluster`."""
        body = {"spec": {"replicas": replicas}}
        await self.patch(ref, body, field_manager=field_manager, subresource="scale")

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
        wanted = {
            "container": container,
            "previous": previous or None,
            "sinceSeconds": since_seconds,
            "sinceTime": since_time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if since_time else None,
            "tailLines": tail_lines,
            "follow": follow or None,
            "timestamps": timestamps or None,
        }
        params = {
            name: str(value).lower() if value is True else str(value) for name, value in wanted.items() if value is not None
        }
        call = Call("GET", await self._place(pod, "log"), pod, params, accept="*/*")
        # A followed log may be silent for as long as it likes.
        async with contextlib.aclosing(self._wire.lines(call, silence=None if follow else _QUIET)) as lines:
            async for line in lines:
                yield line.decode(errors="replace").removesuffix("\r")

    async def exec(
        self, pod: Ref, command: Sequence[str], *, container: str | None = None, stdin: bytes = b"", timeout: float = 60
    ) -> Executed:
        """See `client.Cluster`."""
        pairs = [("command", word) for word in command] + [("stdout", "true"), ("stderr", "true")]
        pairs += [("container", container)] if container else []
        pairs += [("stdin", "true")] if stdin else []
        path = await self._place(pod, "exec")
        try:
            async with asyncio.timeout(timeout), self._wire.websocket(Call("GET", path, pod, pairs), exec.PROTOCOLS) as socket:
                done = await exec.run(socket, stdin)
        except exec.NotRun as refusal:
            raise self._refusal(pod, refusal.status) from None
        except exec.TooMuchWritten:
            raise errors.OutputTooLarge(cluster=self.name, name=pod.name, what="command", most=exec.MOST) from None
        except TimeoutError:
            raise errors.unreachable(self.name, f"the command did not end within {timeout:g} seconds") from None
        if done is None:
            raise errors.unreachable(self.name, "the connection ended before the command did")
        return done

    async def evict(self, pod: Ref, *, grace_seconds: int | None = None, dry_run: bool = False) -> None:
        """See `client.Cluster`."""
        body = {
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": pod.name, "namespace": pod.namespace},
            "deleteOptions": _deletion(grace_seconds, dry_run),
        }
        await self._wire.call(Call("POST", await self._place(pod, "eviction"), pod, None, _encode(body)), _decode)

    # The cluster itself

    async def discover(self) -> Mapping[Kind, KindInfo]:
        """See `client.Cluster`."""
        self._defined = await discovery.ask(self._wire)
        return self._defined

    async def version(self) -> Version:
        """See `client.Cluster`."""
        found = await self._wire.call(Call("GET", "/version", Ref("", "Version", "")), _version)
        return Version(found.major, found.minor, found.git_version)

    async def time(self) -> datetime | None:
        """Its clock, in whole seconds, cut off; None when it does not say."""
        date = await self._wire.header(Call("GET", "/version", Ref("", "Version", "")), "Date")
        return parsedate_to_datetime(date) if date else None

    async def may(self, group: str, resource: str, verb: str) -> bool:
        """Whether whose kubeconfig it is may do this everywhere, as the cluster says (SelfSubjectAccessReview)."""
        name, _, part = resource.partition("/")
        asked = {"group": group, "resource": name, "subresource": part, "verb": verb}
        review = {"apiVersion": _AUTHORIZATION, "kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": asked}}
        path = f"/apis/{_AUTHORIZATION}/selfsubjectaccessreviews"
        found = await self._wire.call(
            Call("POST", path, Ref(_AUTHORIZATION, "SelfSubjectAccessReview", ""), None, _encode(review)), _decode
        )
        return bool(found.get("status", {}).get("allowed"))

    async def _info(self, ref: Ref) -> KindInfo:
        if info := kinds.BUILT_IN.get(ref.type) or self._defined.get(ref.type):
            return info
        async with self._discovering:
            if ref.type not in self._defined:
                await self.discover()
        if ref.type not in self._defined:
            raise addresses.unknown_kind(self.name, ref)
        return self._defined[ref.type]

    async def _place(self, ref: Ref, subresource: str | None = None) -> str:
        info = await self._info(ref)
        addresses.check(self.name, ref, info)
        return addresses.place(ref, info, subresource)


def _selection(label_selector: str, field_selector: str, limit: int | None, continue_: str | None) -> dict[str, str]:
    wanted = {
        "labelSelector": label_selector,
        "fieldSelector": field_selector,
        "limit": str(limit or ""),
        "continue": continue_ or "",
    }
    return {name: value for name, value in wanted.items() if value}


def _writing(field_manager: str, dry_run: bool) -> dict[str, str]:
    return {"fieldManager": field_manager, "fieldValidation": "Strict"} | ({"dryRun": "All"} if dry_run else {})


def _deletion(grace_seconds: int | None, dry_run: bool) -> dict[str, Any]:
    options: dict[str, Any] = {"dryRun": ["All"]} if dry_run else {}
    return options | ({} if grace_seconds is None else {"gracePeriodSeconds": grace_seconds})
