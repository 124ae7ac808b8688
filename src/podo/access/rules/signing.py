"""What browsers and issuers say of people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from podo.access.types import IssuerSettings, Membership, MembershipRole, Person, Role, Team

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
