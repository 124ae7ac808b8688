"""People, teams, rights, tokens and the own sessions as JSON."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import BaseModel, Field

from podo.access import service
from podo.access.types import (
    ASK_WHY,
    GRANT,
    READ,
    SESSIONS,
    TOKENS,
    Membership,
    NoSuchPermission,
    On,
    OwnerSource,
    Person,
    Role,
    Session,
    Team,
    Token,
)
from podo.kernel import clock
from podo.kernel.http import SIGNED_IN, Routes, Web
from podo.kernel.http.web import WebIn

routes = Routes("access", tag="People and rights")


class PersonOut(BaseModel):
    """A person of the directory."""

    id: str
    name: str
    email: str
    active: bool
    title: str

    @classmethod
    def of(cls, p: Person) -> PersonOut:
        """From the noun."""
        return cls(id=p.id, name=p.name, email=p.email, active=p.active, title=p.title)


class PeopleOut(BaseModel):
    """A page of people, by name."""

    items: list[PersonOut]
    next: str | None
    total: int


class Lang(StrEnum):
    """A language of the site."""

    en = "en"
    ko = "ko"


class PreferencesIn(BaseModel):
    """What the site looks like for me."""

    lang: Lang | None = None
    theme: str | None = None


class TeamOut(BaseModel):
    """A team of the directory."""

    id: str
    handle: str
    name: str
    parent: str | None
    began_at: datetime | None
    ended_at: datetime | None
    slack: str

    @classmethod
    def of(cls, t: Team) -> TeamOut:
        """From the noun."""
        times = {"began_at": t.began_at, "ended_at": t.ended_at}
        return cls(id=t.id, handle=t.handle, name=t.name, parent=t.parent, slack=t.slack, **times)


class MemberOut(BaseModel):
    """A person in a team."""

    id: str
    name: str
    email: str
    role: str

    @classmethod
    def of(cls, pair: tuple[Person, Membership]) -> MemberOut:
        """From the nouns."""
        return cls(id=pair[0].id, name=pair[0].name, email=pair[0].email, role=pair[1].role)


class TeamDetail(TeamOut):
    """A team with its people."""

    members: list[MemberOut]


class PersonDetail(PersonOut):
    """A person with teams and roles."""

    teams: list[TeamOut]
    roles: list[str]


class WhyOut(BaseModel):
    """A decision and the policies that made it."""

    person: str
    permission: str
    allowed: bool
    policies: list[str]
    about: list[str]
    texts: list[str]
    could: str


class TokenIn(BaseModel):
    """What a new token may do and how long it lives."""

    name: str
    scopes: list[str] = Field(default=["read"])
    projects: list[str] = []
    days: int = Field(default=90, ge=1, le=366)


class TokenOut(BaseModel):
    """A token without its secret."""

    id: str
    name: str
    scopes: list[str]
    projects: list[str]
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def of(cls, t: Token) -> TokenOut:
        """From the noun."""
        return cls(
            id=t.id,
            name=t.name,
            scopes=list(t.scopes),
            projects=list(t.projects),
            expires_at=t.expires_at,
            last_used_at=t.last_used_at,
            revoked_at=t.revoked_at,
        )


class TokenMade(TokenOut):
    """A new token with its secret, which is never shown again."""

    secret: str


class SessionOut(BaseModel):
    """A signed-in browser."""

    id: str
    about: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime
    issuer: str

    @classmethod
    def of(cls, s: Session) -> SessionOut:
        """From the noun."""
        times = {"created_at": s.created_at, "seen_at": s.seen_at, "expires_at": s.expires_at}
        return cls(id=s.id, about=s.about, issuer=s.issuer, **times)


class RoleIn(BaseModel):
    """A role."""

    role: Role


@routes.api("GET", "/api/v1/me", verb="access.me", permission=SIGNED_IN)
async def me(w: Web = WebIn) -> PersonDetail:
    """Who I am, my teams and roles."""
    return await _detail(w, w.person)


@routes.api("PUT", "/api/v1/me/preferences", verb="access.prefer", permission=SIGNED_IN)
async def prefer(wanted: PreferencesIn, w: Web = WebIn) -> PersonDetail:
    """My language (en, ko) and theme (auto, light, dark); what is left out stays."""
    lang = wanted.lang.value if wanted.lang else None
    async with w.transaction() as tx:
        await service.prefer(tx, lang=lang, theme=wanted.theme)
    return await _detail(w, w.person)


@routes.api("GET", "/api/v1/people", verb="access.people", permission=READ.id)
async def list_people(q: str = "", cursor: str | None = None, limit: int = 50, w: Web = WebIn) -> PeopleOut:
    """Active people whose name, address or title contains `q`, by name."""
    async with w.reading() as r:
        await service.require(r, READ, On())
        found = await service.listed_people(r, q, cursor=cursor, limit=max(1, min(limit, 200)))
    return PeopleOut(items=[PersonOut.of(p) for p in found.items], next=found.next, total=found.total or 0)


@routes.api("GET", "/api/v1/people/{person}", verb="access.person", permission=READ.id)
async def get_person(person: str, w: Web = WebIn) -> PersonDetail:
    """A person with teams and roles."""
    async with w.reading() as r:
        await service.require(r, READ, On())
    return await _detail(w, person)


async def _detail(w: Web, person: str) -> PersonDetail:
    async with w.reading() as r:
        found = await service.person(r, person)
        teams = await service.teams(r, [m.team for m in await service.teams_of(r, person)])
        roles = await service.roles_of(r, person)
    return PersonDetail(**PersonOut.of(found).model_dump(), teams=[TeamOut.of(t) for t in teams], roles=sorted(roles))


@routes.api("GET", "/api/v1/teams", verb="access.teams", permission=READ.id)
async def list_teams(w: Web = WebIn) -> list[TeamOut]:
    """All teams, by name."""
    async with w.reading() as r:
        await service.require(r, READ, On())
        return [TeamOut.of(t) for t in await service.teams(r)]


@routes.api("GET", "/api/v1/teams/{team}", verb="access.team", permission=READ.id)
async def get_team(team: str, w: Web = WebIn) -> TeamDetail:
    """A team with its people; by id or handle."""
    async with w.reading() as r:
        await service.require(r, READ, On())
        found = await service.team(r, team)
        members = await service.members(r, found.id)
    return TeamDetail(**TeamOut.of(found).model_dump(), members=[MemberOut.of(m) for m in members])


@routes.api("GET", "/api/v1/permissions", verb="access.permissions", permission=READ.id)
async def list_permissions(w: Web = WebIn) -> list[dict[str, str]]:
    """Everything that may be allowed: id, group and what it means."""
    del w
    return [{"id": p.id, "group": p.group, "doc": p.doc} for p in service.permissions()]


@routes.api("GET", "/api/v1/why", verb="access.why", permission=ASK_WHY.id)
async def why(
    permission: str,
    person: str | None = None,
    project: str | None = None,
    team: str | None = None,
    environment: str | None = None,
    requester: str | None = None,
    w: Web = WebIn,
) -> WhyOut:
    """Why somebody may or may not do something, naming the policies.

    People are named by id, e-mail or whole name; a project's owner is looked up unless `team` is named.
    """
    wanted = next((p for p in service.permissions() if p.id == permission), None)
    if wanted is None:
        raise NoSuchPermission(name=permission)
    async with w.reading() as r:
        who = await service.found_person(r, person) if person else None
        asker = await service.found_person(r, requester) if requester else None
        owner = await service.owner_of(r, w.house.slots[OwnerSource], project or "", team or "")
        on = On(project=project, team=owner, environment=environment, requester=asker.id if asker else None)
        found = await service.explain(r, who.id if who else w.person, wanted, on)
    return WhyOut(
        person=found.person.name,
        permission=permission,
        allowed=found.decision.allowed,
        policies=[p.id for p in found.policies],
        about=[p.about for p in found.policies],
        texts=[p.text for p in found.policies],
        could=found.could,
    )


@routes.api("GET", "/api/v1/tokens", verb="access.token_list", permission=TOKENS.id)
async def list_tokens(w: Web = WebIn) -> list[TokenOut]:
    """My API tokens, without secrets."""
    async with w.reading() as r:
        return [TokenOut.of(t) for t in await service.tokens(r)]


@routes.api("POST", "/api/v1/tokens", verb="access.token_create", permission=TOKENS.id, status=201)
async def create_token(wanted: TokenIn, w: Web = WebIn) -> TokenMade:
    """Make an API token; its secret is in this answer and nowhere else."""
    until = clock.now() + timedelta(days=wanted.days)
    async with w.transaction() as tx:
        token, secret = await service.create_token(tx, wanted.name, wanted.scopes, until, wanted.projects)
    return TokenMade(**TokenOut.of(token).model_dump(), secret=secret)


@routes.api("DELETE", "/api/v1/tokens/{token}", verb="access.token_revoke", permission=TOKENS.id, status=204)
async def revoke_token(token: str, w: Web = WebIn) -> None:
    """End an API token of mine."""
    async with w.transaction() as tx:
        await service.revoke_token(tx, token)


@routes.api("GET", "/api/v1/sessions", verb="access.session_list", permission=SESSIONS.id)
async def list_sessions(w: Web = WebIn) -> list[SessionOut]:
    """The browsers in which I am signed in."""
    async with w.reading() as r:
        return [SessionOut.of(s) for s in await service.sessions(r)]


@routes.api("DELETE", "/api/v1/sessions/{session}", verb="access.session_end", permission=SESSIONS.id, status=204)
async def end_session(session: str, w: Web = WebIn) -> None:
    """Sign out a browser of mine."""
    async with w.transaction() as tx:
        await service.end_session(tx, session)


@routes.api("POST", "/api/v1/people/{person}/roles", verb="access.grant", permission=GRANT.id, status=204)
async def grant(person: str, wanted: RoleIn, w: Web = WebIn) -> None:
    """Give a person a role."""
    async with w.transaction() as tx:
        await service.grant(tx, person, wanted.role)


@routes.api("DELETE", "/api/v1/people/{person}/roles/{role}", verb="access.revoke", permission=GRANT.id, status=204)
async def revoke(person: str, role: Role, w: Web = WebIn) -> None:
    """Take a role from a person."""
    async with w.transaction() as tx:
        await service.revoke(tx, person, role)
