"""A person's own tokens and sessions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from starlette.responses import Response

from podo.access import rules, service
from podo.access.pages.site import routes, say
from podo.access.types import SESSIONS, SYNC, TOKENS, Group, Session, Token
from podo.kernel import clock
from podo.kernel.errors import N_, Invalid
from podo.kernel.http import Web
from podo.kernel.http.routes import form
from podo.kernel.http.web import COOKIE, WebIn
from podo.kernel.ui import languages, page

_SCOPES = {
    Group.read: N_("see everything but secrets"),
    Group.operate: N_("build, deploy, configure, restart, scale"),
    Group.approve: N_("approve what others asked for"),
    Group.own: N_("transfer, delete, set protection rules"),
    Group.govern: N_("change regions, clusters and environments"),
    Group.administer: N_("give roles, take over the directory"),
    SYNC.id: N_("push people and teams by SCIM, and nothing else"),
}


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A browser; `name` is what its header means, `here` whether it is this one."""

    session: Session
    name: str
    here: bool


@page("access/tokens.html")
@dataclass(frozen=True, slots=True)
class TokensPage:
    """My API tokens; `made` is a new one's secret, shown once. `sent` is what a refused form held."""

    tokens: Sequence[tuple[Token, bool]]
    sessions: Sequence[SessionRow]
    scopes: Sequence[tuple[str, str]]
    made: str
    trouble: str
    sent: dict[str, str]
    chosen: Sequence[str]


async def _shown(
    w: Web, *, made: str = "", trouble: str = "", sent: dict[str, str] | None = None, chosen: Sequence[str] = ("read",)
) -> Response:
    async with w.reading() as r:
        tokens_ = await service.tokens(r)
        sessions = await service.sessions(r)
        here = await service.identify_session(r, w.request.cookies.get(COOKIE, ""))
    current = here[1].id if here else ""
    now = clock.now()
    shown = TokensPage(
        tokens=[(t, t.revoked_at is None and t.expires_at > now) for t in tokens_],
        sessions=[SessionRow(s, rules.browser(s.about), s.id == current) for s in sessions],
        scopes=[(str(scope), say(w, about)) for scope, about in _SCOPES.items()],
        made=made,
        trouble=trouble,
        sent=sent or {"name": "", "projects": "", "days": "90"},
        chosen=chosen,
    )
    return await w.page(shown, title=say(w, N_("Tokens and sessions")), status=422 if trouble else 200)


@routes.page("/settings/tokens", permission=TOKENS.id)
async def tokens(w: Web = WebIn) -> Response:
    """My tokens and sessions."""
    return await _shown(w)


@routes.form("/settings/tokens", verb="access.token_create", permission=TOKENS.id)
async def create_token(w: Web = WebIn) -> Response:
    """Make a token; the answer shows its secret once."""
    f = await form(w)
    days = int(f["days"]) if f["days"].isdecimal() and len(f["days"]) < 6 else 0
    try:
        async with w.transaction() as tx:
            until = clock.now() + timedelta(days=days)
            _, secret = await service.create_token(tx, f["name"], f.every("scope"), until, f["projects"].split())
    except Invalid as error:
        sent = {name: f[name] for name in ("name", "projects", "days")}
        words = " ".join(error.said(languages.translator(w.lang)))
        return await _shown(w, trouble=words, sent=sent, chosen=f.every("scope"))
    return await _shown(w, made=secret)


@routes.form("/settings/tokens/{token}/revoke", verb="access.token_revoke", permission=TOKENS.id)
async def revoke_token(token: str, w: Web = WebIn) -> Response:
    """End a token."""
    async with w.transaction() as tx:
        await service.revoke_token(tx, token)
    return w.go("/settings/tokens", said=say(w, N_("Revoked.")))


@routes.form("/settings/sessions/{session}/end", verb="access.session_end", permission=SESSIONS.id)
async def end_session(session: str, w: Web = WebIn) -> Response:
    """Sign out a browser."""
    async with w.transaction() as tx:
        await service.end_session(tx, session)
    return w.go("/settings/tokens", said=say(w, N_("Signed out there.")))
