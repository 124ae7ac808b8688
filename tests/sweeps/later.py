"""The version after this one, as it might be: this source, with all that a minor version may bring.

A column that may be empty; an event that nobody knew, which a handler that was there before hears; a field more in an event that
was there; and a rollout's run with a step more, under a new name beside the old one.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import podo
from podo.app import migrations

_MIGRATION = '''
"""What a later version brings."""

import sqlalchemy as sa
from alembic import op

revision = "9001"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """To this schema."""
    op.add_column("projects", sa.Column("nickname", sa.String(80), nullable=True))
'''
_MODEL = """
ProjectRow.nickname = mapped_column(String(80))
"""
_EVENT = '''

@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutGreeted(_AboutRollout):
    """Somebody is glad to see it."""

    code: ClassVar[str] = "delivery.rollout_greeted"
    sentence: ClassVar[str] = "{region} is greeted"
'''
_VERB = '''

async def greet(tx: Tx, rollout_id: str, epoch: int) -> None:
    """Be glad to see it."""
    from podo.delivery.types.events import RolloutGreeted

    of, _ = await plan(tx, rollout_id, epoch)
    tx.say(RolloutGreeted(**await _facts(tx, of)))
'''
_STEP = '''

@record
async def greet(tx: Tx, rollout: str, epoch: int) -> None:
    """Be glad to see it."""
    await service.greet(tx, rollout, epoch)
'''
_WORKFLOW = '''

@workflow("rollout_v2", stuck=_stuck)
async def roll(rollout: str, epoch: int) -> str:
    """One run of a rollout, which greets it."""
    task = await steps.begin(rollout, epoch)
    if task is None:
        return "nothing to do"
    try:
        await steps.greet(rollout, epoch)
        match task:
            case "halt":
                return await _halt(rollout, epoch)
            case "back":
                return await _back(rollout, epoch)
            case "look":
                return await _watch(rollout, epoch)
            case _:
                return await _forward(rollout, epoch)
    except PodoError as error:
        if error.code == _OVERTAKEN:
            return "overtaken"
        raise
'''
_HANDLER = '''

_went_on = go_on_together


async def go_on_together(entries: Sequence[Entry], at: Handling) -> None:
    """As before; and who is greeted gets a name."""
    from sqlalchemy import text

    before = [entry for entry in entries if entry.code != "delivery.rollout_greeted"]
    if before:
        await _went_on(before, at)
    if len(before) < len(entries):
        async with at.transaction() as tx:
            await tx.session.execute(text("UPDATE projects SET nickname = 'dear'"))
'''
# What is put behind files, and what is put in the place of what.
_BEHIND = {
    "catalog/models/projects.py": _MODEL,
    "delivery/types/events.py": _EVENT,
    "delivery/service/rollouts.py": _VERB,
    "delivery/steps/rollouts.py": _STEP,
    "delivery/workflows/rollouts.py": _WORKFLOW,
    "delivery/handlers/rollouts.py": _HANDLER,
}
_INSTEAD = {
    "delivery/domain.py": (
        'Handler("delivery.rollouts", _MOVES, go_on, go_on_together)',
        'Handler("delivery.rollouts", _MOVES | {_NEW}, go_on)',
    ),
    "delivery/types/events.py": (
        'N_("{region} started rolling on {cluster}")\n    cluster: str',
        'N_("{region} started rolling on {cluster}, {mood}")\n    cluster: str\n    mood: str = "calm"',
    ),
}


def made(folder: Path) -> Path:
    """Its source, in a folder that is not there yet."""
    source, root = folder / "podo", Path(podo.__file__).parent
    # With what was compiled of it, which fits what is not changed.
    shutil.copytree(root, source, ignore=shutil.ignore_patterns("assets"))
    (source / "kernel/ui/assets").symlink_to(root / "kernel/ui/assets")
    for name, more in _BEHIND.items():
        path = source / name
        path.write_text(path.read_text() + more)
    for name, (old, new) in _INSTEAD.items():
        path = source / name
        assert path.read_text().count(old) == 1, f"{name} is written otherwise now"
        path.write_text(path.read_text().replace(old, new.replace("_NEW", '"delivery.rollout_greeted"')))
    versions = source / "app/schema/versions"
    before = max(path.name[:4] for path in (migrations.SCRIPTS / "versions").glob("0*.py"))
    (versions / "9001_later.py").write_text(_MIGRATION.format(before=before))
    return folder
