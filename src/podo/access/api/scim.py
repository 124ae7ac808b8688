"""Podo as a SCIM 2.0 server (RFC 7643, 7644): people and teams as an HR system or an identity provider pushes them.

`/scim/v2/…` is what is so now; `/scim/v2/drafts/{draft}/…` is a draft, to be looked at before it comes true. What answers is
in `provisioning`, which is loaded when the first client comes, beside the loop: the library takes a second of CPU, for which no
page has to wait, and most installations never see a client.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.responses import JSONResponse, Response

from podo.access.types import SYNC
from podo.kernel.errors import PodoError
from podo.kernel.http import ErrorShape, Routes, Web
from podo.kernel.http.web import WebIn

routes = Routes("access", tag="SCIM")
PREFIX = "/scim/v2"
MEDIA = "application/scim+json"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
_TYPES = {"access.name_taken": "uniqueness", "access.wrong_directory": "invalidValue"}
_INVALID, _NOT_IN = 400, 401


@routes.api("GET", "/scim/v2/{path:path}", verb="access.scim_read", permission=SYNC.id, response_model=None)
async def read(path: str, w: Web = WebIn) -> Response:
    """Users, groups and what this server speaks of; lists by filter, sorted, by pages."""
    return await _answered(w, path, "read")


@routes.api("POST", "/scim/v2/{path:path}", verb="access.scim_create", permission=SYNC.id, status=201, response_model=None)
async def create(path: str, w: Web = WebIn) -> Response:
    """A new user or group; or a search, at `.search`."""
    return await _answered(w, path, "create")


@routes.api("PUT", "/scim/v2/{path:path}", verb="access.scim_replace", permission=SYNC.id, response_model=None)
async def replace(path: str, w: Web = WebIn) -> Response:
    """A user or group as it is now, whole."""
    return await _answered(w, path, "replace")


@routes.api("PATCH", "/scim/v2/{path:path}", verb="access.scim_change", permission=SYNC.id, response_model=None)
async def change(path: str, w: Web = WebIn) -> Response:
    """Some of a user or group."""
    return await _answered(w, path, "change")


@routes.api("DELETE", "/scim/v2/{path:path}", verb="access.scim_delete", permission=SYNC.id, status=204, response_model=None)
async def delete(path: str, w: Web = WebIn) -> Response:
    """The person leaves, the team ends; more of them than may go in a day wait for an administrator."""
    return await _answered(w, path, "delete")


_answer: Callable[[Web, str, str], Awaitable[Response]] | None = None


async def _answered(w: Web, path: str, verb: str) -> Response:
    global _answer  # noqa: PLW0603 - what is imported is the process's own
    if _answer is None:
        _answer = await asyncio.to_thread(_load)
    return await _answer(w, path, verb)


def _load() -> Callable[[Web, str, str], Awaitable[Response]]:
    from podo.access.api import provisioning

    return provisioning.answered


def said(status: int, scim_type: str | None, detail: str) -> Response:
    """An error as the protocol has it (RFC 7644, 3.12)."""
    body: dict[str, Any] = {"schemas": [ERROR], "status": str(status), "detail": detail}
    if scim_type:
        body["scimType"] = scim_type
    headers = {"www-authenticate": 'Bearer realm="Podo"'} if status == _NOT_IN else {}
    return JSONResponse(body, status, headers, media_type=MEDIA)


def _shaped(error: PodoError, status: int) -> Response:
    return said(_INVALID if error.kind == "invalid" else status, _TYPES.get(error.code), str(error))


ERRORS = ErrorShape(PREFIX, _shaped)
