"""Decisions by Cedar: policies are files that people read, always checked with a schema, denied when anything errs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, cast

import cedarpy as _cedarpy

from podo.access.types import (
    Decision,
    Group,
    IssuerSettings,
    Membership,
    MembershipRole,
    On,
    Permission,
    Person,
    Policy,
    Role,
    Team,
)
from podo.kernel.errors import N_

# Its signatures name bare dicts, which says nothing to a strict checker.
cedarpy: Any = _cedarpy
POLICIES = Path(__file__).parent / "policies"
_BLOCK = re.compile(r'@id\("(?P<id>[^"]+)"\)\s*@about\("(?P<about>[^"]+)"\)\s*(?P<text>(?:permit|forbid).*?;)', re.DOTALL)
_COULD = {
    Group.read: N_("an administrator"),
    Group.operate: N_("a member of the owning team, or an SRE"),
    Group.approve: N_("another member of the owning team, or an SRE"),
    Group.own: N_("a lead of the owning team, or an SRE"),
    Group.govern: N_("an SRE"),
    Group.administer: N_("an administrator"),
}


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks, as policies see it. `scopes` and `projects` are a token's limits, None for people."""

    id: str
    active: bool
    teams: frozenset[str]
    leads: frozenset[str]
    roles: frozenset[str]
    scopes: frozenset[str] | None = None
    projects: frozenset[str] | None = None


class Policies:
    """The policies of an organisation over the permissions that domains declare. Raises ValueError when they do not fit."""

    def __init__(self, permissions: Sequence[Permission], folder: Path = POLICIES) -> None:
        text = "\n".join(path.read_text() for path in sorted(folder.glob("*.cedar")))
        schema = json.dumps(_schema(permissions))
        checked = cedarpy.validate_policies(text, schema)
        if not checked.validation_passed:
            raise ValueError("; ".join(str(e) for e in checked.errors))
        self.permissions: Mapping[str, Permission] = {p.id: p for p in permissions}
        self.texts = [Policy(m["id"], m["about"], m["text"]) for m in _BLOCK.finditer(text)]
        self._named = dict(zip((f"policy{i}" for i in range(len(self.texts))), (p.id for p in self.texts), strict=True))
        self._policies = cedarpy.PolicySet.from_str(text)
        self._schema = cedarpy.Schema.from_json_str(schema)

    def decide(self, who: Principal, permission: Permission, on: On) -> Decision:
        """Allowed only when a policy permits, none forbids, and none errs."""
        if permission.id not in self.permissions:
            raise KeyError(f"{permission.id} is no declared permission")
        answer = cedarpy.is_authorized(
            {
                "principal": {"type": "Podo::Person", "id": who.id},
                "action": {"type": "Podo::Action", "id": permission.id},
                "resource": {"type": "Podo::Thing", "id": on.project or "podo"},
                "context": _context(who, permission),
            },
            self._policies,
            [_person(who), _thing(on)],
            self._schema,
        )
        decided: Sequence[str] = answer.diagnostics.reasons
        reasons = tuple(self._named.get(policy, policy) for policy in decided)
        return Decision(bool(answer.allowed) and not answer.diagnostics.errors, reasons)

    def about(self, ids: Iterable[str]) -> tuple[Policy, ...]:
        """The policies with these ids."""
        wanted = set(ids)
        return tuple(p for p in self.texts if p.id in wanted)


_BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
)


def browser(agent: str) -> str:
    """What a User-Agent header means to people: `Firefox, Linux`; the header's beginning where it is none of a browser."""
    names = [next((name for part, name in known if part in agent), "") for known in (_BROWSERS, _SYSTEMS)]
    return ", ".join(filter(None, names)) or agent[:60]


def could(permission: Permission) -> str:
    """Who usually may, in words."""
    return _COULD[Group(permission.group)]


def reach(memberships: Sequence[Membership], teams: Sequence[Team]) -> tuple[frozenset[str], frozenset[str]]:
    """The teams a person counts as a member of, and those the person leads: a lead leads everything below, too."""
    children: dict[str | None, list[str]] = {}
    for team in teams:
        children.setdefault(team.parent, []).append(team.id)
    leads: set[str] = set()
    waiting = [m.team for m in memberships if m.role is MembershipRole.lead]
    while waiting:
        team = waiting.pop()
        if team not in leads:
            leads.add(team)
            waiting += children.get(team, ())
    return frozenset(leads | {m.team for m in memberships}), frozenset(leads)


def is_here(person: Person, now: datetime) -> bool:
    """Whether a person has not left, by the directory or by the own end."""
    return person.active and (person.ends_at is None or person.ends_at > now)


def claimed(claims: Mapping[str, Any], name: str) -> Any:
    """A claim by its name; `a.b` is looked for within `a` where no claim is called so. None without one."""
    if name in claims:
        return claims[name]
    first, dot, rest = name.partition(".")
    inner = claims.get(first) if dot else None
    return claimed(cast(Mapping[str, Any], inner), rest) if isinstance(inner, Mapping) else None


