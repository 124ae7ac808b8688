"""The site as one ASGI application: routes, errors, headers, request ids, metrics, health."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute
from starlette.staticfiles import StaticFiles

from podo import __version__
from podo.kernel import ids, metrics, terminal, traces
from podo.kernel.db import DatabaseUnavailable, DriverError, OutcomeUnknown
from podo.kernel.domains import House, News
from podo.kernel.errors import N_, Broken, Invalid, Missing, PodoError, Unavailable
from podo.kernel.http.bounds import Bounded
from podo.kernel.http.live import LOOK, live, while_let_in
from podo.kernel.http.routes import SIGNED_IN, Routes
from podo.kernel.http.web import ErrorShape, Web, identify, is_in
from podo.kernel.ui import ASSETS, ErrorPage, languages, patterns_page

_log = logging.getLogger("podo.http")
_STATUS = {
    "invalid": 422,
    "sign_in": 401,
    "refused": 403,
    "missing": 404,
    "conflict": 409,
    "too_many": 429,
    "unavailable": 503,
    "broken": 500,
}
_HEADERS = {
    "content-security-policy": (
        "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; img-src 'self' data:"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


# After how many seconds to come back to a database that was away.
_AWAY = 5
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# What nobody wants a line, a span or a count of.
_UNTOLD = ("/-/assets", "/healthz", "/readyz", "/metrics")


class NoSuchPage(Missing):
    """An address that nothing answers."""

    code = "http.no_such_page"
    so = N_("There is nothing at {path}.")
    do = N_("Check the address, or search for what you wanted.")


class Unreadable(Invalid):
    """A request whose parts have the wrong shape."""

    code = "http.unreadable"
    so = N_("The request cannot be read: {problems}.")
    do = N_("Correct it; /api/docs shows what each route takes.")


class Refusal(PodoError):
    """What the framework refuses by itself (a method, a size)."""

    code = "http.refusal"
    so = N_("The request was refused: {reason}.")
    do = N_("Check the method and the address.")


class DatabaseAway(Unavailable):
    """The database is locked, full or out of reach. Why is in the log: it names addresses."""

    code = "http.database_away"
    so = N_("Podo's database does not answer at the moment.")
    do = N_("Nothing was changed. Try again in a moment: Podo goes on by itself. Whoever runs it finds the reason in its log.")


class OutcomeUnclear(DatabaseAway):
    """The database went away between being told to commit and saying that it did."""

    code = "http.outcome_unknown"
    so = N_("Podo's database stopped answering while it took your change.")
    do = N_("All of it was made, or nothing. Podo goes on by itself: look in a moment which it is, before you try again.")


async def _nothing() -> None:
    """There is nothing to measure."""


def site(
    house: House,
    routes: Sequence[Routes],
    *,
    readiness: Callable[[], Awaitable[dict[str, str]]],
    measure: Callable[[], Awaitable[None]] = _nothing,
) -> FastAPI:
    """Put the site together. `readiness` answers what is not ready, by name; empty means ready.

    `measure` is called before metrics are told: what is counted by looking is looked at then.
    """
    app = FastAPI(title="Podo", version=__version__, docs_url=None, redoc_url=None, openapi_url="/api/openapi.json")
    app.state.house = house
    app.state.hub = house.ports[News]
    app.state.look = LOOK
    app.state.declared = [row for r in routes for row in r.declared]
    app.add_middleware(Bounded)
    app.middleware("http")(_around)
    app.add_exception_handler(PodoError, _podo_error)
    app.add_exception_handler(RequestValidationError, _unreadable)
    app.add_exception_handler(HTTPException, _framework_error)
    app.add_exception_handler(DriverError, _unplanned)
    app.add_exception_handler(Exception, _unplanned)
    app.mount("/-/assets", StaticFiles(directory=ASSETS), name="assets")
    own = _own_routes(readiness, measure)
    app.state.declared += own.declared
    # As they are: of what is included as a router FastAPI makes each route anew, a second of CPU before the first page.
    app.router.routes.extend(sorted((route for r in (own, *routes) for route in r.router.routes), key=_generality))
    return app


def _generality(route: BaseRoute) -> list[bool]:
    """Sorts `/inbox` before `/{project}`, whichever domain brings it: a word wins over a parameter."""
    return [part.startswith("{") for part in getattr(route, "path", "").split("/")]


def _own_routes(readiness: Callable[[], Awaitable[dict[str, str]]], measure: Callable[[], Awaitable[None]]) -> Routes:
    own = Routes("site", tag="Site")

    @own.page("/healthz", permission="anyone")
    async def healthz() -> Response:
        """The process lives."""
        return PlainTextResponse("ok")

    @own.page("/readyz", permission="anyone")
    async def readyz() -> Response:
        """The process can do its work; otherwise 503 and what is missing."""
        missing = await readiness()
        lines = "\n".join(f"{name}: {why}" for name, why in missing.items())
        return PlainTextResponse(lines or "ok", 503 if missing else 200)

    @own.page("/metrics", permission="anyone")
    async def prometheus(request: Request) -> Response:
        """Prometheus' text format, or OpenMetrics with exemplars where it is asked for."""
        await measure()
        content, type_ = metrics.exposition(request.headers.get("accept", ""))
        return Response(content, media_type=type_)

    @own.page("/-/live", permission=SIGNED_IN)
    async def news(request: Request) -> Response:
        """Server-sent events."""
        return await live(request)

    @own.page("/-/patterns", permission=SIGNED_IN)
    async def patterns(request: Request) -> Response:
        """Every component in every state."""
        return await Web(request, await identify(request)).page(patterns_page(), title="Patterns")

    @own.page("/api/docs", permission="anyone")
    async def docs(request: Request) -> Response:
        """The API, for people."""
        from podo.kernel.http.apidocs import docs_page

        return await Web(request, await identify(request)).page(docs_page(request.app.openapi()), title="API")

    return own


