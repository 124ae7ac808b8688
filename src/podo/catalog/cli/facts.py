"""`podo project describe`, and what else is said of projects."""

from __future__ import annotations

from typing import Any

import click

from podo.catalog.cli.projects import project
from podo.cli.client import api, done, show, verb

_LISTS = {"contact": "contacts", "link": "links", "needs": "depends_on", "provides": "provides", "tag": "tags"}


def _contact(text: str) -> dict[str, str]:
    first, _, about = text.partition("|")
    return {"text": first.strip(), "about": about.strip()}


def _link(text: str) -> dict[str, str]:
    title, bar, url = text.rpartition("|")
    return {"title": title.strip() if bar else "", "url": url.strip()}


def _needs(text: str) -> dict[str, str]:
    name, _, why = text.partition("|")
    kind, colon, rest = name.strip().partition(":")
    return {"kind": kind if colon else "project", "name": (rest if colon else kind).strip(), "why": why.strip()}


_READ: dict[str, Any] = {"contact": _contact, "link": _link, "needs": _needs, "provides": str, "tag": str}


@verb("catalog.facts")
@project.command("facts")
@click.argument("slug")
def facts(slug: str) -> None:
    """What a project says of itself."""
    show(api("GET", f"/projects/{slug}/facts"))


@verb("catalog.describe")
@project.command("describe")
@click.argument("slug")
@click.option("--lifecycle", type=click.Choice(["experimental", "production", "deprecated", ""]))
@click.option("--type", "type", help="service, website, library or another word.")
@click.option("--system")
@click.option("--domain")
@click.option("--docs", help="Address of the documentation.")
@click.option("--runbook", help="Address of the runbook.")
@click.option("--on-call", help="Who is on call: a text or an address.")
@click.option("--contact", multiple=True, metavar="WHO|WHAT FOR", help="All contacts; give it again for each.")
@click.option("--link", multiple=True, metavar="TITLE|ADDRESS", help="All links.")
@click.option("--needs", multiple=True, metavar="NAME|WHY", help="All dependencies: a project, or resource:NAME, api:NAME.")
@click.option("--provides", multiple=True, metavar="API", help="All APIs that it provides.")
@click.option("--tag", multiple=True, help="All tags.")
@click.option("--no", "emptied", multiple=True, type=click.Choice(list(_LISTS)), help="Say nothing there any more.")
def describe(slug: str, emptied: tuple[str, ...], **given: Any) -> None:
    """Say what a project is: what is not given stays."""
    body: dict[str, Any] = {k: v for k, v in given.items() if k not in _LISTS and v is not None}
    body |= {name: [_READ[option](text) for text in given[option]] for option, name in _LISTS.items() if given[option]}
    body |= {_LISTS[option]: [] for option in emptied}
    show(api("PATCH", f"/projects/{slug}/facts", body))


@verb("catalog.dependencies")
@project.command("dependencies")
@click.argument("slug")
def dependencies(slug: str) -> None:
    """What a project depends on, and what depends on it."""
    found = api("GET", f"/projects/{slug}/dependencies")
    rows = [{"way": way, **one} for way, key in (("needs", "needs"), ("needed by", "needed_by")) for one in found[key]]
    show(rows, ["way", "kind", "name", "state", "cyclic", "why"])


@verb("catalog.on_call")
@project.command("on-call")
@click.argument("slug")
def on_call(slug: str) -> None:
    """Who is on call for a project now."""
    show(api("GET", f"/projects/{slug}/on-call"), ["person", "text", "link", "until"])


@verb("catalog.changes")
@project.command("changes")
@click.argument("slug")
@click.option("--limit", default=20, show_default=True)
def changes(slug: str, limit: int) -> None:
    """Who changed what of a project, newest first."""
    found = api("GET", f"/projects/{slug}/changes", params={"limit": limit})
    show([{**c, "fields": ", ".join(c["now"])} for c in found], ["id", "at", "by", "fields"])


@verb("catalog.set_back")
@project.command("set-back")
@click.argument("slug")
@click.argument("change")
def set_back(slug: str, change: str) -> None:
    """Let what a change changed be as it was before; `podo project changes` lists them."""
    fields = api("POST", f"/projects/{slug}/changes/{change}/back")
    done(f"Set back: {', '.join(fields)}.")
