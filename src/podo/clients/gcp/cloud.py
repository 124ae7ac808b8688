"""The verbs of GCP that Podo uses: find all resources of a project, read a resource's labels, write them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from podo.clients.gcp.connection import Connection
from podo.clients.gcp.kinds import path_of
from podo.clients.gcp.types import Found, Kind, Labels, Manner, Piece


class Gcp:
    """GCP over a `Connection`. All verbs raise the errors of `podo.clients.gcp.errors`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def resources(self, project: str, token: str = "") -> Piece:
        """A page of all resources of a project, at most 500. The inventory may lag behind by some minutes."""
        answer = await self._connection.search(project, token)
        return Piece(tuple(_found(it) for it in answer.results), answer.next_page_token)

    async def labels(self, kind: Kind, name: str) -> Labels:
        """The labels of a resource as its own service has them now, and the mark that guards them. Raises `GcpGone`."""
        answer = await self._connection.call(kind.host, "GET", path_of(kind, name), name=name)
        return Labels(_at(answer, kind.labels) or {}, str(_at(answer, kind.mark) or "") if kind.mark else "")

    async def write(self, kind: Kind, name: str, was: Labels, wanted: Mapping[str, str], drop: Sequence[str]) -> None:
        """Set `wanted` and remove `drop`, as long as nobody else wrote since `was` was read. Raises `GcpGone`, `GcpChanged`."""
        path = path_of(kind, name)
        whole = {key: text for key, text in {**was.labels, **wanted}.items() if key not in drop}
        about: dict[str, Any] = {"name": name}
        match kind.manner:
            case Manner.set:
                body = {kind.labels: whole, kind.mark: was.mark}
                # Compute calls the labels `labels` in its request too, GKE `resourceLabels`.
                await self._connection.call(kind.host, "POST", path + kind.post, body=body, **about)
            case Manner.mask if kind.wrap:
                resource = {"name": path.removeprefix(kind.prefix), "labels": whole}
                body = {kind.wrap: resource, "updateMask": "labels"}
                await self._connection.call(kind.host, "PATCH", path, body=body, **about)
            case Manner.mask:
                params = {"updateMask": "labels"}
                await self._connection.call(kind.host, "PATCH", path, body={"labels": whole}, params=params, **about)
            case Manner.patch:
                await self._patch(kind, path, was, {**wanted, **dict.fromkeys(drop)}, about)

    async def close(self) -> None:
        """See `Connection`."""
        await self._connection.close()

    async def _patch(
        self, kind: Kind, path: str, was: Labels, changed: Mapping[str, str | None], about: Mapping[str, Any]
    ) -> None:
        """A merge: null removes a label, what is not named stays."""
        body = _nested(kind.labels, dict(changed))
        params, headers = dict[str, str](), dict[str, str]()
        if kind.condition == "If-Match":
            headers[kind.condition] = was.mark
        elif kind.condition:
            params[kind.condition] = was.mark
        else:
            _merge(body, _nested(kind.mark, was.mark))
        await self._connection.call(kind.host, "PATCH", path, body=body, params=params, headers=headers, **about)


def _found(it: Any) -> Found:
    created = it.create_time
    return Found(
        name=it.name,
        kind=it.asset_type,
        display_name=it.display_name or it.name.rpartition("/")[2],
        location=it.location or "global",
        labels=dict(it.labels),
        created_at=datetime.fromtimestamp(created.timestamp(), created.tzinfo) if created else None,
    )


def _at(value: Any, way: str) -> Any:
    """What lies at the end of a way with slashes; None where it ends before."""
    for step in way.split("/"):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _nested(way: str, value: Any) -> dict[str, Any]:
    for step in reversed(way.split("/")):
        value = {step: value}
    return value


def _merge(into: dict[str, Any], more: Mapping[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, Mapping) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value
