"""Write the next migration from what the models say now: `python tools/migration.py "what changes"`.

Until the first release there is one migration, the first: `--first` writes it anew.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import tempfile
from pathlib import Path

from alembic import command

from podo.app import migrations
from podo.kernel.db import Database
from podo.kernel.db.models import metadata


async def write(message: str, *, first: bool) -> Path:
    """Compare an empty database, brought to the newest schema, with the models; returns the new file."""
    versions = migrations.SCRIPTS / "versions"
    if first:
        for old in versions.glob("*.py"):
            old.unlink()
    number = f"{len(list(versions.glob('*.py'))) + 1:04d}"
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/podo.db", metadata=metadata)
        async with database.engine.begin() as connection:
            await connection.run_sync(migrations.upgrade)
        async with database.engine.begin() as connection:
            await connection.run_sync(lambda c: command.revision(migrations.config(c), message, autogenerate=True, rev_id=number))
        await database.close()
    return next(versions.glob(f"{number}_*.py"))


def main() -> int:
    """Write it, format it, say where."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("message")
    words.add_argument("--first", action="store_true")
    given = words.parse_args()
    path = asyncio.run(write(given.message, first=given.first))
    subprocess.run([sys.executable, "-m", "ruff", "format", "-q", str(path)], check=True)
    subprocess.run([sys.executable, "-m", "ruff", "check", "-q", "--fix", str(path)], check=False)
    print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
