"""Webhooks as JSON. Who may not look after a place's webhooks may not read them either: an address may hold a key."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, Field

from podo.kernel.http import Routes, Web
from podo.kernel.http.web import WebIn
from podo.kernel.ui import languages
from podo.notices import reads, service
from podo.notices.ports import WebhookReader
from podo.notices.types import (
    EVENT_KINDS,
    OWNERSHIP_KINDS,
    SITE_WEBHOOKS,
    WEBHOOKS,
    DeliveryState,
    Webhook,
    WebhookDelivery,
    WebhookPlace,
    WebhookWish,
)

routes = Routes("notices", tag="Webhooks")


class WebhookIn(BaseModel):
    """Where to post what; without `kinds`, who owns what. Kinds are codes of events, `catalog.*`, or `*` for all."""

    address: str
    title: str = ""
    kinds: list[str] = Field(default_factory=lambda: list(OWNERSHIP_KINDS))


class WebhookChange(BaseModel):
    """What is to be another; what is left out stays."""

    address: str | None = None
    title: str | None = None
    kinds: list[str] | None = None


class RotateIn(BaseModel):
    """For how many hours the present secret signs beside the new one (0 to 168)."""

    hours: int = 24


class WebhookOut(BaseModel):
    """A webhook, without its secret. `scope` is site, team or project; `waiting` counts what is still to be sent."""

    id: str
    title: str
    address: str
    scope: str
    project: str | None
    team: str | None
    kinds: list[str]
    on: bool
    off_why: str
    off_at: datetime | None
    by: str
    at: datetime
    rotating_until: datetime | None
    failing_since: datetime | None
    rests_until: datetime | None
    delivered_at: datetime | None
    waiting: int

    @classmethod
    def of(cls, w: Web, hook: Webhook) -> WebhookOut:
        """From the noun, its address opened."""
        return cls(
            id=hook.id,
            title=hook.title,
            address=w.house.seal.open(hook.sealed),
            scope=hook.place.scope.value,
            project=hook.place.project or None,
            team=hook.place.team or None,
            kinds=list(hook.kinds),
            on=hook.is_on,
            off_why=languages.say(w.lang, hook.off_why) if hook.off_why else "",
            off_at=hook.off_at,
            by=hook.by,
            at=hook.at,
            rotating_until=hook.former_until,
            failing_since=hook.failing_since,
            rests_until=hook.rests_until,
            delivered_at=hook.delivered_at,
            waiting=hook.waiting,
        )


class WebhookMade(WebhookOut):
    """A new webhook with its secret, which is never told again."""

    secret: str


class SecretOut(BaseModel):
    """A new secret, which is never told again."""

    secret: str


class DeliveryMade(BaseModel):
    """The delivery that was asked for."""

    delivery: str


class TryOut(BaseModel):
    """One try: the answer's status (None: there was none), milliseconds, why it was not taken, and its first 512 bytes."""

    at: datetime
    status: int | None
    ms: int
    why: str
    answer: str


class DeliveryOut(BaseModel):
    """An event on its way. `id` is its `webhook-id`; `next_at` is when it is tried next, while it waits."""

    id: str
    event: str | None
    kind: str
    state: str
    at: datetime
    next_at: datetime | None
    attempts: int
    status: int | None
    ms: int | None
    why: str

    @classmethod
    def of(cls, d: WebhookDelivery, lang: str) -> DeliveryOut:
        """From the noun, with its newest try."""
        last = d.last
        return cls(
            id=d.id,
            event=d.event or None,
            kind=d.kind,
            state=d.state.value,
            at=d.at,
            next_at=d.due_at if d.state is DeliveryState.waiting else None,
            attempts=d.attempts,
            status=last.status if last else None,
            ms=last.ms if last else None,
            why=languages.say(lang, last.why) if last and last.why else "",
        )


class DeliveryDetail(DeliveryOut):
    """A delivery with what it says and every try, the oldest first."""

    body: str
    tries: list[TryOut]


class DeliveriesOut(BaseModel):
    """A page of deliveries, newest first."""

    items: list[DeliveryOut]
    next: str | None


class EventKindOut(BaseModel):
    """A kind of event: its code, what is told of it, and the names of its facts."""

    code: str
    sentence: str
    facts: list[str]


