"""Entities of Backstage's catalogue: read as projects, and projects written as entities; values only."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

from podo.catalog.rules.facts import TAG, contacts, dependency, reference
from podo.catalog.rules.tables import lifecycle
from podo.catalog.types import (
    Dependency,
    DependencyKind,
    Facts,
    Link,
    Project,
    ReadRows,
    Unreadable,
    WantedProject,
    WrongCell,
)
from podo.kernel.errors import N_, PodoError

VERSION = "backstage.io/v1alpha1"
_VERSIONS = re.compile(r"backstage\.io/v1(alpha|beta)\d+")
_SLUG = re.compile(r"[a-z][a-z0-9-]{1,38}[a-z0-9]")
_TIER = re.compile(r"(?:tier[-_ ]?)?([123])", re.IGNORECASE)
# Kinds that Podo knows from elsewhere, and from where.
_ELSEWHERE: Mapping[str, str] = {
    "Group": N_("teams come from the directory"),
    "User": N_("people come from the directory"),
    "API": N_("an API is a word of the project that provides it"),
    "Resource": N_("resources are asked for or found by inventory"),
    "Domain": N_("a domain is a word of its systems"),
    "System": N_("a system is a word of its projects"),
    "Template": N_("Podo has no templates of this kind"),
    "Location": N_("Podo does not follow it; import that file as well"),
}
_SOURCE, _GITHUB, _GITLAB = "backstage.io/source-location", "github.com/project-slug", "gitlab.com/project-slug"
_SLACK = ("slack.com/channel", "slack.com/channel-name", "slack/channel")
_ON_CALL = ("pagerduty.com/service-url", "opsgenie.com/service-url")
_TIERS = ("podo.dev/tier", "tier", "service-tier")
# What Podo writes itself into an entity, so that it comes back.
_MINE = "podo.dev/"


def read(documents: Sequence[tuple[int, Any]]) -> ReadRows:
    """Components as projects, by the line at which each document begins. Raises `Unreadable` where none is an entity."""
    entities = [(line, _map(found)) for line, found in documents if _is_entity(_map(found))]
    if not entities:
        raise Unreadable(why=N_("no document in it is an entity of Backstage’s (apiVersion, kind, metadata.name)"))
    owners = {_name(e): _text(_spec(e).get("profile"), "displayName") for _, e in entities if e["kind"] == "Group"}
    domains = {_name(e): _ref(_spec(e).get("domain")) for _, e in entities if e["kind"] == "System"}
    rows = [_component(line, e, owners, domains) for line, e in entities if e["kind"] == "Component"]
    notes = [f"{e['kind']} {_name(e)}: {_ELSEWHERE[e['kind']]}" for _, e in entities if e["kind"] in _ELSEWHERE]
    odd = [str(e["kind"]) for _, e in entities if e["kind"] != "Component" and e["kind"] not in _ELSEWHERE]
    if len(entities) < len(documents):
        odd.append("?")
    return ReadRows(_once(rows), "Backstage", (*notes, *odd))


def _once(rows: Sequence[WantedProject]) -> tuple[WantedProject, ...]:
    first: dict[str, int] = {}
    found: list[WantedProject] = []
    for row in rows:
        said = first.setdefault(row.slug, row.line)
        twice = WrongCell(column="metadata.name", why=N_("a line before says it already"), value=f": {said}")
        wrong = row.wrong if said == row.line else (*row.wrong, twice)
        found.append(WantedProject(row.line, row.slug, row.said, wrong, row.notes))
    return tuple(found)


def _is_entity(found: Mapping[str, Any]) -> bool:
    version = found.get("apiVersion")
    is_ours = isinstance(version, str) and bool(_VERSIONS.fullmatch(version))
    return is_ours and isinstance(found.get("kind"), str) and isinstance(found.get("metadata"), dict)


def _map(of: Any) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", of) if isinstance(of, dict) else {}


def _items(of: Any) -> list[Any]:
    return cast("list[Any]", of) if isinstance(of, list) else []


def _spec(entity: Mapping[str, Any]) -> Mapping[str, Any]:
    return _map(entity.get("spec"))


def _name(entity: Mapping[str, Any]) -> str:
    return str(entity["metadata"].get("name") or "")


def _text(of: Any, key: str) -> str:
    value = _map(of).get(key)
    return str(value).strip() if isinstance(value, str | int | float) else ""


def _ref(value: Any) -> str:
    """The name in a reference such as `group:default/chat`."""
    return value.rpartition(":")[2].rpartition("/")[2].strip() if isinstance(value, str) else ""


def _list(of: Mapping[str, Any], key: str) -> list[str]:
    return [str(item).strip() for item in _items(of.get(key)) if isinstance(item, str | int)]


def _strings(of: Any) -> dict[str, str]:
    return {str(k): str(v) for k, v in _map(of).items() if isinstance(v, str | int | float)}


def _component(line: int, entity: Mapping[str, Any], owners: Mapping[str, str], domains: Mapping[str, str]) -> WantedProject:
    meta, spec = entity["metadata"], _spec(entity)
    notes: list[str] = []
    wrong: list[PodoError] = []
    marks, labels = _strings(meta.get("annotations")), _strings(meta.get("labels"))
    name = _name(entity)
    slug = _slug(name)
    if slug != name:
        notes.append(f"metadata.name: {name}")
    said: dict[str, Any] = {"title": _text(meta, "title") or name, "description": " ".join(_text(meta, "description").split())}
    owner = _text(spec, "owner")
    if owner.startswith("user:"):
        wrong.append(WrongCell(column="spec.owner", why=N_("a team owns a project, not a person"), value=f" “{owner}”"))
    elif owner:
        said["team"] = (_ref(owner), owners.get(_ref(owner), ""))
    try:
        said["lifecycle"] = lifecycle(_text(spec, "lifecycle"))
    except WrongCell as error:
        # Any word may stand there in Backstage; one that Podo does not know says nothing.
        notes.append(f"spec.lifecycle: {_text(spec, 'lifecycle')}")
        del error
    system = _ref(spec.get("system"))
    tags = _list(meta, "tags")
    notes += [f"metadata.tags: {tag}" for tag in tags if not TAG.fullmatch(tag)]
    kept = tuple(tag for tag in tags if TAG.fullmatch(tag))
    said |= {"type": _text(spec, "type"), "system": system, "tags": kept}
    if domains.get(system):
        said["domain"] = domains[system]
    said |= _related(spec, notes) | _linked(meta) | _placed(marks, labels, notes)
    return WantedProject(line, slug, {k: v for k, v in said.items() if v not in ("", ())}, tuple(wrong), tuple(notes))


def _slug(name: str) -> str:
    """A name as a namespace may have it, where only its letters' size and its signs are in the way."""
    if _SLUG.fullmatch(name):
        return name
    return re.sub(r"-+", "-", re.sub(r"[^a-z0-9]+", "-", name.lower())).strip("-")


