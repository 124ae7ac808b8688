"""The whole table: each role × each group of permissions × whose project it is, and what nobody may."""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import pytest

from podo.access import rules
from podo.access.rules import Policies, Principal
from podo.access.types import POLICIES_SAY, Group, Membership, MembershipRole, On, Permission, Team

PERMISSIONS = {g: Permission(f"test.{g.value}", g.value, g.value) for g in Group}
POLICIES = Policies(list(PERMISSIONS.values()))

# Chat owns the project. Service is above Chat; Push is below it; Search is beside it.
TEAMS = [
    Team("podo", "Podo", "podo"),
    Team("service", "Service", "service", "podo"),
    Team("chat", "Chat", "chat", "service"),
    Team("push", "Push", "push", "chat"),
    Team("search", "Search", "search", "service"),
]
OURS = On(project="chat-api", team="chat", environment="prod")
NOBODYS = On()


def who(*memberships: tuple[str, str], roles: tuple[str, ...] = (), active: bool = True, **limits: frozenset[str]) -> Principal:
    teams, leads = rules.reach([Membership("p", t, MembershipRole(r)) for t, r in memberships], TEAMS)
    return Principal("p", active, teams, leads, frozenset(roles), **limits)


ROLES = {
    "viewer": who(),
    "member of another team": who(("search", "member")),
    "lead of another team": who(("search", "lead")),
    "member of a team below": who(("push", "member")),
    "lead of a team below": who(("push", "lead")),
    "member": who(("chat", "member")),
    "lead": who(("chat", "lead")),
    "member of the team above": who(("service", "member")),
    "lead of the team above": who(("service", "lead")),
    "lead of the root": who(("podo", "lead")),
    "SRE": who(roles=("sre",)),
    "admin": who(roles=("admin",)),
}
# What each may do to a project of Chat: read, operate, approve, own, govern, administer.
TABLE = {
    "viewer": "r.....",
    "member of another team": "r.....",
    "lead of another team": "r.....",
    "member of a team below": "r.....",
    "lead of a team below": "r.....",
    "member": "roa...",
    "lead": "roaw..",
    "member of the team above": "r.....",
    "lead of the team above": "roaw..",
    "lead of the root": "roaw..",
    "SRE": "roawg.",
    "admin": "roawgA",
}


def allowed(principal: Principal, group: Group, on: On = OURS) -> bool:
    return POLICIES.decide(principal, PERMISSIONS[group], on).allowed


@pytest.mark.parametrize(("role", "group"), list(itertools.product(ROLES, Group)))
def test_role_by_permission(role: str, group: Group) -> None:
    expected = TABLE[role][list(Group).index(group)] != "."
    assert allowed(ROLES[role], group) is expected


@pytest.mark.parametrize(("role", "group"), list(itertools.product(ROLES, Group)))
def test_whoever_left_may_nothing(role: str, group: Group) -> None:
    was = ROLES[role]
    gone = Principal("p", False, was.teams, was.leads, was.roles)
    assert not allowed(gone, group)
    assert not allowed(gone, group, NOBODYS)


@pytest.mark.parametrize("role", ROLES)
def test_what_belongs_to_nobody_follows_from_roles_alone(role: str) -> None:
    """Teams give rights over what they own, and over nothing else."""
    for group in Group:
        expected = {"admin": True, "SRE": group is not Group.administer}.get(role, group is Group.read)
        assert allowed(ROLES[role], group, NOBODYS) is expected, group


@pytest.mark.parametrize("role", ["member", "lead", "lead of the team above", "SRE", "admin"])
def test_who_asked_for_it_never_approves_it(role: str) -> None:
    own = On(project="chat-api", team="chat", requester="p")
    decision = POLICIES.decide(ROLES[role], PERMISSIONS[Group.approve], own)
    assert (decision.allowed, decision.policies) == (False, ("requester-never-approves",))
    assert allowed(ROLES[role], Group.approve, On(project="chat-api", team="chat", requester="somebody else"))
    assert allowed(ROLES[role], Group.approve, On(project="chat-api", team="chat", requester="p", self_approval=True))
    # It is about approving; the rest of what a person may do stays.
    assert allowed(ROLES[role], Group.operate, own)


def test_leave_to_approve_oneself_gives_no_right_to_approve() -> None:
    assert not allowed(ROLES["viewer"], Group.approve, On(project="chat-api", team="chat", requester="p", self_approval=True))


@pytest.mark.parametrize(("role", "scope", "group"), list(itertools.product(("viewer", "member", "SRE", "admin"), Group, Group)))
def test_a_token_may_what_its_person_may_within_its_scopes(role: str, scope: Group, group: Group) -> None:
    was = ROLES[role]
    token = Principal("p", was.active, was.teams, was.leads, was.roles, scopes=frozenset({scope.value}))
    assert allowed(token, group) is (allowed(was, group) and scope is group)


