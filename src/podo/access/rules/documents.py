"""SCIM documents and nouns: what a user and a group mean here, and how a person and a team are written there.

A group may carry our extension (`TEAM`): `handle`, `parent`, `validFrom`, `validTo`, `successors`, `slack`, `leads`; a user may
carry `PERSON` with `validTo`. docs/catalog.md describes both.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from podo.access.types import EntryKind, Feed, Membership, MembershipRole, Person, Team, WrongDirectory

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
TEAM = "urn:podo:scim:schemas:extension:team:1.0:Group"
PERSON = "urn:podo:scim:schemas:extension:person:1.0:User"

Document = Mapping[str, Any]
LONGEST = 200
_HANGUL = re.compile("[\uac00-\ud7a3]")
_APART = re.compile(r"[^a-z0-9]+")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,79}")


def normal(value: Any) -> Any:
    """The same with all text in the composed form (NFC): a Korean name typed on a Mac is no other name."""
    match value:
        case str():
            return unicodedata.normalize("NFC", value)
        case list():
            return [normal(v) for v in cast(list[Any], value)]
        case dict():
            return {k: normal(v) for k, v in cast(dict[str, Any], value).items()}
        case _:
            return value


def part(document: Document, name: str) -> Document:
    """A complex attribute; empty where it is missing."""
    found = document.get(name)
    return cast(Document, found) if isinstance(found, Mapping) else {}


def several(document: Document, name: str) -> list[Any]:
    """A multi-valued attribute; empty where it is missing."""
    found = document.get(name)
    return cast(list[Any], found) if isinstance(found, list) else []


def parts(document: Document, name: str) -> list[Document]:
    """A multi-valued complex attribute; empty where it is missing."""
    return [cast(Document, e) for e in several(document, name) if isinstance(e, Mapping)]


def is_id(text: str) -> bool:
    """Whether another system's id can be ours: it stands in addresses."""
    return bool(_ID.fullmatch(text))


def person_of(id_: str, user: Document) -> Person:
    """The person that a user is, its text in NFC. Raises `WrongDirectory`."""
    name = str(normal(user.get("displayName") or _full_name(part(user, "name")) or user.get("userName") or "")).strip()
    if not name:
        raise WrongDirectory(why=f"the user {id_} has no name")
    return Person(
        id_,
        name[:LONGEST],
        _address(user)[:320],
        active=user.get("active") is not False,
        lang=_language(user),
        title=str(normal(user.get("title") or ""))[:LONGEST],
        ends_at=moment(part(user, PERSON).get("validTo"), id_),
    )


def _full_name(name: Document) -> str:
    if name.get("formatted"):
        return str(name["formatted"])
    given, family = str(name.get("givenName") or ""), str(name.get("familyName") or "")
    if _HANGUL.search(str(normal(family))) and _HANGUL.search(str(normal(given))):
        return family + given
    return f"{given} {family}".strip()


def _address(user: Document) -> str:
    listed = [e for e in parts(user, "emails") if e.get("value")]
    chosen = next((e for e in listed if e.get("primary") is True), listed[0] if listed else None)
    if chosen is not None:
        return str(normal(chosen["value"]))
    name = str(user.get("userName") or "")
    return str(normal(name)) if "@" in name else ""


def _language(user: Document) -> str | None:
    spoken = str(user.get("preferredLanguage") or user.get("locale") or "").lower()
    return next((lang for lang in ("ko", "en") if spoken.startswith(lang)), None)


def user_of(person: Person) -> dict[str, Any]:
    """How a person is written where no client wrote one."""
    user: dict[str, Any] = {
        "schemas": [USER],
        "externalId": person.id,
        "userName": person.email or person.id,
        "displayName": person.name,
        "active": person.active,
    }
    if person.email:
        user["emails"] = [{"value": person.email, "primary": True, "type": "work"}]
    if person.title:
        user["title"] = person.title
    if person.lang:
        user["preferredLanguage"] = person.lang
    if person.ends_at:
        user["schemas"] = [USER, PERSON]
        user[PERSON] = {"validTo": written(person.ends_at)}
    return user


def team_of(id_: str, group: Document, taken: Iterable[str] = ()) -> Team:
    """The team that a group is; its handle is made where none is named, none of those `taken`. Raises `WrongDirectory`."""
    name = str(normal(group.get("displayName") or "")).strip()[:LONGEST]
    if not name:
        raise WrongDirectory(why=f"the group {id_} has no name")
    more = part(group, TEAM)
    began, ended = moment(more.get("validFrom"), id_), moment(more.get("validTo"), id_)
    if began and ended and ended < began:
        raise WrongDirectory(why=f"the group {id_} ends before it begins")
    handle = str(more.get("handle") or "") or handle_of(name, id_, taken)
    return Team(id_, name, handle[:80], parent_of(group), ended, str(more.get("slack") or "")[:80], began)


