"""All SQL of what is known of repositories, and of webhooks that were taken."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from podo.delivery.models import ChoicesRow, HeadRow, HookRow
from podo.kernel.db import Reading, Tx

_QUIET = {"synchronize_session": False}


async def want(tx: Tx, project: str, due: datetime) -> None:
    """Let the repository be asked; one that is asked already stays as it is."""
    await tx.session.execute(_insert(tx, HeadRow, project=project, sha="", due_at=due).on_conflict_do_nothing())


async def anew(tx: Tx, project: str, due: datetime) -> None:
    """What was known is known of another repository or branch."""
    await want(tx, project, due)
    values = {"sha": "", "due_at": due, "why": "", "failures": 0, "hooked_at": None}
    await _change(tx, [project], values)


async def soon(tx: Tx, project: str, due: datetime) -> None:
    """Ask earlier than planned."""
    await _change(tx, [project], {"due_at": due})


async def due(r: Reading, now: datetime, limit: int) -> list[str]:
    """Projects whose repository is to be asked, the longest overdue first; those that are not polled are left out."""
    query = (
        select(HeadRow.project)
        .outerjoin(ChoicesRow, ChoicesRow.project == HeadRow.project)
        .where(HeadRow.due_at <= now, or_(ChoicesRow.polled.is_(None), ChoicesRow.polled.is_(True)))
        .order_by(HeadRow.due_at, HeadRow.project)
    )
    return list(await r.session.scalars(query.limit(limit)))


async def asked(tx: Tx, projects: Collection[str], at: datetime, pause: timedelta, hooked_pause: timedelta) -> None:
    """They are being asked now, and again after the pause; `hooked_pause` is for those that a webhook was heard of."""
    await _change(tx, projects, {"asked_at": at, "due_at": at + pause})
    hooked = update(HeadRow).where(HeadRow.project.in_(projects), HeadRow.hooked_at.is_not(None))
    await tx.session.execute(hooked.values(due_at=at + hooked_pause), execution_options=_QUIET)


async def seen(r: Reading, project: str) -> tuple[str, int, str]:
    """(the newest commit's sha, failures in a row, why the last look failed)."""
    query = select(HeadRow.sha, HeadRow.failures, HeadRow.why).where(HeadRow.project == project)
    found = (await r.session.execute(query)).first()
    return (found[0], found[1], found[2]) if found else ("", 0, "")


async def see(tx: Tx, project: str, sha: str) -> None:
    """This is the newest commit."""
    await _change(tx, [project], {"sha": sha, "failures": 0, "why": ""})


async def failed(tx: Tx, project: str, why: str, failures: int, due: datetime) -> None:
    """The last look failed."""
    await _change(tx, [project], {"why": why, "failures": failures, "due_at": due})


async def hooked(tx: Tx, projects: Collection[str], at: datetime) -> None:
    """A webhook was heard of these."""
    await _change(tx, projects, {"hooked_at": at})


async def take_hook(tx: Tx, id_: str, at: datetime, keep: timedelta) -> bool:
    """Note a webhook; False when it was noted before. Those older than `keep` are forgotten."""
    await tx.session.execute(delete(HookRow).where(HookRow.at < at - keep), execution_options=_QUIET)
    taken = _insert(tx, HookRow, id=id_, at=at).on_conflict_do_nothing().returning(HookRow.id)
    return await tx.session.scalar(taken) is not None


async def _change(tx: Tx, projects: Collection[str], values: dict[str, Any]) -> None:
    query = update(HeadRow).where(HeadRow.project.in_(projects)).values(values)
    await tx.session.execute(query, execution_options=_QUIET)


def _insert(tx: Tx, row: type[Any], **values: Any) -> Any:
    dialect = sqlite if tx.session.get_bind().dialect.name == "sqlite" else postgresql
    return dialect.insert(row).values(**values)
