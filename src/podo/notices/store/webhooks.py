"""Rows of webhooks: who is sent what, and how sending goes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, func, or_, select, update

from podo.kernel.db import Reading, Tx
from podo.notices.models import WebhookCursorRow, WebhookDeliveryRow, WebhookRow, WebhookStateRow
from podo.notices.types import DeliveryState, Webhook, WebhookPlace, WebhookScope

_CURSOR = 1


def add_webhook(tx: Tx, found: Webhook, secret: str, heard_from: int) -> None:
    """A new one, with its sealed secret; it hears of what is said behind that position."""
    place = found.place
    tx.session.add(
        WebhookRow(
            id=found.id,
            title=found.title,
            sealed=found.sealed,
            host=found.host,
            scope=place.scope.value,
            project=place.project,
            team=place.team,
            kinds=list(found.kinds),
            secret=secret,
            by=found.by,
            at=found.at,
            heard_from=heard_from,
        )
    )


async def begin_state(tx: Tx, webhook: str) -> None:
    """Nothing was sent to it yet; after its row."""
    await tx.session.flush()
    tx.session.add(WebhookStateRow(webhook=webhook))


async def webhooks(r: Reading, place: WebhookPlace | None = None) -> list[Webhook]:
    """All, or those of one place, the oldest first; each with what waits for it."""
    query = _joined().order_by(WebhookRow.at, WebhookRow.id)
    if place is not None:
        query = query.where(*_at(place))
    rows = (await r.session.execute(query)).all()
    waiting = await _waiting(r, [row.id for row, _ in rows])
    return [_webhook(row, state, waiting.get(row.id, 0)) for row, state in rows]


async def webhook(r: Reading, id_: str) -> Webhook | None:
    """One of them."""
    found = (await r.session.execute(_joined().where(WebhookRow.id == id_))).first()
    if found is None:
        return None
    waiting = await _waiting(r, [id_])
    return _webhook(found[0], found[1], waiting.get(id_, 0))


async def count_webhooks(r: Reading, place: WebhookPlace) -> int:
    """How many a place has."""
    return await r.session.scalar(select(func.count()).select_from(WebhookRow).where(*_at(place))) or 0


async def change_webhook(tx: Tx, id_: str, **values: Any) -> None:
    """Set columns of one."""
    await tx.session.execute(update(WebhookRow).where(WebhookRow.id == id_).values(**values))


async def remove_webhook(tx: Tx, id_: str) -> None:
    """With its secrets, and all that it sent or was to send."""
    await tx.session.execute(delete(WebhookDeliveryRow).where(WebhookDeliveryRow.webhook == id_))
    await tx.session.execute(delete(WebhookStateRow).where(WebhookStateRow.webhook == id_))
    await tx.session.execute(delete(WebhookRow).where(WebhookRow.id == id_))


async def webhook_secrets(r: Reading, id_: str, at: datetime) -> list[str]:
    """The sealed secrets that sign now, the newest first."""
    query = select(WebhookRow.secret, WebhookRow.former, WebhookRow.former_until).where(WebhookRow.id == id_)
    found = (await r.session.execute(query)).first()
    if found is None:
        return []
    secret, former, until = found
    return [secret, former] if former and until and until > at else [secret]


async def set_webhook_state(tx: Tx, id_: str, **values: Any) -> None:
    """How sending to it goes now."""
    await tx.session.execute(update(WebhookStateRow).where(WebhookStateRow.webhook == id_).values(**values))


async def webhook_turn(r: Reading, id_: str) -> int | None:
    """The number of its present run; None for one that is no more."""
    return await r.session.scalar(select(WebhookStateRow.turn).where(WebhookStateRow.webhook == id_))


async def webhook_failures(r: Reading, id_: str) -> int:
    """How many turns ended without any answer, one after another."""
    return await r.session.scalar(select(WebhookStateRow.failures).where(WebhookStateRow.webhook == id_)) or 0


async def end_webhook_turn(tx: Tx, id_: str, turn: int) -> None:
    """The next run has the next number."""
    mine = (WebhookStateRow.webhook == id_, WebhookStateRow.turn == turn)
    await tx.session.execute(update(WebhookStateRow).where(*mine).values(turn=turn + 1))


async def due_webhooks(r: Reading, at: datetime, limit: int) -> list[tuple[str, int]]:
    """Those that are on, do not rest and have something to send: id and turn."""
    due = select(WebhookDeliveryRow.webhook).where(
        WebhookDeliveryRow.state == DeliveryState.waiting, WebhookDeliveryRow.due_at <= at
    )
    query = (
        select(WebhookStateRow.webhook, WebhookStateRow.turn)
        .join(WebhookRow, WebhookRow.id == WebhookStateRow.webhook)
        .where(WebhookRow.is_on, _is_awake(at), WebhookRow.id.in_(due.distinct()))
        .order_by(WebhookStateRow.rests_until.nulls_first(), WebhookRow.id)
        .limit(limit)
    )
    return [(webhook, turn) for webhook, turn in await r.session.execute(query)]


async def is_awake(r: Reading, id_: str, turn: int, at: datetime) -> bool:
    """Whether this run may send to it: it is on, does not rest, and has no later run."""
    mine = (WebhookRow.id == id_, WebhookStateRow.turn == turn, WebhookRow.is_on, _is_awake(at))
    joined = select(WebhookRow.id).join(WebhookStateRow, WebhookRow.id == WebhookStateRow.webhook)
    return await r.session.scalar(joined.where(*mine)) is not None


async def listening(r: Reading) -> list[tuple[Webhook, int]]:
    """Those that are on, and the position behind which each hears."""
    query = _joined().where(WebhookRow.is_on).order_by(WebhookRow.id)
    return [(_webhook(row, state, 0), row.heard_from) for row, state in (await r.session.execute(query)).all()]


async def webhook_cursor(r: Reading) -> int | None:
    """How far the log was read for them; None where it never was."""
    return await r.session.scalar(select(WebhookCursorRow.position).where(WebhookCursorRow.id == _CURSOR))


async def set_webhook_cursor(tx: Tx, position: int) -> None:
    """It was read up to there."""
    await tx.session.merge(WebhookCursorRow(id=_CURSOR, position=position))


async def has_webhooks(r: Reading) -> bool:
    """Whether there is any, on or off."""
    return await r.session.scalar(select(WebhookRow.id).limit(1)) is not None


def _joined() -> Select[WebhookRow, WebhookStateRow]:
    return select(WebhookRow, WebhookStateRow).join(WebhookStateRow, WebhookRow.id == WebhookStateRow.webhook)


def _at(place: WebhookPlace) -> Sequence[ColumnElement[bool]]:
    return (WebhookRow.scope == place.scope.value, WebhookRow.project == place.project, WebhookRow.team == place.team)


def _is_awake(at: datetime) -> ColumnElement[bool]:
    return or_(WebhookStateRow.rests_until.is_(None), WebhookStateRow.rests_until <= at)


async def _waiting(r: Reading, webhooks: Sequence[str]) -> dict[str, int]:
    mine = (WebhookDeliveryRow.state == DeliveryState.waiting, WebhookDeliveryRow.webhook.in_(webhooks))
    query = select(WebhookDeliveryRow.webhook, func.count()).where(*mine).group_by(WebhookDeliveryRow.webhook)
    return {row[0]: row[1] for row in await r.session.execute(query)} if webhooks else {}


def _webhook(row: WebhookRow, state: WebhookStateRow, waiting: int) -> Webhook:
    return Webhook(
        id=row.id,
        title=row.title,
        sealed=row.sealed,
        host=row.host,
        place=WebhookPlace(WebhookScope(row.scope), row.project, row.team),
        kinds=tuple(row.kinds),
        is_on=row.is_on,
        off_why=row.off_why,
        off_at=row.off_at,
        by=row.by,
        at=row.at,
        former_until=row.former_until,
        failing_since=state.failing_since,
        rests_until=state.rests_until,
        delivered_at=state.delivered_at,
        waiting=waiting,
    )
