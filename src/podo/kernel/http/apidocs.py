"""The API's documentation as a page, from its own OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from podo.kernel.ui import page


@dataclass(frozen=True, slots=True)
class ApiField:
    """A parameter, or a field of a body. `where` is path, query or body."""

    name: str
    where: str
    type: str
    required: bool
    doc: str


@dataclass(frozen=True, slots=True)
class ApiRoute:
    """A route: its verb is its operation id; `permission` is who may call it."""

    method: str
    path: str
    verb: str
    summary: str
    permission: str
    takes: Sequence[ApiField]
    gives: Sequence[ApiField]
    example: str


@dataclass(frozen=True, slots=True)
class ApiGroup:
    """The routes of one subject."""

    name: str
    routes: Sequence[ApiRoute]


@page("http/apidocs.html")
@dataclass(frozen=True, slots=True)
class ApiDocsPage:
    """All routes, by subject."""

    groups: Sequence[ApiGroup]
    links: Sequence[tuple[str, str, int, bool]]
    count: int


def docs_page(document: Mapping[str, Any]) -> ApiDocsPage:
    """The page of an OpenAPI 3.1 document."""
    found: dict[str, list[ApiRoute]] = {}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            found.setdefault(operation["tags"][0], []).append(_route(document, method.upper(), path, operation))
    groups = [ApiGroup(name, routes) for name, routes in sorted(found.items())]
    links = [(g.name, f"#{g.name.lower().replace(' ', '-')}", len(g.routes), False) for g in groups]
    return ApiDocsPage(groups, links, sum(len(g.routes) for g in groups))


def _route(document: Mapping[str, Any], method: str, path: str, operation: Mapping[str, Any]) -> ApiRoute:
    body = _content(operation.get("requestBody", {}))
    parameters = [_parameter(document, p) for p in operation.get("parameters", ())]
    answer = next((a for status, a in operation["responses"].items() if status.startswith("2")), {})
    return ApiRoute(
        method=method,
        path=path,
        verb=operation["operationId"],
        summary=operation.get("description") or operation["summary"],
        permission=operation.get("x-podo-permission", ""),
        takes=[*parameters, *_fields(document, body, "body")],
        gives=list(_fields(document, _content(answer), "answer")),
        example=_example(method, path, body),
    )


def _example(method: str, path: str, body: Mapping[str, Any]) -> str:
    words = ["curl -H 'Authorization: Bearer $PODO_TOKEN'"]
    if method != "GET":
        words.append(f"-X {method}")
    if body:
        words.append("-H 'Content-Type: application/json' -d '{…}'")
    return " ".join([*words, f"$PODO_URL{path}"])


def _content(holder: Mapping[str, Any]) -> Mapping[str, Any]:
    return holder.get("content", {}).get("application/json", {}).get("schema", {})


def _parameter(document: Mapping[str, Any], p: Mapping[str, Any]) -> ApiField:
    return ApiField(p["name"], p["in"], _type(document, p["schema"]), p.get("required", False), p.get("description", ""))


def _fields(document: Mapping[str, Any], schema: Mapping[str, Any], where: str) -> Iterator[ApiField]:
    resolved = _resolve(document, schema)
    if resolved.get("type") == "array":
        resolved = _resolve(document, resolved["items"])
    required = resolved.get("required", ())
    for name, value in resolved.get("properties", {}).items():
        yield ApiField(name, where, _type(document, value), name in required, value.get("description", ""))


def _resolve(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in schema:
        return schema
    return document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]


def _type(document: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return schema["$ref"].rpartition("/")[2]
    if "anyOf" in schema:
        return " | ".join(_type(document, s) for s in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(str(v) for v in schema["enum"])
    if schema.get("type") == "array":
        return f"[{_type(document, schema.get('items', {}))}]"
    return schema.get("format") or schema.get("type", "any")
