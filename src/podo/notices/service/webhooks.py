"""Webhooks out: added, changed, tried, switched off and on, removed. Secrets are shown once and sealed."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache

from podo.access import service as access
from podo.access.types import On, Permission
from podo.catalog import service as catalog
from podo.kernel import clock, ids
from podo.kernel.db import Reading, Tx
from podo.kernel.errors import N_
from podo.kernel.events import log
from podo.kernel.nouns import Page
from podo.kernel.settings import Seal
from podo.notices import rules, store
from podo.notices.types import (
    EVENT_KINDS,
    PING,
    SITE_WEBHOOKS,
    WEBHOOKS,
    DeliveryState,
    EventKind,
    NoSuchDelivery,
    NoSuchWebhook,
    TooManyWebhooks,
    Webhook,
    WebhookAdded,
    WebhookChanged,
    WebhookDelivery,
    WebhookDisabled,
    WebhookEnabled,
    WebhookOff,
    WebhookPinged,
    WebhookPlace,
    WebhookRedelivered,
    WebhookRemoved,
    WebhookRotated,
    WebhookScope,
    WebhookWish,
    WrongWebhook,
)

MOST_WEBHOOKS = 20
MOST_HOURS = 168
_NOISE = 32
_BY_HAND = N_("by hand")


async def site_webhooks(r: Reading) -> WebhookPlace:
    """The place of webhooks for everything. Raises `NotAllowed` for who may not look after those."""
    return await _required(r, WebhookPlace())


async def project_webhooks(r: Reading, slug: str) -> WebhookPlace:
    """The place of a project's. Raises `NoSuchProject`, `NotAllowed`."""
    return await _required(r, WebhookPlace(WebhookScope.project, project=slug))


async def team_webhooks(r: Reading, name: str) -> WebhookPlace:
    """The place of a team's, by id or handle. Raises `NoSuchTeam`, `NotAllowed`."""
    team = await access.team(r, name)
    return await _required(r, WebhookPlace(WebhookScope.team, team=team.id))


async def may_webhooks(r: Reading, place: WebhookPlace) -> bool:
    """Whether the actor looks after the webhooks of a place."""
    permission, on = await _asked(r, place)
    return (await access.may(r, permission, on)).allowed


async def webhooks(r: Reading, place: WebhookPlace) -> list[Webhook]:
    """Those of a place, the oldest first. Raises `NotAllowed`."""
    return [_present(found) for found in await store.webhooks(r, await _required(r, place))]


async def webhook(r: Reading, id_: str) -> Webhook:
    """One of them. Raises `NoSuchWebhook`, `NotAllowed`."""
    found = await store.webhook(r, id_)
    if found is None:
        await access.require(r, EVENT_KINDS, On())
        raise NoSuchWebhook(name=id_)
    await _required(r, found.place)
    return _present(found)


async def event_kinds(r: Reading) -> Sequence[EventKind]:
    """Every kind of event that can be sent, by code."""
    await access.require(r, EVENT_KINDS, On())
    return _kinds()


async def add_webhook(tx: Tx, seal: Seal, place: WebhookPlace, wish: WebhookWish) -> tuple[Webhook, str]:
    """A new one, and its secret, which is never given again. It sends what is said from now on.

    Where its address leads is asked before, by `reads.check_webhook`. Raises `NotAllowed`, `WrongWebhookAddress`, `WrongWebhook`,
    `TooManyWebhooks`.
    """
    await _required(tx, place)
    wanted = rules.checked(wish, _codes())
    if await store.count_webhooks(tx, place) >= MOST_WEBHOOKS:
        raise TooManyWebhooks(most=MOST_WEBHOOKS)
    secret = _new_secret()
    found = Webhook(
        id=ids.new("whk"),
        title=wanted.title,
        sealed=seal.seal(wanted.address),
        host=rules.host_of(wanted.address),
        place=place,
        kinds=wanted.kinds,
        is_on=True,
        off_why="",
        off_at=None,
        by=tx.actor.id,
        at=clock.now(),
        former_until=None,
    )
    newest = await log.last_position(tx)
    if await store.webhook_cursor(tx) is None or not await store.has_webhooks(tx):
        await store.set_webhook_cursor(tx, newest)
    store.add_webhook(tx, found, seal.seal(secret), newest)
    await store.begin_state(tx, found.id)
    tx.say(
        WebhookAdded(
            project=place.project or None,
            subject=_subject(found),
            webhook=found.id,
            title=found.title,
            host=found.host,
            scope=place.scope.value,
            team=place.team,
        )
    )
    return found, secret