def _related(spec: Mapping[str, Any], notes: list[str]) -> dict[str, Any]:
    needs = [dependency(ref) for ref in _list(spec, "dependsOn")]
    needs += [Dependency(DependencyKind.api, _ref(ref)) for ref in _list(spec, "consumesApis")]
    if part := _ref(spec.get("subcomponentOf")):
        notes.append(f"spec.subcomponentOf: {part}")
    return {"depends_on": tuple(needs), "provides": tuple(_ref(ref) for ref in _list(spec, "providesApis"))}


def _linked(meta: Mapping[str, Any]) -> dict[str, Any]:
    """Links; one that is called so is the runbook, or the documentation."""
    found: dict[str, Any] = {}
    links: list[Link] = []
    # What Podo wrote comes back as it was; elsewhere a link that is called so is taken for what it is called.
    mine = f"{_MINE}tier" in _strings(meta.get("labels"))
    for it in _items(meta.get("links")):
        url, title, kind = _text(it, "url"), _text(it, "title"), _text(it, "type") or _text(it, "icon")
        word = f"{title} {kind}".lower()
        if not re.match(r"https?://", url):
            continue
        if (title, kind) == ("Runbook", "runbook") or ("runbook" in word and not mine and "runbook" not in found):
            found["runbook"] = url
        elif (title, kind) == ("Documentation", "docs") or (re.search(r"\bdoc", word) and not mine and "docs" not in found):
            found["docs"] = url
        else:
            links.append(Link(title or url, url, _text(it, "type")))
    return found | {"links": tuple(links)}


