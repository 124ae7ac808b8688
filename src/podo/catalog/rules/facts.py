"""What a project says of itself: whether it can be so, as JSON, and as lines that people write; values only."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, fields, replace
from typing import Any

from podo.catalog.types import Contact, Dependency, DependencyKind, Facts, Lifecycle, Link, Project, WrongFacts
from podo.kernel.errors import N_

_URL = re.compile(r"https?://[^\s/?#]+\S*")
_WORD = re.compile(r"[^\W_](?:[\w .+#-]{0,38}[\w+#])?")
_NAME = re.compile(r"[A-Za-z0-9](?:[\w.:/-]{0,118}[A-Za-z0-9])?")
# As Backstage has it, so that what is imported can be exported again.
TAG = re.compile(r"[^\W_](?:[\w.+#:/-]{0,61}[\w+#])?")
_MOST = {"contacts": 20, "links": 50, "depends_on": 200, "provides": 100, "tags": 50, "annotations": 100}
_LONGEST = {"on_call": 300, "docs": 1000, "runbook": 1000}
_LONGEST_LINE = 200
_LONGEST_ANNOTATION = 2000

# What each fact is called in sentences.
TITLES: Mapping[str, str] = {
    "lifecycle": N_("Lifecycle"),
    "type": N_("Type"),
    "system": N_("System"),
    "domain": N_("Domain"),
    "docs": N_("Documentation"),
    "runbook": N_("Runbook"),
    "on_call": N_("On call"),
    "contacts": N_("Contacts"),
    "links": N_("Links"),
    "depends_on": N_("Depends on"),
    "provides": N_("Provides"),
    "tags": N_("Tags"),
    "annotations": N_("Annotations"),
}
FIELDS = tuple(f.name for f in fields(Facts))


def wrong(slug: str, said: Facts) -> list[WrongFacts]:
    """Everything that cannot be so, one error a field."""
    found: dict[str, str] = {}
    for field, why in _troubles(slug, said):
        found.setdefault(field, why)
    return [WrongFacts(field=field, what=TITLES[field], why=why) for field, why in found.items()]


def _troubles(slug: str, said: Facts) -> Iterable[tuple[str, str]]:
    for field in ("docs", "runbook"):
        address = getattr(said, field)
        if address and not _URL.fullmatch(address):
            yield field, N_("an address begins with https:// or http://")
    for field, most in _LONGEST.items():
        if len(getattr(said, field)) > most:
            yield field, N_("this is too long")
    for field in ("type", "system", "domain"):
        word = getattr(said, field)
        if word and not _WORD.fullmatch(word):
            yield field, N_("one or a few words, at most 40 signs")
    for field, most in _MOST.items():
        if len(getattr(said, field)) > most:
            yield field, N_("these are too many")
    yield from _troubles_of_lists(slug, said)


def _troubles_of_lists(slug: str, said: Facts) -> Iterable[tuple[str, str]]:
    if any(not (c.person or c.text) or len(c.text) + len(c.about) > _LONGEST_LINE for c in said.contacts):
        yield "contacts", N_("a contact is a person or a short text")
    if any(not _URL.fullmatch(it.url) or len(it.url) > 1000 for it in said.links):
        yield "links", N_("an address begins with https:// or http://")
    if any(len(it.title) > _LONGEST_LINE or len(it.kind) > 40 for it in said.links):
        yield "links", N_("this is too long")
    if any(d.kind is DependencyKind.project and d.name == slug for d in said.depends_on):
        yield "depends_on", N_("a project does not depend on itself")
    if any(not _NAME.fullmatch(d.name) or len(d.why) > _LONGEST_LINE for d in said.depends_on):
        yield "depends_on", N_("each is a name, and what for after a bar")
    if any(not _NAME.fullmatch(name) for name in said.provides):
        yield "provides", N_("each is the name of an API")
    if any(not TAG.fullmatch(tag) for tag in said.tags):
        yield "tags", N_("a tag is a short word without blanks")
    if any(not key or len(key) > 200 or len(value) > _LONGEST_ANNOTATION for key, value in said.annotations.items()):
        yield "annotations", N_("this is too long")


def same(name: str) -> str:
    """Names that people would call the same become the same text."""
    return " ".join(unicodedata.normalize("NFC", name).casefold().split())


def tidy(said: Facts) -> Facts:
    """The same without blanks around it, and without anything twice."""
    texts = {f: getattr(said, f).strip() for f in ("type", "system", "domain", "docs", "runbook", "on_call")}
    return replace(
        said,
        **texts,
        contacts=_once(said.contacts, lambda c: (c.person, c.text)),
        links=_once(said.links, lambda it: it.url),
        depends_on=_once(said.depends_on, lambda d: (d.kind, d.name)),
        provides=_once(said.provides, str),
        tags=_once(said.tags, str),
        annotations=dict(sorted(said.annotations.items())),
    )


def _once(items: Sequence[Any], key: Callable[[Any], object]) -> tuple[Any, ...]:
    return tuple({key(item): item for item in reversed(items)}.values())[::-1]


def differing(was: Facts, now: Facts) -> list[str]:
    """The names of the fields that differ, in their order."""
    return [field for field in FIELDS if getattr(was, field) != getattr(now, field)]


def plain(said: Facts, only: Iterable[str] = FIELDS) -> dict[str, Any]:
    """Facts as JSON, by field."""
    whole = asdict(said)
    return {field: list(whole[field]) if isinstance(whole[field], tuple) else whole[field] for field in only}


def with_plain(said: Facts, values: Mapping[str, Any]) -> Facts:
    """The facts with some fields set from JSON as `plain` writes it; fields that are no facts are passed over."""
    made: dict[str, Any] = {}
    for field, value in values.items():
        match field:
            case "lifecycle":
                made[field] = Lifecycle(value)
            case "contacts":
                made[field] = tuple(Contact(**c) for c in value)
            case "links":
                made[field] = tuple(Link(**it) for it in value)
            case "depends_on":
                made[field] = tuple(Dependency(**d | {"kind": DependencyKind(d["kind"])}) for d in value)
            case "provides" | "tags":
                made[field] = tuple(value)
            case _ if field in FIELDS:
                made[field] = value
            case _:
                pass
    return replace(said, **made)


def plain_project(of: Project, only: Iterable[str]) -> dict[str, Any]:
    """What `change` changes of a project, as JSON, by field; a credential is never part of it."""
    said = {
        "title": of.title,
        "description": of.description,
        "tier": of.tier,
        "slack": of.slack,
        "repository": of.repository.url,
        "branch": of.repository.branch,
        "dockerfile": of.dockerfile,
        "port": of.port,
    }
    return {field: said[field] for field in only if field in said}


# -- lines that people write: `a | b`, one a line


def contacts(text: str) -> tuple[Contact, ...]:
    """One a line: a person's name or address, or any text; what for behind a bar."""
    return tuple(Contact(text=first, about=rest) for first, rest in _lines(text))