async def _around(request: Request, call: Callable[[Request], Awaitable[Response]]) -> Response:
    sent = request.headers.get("x-request-id", "")
    request.state.request_id = sent if sent.isalnum() and len(sent) <= 64 else ids.new("req").removeprefix("req_")
    token = terminal.request_id.set(request.state.request_id)
    try:
        if request.url.path.startswith(_UNTOLD):
            response = await call(request)
        else:
            response = await _seen(request, call)
        if getattr(request.state, "identity", None) is not None and "content-length" not in response.headers:
            _watch(request, response)
    finally:
        terminal.request_id.reset(token)
    response.headers["x-request-id"] = request.state.request_id
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if request.url.path.startswith("/-/assets"):
        response.headers["cache-control"] = "public, max-age=31536000, immutable"
    response.headers.setdefault("cache-control", "no-store")
    return response


async def _seen(request: Request, call: Callable[[Request], Awaitable[Response]]) -> Response:
    """A span, a line and a count for this request, under its route's template: addresses may hold what nobody should read."""
    begun, status = time.perf_counter(), 500
    facts: dict[str, traces.Value | None] = {
        "podo__request_id": request.state.request_id,
        "http__request__method": request.method,
    }
    with (
        traces.span(request.method, under=traces.parse(request.headers.get("traceparent")), kind="server", **facts) as span,
        metrics.IN_FLIGHT.track_inprogress(),
    ):
        try:
            response = await call(request)
            status = response.status_code
        finally:
            route = getattr(request.scope.get("route"), "path", "unmatched")
            seconds = time.perf_counter() - begun
            method = request.method if request.method in _METHODS else "other"
            metrics.observe(metrics.REQUESTS.labels(method, route, str(status)), seconds)
            act = {k: v for k, v in _act(request).items() if v is not None}
            if act.get("permission") and request.method not in ("GET", "HEAD"):
                metrics.count(metrics.ACTS.labels(act["permission"], act.get("outcome", "done")))
            span.name(f"{request.method} {route}")
            span.note(http__route=route, http__response__status_code=status, **{f"podo__{k}": v for k, v in act.items()})
            if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                span.failed(act.get("error", str(status)))
            _log.info("%s %s %d", request.method, request.url.path, status, extra={**act, "ms": round(seconds * 1000, 1)})
    return response