def _placed(marks: Mapping[str, str], labels: Mapping[str, str], notes: list[str]) -> dict[str, Any]:
    """What stands in annotations and labels; those that Podo has no fact for are kept as they came."""
    found: dict[str, Any] = {"repository": _repository(marks)}
    used = {_GITHUB, _GITLAB} if found["repository"] else set[str]()
    if marks.get(_SOURCE, "").startswith("url:") and found["repository"]:
        used.add(_SOURCE)
    for key in _SLACK:
        if channel := marks.get(key, "").strip().removeprefix("#"):
            found["slack"] = channel
            used.add(key)
    for key in _ON_CALL:
        if marks.get(key):
            found["on_call"] = marks[key]
            used.add(key)
    for key in _TIERS:
        tier = _TIER.fullmatch((marks.get(key) or labels.get(key, "")).strip())
        if tier:
            found["tier"] = int(tier[1])
            used.add(key)
    mine = {key.removeprefix(_MINE): value for key, value in marks.items() if key.startswith(_MINE)}
    if mine.get("on-call"):
        found["on_call"] = mine["on-call"]
    if mine.get("branch"):
        found["branch"] = mine["branch"]
    if mine.get("repository"):
        found["repository"] = mine["repository"]
    if mine.get("contacts"):
        found["contacts"] = contacts(mine["contacts"].replace(";", "\n"))
    found["annotations"] = {k: v for k, v in marks.items() if k not in used and not k.startswith(_MINE)}
    if other := sorted(set(labels) - used):
        notes.append(f"metadata.labels: {', '.join(other)}")
    return {k: v for k, v in found.items() if v}


def _repository(marks: Mapping[str, str]) -> str:
    if slug := marks.get(_GITHUB, "").strip("/ "):
        return f"https://github.com/{slug}.git"
    if slug := marks.get(_GITLAB, "").strip("/ "):
        return f"https://gitlab.com/{slug}.git"
    for key in (_SOURCE, "backstage.io/view-url"):
        found = re.match(r"(?:url:)?(https?://[^/\s]+/[^/\s]+/[^/\s?#]+)", marks.get(key, ""))
        if found:
            return f"{found[1].removesuffix('.git')}.git"
    return ""


# -- written


def written(project: Project, said: Facts, owner: str, people: Mapping[str, str]) -> dict[str, Any]:
    """A project as a Component; `owner` is its team's handle, `people` have addresses by id."""
    marks = dict(said.annotations) | _marks(project, said, people)
    links = [{"url": it.url, "title": it.title, **({"type": it.kind} if it.kind else {})} for it in said.links]
    if said.runbook:
        links.insert(0, {"url": said.runbook, "title": "Runbook", "type": "runbook"})
    if said.docs:
        links.insert(0, {"url": said.docs, "title": "Documentation", "type": "docs"})
    meta = {"name": project.slug, "title": project.title, "description": project.description, "annotations": marks}
    needs = [d for d in said.depends_on if d.kind is not DependencyKind.api]
    spec = {
        "type": said.type or "service",
        "lifecycle": said.lifecycle.value or "unknown",
        "owner": f"group:{owner}",
        "system": said.system,
        "dependsOn": [f"component:{d.name}" if d.kind is DependencyKind.project else reference(d) for d in needs],
        "consumesApis": [d.name for d in said.depends_on if d.kind is DependencyKind.api],
        "providesApis": list(said.provides),
    }
    meta |= {"labels": {"podo.dev/tier": str(project.tier)}, "tags": list(said.tags), "links": links}
    return {"apiVersion": VERSION, "kind": "Component", "metadata": _filled(meta), "spec": _filled(spec)}


def systems(said: Mapping[str, Facts], owners: Mapping[str, str]) -> list[dict[str, Any]]:
    """The systems that projects name, each with its domain and the owner of its first project."""
    found: dict[str, dict[str, Any]] = {}
    for slug, facts in sorted(said.items()):
        if facts.system:
            spec = found.setdefault(facts.system, {"owner": f"group:{owners[slug]}"})
            if facts.domain:
                spec.setdefault("domain", facts.domain)
    return [
        {"apiVersion": VERSION, "kind": "System", "metadata": {"name": name}, "spec": spec}
        for name, spec in sorted(found.items())
    ]


def _filled(of: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in of.items() if value}


def _marks(project: Project, said: Facts, people: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    url = project.repository.url
    if match := re.fullmatch(r"https://github\.com/([^/]+/[^/]+?)(?:\.git)?/?", url):
        found[_GITHUB] = match[1]
    elif match := re.fullmatch(r"https://gitlab\.com/(.+?)(?:\.git)?/?", url):
        found[_GITLAB] = match[1]
    elif url.startswith("https://"):
        found[_SOURCE] = f"url:{url.removesuffix('.git')}"
    elif url:
        found[f"{_MINE}repository"] = url
    if url and project.repository.branch != "main":
        found[f"{_MINE}branch"] = project.repository.branch
    if project.slack:
        found[_SLACK[0]] = project.slack
    if said.on_call:
        found[f"{_MINE}on-call"] = said.on_call
    if said.contacts:
        texts = [(people.get(c.person, c.person) if c.person else c.text, c.about) for c in said.contacts]
        found[f"{_MINE}contacts"] = "; ".join(f"{who} | {about}" if about else who for who, about in texts)
    return found
