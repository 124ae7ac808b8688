"""What SCIM clients get: users, groups, and what this server speaks of. Loaded when the first one comes."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from scim2_models import (
    Context,
    Error,
    InvalidSyntaxException,
    ListResponse,
    Meta,
    NotFoundException,
    Path,
    PreconditionFailedException,
    Resource,
    ResourceType,
    ResponseParameters,
    Schema,
    SCIMException,
    SearchRequest,
)
from starlette.responses import JSONResponse, Response

from podo.access import service
from podo.access.api.schemas import (
    CONFIG,
    LISTS,
    MODELS,
    MOST,
    PATCHES,
    PROVIDER,
    SEARCHES,
    document_of,
    resource_of,
    version_of,
)
from podo.access.api.scim import MEDIA, said
from podo.access.ports import DirectoryReader
from podo.access.types import Entry, EntryKind, KeptTeam, Pulled
from podo.kernel.db import Reading
from podo.kernel.errors import PodoError
from podo.kernel.http import Web

_KINDS = {f"{kind.value}s".lower(): kind for kind in EntryKind}
_ABOUT = ("ServiceProviderConfig", "Schemas", "ResourceTypes")
# Parts of the protocol that a server may lack if it says so (RFC 7644, 3.7 and 3.11).
_NEVER = ("Me", "Bulk")
_EQUAL = re.compile(r'\s*(userName|displayName|externalId|id)\s+eq\s+"((?:[^"\\])*)"\s*', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Target:
    """What an address means: the book (empty: what is so), and a kind, one entry, or another word of the protocol."""

    base: str
    draft: str
    kind: EntryKind | None
    id: str
    word: str


async def answered(w: Web, path: str, verb: str) -> Response:
    """What a client gets at `path` (below `/scim/v2/`) for `verb`: read, create, replace, change or delete."""
    try:
        with PROVIDER:
            target = _target(w, path)
            if verb != "create" or target.kind is None or target.id:
                async with w.reading() as r:
                    await service.require_push(r, target.draft)
            return await _ANSWERS[verb](w, target)
    except SCIMException as error:
        return said(error.status, error.scim_type, str(error))
    except ValidationError as error:
        return said(400, "invalidValue", "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:5]))


def _target(w: Web, path: str) -> Target:
    base = f"{str(w.request.base_url).rstrip('/')}/scim/v2"
    parts, draft = [p for p in path.split("/") if p], ""
    if parts and parts[0] == "drafts":
        draft, parts = parts[1] if len(parts) > 1 else "-", parts[2:]
        base = f"{base}/drafts/{draft}"
    if parts and parts[0] in _NEVER:
        raise SCIMException.from_error(Error(status=501, detail=f"Podo has no /{parts[0]}; see /ServiceProviderConfig."))
    kind = _KINDS.get(parts[0].lower()) if parts else None
    most = 2 if kind or (parts and parts[0] in _ABOUT) else 1
    if not parts or len(parts) > most:
        raise NotFoundException(detail=f"There is nothing at {w.request.url.path}.")
    return Target(base, draft, kind, parts[1] if len(parts) > 1 else "", parts[0])


def _sent(body: Any, status: int = 200, **headers: str) -> Response:
    return JSONResponse(body, status, {k.replace("_", "-"): v for k, v in headers.items() if v}, media_type=MEDIA)


def _writable(w: Web, target: Target) -> EntryKind:
    if target.kind is None:
        status = 405 if target.word in _ABOUT else 404
        raise SCIMException.from_error(Error(status=status, detail=f"Nothing can be changed at {w.request.url.path}."))
    if not target.draft and DirectoryReader in w.house.ports:
        raise Pulled()
    return target.kind


# -- reading


async def _read(w: Web, target: Target) -> Response:
    if target.kind is None:
        return _about(w, target)
    query = dict(w.request.query_params)
    if not target.id:
        return await _listed(w, target, target.kind, _search(target.kind, query))
    async with w.reading() as r:
        entry = await service.entry(r, target.draft, target.kind, target.id)
    version = version_of(entry)
    if w.request.headers.get("if-none-match") in (version, "*"):
        return Response(status_code=304, headers={"etag": version})
    return _resource(entry, target.base, Context.RESOURCE_QUERY_RESPONSE, _wanted(target.kind, query))


def _wanted(kind: EntryKind, query: dict[str, str]) -> ResponseParameters[Any]:
    named = {k: query[k] for k in ("attributes", "excludedAttributes") if k in query}
    return ResponseParameters[MODELS[kind]].model_validate(named)


def _resource(
    entry: Entry, base: str, context: Context, wanted: ResponseParameters[Any] | None = None, status: int = 200
) -> Response:
    made = resource_of(entry, base)
    body = made.model_dump(scim_ctx=context, response_parameters=wanted)
    place = made.meta.location or "" if made.meta else ""
    return _sent(body, status, etag=version_of(entry), content_location=place, location=place if status == 201 else "")


def _search(kind: EntryKind, asked: dict[str, Any]) -> SearchRequest[Any]:
    names = ("attributes", "excludedAttributes", "filter", "sortBy", "sortOrder", "startIndex", "count")
    return SEARCHES[kind].model_validate({k: asked[k] for k in names if k in asked}, scim_ctx=Context.SEARCH_REQUEST)


async def _listed(w: Web, target: Target, kind: EntryKind, asked: SearchRequest[Any]) -> Response:
    start = max(asked.start_index or 1, 1) - 1
    count = MOST if asked.count is None else max(0, min(asked.count, MOST))
    async with w.reading() as r:
        if asked.filter is None and asked.sort_by is None:
            total, shown = await service.entries(r, target.draft, kind, start, count)
        else:
            found = await _found(r, target, kind, asked)
            total, shown = len(found), found[start : start + count]
    return _list(target, total, start, [(e, asked) for e in shown])


def _list(target: Target, total: int, start: int, shown: Sequence[tuple[Entry, SearchRequest[Any]]]) -> Response:
    made = [
        resource_of(e, target.base).model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE, response_parameters=asked)
        for e, asked in shown
    ]
    answer = LISTS(total_results=total, items_per_page=len(made), start_index=start + 1, resources=made)
    return _sent(answer.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE))


async def _found(r: Reading, target: Target, kind: EntryKind, asked: SearchRequest[Any]) -> Sequence[Entry]:
    """Those that fit a filter, in the order asked for. What clients ask all the time is looked up; the rest is read through."""
    near = await _near(r, target, kind, str(asked.filter or ""))
    entries = near if near is not None else (await service.entries(r, target.draft, kind))[1]
    if asked.filter is None and asked.sort_by is None:
        return entries
    pairs = [(e, resource_of(e, target.base)) for e in entries]
    if asked.filter is not None:
        pairs = [pair for pair in pairs if asked.filter.match(pair[1])]
    if asked.sort_by is not None:
        by = Path[MODELS[kind]](str(asked.sort_by))
        down = asked.sort_order is SearchRequest.SortOrder.descending
        valued = [(str(by.get(x, strict=False) or "").lower(), e, x) for e, x in pairs]
        valued.sort(key=lambda one: one[0], reverse=down)
        # Who has no such value is last, or first the other way round.
        valued.sort(key=lambda one: (one[0] == "") != down)
        pairs = [(e, x) for _, e, x in valued]
    return [e for e, _ in pairs]


async def _near(r: Reading, target: Target, kind: EntryKind, text: str) -> list[Entry] | None:
    asked = _EQUAL.fullmatch(text)
    if asked is None:
        return None
    attribute, value = asked[1].lower(), asked[2]
    if attribute == "id":
        try:
            return [await service.entry(r, target.draft, kind, value)]
        except PodoError as error:
            if error.kind != "missing":
                raise
            return []
    named = "userName" if kind is EntryKind.user else "displayName"
    if attribute == "externalid":
        return await service.entry_by(r, target.draft, kind, "external", value)
    return await service.entry_by(r, target.draft, kind, "named", value) if attribute == named.lower() else None


def _about(w: Web, target: Target) -> Response:
    match target.word, target.id:
        case "ServiceProviderConfig", "":
            body = CONFIG.model_copy(deep=True)
            return _sent(_placed(body, f"{target.base}/ServiceProviderConfig"))
        case "Schemas", wanted:
            return _some(target, "Schemas", list(PROVIDER.schemas), wanted)
        case "ResourceTypes", wanted:
            return _some(target, "ResourceTypes", list(PROVIDER.resource_types), wanted)
        case _:
            raise NotFoundException(detail=f"There is nothing at {w.request.url.path}.")


def _placed(resource: Resource[Any], place: str) -> dict[str, Any]:
    resource.meta = Meta(resource_type=type(resource).__name__, location=place)
    return resource.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE)


def _some(target: Target, word: str, all_: list[Any], wanted: str) -> Response:
    shown = [(x.id, _placed(x.model_copy(deep=True), f"{target.base}/{word}/{x.id}")) for x in all_]
    if wanted:
        one = next((body for id_, body in shown if id_ == wanted), None)
        if one is None:
            raise NotFoundException(detail=f"There is no {word} {wanted}.")
        return _sent(one)
    kind = Schema if word == "Schemas" else ResourceType
    bodies = [body for _, body in shown]
    listed = ListResponse[kind](total_results=len(bodies), items_per_page=len(bodies), start_index=1, resources=bodies)
    return _sent(listed.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE))


# -- writing


async def _create(w: Web, target: Target) -> Response:
    if target.word == ".search":
        return await _searched(w, target)
    if target.kind is not None and target.id == ".search":
        return await _listed(w, target, target.kind, _search(target.kind, await _json(w)))
    if target.id:
        raise NotFoundException(detail="A new one has no id yet.")
    body = await w.request.body()
    async with w.transaction() as tx:
        # Here and not in a view before: thousands come in a row.
        await service.require_push(tx, target.draft)
        kind = _writable(w, target)
        made = MODELS[kind].model_validate_json(body, scim_ctx=Context.RESOURCE_CREATION_REQUEST)
        entry = await service.put_entry(tx, target.draft, kind, document_of(made), keeps=w.house.slots[KeptTeam])
    return _resource(entry, target.base, Context.RESOURCE_CREATION_RESPONSE, status=201)


async def _searched(w: Web, target: Target) -> Response:
    """A search over users and groups together, users first."""
    asked, start, count = await _json(w), 0, MOST
    found: list[tuple[Entry, SearchRequest[Any]]] = []
    async with w.reading() as r:
        for kind in EntryKind:
            one = _search(kind, asked)
            start, count = max(one.start_index or 1, 1) - 1, MOST if one.count is None else max(0, min(one.count, MOST))
            found += [(e, one) for e in await _found(r, target, kind, one)]
    return _list(target, len(found), start, found[start : start + count])


async def _json(w: Web) -> dict[str, Any]:
    try:
        found = await w.request.json()
    except ValueError as error:
        raise InvalidSyntaxException(detail=str(error)) from error
    if not isinstance(found, dict):
        raise InvalidSyntaxException(detail="The body is no object.")
    return found


async def _replace(w: Web, target: Target) -> Response:
    kind = _writable(w, target)
    wanted = _wanted(kind, dict(w.request.query_params))
    made = MODELS[kind].model_validate_json(await w.request.body(), scim_ctx=Context.RESOURCE_REPLACEMENT_REQUEST)
    async with w.transaction() as tx:
        was = await service.entry(tx, target.draft, kind, target.id)
        _as_seen(w, was)
        if made.replace(resource_of(was, target.base)):
            was = await service.put_entry(tx, target.draft, kind, document_of(made), target.id, keeps=w.house.slots[KeptTeam])
    return _resource(was, target.base, Context.RESOURCE_REPLACEMENT_RESPONSE, wanted)


async def _change(w: Web, target: Target) -> Response:
    kind = _writable(w, target)
    wanted = _wanted(kind, dict(w.request.query_params))
    asked = PATCHES[kind].model_validate_json(await w.request.body(), scim_ctx=Context.RESOURCE_PATCH_REQUEST)
    async with w.transaction() as tx:
        was = await service.entry(tx, target.draft, kind, target.id)
        _as_seen(w, was)
        found = resource_of(was, target.base)
        if asked.patch(found):
            was = await service.put_entry(tx, target.draft, kind, document_of(found), target.id, keeps=w.house.slots[KeptTeam])
    return _resource(was, target.base, Context.RESOURCE_PATCH_RESPONSE, wanted)


async def _delete(w: Web, target: Target) -> Response:
    kind = _writable(w, target)
    async with w.transaction() as tx:
        _as_seen(w, await service.entry(tx, target.draft, kind, target.id))
        await service.drop_entry(tx, target.draft, kind, target.id, keeps=w.house.slots[KeptTeam])
    return Response(status_code=204)


def _as_seen(w: Web, entry: Entry) -> None:
    """A client that names the version it saw changes no other."""
    seen = w.request.headers.get("if-match")
    if seen is not None and seen != "*" and version_of(entry) not in [s.strip() for s in seen.split(",")]:
        raise PreconditionFailedException(detail="It has changed since you read it.")


_ANSWERS: Mapping[str, Callable[[Web, Target], Awaitable[Response]]] = {
    "read": _read,
    "create": _create,
    "replace": _replace,
    "change": _change,
    "delete": _delete,
}
