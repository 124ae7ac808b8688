"""The catalogue's section of the settings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from podo.kernel.settings import setting


@dataclass(frozen=True, slots=True)
class CatalogSettings:
    """Projects and clusters."""

    directory: Path | None = setting(
        None, "Folder for mirrors of repositories and for what cluster twins remember; empty: `server.directory`"
    )
    local_repositories: bool = setting(
        False, "Read repositories from files and from this machine's own addresses; for demo and trusted people only"
    )
    custodian: str = setting(
        "", "Team (id or handle) that owns what nobody else does, and never ends; empty: the root team with most people"
    )
    custody_days: int = setting(14, "Days for which a project is offered before it stays where it is")
    assign_from: float = setting(
        1.0, "How sure Podo must be (0 to 1) to decide by itself whose an asset is; 1: only by exact stable ids"
    )
    retired_days: int = setting(30, "Days for which a retired project can come back; then its namespaces are removed")
    inventory_minutes: int = setting(60, "Minutes between two looks into each source of a cloud account")
    aws_endpoint: str = setting("", "Address that answers for all of AWS (tests, LocalStack); empty: AWS's own")
    gcp_endpoint: str = setting("", "Address that answers for all of Google's APIs (tests); empty: Google's own")
    tag_calls_a_day: int = setting(2000, "Calls a day in which Podo by itself repairs tags that drifted; 0 switches it off")
