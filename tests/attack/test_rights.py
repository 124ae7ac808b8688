"""Who may what: random companies asked by the real policies, beside an oracle written from the table in docs/security.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from podo.access import rules
from podo.access.rules import Policies, Principal
from podo.access.types import Group, Membership, MembershipRole, On, Permission, Team
from podo.app.domains import DOMAINS

PERMISSIONS = [p for domain in DOMAINS for p in domain.permissions if isinstance(p, Permission)]
POLICIES = Policies(PERMISSIONS)
TEAMS = ["t0", "t1", "t2", "t3", "t4"]
PROJECTS = ["chat", "ads", "pay"]


@dataclass(frozen=True)
class Company:
    """A tree of teams (each with the one above), who is in which, and whose the projects are."""

    above: Mapping[str, str | None]
    member: frozenset[str]
    leads: frozenset[str]
    owner: Mapping[str, str | None]


@st.composite
def companies(draw: st.DrawFn) -> Company:
    above = {t: draw(st.sampled_from([None, *TEAMS[:i]])) for i, t in enumerate(TEAMS)}
    member = draw(st.frozensets(st.sampled_from(TEAMS), max_size=2))
    leads = draw(st.frozensets(st.sampled_from(TEAMS), max_size=2)) - member
    owner = {p: draw(st.sampled_from([None, *TEAMS])) for p in PROJECTS}
    return Company(above, member, leads, owner)


@dataclass(frozen=True)
class Asked:
    """One question."""

    active: bool
    roles: frozenset[str]
    scopes: frozenset[str] | None
    limited: frozenset[str] | None
    project: str | None
    requester: str | None
    self_approval: bool
    permission: Permission


@st.composite
def questions(draw: st.DrawFn) -> Asked:
    token = draw(st.booleans())
    groups = st.sampled_from([g.value for g in Group])
    return Asked(
        active=draw(st.booleans() | st.just(True)),
        roles=draw(st.frozensets(st.sampled_from(["sre", "admin"]))),
        scopes=draw(st.frozensets(groups)) if token else None,
        limited=draw(st.frozensets(st.sampled_from(PROJECTS), min_size=1)) if token and draw(st.booleans()) else None,
        project=draw(st.sampled_from([None, *PROJECTS])),
        requester=draw(st.sampled_from([None, "me", "other"])),
        self_approval=draw(st.booleans()),
        permission=draw(st.sampled_from(PERMISSIONS)),
    )


def expected(company: Company, asked: Asked) -> bool:
    """The table: rows are what somebody is to the project, columns the group of what is asked for. Knows no policy."""
    group = asked.permission.group
    if not asked.active:
        return False
    if asked.scopes is not None and group not in asked.scopes:
        return False
    if asked.limited is not None and (asked.project is None or asked.project not in asked.limited):
        return False
    if group == "approve" and asked.requester == "me" and not asked.self_approval:
        return False
    owner = company.owner[asked.project] if asked.project else None
    chain: list[str] = []
    at = owner
    while at is not None:
        chain.append(at)
        at = company.above[at]
    leads = any(t in company.leads for t in chain)
    member = leads or owner in company.member
    may = {
        "read": True,
        "operate": member or "sre" in asked.roles,
        "approve": member or "sre" in asked.roles,
        "own": leads or "sre" in asked.roles,
        "govern": "sre" in asked.roles,
        "administer": False,
    }
    return "admin" in asked.roles or may[group]


def decided(company: Company, asked: Asked, policies: Policies = POLICIES) -> bool:
    """What the real policies say, with the real reckoning of who leads what."""
    teams = [Team(t, t, t, company.above[t]) for t in TEAMS]
    held = [Membership("me", t) for t in company.member]
    held += [Membership("me", t, MembershipRole.lead) for t in company.leads]
    reach, leads = rules.reach(held, teams)
    who = Principal("me", asked.active, reach, leads, asked.roles, asked.scopes, asked.limited)
    owner = company.owner[asked.project] if asked.project else None
    on = On(project=asked.project, team=owner, requester=asked.requester, self_approval=asked.self_approval)
    return policies.decide(who, asked.permission, on).allowed


@settings(max_examples=40)
@given(company=companies(), several=st.lists(questions(), min_size=8, max_size=16))
def test_the_policies_are_the_table(company: Company, several: list[Asked]) -> None:
    assert [decided(company, asked) for asked in several] == [expected(company, asked) for asked in several]


def test_every_group_is_asked_about() -> None:
    assert {p.group for p in PERMISSIONS} == {g.value for g in Group}


def test_each_policy_is_needed_by_the_table(tmp_path: Path) -> None:
    """Without any one of them the oracle would disagree: it watches all of them."""
    for policy in POLICIES.texts:
        folder = tmp_path / policy.id
        folder.mkdir()
        for path in rules.POLICIES.glob("*.cedar"):
            text = path.read_text()
            for part in (f'@id("{policy.id}")', f'@about("{policy.about}")', policy.text) if policy.text in text else ():
                text = text.replace(part, "")
            (folder / path.name).write_text(text)
        weaker = Policies(PERMISSIONS, folder)
        assert any(decided(c, a, weaker) is not expected(c, a) for c, a in _many()), policy.id


def _many() -> list[tuple[Company, Asked]]:
    company = Company(
        {"t0": None, "t1": "t0", "t2": "t0", "t3": None, "t4": None},
        frozenset({"t1"}),
        frozenset({"t3"}),
        {"chat": "t1", "ads": "t3", "pay": "t4"},
    )
    return [
        (company, Asked(True, frozenset(roles), scopes, limited, project, requester, False, permission))
        for permission in {p.group: p for p in PERMISSIONS}.values()
        for roles in ((), ("sre",), ("admin",))
        for scopes, limited in (
            (None, None),
            (frozenset({"read"}), None),
            (frozenset(g.value for g in Group), frozenset({"ads"})),
        )
        for project in (None, *PROJECTS)
        for requester in (None, "me")
    ]
