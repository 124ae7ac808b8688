"""All SQL of configuration and choices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from podo.delivery.models import ChoicesRow, ConfigRow, HeadRow
from podo.delivery.types import Choices, ConfigKind, Scope
from podo.kernel.db import Reading, Tx


@dataclass(frozen=True, slots=True)
class Kept:
    """An entry as it is kept: a variable's value, or a secret's sealed text and its fingerprint."""

    kind: ConfigKind
    key: str
    scope: Scope
    value: str
    fingerprint: str
    by: str
    at: datetime


async def entries(r: Reading, project: str) -> list[Kept]:
    """All, by key, then from wide to narrow."""
    rows = await r.session.scalars(select(ConfigRow).where(ConfigRow.project == project))
    return sorted((_kept(row) for row in rows), key=lambda e: (e.key, e.scope, e.kind))


async def entry(r: Reading, project: str, kind: ConfigKind, key: str, scope: Scope) -> Kept | None:
    """One."""
    row = await r.session.get(ConfigRow, (project, kind.value, key, scope.environment, scope.region))
    return _kept(row) if row else None


async def put(tx: Tx, project: str, entry: Kept) -> None:
    """Add or change."""
    await tx.session.merge(
        ConfigRow(
            project=project,
            kind=entry.kind.value,
            key=entry.key,
            environment=entry.scope.environment,
            region=entry.scope.region,
            value=entry.value,
            fingerprint=entry.fingerprint,
            by=entry.by,
            at=entry.at,
        )
    )
    await tx.session.flush()


async def drop(tx: Tx, project: str, entry: Kept) -> None:
    """Remove one."""
    query = delete(ConfigRow).where(
        ConfigRow.project == project,
        ConfigRow.kind == entry.kind.value,
        ConfigRow.key == entry.key,
        ConfigRow.environment == entry.scope.environment,
        ConfigRow.region == entry.scope.region,
    )
    await tx.session.execute(query)


async def choices(r: Reading, project: str) -> Choices:
    """What the project chose; the defaults where it chose nothing."""
    row = await r.session.get(ChoicesRow, project)
    hooked = await r.session.scalar(select(HeadRow.hooked_at).where(HeadRow.project == project)) is not None
    if row is None:
        return Choices(project, hooked=hooked)
    values = {Scope(environment, region): said for environment, region, said in row.chosen}
    return Choices(project, values, row.auto_alpha, row.polled, hooked)


async def put_choices(tx: Tx, choices: Choices) -> None:
    """Keep them."""
    chosen = [[scope.environment, scope.region, dict(said)] for scope, said in sorted(choices.values.items())]
    row = ChoicesRow(project=choices.project, chosen=chosen, auto_alpha=choices.auto_alpha, polled=choices.polled)
    await tx.session.merge(row)
    await tx.session.flush()


def _kept(row: ConfigRow) -> Kept:
    scope = Scope(row.environment, row.region)
    return Kept(ConfigKind(row.kind), row.key, scope, row.value, row.fingerprint, row.by, row.at)
