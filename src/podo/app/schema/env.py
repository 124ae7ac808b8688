"""Alembic's environment: our connection, our metadata, SQLite's batch mode."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context

from podo.app.domains import DOMAINS
from podo.kernel.db.models import Json, UtcTime, metadata

assert DOMAINS, "importing the domains fills the metadata"


def _by_name(kind: str, thing: Any, _: Any) -> str | Literal[False]:
    """Our own column types are called by their names in migrations, whatever they are made of."""
    if kind == "type" and isinstance(thing, UtcTime):
        return "podo.kernel.db.models.UtcTime()"
    if kind == "type" and isinstance(thing, type(Json)):
        return "podo.kernel.db.models.Json"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    render_item=_by_name,
    # The workflow engine keeps its checkpoints of recording steps in our database, and migrates them itself.
    include_name=lambda name, kind, _: kind != "table" or name in metadata.tables,
)
with context.begin_transaction():
    context.run_migrations()
