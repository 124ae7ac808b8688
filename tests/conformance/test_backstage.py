"""Other people's descriptors and schemas: real `catalog-info.yaml` files, and Datadog's schema of its service definition v2.2.

They stand beside the project, or in the folder that `PODO_TEST_CATALOGUES` names: `backstage/*.yaml` and `datadog/v2.2.json`.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from podo.catalog import reads
from podo.catalog.adapters.descriptors import YamlDescriptors
from podo.catalog.rules import entities, services
from podo.catalog.rules import facts as rules
from podo.catalog.types import Contact, Dependency, DependencyKind, Facts, Lifecycle, Link, Project, ProjectState, Repository

FOLDER = Path(os.environ.get("PODO_TEST_CATALOGUES") or Path(__file__).parents[3] / "shared/fixtures")
FILES = sorted((FOLDER / "backstage").glob("*.y*ml"))
SCHEMA = FOLDER / "datadog/v2.2.json"
READER = YamlDescriptors()


def _project(slug: str, said: dict[str, Any]) -> Project:
    return Project(
        slug=slug,
        title=said.get("title", slug),
        description=said.get("description", ""),
        tier=said.get("tier", 3),
        team="team-1",
        repository=Repository(said.get("repository", ""), said.get("branch", "main"), False),
        dockerfile="Dockerfile",
        port=8080,
        places=(),
        slack=said.get("slack", ""),
        state=ProjectState.active,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        created_by="",
    )


@pytest.mark.skipif(not FILES, reason="real catalog-info.yaml files are not beside the project: PODO_TEST_CATALOGUES names them")
@pytest.mark.parametrize("file", FILES, ids=lambda f: f.name)
def test_real_descriptors_are_read_and_come_back_as_they_were_understood(file: Path) -> None:
    text = file.read_text()
    found = reads.entities(READER, text)
    components = [d for d in yaml.safe_load_all(text) if d and d.get("kind") == "Component"]
    assert len(found.rows) == len(components)
    for row in found.rows:
        given = {f: v for f, v in row.said.items() if f in rules.FIELDS}
        facts = rules.tidy(Facts(**given))
        assert rules.wrong(row.slug, facts) == []
        mine = entities.written(_project(row.slug, dict(row.said)), facts, "chat", {})
        written = READER.text([mine, *entities.systems({row.slug: facts}, {row.slug: "chat"})])
        (again,) = reads.entities(READER, written).rows
        assert rules.tidy(Facts(**{f: v for f, v in again.said.items() if f in rules.FIELDS})) == facts
        kept = ("repository", "tier", "slack", "title")
        assert {f: again.said.get(f) for f in kept if f in row.said} == {f: row.said[f] for f in kept if f in row.said}


@pytest.mark.skipif(
    not SCHEMA.exists(), reason="Datadog's schema is not beside the project: PODO_TEST_CATALOGUES names where it is"
)
@pytest.mark.parametrize(
    "said",
    [
        Facts(),
        Facts(
            lifecycle=Lifecycle.production,
            type="service",
            system="chat",
            domain="social",
            docs="https://docs.example.com",
            runbook="https://wiki.example.com/run",
            on_call="https://example.pagerduty.com/service-directory/PCHAT01",
            contacts=(
                Contact(person="prs-1", about="protocol"),
                Contact(text="x@y.example"),
                Contact(text="#help"),
                Contact(text="https://a.example"),
            ),
            links=(Link("Board", "https://grafana.example.com", "dashboard"), Link("Other", "https://x.example", "odd")),
            depends_on=(Dependency(DependencyKind.resource, "redis", "rooms"),),
            provides=("rooms",),
            tags=("go", "env:prod"),
        ),
        Facts(type="something", on_call="https://www.eu.opsgenie.com/service/123e4567-e89b-12d3-a456-426614174000"),
        Facts(on_call="하늘, 010", contacts=(Contact(text="김"),)),
    ],
)
def test_service_definitions_are_what_datadogs_schema_allows(said: Facts) -> None:
    schema = json.loads(SCHEMA.read_text())
    repository = {"repository": "https://git.example.com/chat/api.git"}
    for project in (_project("chat-api", {}), _project("chat-api", {**repository, "slack": "chat", "description": "채팅"})):
        made = services.written(project, said, "chat", project.slack, {"prs-1": ("하늘", "haneul@podo.example")})
        checker = jsonschema.Draft7Validator.FORMAT_CHECKER
        assert [e.message for e in jsonschema.Draft7Validator(schema, format_checker=checker).iter_errors(made)] == []
