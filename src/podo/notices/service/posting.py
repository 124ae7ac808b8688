"""What Podo itself does with webhooks: hears what was said, queues it, and notes how sending went."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from podo.access import service as access
from podo.catalog import service as catalog
from podo.catalog.types import CustodyTaken, OwnershipChanged, ProjectDeleted
from podo.kernel import clock, ids
from podo.kernel.db import Reading, Tx
from podo.kernel.errors import N_
from podo.kernel.events import Entry, log
from podo.kernel.nouns import PODO, ActorKind
from podo.notices import messages, rules, store
from podo.notices.service.telling import tell
from podo.notices.service.webhooks import drop, switch_off
from podo.notices.types import (
    ALL_KINDS,
    DeliveryState,
    Heard,
    Parcel,
    Posted,
    Try,
    Verdict,
    Webhook,
    WebhookDelivery,
    WebhookScope,
)

BATCH = 10
MOST_WAITING = 10_000
KEPT = timedelta(days=14)
_READ = 200
_AT_ONCE = 100
_FORGOTTEN = 1000
# Facts of events that are ids of teams.
_TEAMS = ("team", "to", "of", "holder")
# The team that had a project before hears that it has it no more.
_MOVED = frozenset({OwnershipChanged.code, CustodyTaken.code})
_GONE = N_("the receiver says that nobody wants it any more (410)")
_FAILS = N_("the receiver has taken nothing for five days")
_FULL = N_("more than 10,000 deliveries wait for the receiver")


async def listen(r: Reading) -> Heard | None:
    """What was said behind the place up to which the log was read, for the webhooks that want it; None: nothing new.

    It is found in a reading, so that no writer waits for the looking up of owners.
    """
    position = await store.webhook_cursor(r)
    newest = await log.last_position(r)
    if position is None or newest <= position or not await store.has_webhooks(r):
        return None
    listening = await store.listening(r)
    entries = await log.after(r, position, codes=_codes(listening), limit=_READ)
    has_more = len(entries) == _READ
    owners = await _owners(r, entries if listening else ())
    found: list[tuple[Webhook, Entry]] = []
    gone: set[str] = set()
    for entry in entries:
        found += [(hook, entry) for hook, since in listening if await _is_for(r, hook, since, entry, owners)]
        if entry.code == ProjectDeleted.code and entry.project:
            listening = [(hook, since) for hook, since in listening if hook.place.project != entry.project]
            gone.add(entry.project)
    until = entries[-1].position or newest if has_more else newest
    return Heard(position, until, tuple(await _written(r, found)), frozenset(gone), has_more)


async def queue_heard(tx: Tx, heard: Heard) -> None:
    """Queue it, and go on behind it, in one transaction; nothing where another process was there meanwhile."""
    if await store.webhook_cursor(tx) != heard.since:
        return
    hooks = {hook.id: hook for hook, _ in await store.listening(tx)}
    await store.add_deliveries(tx, [d for d in heard.deliveries if d.webhook in hooks])
    await store.set_webhook_cursor(tx, heard.until)
    waiting = await store.count_waiting(tx, {d.webhook for d in heard.deliveries} & hooks.keys())
    for id_, count in waiting.items():
        if count > MOST_WAITING:
            await _give_up(tx, hooks[id_], _FULL)
    await _clear(tx, heard.gone)


def _codes(listening: Sequence[tuple[Webhook, int]]) -> Collection[str] | None:
    """The codes that somebody wants, None for all; that a project went is always heard."""
    kinds = {kind for hook, _ in listening for kind in hook.kinds}
    if ALL_KINDS in kinds:
        return None
    wanted = {kind.code for kind in rules.known_kinds() if rules.is_wanted(kinds, kind.code)}
    return wanted | {ProjectDeleted.code}


async def _owners(r: Reading, entries: Sequence[Entry]) -> Mapping[str, str]:
    """By project the team that owns it now; a project that is no more is missing."""
    slugs = {e.project for e in entries if e.project}
    return {slug: o.team for slug, o in (await catalog.owners(r, slugs)).items()} if slugs else {}


async def _is_for(r: Reading, hook: Webhook, since: int, entry: Entry, owners: Mapping[str, str]) -> bool:
    if (entry.position or 0) <= since or not rules.is_wanted(hook.kinds, entry.code):
        return False
    match hook.place.scope:
        case WebhookScope.site:
            return True
        case WebhookScope.project:
            return entry.project == hook.place.project
        case WebhookScope.team:
            return await _concerns(r, hook.place.team, entry, owners)


async def _concerns(r: Reading, team: str, entry: Entry, owners: Mapping[str, str]) -> bool:
    """Whether an event is about a team, a project that it owns, or one that it owned until then."""
    if any(entry.facts.get(name) == team for name in _TEAMS) or owners.get(entry.project or "") == team:
        return True
    if entry.project is None:
        return False
    if entry.code in _MOVED:
        past = await catalog.history(r, entry.project)
        return any(new.team == entry.facts.get("team") and old.team == team for new, old in pairwise(past))
    if entry.project not in owners:
        return any(o.team == team for o in (await catalog.history(r, entry.project))[:1])
    return False


async def _written(r: Reading, found: Sequence[tuple[Webhook, Entry]]) -> list[WebhookDelivery]:
    people = {e.actor.id for _, e in found if e.actor.kind in (ActorKind.person, ActorKind.token)}
    names = {id_: person.name for id_, person in (await access.people(r, people)).items()} | {PODO.id: "Podo"}
    bodies = {entry.id: rules.letter(entry, names.get(entry.actor.id, entry.actor.id)) for _, entry in found}
    now = clock.now()
    return [
        WebhookDelivery(
            id=ids.new("msg"),
            webhook=hook.id,
            event=entry.id,
            kind=entry.code,
            state=DeliveryState.waiting,
            at=now,
            due_at=now,
            attempts=0,
            tries=(),
            body=bodies[entry.id],
        )
        for hook, entry in found
    ]


async def _clear(tx: Tx, projects: Collection[str]) -> None:
    """Webhooks go with their projects: another project may bear the name one day."""
    for hook in await store.webhooks(tx) if projects else ():
        if hook.place.project in projects:
            await drop(tx, hook)


# -- runs


async def due_webhooks(r: Reading) -> list[tuple[str, int]]:
    """Webhooks to which something is to be sent now, and the number of the run that does."""
    return await store.due_webhooks(r, clock.now(), _AT_ONCE)


async def webhook_turn(r: Reading, webhook: str) -> int | None:
    """The number of a webhook's present run; None for one that is no more."""
    return await store.webhook_turn(r, webhook)


