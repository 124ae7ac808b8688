"""Projects for elsewhere: spreadsheets, Backstage's entities, Datadog's service definitions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from typing import Any

from podo.access import service as access
from podo.access.types import On
from podo.catalog import store
from podo.catalog.rules import entities, services, tables
from podo.catalog.rules import facts as saying
from podo.catalog.store import facts as rows
from podo.catalog.types import READ, Facts, NoSuchProject, Project
from podo.kernel.db import Reading


class ExportFormat(StrEnum):
    """What projects are written as."""

    csv = "csv"
    backstage = "backstage"
    datadog = "datadog"


def file_name(form: ExportFormat, name: str) -> tuple[str, str]:
    """What a file of one project, or of all, is called, and its media type; an empty name is all."""
    match form:
        case ExportFormat.csv:
            return f"{name or 'projects'}.csv", "text/csv; charset=utf-8"
        case ExportFormat.backstage:
            return f"{name}-catalog-info.yaml" if name else "catalog-info.yaml", "application/yaml; charset=utf-8"
        case ExportFormat.datadog:
            return f"{name}.datadog.yaml" if name else "service.datadog.yaml", "application/yaml; charset=utf-8"


async def exported(r: Reading, form: ExportFormat, slugs: Collection[str] | None = None) -> str | Sequence[Mapping[str, Any]]:
    """Living projects, or these: a spreadsheet as text, or documents (of Backstage, with the systems that they name).

    Raises `NoSuchProject` for one that there is not.
    """
    await access.require(r, READ, On())
    names = list(slugs) if slugs is not None else await store.living_slugs(r)
    projects = sorted(await store.by_slugs(r, names), key=lambda p: p.slug)
    if missing := set(slugs or ()) - {p.slug for p in projects}:
        raise NoSuchProject(name=min(missing))
    said = await rows.facts(r, [p.slug for p in projects])
    teams = {t.id: t for t in await access.teams(r)}
    people = await access.people(r, {c.person for f in said.values() for c in f.contacts if c.person})
    addresses = {id_: p.email for id_, p in people.items()}
    match form:
        case ExportFormat.csv:
            return tables.written(_row(p, said.get(p.slug, Facts()), teams[p.team].handle, addresses) for p in projects)
        case ExportFormat.backstage:
            owners = {p.slug: teams[p.team].handle for p in projects}
            mine = [entities.written(p, said.get(p.slug, Facts()), owners[p.slug], addresses) for p in projects]
            return [*mine, *entities.systems(said, owners)]
        case ExportFormat.datadog:
            who = {id_: (p.name, p.email) for id_, p in people.items()}
            return [
                services.written(
                    p, said.get(p.slug, Facts()), teams[p.team].handle, (p.slack or teams[p.team].slack).removeprefix("#"), who
                )
                for p in projects
            ]


def _row(project: Project, said: Facts, team: str, addresses: Mapping[str, str]) -> dict[str, str]:
    lists = {field: text.replace("\n", "; ") for field, text in saying.as_lines(said, addresses).items()}
    regions: dict[str, list[str]] = {}
    for environment, region in project.places:
        regions.setdefault(environment, []).append(region)
    facts = {f: getattr(said, f) for f in ("type", "system", "domain", "on_call", "docs", "runbook")}
    return (
        lists
        | facts
        | {
            "slug": project.slug,
            "title": project.title,
            "description": project.description,
            "team": team,
            "tier": str(project.tier),
            "lifecycle": said.lifecycle.value,
            "slack": project.slack,
            "repository": project.repository.url,
            "branch": project.repository.branch if project.repository.url else "",
            "places": " ".join(f"{environment}:{','.join(there)}" for environment, there in regions.items()),
        }
    )
