"""Datadog's service definition, version 2.2, written from projects; values only."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from podo.catalog.rules.facts import reference
from podo.catalog.types import Contact, Facts, Project

# The words that the schema allows, and ours that mean the same; any other is custom.
_TYPES: Mapping[str, str] = {
    **{word: word for word in ("web", "db", "cache", "function", "browser", "mobile")},
    "service": "web",
    "api": "web",
    "website": "browser",
    "database": "db",
    "lambda": "function",
    "app": "mobile",
}
_PAGERDUTY = re.compile(r"(https?://)?[a-zA-Z\d_\-.]+\.pagerduty\.com/service-directory/(P[a-zA-Z\d_\-]+)/?")
_OPSGENIE = re.compile(r"(https?://)?[a-zA-Z\d_\-.]+\.opsgenie\.com/service/([a-zA-Z\d_\-]+)/?")
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_LANGUAGES = frozenset({"dotnet", "go", "java", "js", "php", "python", "ruby", "c++"})
_LINK_TYPES = frozenset({"doc", "runbook", "repo", "dashboard", "other"})


def written(project: Project, said: Facts, owner: str, slack: str, people: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    """A project as a service definition. `owner` is its team's handle, `people` have a name and an address by id.

    What the schema has no field for (dependencies, contacts that are neither address nor link) stands under `extensions`.
    """
    contacts, others = _contacts(said, slack, people)
    tags = [tag if ":" in tag else f"tag:{tag}" for tag in said.tags]
    tags += [f"{key}:{value}" for key, value in (("system", said.system), ("domain", said.domain)) if value]
    needs = [reference(d) for d in said.depends_on]
    on_call = said.on_call if not _integrations(said.on_call) else ""
    more = {"depends-on": needs, "provides": list(said.provides), "contacts": others, "on-call": on_call, "title": project.title}
    made: dict[str, Any] = {
        "schema-version": "v2.2",
        "dd-service": project.slug,
        "team": owner,
        "application": said.system,
        "description": project.description or project.title,
        "tier": str(project.tier),
        "lifecycle": said.lifecycle.value,
        "type": _TYPES.get(said.type.lower(), "custom") if said.type else "",
        "languages": [tag for tag in said.tags if tag in _LANGUAGES],
        "contacts": contacts,
        "links": _links(project, said),
        "tags": tags,
        "integrations": _integrations(said.on_call),
        "extensions": {"podo.dev": {key: value for key, value in more.items() if value}},
    }
    return {key: value for key, value in made.items() if value}


def _contacts(said: Facts, slack: str, people: Mapping[str, tuple[str, str]]) -> tuple[list[dict[str, str]], list[str]]:
    found: list[dict[str, str]] = []
    others: list[str] = []
    if slack:
        # The schema wants an address; Slack leads from this one to the channel of whoever is signed in there.
        found.append({"name": f"#{slack}", "type": "slack", "contact": f"https://slack.com/app_redirect?channel={slack}"})
    for c in said.contacts:
        name, address = _who(c, people)
        label = " ".join(filter(None, (name, f"({c.about})" if c.about else "")))
        if _MAIL.fullmatch(address):
            found.append({"name": label if len(label) > 1 else address, "type": "email", "contact": address})
        elif re.match(r"https?://\S+$", address):
            found.append({"name": label if len(label) > 1 else address, "type": "link", "contact": address})
        else:
            others.append(label or address)
    return found, others


def _who(contact: Contact, people: Mapping[str, tuple[str, str]]) -> tuple[str, str]:
    if contact.person:
        return people.get(contact.person, (contact.person, ""))
    return contact.text, contact.text


def _links(project: Project, said: Facts) -> list[dict[str, str]]:
    found: list[dict[str, str]] = []
    if said.runbook:
        found.append({"name": "Runbook", "type": "runbook", "url": said.runbook})
    if said.docs:
        found.append({"name": "Documentation", "type": "doc", "url": said.docs})
    url = project.repository.url
    if url.startswith(("https://", "http://")):
        host = re.sub(r"^https?://(?:[^@/]*@)?(?:www\.)?", "", url).partition("/")[0]
        found.append({"name": "Source", "type": "repo", "provider": host, "url": url.removesuffix(".git")})
    found += [{"name": it.title, "type": it.kind if it.kind in _LINK_TYPES else "other", "url": it.url} for it in said.links]
    return found


def _integrations(on_call: str) -> dict[str, Any]:
    if _PAGERDUTY.fullmatch(on_call):
        return {"pagerduty": {"service-url": on_call}}
    if _OPSGENIE.fullmatch(on_call):
        return {"opsgenie": {"service-url": on_call, "region": "EU" if ".eu." in on_call else "US"}}
    return {}