def parent_of(group: Document) -> str | None:
    """The id of the team above."""
    above: object = part(group, TEAM).get("parent")
    found = cast(Document, above).get("value") if isinstance(above, Mapping) else above
    return str(found) if found else None


def referred(group: Document, name: str) -> list[str]:
    """The ids that an attribute of our extension refers to: `{"value": id}`, or the id alone."""
    listed = several(part(group, TEAM), name)
    found = [cast(Document, e).get("value") if isinstance(e, Mapping) else e for e in listed]
    return list(dict.fromkeys(str(f) for f in found if f))


def handle_of(name: str, id_: str, taken: Iterable[str] = ()) -> str:
    """An address for a team that named none: its name in small Latin letters, else its id."""
    plain = "" if _HANGUL.search(name) else unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    handle = _APART.sub("-", plain.lower()).strip("-")[:60]
    own = _APART.sub("-", id_.lower()).strip("-")[:80]
    known = set(taken)
    return next(h for h in (handle, own, f"{own[:70]}-team", id_) if (h and h not in known) or h == id_)


def successors_of(group: Document) -> tuple[str, ...]:
    """Ids of the teams that a group became."""
    return tuple(referred(group, "successors"))


def memberships_of(id_: str, group: Document) -> list[Membership]:
    """Who is in a group; a lead is a member, too. Groups in groups are no members: a group's parent is its own word."""
    leads = set(referred(group, "leads"))
    listed = [m for m in parts(group, "members") if m.get("type", "User") != "Group"]
    people = dict.fromkeys([str(m["value"]) for m in listed if m.get("value")] + sorted(leads))
    return [Membership(p, id_, MembershipRole.lead if p in leads else MembershipRole.member) for p in people]


def group_of(team: Team, members: Sequence[Membership], successors: Sequence[str] = ()) -> dict[str, Any]:
    """How a team is written where no client wrote one."""
    more: dict[str, Any] = {"handle": team.handle}
    if team.parent:
        more["parent"] = {"value": team.parent}
    if team.began_at:
        more["validFrom"] = written(team.began_at)
    if team.ended_at:
        more["validTo"] = written(team.ended_at)
    if team.slack:
        more["slack"] = team.slack
    if successors:
        more["successors"] = [{"value": s} for s in successors]
    if leads := [m.person for m in members if m.role is MembershipRole.lead]:
        more["leads"] = [{"value": p} for p in leads]
    group: dict[str, Any] = {"schemas": [GROUP, TEAM], "externalId": team.id, "displayName": team.name}
    if members:
        group["members"] = [{"value": m.person, "type": "User"} for m in members]
    return group | {TEAM: more}


def without(group: Document, person: str) -> dict[str, Any]:
    """The group without a person."""
    rest = [dict(m) for m in parts(group, "members") if m.get("value") != person]
    more = {k: v for k, v in part(group, TEAM).items() if k != "leads"}
    if leads := [{"value": p} for p in referred(group, "leads") if p != person]:
        more["leads"] = leads
    found: dict[str, Any] = {k: v for k, v in group.items() if k not in ("members", TEAM)}
    return found | ({"members": rest} if rest else {}) | ({TEAM: more} if more else {})


def feed_of(users: Iterable[tuple[str, Document]], groups: Iterable[tuple[str, Document]]) -> Feed:
    """What users and groups by id say together. Who is not active is not there. Raises `WrongDirectory`."""
    people = [p for p in (person_of(id_, user) for id_, user in users) if p.active]
    here = {p.id for p in people}
    listed = list(groups)
    taken = {str(h) for _, g in listed if (h := part(g, TEAM).get("handle"))}
    teams: list[Team] = []
    for id_, group in listed:
        teams.append(team_of(id_, group, taken))
        taken.add(teams[-1].handle)
    memberships = [m for id_, group in listed for m in memberships_of(id_, group) if m.person in here]
    successors = {id_: found for id_, group in listed if (found := successors_of(group))}
    return Feed(people, teams, memberships, successors=successors)


def named(document: Document) -> str:
    """What an entry is looked for by: userName or displayName, in NFC and small letters."""
    return str(normal(str(document.get("userName") or document.get("displayName") or "").lower()))[:320]


def due(kind: EntryKind, document: Document, now: datetime, of: str) -> datetime | None:
    """When an entry will mean something else than now. Raises `WrongDirectory`."""
    more = part(document, PERSON if kind is EntryKind.user else TEAM)
    moments = [moment(more.get(name), of) for name in ("validFrom", "validTo")]
    return min((m for m in moments if m is not None and m > now), default=None)


def moment(value: object, of: str) -> datetime | None:
    """A SCIM dateTime, in UTC. Raises `WrongDirectory`."""
    if value is None or value == "":
        return None
    try:
        read = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError as error:
        raise WrongDirectory(why=f"{value!r} in {of} is no moment") from error
    return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)


def written(at: datetime) -> str:
    """A moment as SCIM writes it."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