def _act(request: Request) -> dict[str, str | None]:
    """Who did what to which project, and how it ended; None where there is no such thing."""
    identity, error = getattr(request.state, "identity", None), getattr(request.state, "error", None)
    return {
        "actor": identity.actor.id if identity else None,
        "token": identity.actor.via if identity else None,
        "permission": getattr(request.state, "permission", None),
        "project": request.path_params.get("project"),
        "outcome": error.kind if error else None,
        "error": error.code if error else None,
    }


def _watch(request: Request, response: Any) -> None:
    """An answer that goes on (live pages, logs) ends when who asked is no longer let in."""
    response.body_iterator = while_let_in(response.body_iterator, lambda: is_in(request), request.app.state.look)


async def _podo_error(request: Request, error: Any) -> Response:
    if isinstance(error, DatabaseUnavailable):
        _log.warning("the database is away: %s", error.data["why"])
        error = (OutcomeUnclear if isinstance(error, OutcomeUnknown) else DatabaseAway)(after=_AWAY)
    status = _STATUS[error.kind]
    request.state.error = error
    if status == HTTPStatus.UNAUTHORIZED and _wants_page(request):
        return RedirectResponse(f"/sign-in?next={quote(str(request.url.path))}", 303)
    return await _answer(request, error, status)


async def _unreadable(request: Request, error: Any) -> Response:
    problems = "; ".join(f"{'.'.join(str(p) for p in e['loc'][1:])}: {e['msg']}" for e in error.errors())
    return await _answer(request, Unreadable(problems=problems), 422)


async def _framework_error(request: Request, error: Any) -> Response:
    if error.status_code == HTTPStatus.NOT_FOUND:
        return await _answer(request, NoSuchPage(path=request.url.path), 404)
    return await _answer(request, Refusal(reason=str(error.detail)), error.status_code)


async def _unplanned(request: Request, error: Any) -> Response:
    _log.error("unplanned %s", type(error).__name__, exc_info=error)
    return await _answer(request, Broken(), 500)


async def _answer(request: Request, error: PodoError, status: int) -> Response:
    request.state.error = error
    # What a page shows besides to who is signed in would be asked of the database.
    context = Web(request, None if isinstance(error, DatabaseAway) else getattr(request.state, "identity", None))
    headers = {"retry-after": str(error.data["after"])} if "after" in error.data else {}
    if (shape := _shape(request)) is not None:
        shaped = shape.answer(error, status)
        shaped.headers.update(headers)
        return shaped
    so, do = error.said(languages.translator(context.lang))
    if _wants_page(request) or context.wants_fragment:
        page = ErrorPage(status=status, code=error.code, so=so, do=do, request_id=context.request_id)
        response = await context.page(page, title=str(status), status=status)
        response.headers.update(headers)
        return response
    body = {
        "type": f"urn:podo:error:{error.code}",
        "title": so,
        "detail": do,
        "status": status,
        "code": error.code,
        "data": error.data,
        "request_id": context.request_id,
    }
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def _shape(request: Request) -> ErrorShape | None:
    """Where another protocol is spoken, how it says errors."""
    shapes: Sequence[ErrorShape] = request.app.state.house.slots[ErrorShape]
    return next((s for s in shapes if request.url.path.startswith(f"{s.prefix}/")), None)


def _wants_page(request: Request) -> bool:
    if request.url.path.startswith("/api/") or _shape(request) is not None:
        return False
    return "text/html" in request.headers.get("accept", "")