async def change_webhook(tx: Tx, seal: Seal, id_: str, wish: WebhookWish) -> Webhook:
    """Another address, title or choice of events; what waits goes to the new address. Raises as `add_webhook`."""
    was = await webhook(tx, id_)
    wanted = rules.checked(wish, _codes())
    address = seal.open(was.sealed)
    pairs = (
        ("address", wanted.address != address),
        ("title", wanted.title != was.title),
        ("events", set(wanted.kinds) != set(was.kinds)),
    )
    changed = [name for name, is_new in pairs if is_new]
    if not changed:
        return was
    sealed = was.sealed if wanted.address == address else seal.seal(wanted.address)
    now = replace(was, title=wanted.title, sealed=sealed, host=rules.host_of(wanted.address), kinds=wanted.kinds)
    await store.change_webhook(tx, id_, title=now.title, sealed=sealed, host=now.host, kinds=list(now.kinds))
    if "address" in changed:
        await store.set_webhook_state(tx, id_, rests_until=None, failures=0, failing_since=None)
    tx.say(
        WebhookChanged(
            project=was.place.project or None,
            subject=_subject(was),
            webhook=id_,
            title=now.title,
            host=now.host,
            fields=", ".join(changed),
        )
    )
    return now


async def rotate_webhook(tx: Tx, seal: Seal, id_: str, hours: int = 24) -> str:
    """A new secret, given once; the present one signs beside it for so many hours (0 to 168). Raises `WrongWebhook`."""
    found = await webhook(tx, id_)
    if not 0 <= hours <= MOST_HOURS:
        raise WrongWebhook(field="hours", what=N_("time"), why=f"0 – {MOST_HOURS} h")
    now, secret = clock.now(), _new_secret()
    present = (await store.webhook_secrets(tx, id_, now))[0]
    former, until = (present, now + timedelta(hours=hours)) if hours else (None, None)
    await store.change_webhook(tx, id_, secret=seal.seal(secret), former=former, former_until=until)
    tx.say(WebhookRotated(**_about(found), webhook=id_, title=found.title, hours=hours))
    return secret


async def disable_webhook(tx: Tx, id_: str) -> None:
    """Send nothing more. What waits goes on waiting. Does nothing when it is off."""
    found = await webhook(tx, id_)
    if found.is_on:
        await switch_off(tx, found, _BY_HAND)


async def switch_off(tx: Tx, found: Webhook, why: str) -> None:
    """For whoever has decided that it is off from now on."""
    await store.change_webhook(tx, found.id, is_on=False, off_why=why, off_at=clock.now())
    tx.say(WebhookDisabled(**_about(found), webhook=found.id, title=found.title, host=found.host, why=why))


async def enable_webhook(tx: Tx, id_: str) -> None:
    """Send again: what waits, and what is said from now on. Does nothing when it is on."""
    found = await webhook(tx, id_)
    if found.is_on:
        return
    newest = await log.last_position(tx)
    await store.change_webhook(tx, id_, is_on=True, off_why="", off_at=None, heard_from=newest)
    await store.set_webhook_state(tx, id_, rests_until=None, failures=0, failing_since=None)
    tx.say(WebhookEnabled(**_about(found), webhook=id_, title=found.title, host=found.host))


