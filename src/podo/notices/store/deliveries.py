"""Rows of what webhooks send."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, func, select, update

from podo.kernel.db import Reading, Tx
from podo.kernel.nouns import Page
from podo.notices.models import WebhookDeliveryRow
from podo.notices.types import DeliveryState, Try, WebhookDelivery

_MOST_TRIES = 20


async def add_deliveries(tx: Tx, found: Sequence[WebhookDelivery]) -> None:
    """Queue them; one that is queued for the same webhook and event already stays as it is."""
    pairs = {(d.webhook, d.event or d.id) for d in found}
    webhooks, events = {w for w, _ in pairs}, {e for _, e in pairs}
    query = select(WebhookDeliveryRow.webhook, WebhookDeliveryRow.event).where(
        WebhookDeliveryRow.webhook.in_(webhooks), WebhookDeliveryRow.event.in_(events)
    )
    there = {(webhook, event) for webhook, event in await tx.session.execute(query)} if found else set()
    tx.session.add_all(
        WebhookDeliveryRow(
            id=d.id,
            webhook=d.webhook,
            event=d.event or d.id,
            kind=d.kind,
            body=d.body,
            state=d.state.value,
            at=d.at,
            due_at=d.due_at,
            attempts=d.attempts,
            tries=[],
        )
        for d in found
        if (d.webhook, d.event or d.id) not in there
    )


async def deliveries(
    r: Reading, webhook: str, *, state: DeliveryState | None, cursor: str | None, limit: int
) -> Page[WebhookDelivery]:
    """Newest first, without bodies; the cursor is the last id seen (ids sort by time)."""
    query = select(WebhookDeliveryRow).where(WebhookDeliveryRow.webhook == webhook)
    if state is not None:
        query = query.where(WebhookDeliveryRow.state == state.value)
    if cursor:
        query = query.where(WebhookDeliveryRow.id < cursor)
    rows = (await r.session.scalars(query.order_by(WebhookDeliveryRow.id.desc()).limit(limit + 1))).all()
    more = rows[limit - 1].id if len(rows) > limit else None
    return Page([_delivery(row, "") for row in rows[:limit]], more)


async def delivery(r: Reading, webhook: str, id_: str) -> WebhookDelivery | None:
    """One of them, with its body."""
    row = await r.session.get(WebhookDeliveryRow, id_)
    return _delivery(row, row.body) if row and row.webhook == webhook else None


async def due_deliveries(r: Reading, webhook: str, at: datetime, limit: int) -> list[tuple[str, int]]:
    """What is to be sent to a webhook now, the longest due first: id, and how often it was tried."""
    mine = (WebhookDeliveryRow.state == DeliveryState.waiting, WebhookDeliveryRow.webhook == webhook)
    query = select(WebhookDeliveryRow.id, WebhookDeliveryRow.attempts).where(*mine, WebhookDeliveryRow.due_at <= at)
    rows = await r.session.execute(query.order_by(WebhookDeliveryRow.due_at, WebhookDeliveryRow.id).limit(limit))
    return [(id_, attempts) for id_, attempts in rows]


async def letters(r: Reading, webhook: str, wanted: Collection[str]) -> list[tuple[str, str, str]]:
    """Id, body and event of those that still wait, the longest due first."""
    mine = (WebhookDeliveryRow.state == DeliveryState.waiting, WebhookDeliveryRow.webhook == webhook)
    columns = (WebhookDeliveryRow.id, WebhookDeliveryRow.body, WebhookDeliveryRow.event)
    query = select(*columns).where(*mine, WebhookDeliveryRow.id.in_(wanted))
    rows = await r.session.execute(query.order_by(WebhookDeliveryRow.due_at, WebhookDeliveryRow.id))
    return [(id_, body, event) for id_, body, event in rows]


async def note_try(tx: Tx, id_: str, attempts: int, tried: Try, state: DeliveryState, due_at: datetime | None) -> bool:
    """It was tried once more; False where that was noted before, or it is no more. `due_at`: again then."""
    row = await tx.session.get(WebhookDeliveryRow, id_)
    if row is None or row.attempts != attempts or row.state != DeliveryState.waiting:
        return False
    said = {"at": tried.at.isoformat(), "status": tried.status, "ms": tried.ms, "why": tried.why, "answer": tried.answer}
    row.tries = [*row.tries, said][-_MOST_TRIES:]
    row.attempts += 1
    row.state = state.value
    row.due_at = due_at or row.due_at
    return True


async def ask_again(tx: Tx, id_: str, at: datetime) -> None:
    """It waits again, as if it had never been tried."""
    again = update(WebhookDeliveryRow).where(WebhookDeliveryRow.id == id_)
    await tx.session.execute(again.values(state=DeliveryState.waiting, due_at=at, attempts=0))


async def put_off(tx: Tx, webhook: str, due_at: datetime) -> None:
    """All that is due before then waits until then."""
    mine = (WebhookDeliveryRow.state == DeliveryState.waiting, WebhookDeliveryRow.webhook == webhook)
    await tx.session.execute(update(WebhookDeliveryRow).where(*mine, WebhookDeliveryRow.due_at < due_at).values(due_at=due_at))


async def forget_deliveries(tx: Tx, before: datetime, limit: int) -> int:
    """Remove what is older, also what waits for a webhook that is off; how much that was."""
    query = select(WebhookDeliveryRow.id).where(WebhookDeliveryRow.at < before).limit(limit)
    ids = (await tx.session.scalars(query)).all()
    await tx.session.execute(delete(WebhookDeliveryRow).where(WebhookDeliveryRow.id.in_(ids)))
    return len(ids)


async def count_waiting(r: Reading, webhooks: Collection[str]) -> dict[str, int]:
    """How much waits for each of them; nothing is missing."""
    mine = (WebhookDeliveryRow.state == DeliveryState.waiting, WebhookDeliveryRow.webhook.in_(webhooks))
    query = select(WebhookDeliveryRow.webhook, func.count()).where(*mine).group_by(WebhookDeliveryRow.webhook)
    return {row[0]: row[1] for row in await r.session.execute(query)}


def _delivery(row: WebhookDeliveryRow, body: str) -> WebhookDelivery:
    tries = [Try(datetime.fromisoformat(t["at"]), t["status"], t["ms"], t["why"], t["answer"]) for t in row.tries]
    return WebhookDelivery(
        id=row.id,
        webhook=row.webhook,
        event="" if row.event == row.id else row.event,
        kind=row.kind,
        state=DeliveryState(row.state),
        at=row.at,
        due_at=row.due_at,
        attempts=row.attempts,
        tries=tuple(tries),
        body=body,
    )