def test_a_token_without_scopes_may_nothing() -> None:
    token = Principal("p", True, frozenset(), frozenset(), frozenset({"admin"}), scopes=frozenset())
    assert not any(allowed(token, group) for group in Group)


def test_a_token_of_some_projects_touches_no_others_and_nothing_beside_projects() -> None:
    was = ROLES["admin"]
    token = Principal("p", True, was.teams, was.leads, was.roles, frozenset(Group), frozenset({"chat-api"}))
    for group in Group:
        assert allowed(token, group, OURS)
        assert not allowed(token, group, On(project="other", team="chat"))
        decision = POLICIES.decide(token, PERMISSIONS[group], NOBODYS)
        assert (decision.allowed, decision.policies) == (False, ("token-projects",))


def test_the_decision_names_its_policies() -> None:
    def named(role: str, group: Group) -> tuple[str, ...]:
        return POLICIES.decide(ROLES[role], PERMISSIONS[group], OURS).policies

    assert named("viewer", Group.read) == ("viewer",)
    assert named("viewer", Group.operate) == ()
    assert named("member", Group.operate) == ("member",)
    assert named("member", Group.approve) == ("member-approves",)
    assert named("lead", Group.own) == ("lead",)
    assert named("SRE", Group.govern) == ("sre",)
    assert set(named("admin", Group.administer)) == {"admin"}
    texts = {p.id: p for p in POLICIES.texts}
    assert len(texts) == len(POLICIES.texts)
    for found in POLICIES.about(["lead", "sre"]):
        assert found.about
        assert found.text.startswith("permit (")
        assert found.text.endswith(";")


def test_what_the_policies_say_is_there_to_be_translated() -> None:
    assert {p.about for p in POLICIES.texts} == set(POLICIES_SAY)


def test_every_group_has_somebody_who_could() -> None:
    assert all(rules.could(p) for p in PERMISSIONS.values())


def test_a_permission_that_nobody_declared_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        POLICIES.decide(ROLES["admin"], Permission("test.other", "read", ""), OURS)


@pytest.mark.parametrize(
    "wrong",
    [
        'permit (principal, action == Podo::Action::"nothing", resource);',
        "permit (principal, action, resource) when { principal.shoe_size > 40 };",
        "permit (principal, action, resource",
    ],
)
def test_a_policy_that_does_not_fit_is_refused_at_the_start(tmp_path: Path, wrong: str) -> None:
    shutil.copytree(rules.POLICIES, tmp_path / "policies")
    (tmp_path / "policies/95-wrong.cedar").write_text(f'@id("wrong")\n@about("Wrong.")\n{wrong}\n')
    with pytest.raises(ValueError):
        Policies(list(PERMISSIONS.values()), tmp_path / "policies")


def test_a_forbid_that_errs_denies(tmp_path: Path) -> None:
    """Cedar skips a forbid that errs: an answer with errors is no leave, whatever it says."""
    shutil.copytree(rules.POLICIES, tmp_path / "policies")
    overflow = "9223372036854775807 + 1 == 0"
    text = f'@id("errs")\n@about("Errs.")\nforbid (principal, action, resource)\nwhen {{ {overflow} }};\n'
    (tmp_path / "policies/95-errs.cedar").write_text(text)
    policies = Policies(list(PERMISSIONS.values()), tmp_path / "policies")
    assert not policies.decide(ROLES["admin"], PERMISSIONS[Group.read], OURS).allowed


def test_a_lead_reaches_everything_below_and_a_member_only_the_own_team() -> None:
    def reach(team: str, role: str) -> tuple[set[str], set[str]]:
        teams, leads = rules.reach([Membership("p", team, MembershipRole(role))], TEAMS)
        return set(teams), set(leads)

    assert reach("service", "lead") == ({"service", "chat", "push", "search"},) * 2
    assert reach("service", "member") == ({"service"}, set())
    assert reach("push", "lead") == ({"push"}, {"push"})
    assert rules.reach([], TEAMS) == (frozenset(), frozenset())


def test_the_teams_above() -> None:
    assert [t.id for t in rules.above(TEAMS[3], TEAMS)] == ["podo", "service", "chat"]
    assert rules.above(TEAMS[0], TEAMS) == []
    assert rules.above(Team("x", "X", "x", "gone"), TEAMS) == []


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0", "Firefox, Linux"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/26.1 Safari/605.1.15", "Safari, macOS"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36 Edg/142.0",
            "Edge, Windows",
        ),
        ("Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/142.0.0.0 Mobile Safari/537.36", "Chrome, Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) Version/26.1 Mobile/15E148 Safari/604.1", "Safari, iPhone"),
        ("python-httpx/0.28.1", "python-httpx/0.28.1"),
        ("", ""),
    ],
)
def test_what_a_browser_is_called(agent: str, name: str) -> None:
    assert rules.browser(agent) == name