async def remove_webhook(tx: Tx, id_: str) -> None:
    """Forget it, its secret and all it sent. This cannot be undone: its secret is known to nobody here any more."""
    await drop(tx, await webhook(tx, id_))


async def drop(tx: Tx, found: Webhook) -> None:
    """For whoever has decided that it is no more."""
    await store.remove_webhook(tx, found.id)
    tx.say(WebhookRemoved(**_about(found), webhook=found.id, title=found.title, host=found.host))


async def ping_webhook(tx: Tx, id_: str) -> str:
    """Queue a ping; it is sent at once. The delivery's id. Raises `WebhookOff`."""
    found = await _switched_on(tx, id_)
    now = clock.now()
    made = WebhookDelivery(
        id=ids.new("msg"),
        webhook=id_,
        event="",
        kind=PING,
        state=DeliveryState.waiting,
        at=now,
        due_at=now,
        attempts=0,
        tries=(),
        body=rules.ping(id_, found.title, found.kinds, now),
    )
    await store.add_deliveries(tx, [made])
    await store.set_webhook_state(tx, id_, rests_until=None)
    tx.say(WebhookPinged(**_about(found), webhook=id_, title=found.title, delivery=made.id))
    return made.id


async def redeliver(tx: Tx, id_: str, delivery_id: str) -> None:
    """Send one again at once, under its own id, so that who has it knows. Raises `WebhookOff`, `NoSuchDelivery`."""
    found = await _switched_on(tx, id_)
    kept = await store.delivery(tx, id_, delivery_id)
    if kept is None:
        raise NoSuchDelivery(name=delivery_id)
    await store.ask_again(tx, delivery_id, clock.now())
    await store.set_webhook_state(tx, id_, rests_until=None)
    tx.say(WebhookRedelivered(**_about(found), webhook=id_, title=found.title, delivery=kept.id, kind=kept.kind))


async def deliveries(
    r: Reading, id_: str, *, state: DeliveryState | None = None, cursor: str | None = None, limit: int = 50
) -> Page[WebhookDelivery]:
    """What a webhook sent or is to send, newest first, without bodies."""
    await webhook(r, id_)
    return await store.deliveries(r, id_, state=state, cursor=cursor, limit=limit)


async def delivery(r: Reading, id_: str, delivery_id: str) -> WebhookDelivery:
    """One of them, with its body. Raises `NoSuchDelivery`."""
    await webhook(r, id_)
    found = await store.delivery(r, id_, delivery_id)
    if found is None:
        raise NoSuchDelivery(name=delivery_id)
    return found


async def _switched_on(tx: Tx, id_: str) -> Webhook:
    found = await webhook(tx, id_)
    if not found.is_on:
        raise WebhookOff(title=found.title)
    return found


async def _required(r: Reading, place: WebhookPlace) -> WebhookPlace:
    permission, on = await _asked(r, place)
    await access.require(r, permission, on)
    return place


async def _asked(r: Reading, place: WebhookPlace) -> tuple[Permission, On]:
    match place.scope:
        case WebhookScope.project:
            team = (await catalog.project(r, place.project)).team
            return WEBHOOKS, On(project=place.project, team=team)
        case WebhookScope.team:
            return WEBHOOKS, On(team=place.team)
        case WebhookScope.site:
            return SITE_WEBHOOKS, On()


def _present(found: Webhook) -> Webhook:
    """Without times that are over."""
    now = clock.now()
    rests, former = found.rests_until, found.former_until
    return replace(
        found, rests_until=rests if rests and rests > now else None, former_until=former if former and former > now else None
    )


def _subject(found: Webhook) -> str:
    return f"webhook/{found.id}"


def _about(found: Webhook) -> dict[str, str | None]:
    return {"project": found.place.project or None, "subject": _subject(found)}


@cache
def _kinds() -> Sequence[EventKind]:
    return rules.known_kinds()


def _codes() -> frozenset[str]:
    return frozenset(kind.code for kind in _kinds())


def _new_secret() -> str:
    return rules.secret_from(secrets.token_bytes(_NOISE))
