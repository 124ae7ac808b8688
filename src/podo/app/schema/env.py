"""Alembic's environment: our connection, our metadata, SQLite's batch mode."""

from __future__ import annotations

from alembic import context

from podo.app.domains import DOMAINS
from podo.kernel.db.models import metadata

assert DOMAINS, "importing the domains fills the metadata"

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    # The workflow engine keeps its checkpoints of recording steps in our database, and migrates them itself.
    include_name=lambda name, kind, _: kind != "table" or name in metadata.tables,
)
with context.begin_transaction():
    context.run_migrations()