def links(text: str) -> tuple[Link, ...]:
    """One a line: `title | address`, `kind | title | address`, or an address alone."""
    found: list[Link] = []
    for line in _split(text):
        *words, url = [part.strip() for part in line.split("|")]
        kind, title = (words[0], words[1]) if len(words) > 1 else ("", words[0] if words else "")
        found.append(Link(title or re.sub(r"^https?://(www\.)?|/$", "", url)[:80], url, kind))
    return tuple(found)


def dependencies(text: str) -> tuple[Dependency, ...]:
    """One a line: a project's name, `resource:name` or `api:name`; why behind a bar. Backstage's references do as well."""
    return tuple(dependency(first, rest) for first, rest in _lines(text))


def dependency(reference: str, why: str = "") -> Dependency:
    """From a reference such as `chat-api`, `component:default/chat-api`, `resource:chat-redis` or `api:rooms`."""
    kind, colon, name = reference.strip().partition(":")
    known = {"component": DependencyKind.project, **{k.value: k for k in DependencyKind}}
    if not colon or kind.lower() not in known:
        return Dependency(DependencyKind.project, reference.strip(), why)
    return Dependency(known[kind.lower()], name.rpartition("/")[2], why)


def words(text: str) -> tuple[str, ...]:
    """Divided by commas, semicolons or lines."""
    return tuple(word for part in re.split(r"[,;\n]", text) if (word := part.strip()))


def annotated(text: str) -> dict[str, str]:
    """One a line: `key: value`."""
    pairs = [line.partition(": ") if ": " in line else line.partition(":") for line in _split(text)]
    return {key.strip(): value.strip() for key, _, value in pairs}


def as_lines(said: Facts, names: Mapping[str, str]) -> dict[str, str]:
    """Contacts, links, dependencies and annotations as they are written; `names` has what stands for people, by id."""
    return {
        "contacts": "\n".join(_line(names.get(c.person, c.person) if c.person else c.text, c.about) for c in said.contacts),
        "links": "\n".join(" | ".join(filter(None, (it.kind, it.title, it.url))) for it in said.links),
        "depends_on": "\n".join(_line(reference(d), d.why) for d in said.depends_on),
        "annotations": "\n".join(f"{key}: {value}" for key, value in said.annotations.items()),
        "provides": ", ".join(said.provides),
        "tags": ", ".join(said.tags),
    }


def reference(of: Dependency) -> str:
    """How a dependency is written: a project by its name alone."""
    return of.name if of.kind is DependencyKind.project else f"{of.kind.value}:{of.name}"


def _line(first: str, rest: str) -> str:
    return f"{first} | {rest}" if rest else first


def _split(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _lines(text: str) -> list[tuple[str, str]]:
    pairs = [line.partition("|") for line in _split(text)]
    return [(first.strip(), rest.strip()) for first, _, rest in pairs]