async def _listed(w: Web, place: WebhookPlace) -> list[WebhookOut]:
    async with w.reading() as r:
        return [WebhookOut.of(w, hook) for hook in await service.webhooks(r, place)]


async def _added(w: Web, place: WebhookPlace, wanted: WebhookIn) -> WebhookMade:
    await reads.check_webhook(w.house.ports[WebhookReader], wanted.address)
    async with w.transaction() as tx:
        wish = WebhookWish(wanted.address, wanted.title, tuple(wanted.kinds))
        made, secret = await service.add_webhook(tx, w.house.seal, place, wish)
    return WebhookMade(**WebhookOut.of(w, made).model_dump(), secret=secret)


@routes.api("GET", "/api/v1/webhooks", verb="notices.site_webhooks", permission=SITE_WEBHOOKS.id)
async def site_webhooks(w: Web = WebIn) -> list[WebhookOut]:
    """Webhooks for everything."""
    return await _listed(w, WebhookPlace())


@routes.api("POST", "/api/v1/webhooks", verb="notices.add_site_webhook", permission=SITE_WEBHOOKS.id)
async def add_site_webhook(wanted: WebhookIn, w: Web = WebIn) -> WebhookMade:
    """Send events of everything to an address. The secret is told once."""
    async with w.reading() as r:
        place = await service.site_webhooks(r)
    return await _added(w, place, wanted)


@routes.api("GET", "/api/v1/projects/{project}/webhooks", verb="notices.project_webhooks", permission=WEBHOOKS.id)
async def project_webhooks(project: str, w: Web = WebIn) -> list[WebhookOut]:
    """A project's webhooks."""
    async with w.reading() as r:
        place = await service.project_webhooks(r, project)
    return await _listed(w, place)


@routes.api("POST", "/api/v1/projects/{project}/webhooks", verb="notices.add_project_webhook", permission=WEBHOOKS.id)
async def add_project_webhook(project: str, wanted: WebhookIn, w: Web = WebIn) -> WebhookMade:
    """Send a project's events to an address. The secret is told once."""
    async with w.reading() as r:
        place = await service.project_webhooks(r, project)
    return await _added(w, place, wanted)


@routes.api("GET", "/api/v1/teams/{team}/webhooks", verb="notices.team_webhooks", permission=WEBHOOKS.id)
async def team_webhooks(team: str, w: Web = WebIn) -> list[WebhookOut]:
    """A team's webhooks."""
    async with w.reading() as r:
        place = await service.team_webhooks(r, team)
    return await _listed(w, place)


@routes.api("POST", "/api/v1/teams/{team}/webhooks", verb="notices.add_team_webhook", permission=WEBHOOKS.id)
async def add_team_webhook(team: str, wanted: WebhookIn, w: Web = WebIn) -> WebhookMade:
    """Send the events of a team and of what it owns to an address. The secret is told once."""
    async with w.reading() as r:
        place = await service.team_webhooks(r, team)
    return await _added(w, place, wanted)


@routes.api("GET", "/api/v1/event-kinds", verb="notices.event_kinds", permission=EVENT_KINDS.id)
async def event_kinds(w: Web = WebIn) -> list[EventKindOut]:
    """Every kind of event that webhooks can send."""
    translate = languages.translator(w.lang)
    async with w.reading() as r:
        return [EventKindOut(code=k.code, sentence=k.told(translate), facts=list(k.fields)) for k in await service.event_kinds(r)]


@routes.api("GET", "/api/v1/webhooks/{webhook}", verb="notices.webhook", permission=WEBHOOKS.id)
async def webhook(webhook: str, w: Web = WebIn) -> WebhookOut:
    """One webhook."""
    async with w.reading() as r:
        return WebhookOut.of(w, await service.webhook(r, webhook))