def groups(claims: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """The groups that a claim lists; one alone may be a text."""
    found = claimed(claims, name)
    listed = cast(Sequence[object], found) if isinstance(found, list) else [found]
    return tuple(dict.fromkeys(group for group in listed if isinstance(group, str) and group))


def is_verified(said: object, *, trusted: bool) -> bool:
    """Whether an issuer vouches for an address by its `email_verified`; `trusted` is what counts where it says nothing."""
    return trusted if said is None else said in (True, "true")


def is_of_domain(email: str, domains: Sequence[str]) -> bool:
    """Whether an address is of one of these domains; of any where there are none."""
    return not domains or email.rpartition("@")[2].lower() in {d.lower().removeprefix("@") for d in domains}


def given_by(
    found: Sequence[str], issuer: IssuerSettings, teams: Sequence[Team], person: str
) -> tuple[tuple[Membership, ...], frozenset[Role]]:
    """What groups mean for a person: memberships of living teams, and roles. A group without a meaning means nothing."""
    living = {name: t.id for t in teams if t.ended_at is None for name in (t.handle, t.id)}
    held: dict[str, MembershipRole] = {}
    for group in found:
        name, _, role = issuer.teams.get(group, "").partition(":")
        team = living.get(name)
        if team is not None and held.get(team) is not MembershipRole.lead:
            held[team] = MembershipRole.lead if role == "lead" else MembershipRole.member
    known = {role.value for role in Role}
    roles = frozenset(Role(issuer.roles[group]) for group in found if issuer.roles.get(group) in known)
    return tuple(Membership(person, team, role) for team, role in sorted(held.items())), roles


def wrong_with(issuer: IssuerSettings) -> str:
    """What keeps the settings of an issuer from being used, empty when nothing does; its address is looked at elsewhere."""
    if not issuer.url or not issuer.client_id:
        return "it needs url and client_id"
    if "openid" not in issuer.scopes:
        return "its scopes lack openid"
    wrong = sorted(set(issuer.roles.values()) - {role.value for role in Role})
    if wrong:
        return f"there is no role {wrong[0]}"
    halves = [team.partition(":")[2] for team in issuer.teams.values()]
    return "a team is written handle or handle:lead" if set(halves) - {"", "lead", "member"} else ""


def above(team: Team, teams: Sequence[Team]) -> list[Team]:
    """The teams above a team, the highest first."""
    known = {t.id: t for t in teams}
    found: list[Team] = []
    at = known.get(team.parent or "")
    while at is not None and at not in found:
        found.insert(0, at)
        at = known.get(at.parent or "")
    return found


def _context(who: Principal, permission: Permission) -> dict[str, object]:
    context: dict[str, object] = {"group": permission.group}
    if who.scopes is not None:
        context["scopes"] = sorted(who.scopes)
    if who.projects:
        context["projects"] = sorted(who.projects)
    return context


def _person(who: Principal) -> dict[str, object]:
    attributes = {
        "id": who.id,
        "active": who.active,
        "teams": sorted(who.teams),
        "leads": sorted(who.leads),
        "roles": sorted(who.roles),
    }
    return {"uid": {"type": "Podo::Person", "id": who.id}, "attrs": attributes, "parents": []}


def _thing(on: On) -> dict[str, object]:
    facts = {"project": on.project, "team": on.team, "environment": on.environment, "requester": on.requester}
    attributes = {k: v for k, v in facts.items() if v is not None} | {"self_approval": on.self_approval}
    return {"uid": {"type": "Podo::Thing", "id": on.project or "podo"}, "attrs": attributes, "parents": []}


def _schema(permissions: Sequence[Permission]) -> dict[str, object]:
    text, texts = {"type": "String"}, {"type": "Set", "element": {"type": "String"}}

    def maybe(kind: Mapping[str, object]) -> dict[str, object]:
        return {**kind, "required": False}

    context = {"type": "Record", "attributes": {"group": text, "scopes": maybe(texts), "projects": maybe(texts)}}
    applies = {"principalTypes": ["Person"], "resourceTypes": ["Thing"], "context": context}
    person = {"id": text, "active": {"type": "Boolean"}, "teams": texts, "leads": texts, "roles": texts}
    thing = {name: maybe(text) for name in ("project", "team", "environment", "requester")}
    return {
        "Podo": {
            "entityTypes": {
                "Person": {"shape": {"type": "Record", "attributes": person}},
                "Thing": {"shape": {"type": "Record", "attributes": {**thing, "self_approval": {"type": "Boolean"}}}},
            },
            "actions": {
                **{group.value: {"appliesTo": applies} for group in Group},
                **{p.id: {"memberOf": [{"id": p.group}], "appliesTo": applies} for p in permissions},
            },
        }
    }
