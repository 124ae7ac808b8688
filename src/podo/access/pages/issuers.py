"""The way to an issuer and back, and out there, too."""

from __future__ import annotations

import re

from starlette.responses import RedirectResponse, Response

from podo.access import reads, service
from podo.access.pages.signin import OUT, about, is_secure, lasts, signed_in
from podo.access.pages.site import routes, settings
from podo.access.types import IssuerSettings, NoSuchIssuer, NotSigned
from podo.kernel.http import ANYONE, Web
from podo.kernel.http.web import COOKIE, WebIn

_PATH = "/sign-in/with"
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,60}")


def _chosen(w: Web, issuer: str) -> IssuerSettings:
    found = settings(w).issuers.get(issuer)
    if found is None:
        raise NoSuchIssuer(name=issuer)
    return found


def _cookie(state: str) -> str:
    """One for each attempt, so that two windows can be on their way at once."""
    return f"podo_way_{re.sub(r'[^0-9a-z]', '', state)[:10]}"


# A link and no form: browsers hold a form's redirects to the addresses that a page may send forms to.
@routes.page("/sign-in/with/{issuer}", permission=ANYONE)
async def set_out(issuer: str, next: str = "/", w: Web = WebIn) -> Response:
    """To the issuer; the browser keeps what must come back with it."""
    _chosen(w, issuer)
    attempt, kept = service.begin_attempt(w.house.seal, issuer, next)
    response = RedirectResponse(await reads.way_there(w.house.ports, attempt, w.house.url), 303)
    seconds = int(service.ATTEMPT_LASTS.total_seconds())
    name, secure = _cookie(attempt.state), is_secure(w)
    response.set_cookie(name, kept, max_age=seconds, httponly=True, samesite="lax", secure=secure, path=_PATH)
    return response


@routes.page("/sign-in/with/{issuer}/back", permission=ANYONE)
async def come_back(issuer: str, code: str = "", state: str = "", iss: str = "", error: str = "", w: Web = WebIn) -> Response:
    """Back from the issuer, with a code."""
    chosen, name = _chosen(w, issuer), _cookie(state)
    async with w.transaction() as tx:
        attempt = await service.finish_attempt(tx, w.house.seal, issuer, state, w.request.cookies.get(name, ""))
    if not code:
        raise NotSigned(issuer=chosen.title or issuer, error=error if _WORD.fullmatch(error) else "error")
    claims = await reads.who_came(w.house.ports, attempt, w.house.url, code=code, said_by=iss)
    async with w.transaction() as tx:
        await service.leave_behind(tx, w.request.cookies.get(COOKIE, ""))
        cookie, _ = await service.sign_in_by(tx, w.house.seal, issuer, chosen, claims, about=about(w), lasts=lasts(w))
    response = signed_in(w, cookie, attempt.next)
    response.delete_cookie(name, path=_PATH)
    return response


@routes.page("/sign-in/with/{issuer}/out", permission=ANYONE)
async def go_out(issuer: str, w: Web = WebIn) -> Response:
    """Out at the issuer, too, for who has signed out here."""
    _chosen(w, issuer)
    hint = service.opened_hint(w.house.seal, w.request.cookies.get(OUT, ""))
    there = await reads.way_out(w.house.ports, issuer, w.house.url, hint)
    response = RedirectResponse(there, 303) if there else w.go("/sign-in")
    response.delete_cookie(OUT, path=_PATH)
    return response
