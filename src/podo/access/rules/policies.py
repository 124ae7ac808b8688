"""Decisions by Cedar: policies are files that people read, always checked with a schema, denied when anything errs."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cedarpy as _cedarpy

from podo.access.types import Decision, Group, On, Permission, Policy
from podo.kernel.errors import N_

# Its signatures name bare dicts, which says nothing to a strict checker.
cedarpy: Any = _cedarpy
POLICIES = Path(__file__).parent.parent / "policies"
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
        self._policies, self._schema = _read(text, json.dumps(_schema(permissions)))
        self.permissions: Mapping[str, Permission] = {p.id: p for p in permissions}
        self.texts = [Policy(m["id"], m["about"], m["text"]) for m in _BLOCK.finditer(text)]
        self._named = dict(zip((f"policy{i}" for i in range(len(self.texts))), (p.id for p in self.texts), strict=True))

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


@functools.lru_cache(4)
def _read(text: str, schema: str) -> tuple[Any, Any]:
    """Cedar's own form of policies and schema. A process that opens many houses reads the same ones again and again."""
    checked = cedarpy.validate_policies(text, schema)
    if not checked.validation_passed:
        raise ValueError("; ".join(str(e) for e in checked.errors))
    return cedarpy.PolicySet.from_str(text), cedarpy.Schema.from_json_str(schema)


def could(permission: Permission) -> str:
    """Who usually may, in words."""
    return _COULD[Group(permission.group)]


def _context(who: Principal, permission: Permission) -> dict[str, object]:
    context: dict[str, object] = {"group": permission.group, "permission": permission.id}
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

    context = {
        "type": "Record",
        "attributes": {"group": text, "permission": text, "scopes": maybe(texts), "projects": maybe(texts)},
    }
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