async def take_batch(r: Reading, webhook: str, turn: int) -> list[tuple[str, int]]:
    """What this run sends next: ids, and how often each was tried. Nothing when it is off, rests, or has a later run."""
    now = clock.now()
    return await store.due_deliveries(r, webhook, now, BATCH) if await store.is_awake(r, webhook, turn, now) else []


async def parcel(r: Reading, webhook: str, wanted: Sequence[str]) -> Parcel | None:
    """What is posted; None when the webhook is no more or off."""
    found = await store.webhook(r, webhook)
    if found is None or not found.is_on:
        return None
    secrets = await store.webhook_secrets(r, webhook, clock.now())
    letters = await store.letters(r, webhook, wanted)
    said = await log.traces_of(r, [event for _, _, event in letters])
    return Parcel(found.sealed, tuple(secrets), tuple([(id_, body, said.get(event)) for id_, body, event in letters]))


async def note_batch(tx: Tx, webhook: str, posted: Sequence[Posted]) -> None:
    """Note how each ended: taken, again after a pause, or given up. What nobody wants any more switches the webhook off."""
    found = await store.webhook(tx, webhook)
    if found is None:
        return
    now = clock.now()
    for one in posted:
        await _note(tx, one, now)
    verdicts = [rules.verdict(one.answered.status) for one in posted]
    if Verdict.taken in verdicts:
        values = {"failing_since": None, "failures": 0, "rests_until": None, "delivered_at": now}
        await store.set_webhook_state(tx, webhook, **values)
    elif posted:
        await _note_failure(tx, found, posted, now)
    if Verdict.gone in verdicts and found.is_on:
        await _give_up(tx, found, _GONE)


async def _note(tx: Tx, one: Posted, now: datetime) -> None:
    said = one.answered
    tried = Try(one.at, said.status, said.ms, said.why, said.answer)
    attempts = one.attempts + 1
    match rules.verdict(said.status):
        case Verdict.taken:
            await store.note_try(tx, one.id, one.attempts, tried, DeliveryState.delivered, None)
        case Verdict.again if attempts < rules.MOST_ATTEMPTS:
            wait = max(rules.pause(one.id, attempts), timedelta(seconds=said.after or 0))
            await store.note_try(tx, one.id, one.attempts, tried, DeliveryState.waiting, now + wait)
        case _:
            await store.note_try(tx, one.id, one.attempts, tried, DeliveryState.failed, None)


async def _note_failure(tx: Tx, found: Webhook, posted: Sequence[Posted], now: datetime) -> None:
    """Nothing was taken: leave it alone for as long as it asks, or for longer each time it does not answer at all."""
    since = found.failing_since or now
    after = max((one.answered.after or 0 for one in posted), default=0)
    until = now + timedelta(seconds=after) if after else None
    failures = 0
    if all(one.answered.status is None for one in posted):
        failures = await store.webhook_failures(tx, found.id) + 1
        until = max(until or now, now + rules.rest(failures))
    await store.set_webhook_state(tx, found.id, failing_since=since, failures=failures, rests_until=until)
    if found.is_on and now - since >= rules.DISABLED_AFTER:
        await _give_up(tx, found, _FAILS)


async def _give_up(tx: Tx, found: Webhook, why: str) -> None:
    """Switch it off, and tell who looks after it."""
    await switch_off(tx, found, why)
    people = [found.by]
    match found.place.scope:
        case WebhookScope.site:
            people += await access.sres(tx)
        case WebhookScope.team:
            people += await catalog.leads(tx, found.place.team)
        case WebhookScope.project:
            owners = await catalog.owners(tx, [found.place.project])
            people += [p for o in owners.values() for p in await catalog.leads(tx, o.team)]
    await tell(tx, people, messages.webhook_off(found, why))


async def end_turn(tx: Tx, webhook: str, turn: int) -> None:
    """This run is over; what is left is the next one's."""
    await store.end_webhook_turn(tx, webhook, turn)


async def turn_stuck(tx: Tx, webhook: str, turn: int) -> None:
    """A run ended in a way nobody planned: the next one begins in a minute."""
    await store.put_off(tx, webhook, clock.now() + timedelta(minutes=1))
    await store.end_webhook_turn(tx, webhook, turn)


async def forget_deliveries(tx: Tx) -> int:
    """Remove deliveries that are older than two weeks; how many."""
    return await store.forget_deliveries(tx, clock.now() - KEPT, _FORGOTTEN)
