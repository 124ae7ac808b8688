"""Routes of a domain. Each says which verb it is and which permission it needs; both are in the generated tables.

Three kinds: `api` (JSON under /api/v1), `page` (GET, HTML), `form` (POST from a page, CSRF checked). The permission named
here is checked in the service as well, where the resource is known; here it documents and keeps strangers out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from fastapi import APIRouter, Depends
from starlette.datastructures import FormData, UploadFile

from podo.kernel.http.web import Web, guard, web

ANYONE = "anyone"
SIGNED_IN = "signed-in"

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Declared:
    """One row of the table of who may call what. `verb` is None for pages that only show."""

    face: str
    method: str
    path: str
    verb: str | None
    permission: str


class Routes:
    """The routes of one domain; `tag` groups them in the API's documentation."""

    def __init__(self, domain: str, *, tag: str) -> None:
        self.domain = domain
        self.router = APIRouter()
        self.declared: list[Declared] = []
        self._tag = tag

    def api(self, method: str, path: str, *, verb: str, permission: str, status: int = 200, **options: Any) -> Callable[[F], F]:
        """A JSON route. `verb` is `domain.word`, also its operation id; the first paragraph of its docstring is its summary."""
        self.declared.append(Declared("api", method, path, verb, permission))
        return self.router.api_route(
            path,
            methods=[method],
            operation_id=verb,
            status_code=status,
            tags=[self._tag],
            dependencies=[Depends(guard(permission, "api"))],
            openapi_extra={"x-podo-permission": permission},
            **options,
        )

    def page(self, path: str, *, permission: str) -> Callable[[F], F]:
        """A page to read."""
        self.declared.append(Declared("page", "GET", path, None, permission))
        return self.router.get(
            path, include_in_schema=False, response_model=None, dependencies=[Depends(guard(permission, "page"))]
        )

    def form(self, path: str, *, verb: str, permission: str) -> Callable[[F], F]:
        """A form that a page sends; its CSRF token is checked before the body runs."""
        self.declared.append(Declared("form", "POST", path, verb, permission))
        return self.router.post(
            path, include_in_schema=False, response_model=None, dependencies=[Depends(guard(permission, "form"))]
        )


class Form:
    """What a form sent, as text. Missing fields are empty, so that a service's own checks say what is wrong."""

    def __init__(self, sent: FormData | Mapping[str, str]) -> None:
        self._sent = sent

    def __getitem__(self, name: str) -> str:
        value = self._sent.get(name)
        return "" if value is None or isinstance(value, UploadFile) else value.strip()

    def every(self, name: str) -> list[str]:
        """All values of a field that may be sent several times (ticks)."""
        if isinstance(self._sent, FormData):
            return [v.strip() for v in self._sent.getlist(name) if isinstance(v, str)]
        return [self[name]] if name in self._sent else []

    def keys(self) -> list[str]:
        """The names of the fields that were sent."""
        return list(self._sent.keys())


async def form(w: Web) -> Form:
    """The form of this request."""
    return Form(await w.request.form())


__all__ = ["ANYONE", "SIGNED_IN", "Declared", "Form", "Routes", "form", "web"]