@routes.api("PATCH", "/api/v1/webhooks/{webhook}", verb="notices.change_webhook", permission=WEBHOOKS.id)
async def change_webhook(webhook: str, wanted: WebhookChange, w: Web = WebIn) -> WebhookOut:
    """Another address, title or choice of events."""
    async with w.reading() as r:
        was = await service.webhook(r, webhook)
    address = w.house.seal.open(was.sealed) if wanted.address is None else wanted.address
    if wanted.address is not None:
        await reads.check_webhook(w.house.ports[WebhookReader], address)
    title = was.title if wanted.title is None else wanted.title
    wish = WebhookWish(address, title, was.kinds if wanted.kinds is None else tuple(wanted.kinds))
    async with w.transaction() as tx:
        return WebhookOut.of(w, await service.change_webhook(tx, w.house.seal, webhook, wish))


@routes.api("DELETE", "/api/v1/webhooks/{webhook}", verb="notices.remove_webhook", permission=WEBHOOKS.id, status=204)
async def remove_webhook(webhook: str, w: Web = WebIn) -> None:
    """Forget a webhook, its secret and what it sent. This cannot be undone."""
    async with w.transaction() as tx:
        await service.remove_webhook(tx, webhook)


@routes.api("POST", "/api/v1/webhooks/{webhook}/rotate", verb="notices.rotate_webhook", permission=WEBHOOKS.id)
async def rotate_webhook(webhook: str, wanted: RotateIn, w: Web = WebIn) -> SecretOut:
    """A new secret, told once; the present one signs beside it for some hours."""
    async with w.transaction() as tx:
        return SecretOut(secret=await service.rotate_webhook(tx, w.house.seal, webhook, wanted.hours))


@routes.api("POST", "/api/v1/webhooks/{webhook}/disable", verb="notices.disable_webhook", permission=WEBHOOKS.id, status=204)
async def disable_webhook(webhook: str, w: Web = WebIn) -> None:
    """Send nothing more; what waits goes on waiting."""
    async with w.transaction() as tx:
        await service.disable_webhook(tx, webhook)


@routes.api("POST", "/api/v1/webhooks/{webhook}/enable", verb="notices.enable_webhook", permission=WEBHOOKS.id, status=204)
async def enable_webhook(webhook: str, w: Web = WebIn) -> None:
    """Send again: what waits, and what happens from now on."""
    async with w.transaction() as tx:
        await service.enable_webhook(tx, webhook)


@routes.api("POST", "/api/v1/webhooks/{webhook}/ping", verb="notices.ping_webhook", permission=WEBHOOKS.id)
async def ping_webhook(webhook: str, w: Web = WebIn) -> DeliveryMade:
    """Send a ping, to see whether it arrives."""
    async with w.transaction() as tx:
        return DeliveryMade(delivery=await service.ping_webhook(tx, webhook))


@routes.api("GET", "/api/v1/webhooks/{webhook}/deliveries", verb="notices.webhook_deliveries", permission=WEBHOOKS.id)
async def deliveries(
    webhook: str, state: DeliveryState | None = None, cursor: str | None = None, limit: int = 50, w: Web = WebIn
) -> DeliveriesOut:
    """What a webhook sent or is to send, newest first."""
    async with w.reading() as r:
        found = await service.deliveries(r, webhook, state=state, cursor=cursor, limit=max(1, min(limit, 200)))
    return DeliveriesOut(items=[DeliveryOut.of(d, w.lang) for d in found.items], next=found.next)


@routes.api("GET", "/api/v1/webhooks/{webhook}/deliveries/{delivery}", verb="notices.webhook_delivery", permission=WEBHOOKS.id)
async def delivery(webhook: str, delivery: str, w: Web = WebIn) -> DeliveryDetail:
    """One delivery with what it says, and every try."""
    say = languages.translator(w.lang)
    async with w.reading() as r:
        found = await service.delivery(r, webhook, delivery)
    tries = [TryOut(at=t.at, status=t.status, ms=t.ms, why=say(t.why) if t.why else "", answer=t.answer) for t in found.tries]
    return DeliveryDetail(**DeliveryOut.of(found, w.lang).model_dump(), body=found.body, tries=tries)


@routes.api(
    "POST",
    "/api/v1/webhooks/{webhook}/deliveries/{delivery}/redeliver",
    verb="notices.redeliver",
    permission=WEBHOOKS.id,
    status=204,
)
async def redeliver(webhook: str, delivery: str, w: Web = WebIn) -> None:
    """Send one again now, under its own id."""
    async with w.transaction() as tx:
        await service.redeliver(tx, webhook, delivery)
