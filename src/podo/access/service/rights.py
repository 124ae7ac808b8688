"""May somebody do something, and why."""

from __future__ import annotations

from collections.abc import Sequence

from podo.access import rules, store
from podo.access.types import (
    ASK_WHY,
    Decision,
    NoSuchPerson,
    NoSuchTeam,
    NotAllowed,
    On,
    OwnerSource,
    Permission,
    Why,
)
from podo.kernel.db import Reading
from podo.kernel.nouns import ActorKind

_policies: rules.Policies | None = None


def use(policies: rules.Policies) -> None:
    """The policies of this process; put here once, by the descriptor."""
    global _policies  # noqa: PLW0603 - read-only after the start, and needed by every verb of every domain
    _policies = policies


def permissions() -> Sequence[Permission]:
    """Every permission that domains declared."""
    return list(_loaded().permissions.values())


async def require(r: Reading, permission: Permission, on: On) -> None:
    """Let pass, or raise `NotAllowed`, which names the policy and who could."""
    decision = await may(r, permission, on)
    if decision.allowed:
        return
    decided = [[p.id, p.about] for p in _loaded().about(decision.policies)]
    raise NotAllowed(doc=permission.doc, policies=decided, could=rules.could(permission))


async def may(r: Reading, permission: Permission, on: On) -> Decision:
    """Whether the actor may; Podo itself may everything, a stranger nothing."""
    match r.actor.kind:
        case ActorKind.podo:
            return Decision(allowed=True, policies=("podo",))
        case ActorKind.outside:
            return Decision(allowed=False)
        case _:
            return await _decided(r, permission, on)


async def allowed_many(r: Reading, asked: Sequence[tuple[Permission, On]]) -> list[bool]:
    """`may` for several, the person being read once."""
    return [(await may(r, permission, on)).allowed for permission, on in asked]


async def explain(r: Reading, person: str, permission: Permission, on: On) -> Why:
    """The decision for a person, with the policies that made it. Raises `NoSuchPerson`.

    For the actor's own sake the limits of the actor's token count, too.
    """
    await require(r, ASK_WHY, On())
    who = await store.person(r, person)
    if who is None:
        raise NoSuchPerson(name=person)
    facts = await _principal(r) if person == r.actor.id else await _facts(r, person, None, None)
    decision = _loaded().decide(facts, permission, on)
    return Why(who, permission, decision, _loaded().about(decision.policies), rules.could(permission))


async def owner_of(r: Reading, sources: Sequence[OwnerSource], project: str, team: str = "") -> str | None:
    """The id of the team to ask for: `team` (by id or handle) where it is named, else the owner of `project`."""
    if team:
        found = await store.team(r, team)
        if found is None:
            raise NoSuchTeam(name=team)
        return found.id
    for source in sources if project else ():
        if (owner := await source.team(r, project)) is not None:
            return owner
    return None


async def _decided(r: Reading, permission: Permission, on: On) -> Decision:
    """Once in a view, and until access changes: it follows from who asks, and from what is asked for, alone."""
    key = ("decision", r.actor.kind, r.actor.id, r.actor.via, permission.id, on)

    async def decide() -> Decision:
        return _loaded().decide(await _principal(r), permission, on)

    known: Decision | None = store.kept(r).get(key)
    if known is None:
        store.kept(r)[key] = known = await r.recall("access", key, decide)
    return known


async def _principal(r: Reading) -> rules.Principal:
    key = ("principal", r.actor.kind, r.actor.id, r.actor.via)
    known: rules.Principal | None = store.kept(r).get(key)
    if known is None:
        limits: tuple[frozenset[str] | None, frozenset[str] | None] = (None, None)
        if r.actor.kind is ActorKind.token and r.actor.via:
            token = await store.token(r, r.actor.via)
            limits = (frozenset(token.scopes), frozenset(token.projects)) if token else (frozenset(), frozenset())
        store.kept(r)[key] = known = await _facts(r, r.actor.id, *limits)
    return known


async def _facts(r: Reading, id_: str, scopes: frozenset[str] | None, projects: frozenset[str] | None) -> rules.Principal:
    person = await store.person(r, id_)
    mine = await store.memberships(r, person=id_)
    teams, leads = rules.reach(mine, await store.teams(r) if any(m.role == "lead" for m in mine) else [])
    roles = frozenset(role.value for role in await store.roles(r, id_))
    return rules.Principal(id_, bool(person and person.active), teams, leads, roles, scopes, projects or None)


def _loaded() -> rules.Policies:
    if _policies is None:
        raise RuntimeError("no policies were loaded: the house is not put together")
    return _policies
