"""The migrations and the models say the same, and a database of any age comes to the newest schema."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect

from podo.app import migrations
from podo.app.domains import DOMAINS
from podo.kernel.db import Bookkeeping, Database, Record
from podo.kernel.db.models import metadata


async def test_the_migrations_make_what_the_models_say(tmp_path: Path) -> None:
    assert DOMAINS
    database = Database(f"sqlite:///{tmp_path}/podo.db", metadata=metadata)
    await migrations.run(database)
    await migrations.run(database)

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        ours = {"alembic_version", migrations.LIVES_WITH} | {t for t in metadata.tables if t.startswith("test_")}
        return [d for d in compare_metadata(context, metadata) if getattr(d[1], "name", "") not in ours]  # type: ignore[index]

    async with database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []
        names = await connection.run_sync(lambda c: inspect(c).get_table_names())
    await database.close()
    assert {"events", "event_cursors", "leases"} <= set(names)


def test_every_table_is_a_record_or_bookkeeping() -> None:
    """Law 8: silent tables are few, and each is listed here with what makes it silent."""
    silent = {m.local_table.name for m in Bookkeeping.registry.mappers if not m.local_table.name.startswith("test_")}
    loud = {m.local_table.name for m in Record.registry.mappers}
    assert silent & loud == set()
    assert silent == SILENT.keys(), silent ^ SILENT.keys()


SILENT = {
    "sign_in_states": "hashes of what came back from an issuer, for a day",
    "events": "the log itself",
    "event_cursors": "how far a handler has heard",
    "event_letters": "what a handler could not take",
    "engine_processes": "heartbeats",
    "engine_handed": "runs on their way from one process to another",
    "engine_take_overs": "counts of take-overs",
    "leases": "who makes a round",
    "search_entries": "what things are found by; follows from their own rows",
    "scores": "how a project does by the rules now; follows from its facts",
    "score_days": "how projects did, day by day",
    "engine_checkpoints": "what a step of a run came to",
    "marks": "what an installation is known by: its seal",
    "sessions": "signing in and out are events; being there is not",
    "sign_in_links": "asking for one is an event; it is spent once",
    "sign_in_tries": "counts against guessing",
    "token_uses": "when a token was last used",
    "cluster_states": "what was seen of a cluster",
    "assets": "what was seen in clouds; whose it is says so",
    "asset_turns": "numbers of runs of inventory",
    "inventories": "when a list of a cloud was read, and how far; that one fails or recovers is said",
    "tag_changes": "how far each asset of a plan is; the plan, and what was written, say so",
    "tag_calls": "counts of a day",
    "orphan_cases": "what speaks for whom, looked for again and again; what is decided says so",
    "asset_coverage": "counts of a day",
    "delivery_numbers": "the last number given; what got it says so",
    "repository_heads": "when a repository was asked, and its newest commit",
    "rollout_watches": "what was last seen of a rollout, and which of its runs is the newest",
    "webhooks_taken": "webhooks that were heard already; what followed says so",
    "notices": "telling is an event of its own; reading is the reader's affair",
    "mails": "the way of a mail; queueing is an event of its own",
    "directory_troubles": "why a directory is not taken over, while it is not; the refusal is said",
    "webhook_cursors": "how far the log was read for webhooks",
    "webhook_deliveries": "the way of what webhooks send; what is sent is an event of its own",
    "webhook_states": "how sending goes, and the number of the present run; that a webhook is switched off says so",
}
