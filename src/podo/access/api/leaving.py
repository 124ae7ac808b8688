"""Other people's sessions, accounts and presence, for administrators; and what issuers say of who signed out there."""

from __future__ import annotations

from datetime import datetime

from fastapi import Response
from pydantic import BaseModel

from podo.access import reads, service
from podo.access.api.rights import SessionOut
from podo.access.types import PRESENCE, AccessSettings, Account, NoSuchIssuer
from podo.kernel.errors import Refused
from podo.kernel.http import ANYONE, Routes, Web
from podo.kernel.http.routes import form
from podo.kernel.http.web import WebIn

routes = Routes("access", tag="People and rights")


class AccountOut(BaseModel):
    """An account of a person with an issuer, by the issuer's own name of the person."""

    id: str
    issuer: str
    subject: str
    linked_at: datetime

    @classmethod
    def of(cls, a: Account) -> AccountOut:
        """From the noun."""
        return cls(id=a.id, issuer=a.issuer, subject=a.subject, linked_at=a.linked_at)


@routes.api("GET", "/api/v1/people/{person}/sessions", verb="access.person_sessions", permission=PRESENCE.id)
async def list_sessions(person: str, w: Web = WebIn) -> list[SessionOut]:
    """The browsers in which somebody is signed in."""
    async with w.reading() as r:
        return [SessionOut.of(s) for s in await service.sessions_of(r, person)]


@routes.api(
    "DELETE", "/api/v1/people/{person}/sessions/{session}", verb="access.person_session_end", permission=PRESENCE.id, status=204
)
async def end_session(person: str, session: str, w: Web = WebIn) -> None:
    """Sign out a browser of somebody."""
    async with w.transaction() as tx:
        await service.end_session_of(tx, person, session)


@routes.api("POST", "/api/v1/people/{person}/sign-out", verb="access.person_sign_out", permission=PRESENCE.id, status=204)
async def sign_out(person: str, w: Web = WebIn) -> None:
    """End all sessions and tokens of somebody, who may sign in again."""
    async with w.transaction() as tx:
        await service.sign_out_person(tx, person)


@routes.api("POST", "/api/v1/people/{person}/deactivate", verb="access.deactivate", permission=PRESENCE.id, status=204)
async def deactivate(person: str, w: Web = WebIn) -> None:
    """Let out somebody whom an issuer brought; the directory's people leave by the directory."""
    async with w.transaction() as tx:
        await service.deactivate(tx, person)


@routes.api("POST", "/api/v1/people/{person}/activate", verb="access.activate", permission=PRESENCE.id, status=204)
async def activate(person: str, w: Web = WebIn) -> None:
    """Let in again somebody whom an issuer brought."""
    async with w.transaction() as tx:
        await service.activate(tx, person)


@routes.api("GET", "/api/v1/people/{person}/accounts", verb="access.accounts", permission=PRESENCE.id)
async def list_accounts(person: str, w: Web = WebIn) -> list[AccountOut]:
    """The accounts with issuers by which somebody signs in."""
    async with w.reading() as r:
        return [AccountOut.of(a) for a in await service.accounts(r, person)]


@routes.api("DELETE", "/api/v1/people/{person}/accounts/{account}", verb="access.unlink", permission=PRESENCE.id, status=204)
async def unlink(person: str, account: str, w: Web = WebIn) -> None:
    """Take an account off somebody, so that another one can be linked by the next sign-in."""
    async with w.transaction() as tx:
        await service.unlink(tx, person, account)


@routes.api("POST", "/api/v1/issuers/{issuer}/logged-out", verb="access.logged_out", permission=ANYONE)
async def logged_out(issuer: str, answer: Response, w: Web = WebIn) -> dict[str, int]:
    """Back-channel logout: an issuer posts a signed `logout_token`, and the sessions it names end. Answers how many did."""
    chosen = w.house.settings[AccessSettings].issuers.get(issuer)
    if chosen is None:
        raise NoSuchIssuer(name=issuer)
    sent = await form(w)
    try:
        subject, session = await reads.logged_out(w.house.ports, issuer, sent["logout_token"])
    except Refused:
        # What OpenID Connect Back-Channel Logout 1.0 wants for a token that does not hold.
        answer.status_code = 400
        return {"ended": 0}
    async with w.transaction() as tx:
        return {"ended": await service.sign_out_by(tx, issuer, chosen, subject, session)}
