"""Webhooks for everything, of a project and of a team; one of them; and one delivery."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.responses import Response

from podo.access import service as access
from podo.access.types import NotAllowed, Team
from podo.catalog import service as catalog
from podo.kernel.db import Reading
from podo.kernel.errors import N_, PodoError
from podo.kernel.http import Routes, Web
from podo.kernel.http.routes import Form, form
from podo.kernel.http.web import WebIn
from podo.kernel.ui import Head, Tab, languages, page
from podo.notices import reads, rules, service
from podo.notices.ports import WebhookReader
from podo.notices.types import (
    ALL_KINDS,
    OWNERSHIP_KINDS,
    SITE_WEBHOOKS,
    WEBHOOKS,
    DeliveryState,
    Webhook,
    WebhookDelivery,
    WebhookPlace,
    WebhookScope,
    WebhookWish,
)

routes = Routes("notices", tag="Webhooks")
_LOOKS, _PAUSE = 10, 0.2
Groups = Sequence[tuple[str, Sequence[tuple[str, str]]]]
_FIELDS = {
    "notices.wrong_webhook_address": "address",
    "notices.webhook_address_forbidden": "address",
    "notices.webhook_host_unknown": "address",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """What stands in the form: `which` is ownership, all or chosen; `kinds` are those that are ticked then."""

    address: str = ""
    title: str = ""
    which: str = "ownership"
    kinds: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Around:
    """What stands around the webhooks of a place: the settings' menu of a project, the way back of a team."""

    place: WebhookPlace
    path: str
    menu: Sequence[Tab]
    team: Team | None
    command: str


@page("notices/webhooks.html")
@dataclass(frozen=True, slots=True)
class WebhooksPage:
    """The webhooks of a place; `refusal` says why the reader may not see them, `wrong` maps fields of the form to sentences."""

    around: Around
    menu: Sequence[Tab]
    hooks: Sequence[Webhook]
    refusal: str
    wish: Wish
    wrong: Mapping[str, str]
    groups: Groups
    verify: str


@page("notices/webhook.html")
@dataclass(frozen=True, slots=True)
class WebhookPage:
    """One webhook; `secret` is a new one, shown once."""

    hook: Webhook
    address: str
    secret: str
    by: str
    around: Around
    menu: Sequence[Tab]
    deliveries: Sequence[WebhookDelivery]
    state: str
    newer: str
    older: str
    wish: Wish
    wrong: Mapping[str, str]
    groups: Groups
    verify: str


@page("notices/webhook_delivery.html")
@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """One delivery: what it says, with indents, and every try, the newest first."""

    hook: Webhook
    found: WebhookDelivery
    body: str
    around: Around


async def _around(w: Web, r: Reading, place: WebhookPlace) -> tuple[Around, Head | None]:
    match place.scope:
        case WebhookScope.project:
            slug = place.project
            menu = catalog.settings_menu(w.house.slots, slug, "webhooks")
            head = await catalog.head(r, w.house.slots, slug, "settings", w.lang)
            return Around(place, f"/{slug}/settings/webhooks", menu, None, f"--project {slug}"), head
        case WebhookScope.team:
            team = await access.team(r, place.team)
            return Around(place, f"/teams/{team.handle}/webhooks", (), team, f"--team {team.handle}"), None
        case WebhookScope.site:
            return Around(place, "/webhooks", (), None, ""), None


def _groups(w: Web) -> Groups:
    """Kinds of events by domain: code, and what is told of it."""
    translate = languages.translator(w.lang)
    return [(domain, [(k.code, k.told(translate)) for k in kinds]) for domain, kinds in rules.by_domain(rules.known_kinds())]


def _wish_of(hook: Webhook, address: str) -> Wish:
    kinds = frozenset(hook.kinds)
    which = "all" if ALL_KINDS in kinds else "ownership" if kinds == frozenset(OWNERSHIP_KINDS) else "chosen"
    return Wish(address, hook.title, which, kinds)


def _typed(f: Form) -> Wish:
    return Wish(f["address"], f["title"], f["which"], frozenset(f.every("kind")))


def _wished(wish: Wish) -> WebhookWish:
    known = {"ownership": OWNERSHIP_KINDS, "all": (ALL_KINDS,)}
    return WebhookWish(wish.address, wish.title, known.get(wish.which, tuple(sorted(wish.kinds))))


def _wrong(w: Web, error: PodoError) -> dict[str, str]:
    field = _FIELDS.get(error.code) or str(error.data.get("field", "form"))
    return {field: " ".join(error.said(languages.translator(w.lang)))}


async def _listed(w: Web, place: WebhookPlace, wish: Wish | None = None, wrong: Mapping[str, str] | None = None) -> Response:
    refusal, hooks = "", list[Webhook]()
    async with w.reading() as r:
        around, head = await _around(w, r, place)
        try:
            hooks = await service.webhooks(r, place)
        except NotAllowed as error:
            refusal = error.said(languages.translator(w.lang))[0]
    made = WebhooksPage(
        around=around,
        menu=around.menu,
        hooks=hooks,
        refusal=refusal,
        wish=wish or Wish(),
        wrong=wrong or {},
        groups=_groups(w) if not refusal else (),
        verify=rules.VERIFY,
    )
    where = around.team.name if around.team else place.project
    title = f"{_say(w, N_('Webhooks'))} · {where}" if where else _say(w, N_("Webhooks"))
    return await w.page(made, title=title, head=head, status=403 if refusal and not where else 422 if wrong else 200)


async def _add(w: Web, place: WebhookPlace) -> Response:
    wish = _typed(await form(w))
    try:
        await reads.check_webhook(w.house.ports[WebhookReader], wish.address)
        async with w.transaction() as tx:
            made, secret = await service.add_webhook(tx, w.house.seal, place, _wished(wish))
    except PodoError as error:
        if error.kind in ("missing", "broken"):
            raise
        return await _listed(w, place, wish, _wrong(w, error))
    return await _shown(w, made.id, secret=secret)


async def _shown(
    w: Web,
    id_: str,
    *,
    secret: str = "",
    state: str = "",
    cursor: str | None = None,
    wish: Wish | None = None,
    wrong: Mapping[str, str] | None = None,
) -> Response:
    async with w.reading() as r:
        hook = await service.webhook(r, id_)
        around, head = await _around(w, r, hook.place)
        wanted = DeliveryState(state) if state in list(DeliveryState) else None
        listed = await service.deliveries(r, id_, state=wanted, cursor=cursor, limit=20)
        people = await access.people(r, {hook.by})
    path, kept = f"/webhooks/{id_}", {"state": wanted.value} if wanted else {}
    address = w.house.seal.open(hook.sealed)
    made = WebhookPage(
        hook=hook,
        address=address,
        secret=secret,
        by=people[hook.by].name if hook.by in people else hook.by,
        around=around,
        menu=around.menu,
        deliveries=listed.items,
        state=wanted.value if wanted else "",
        newer=f"{path}?{urlencode(kept)}#deliveries" if cursor else "",
        older=f"{path}?{urlencode({**kept, 'cursor': listed.next})}#deliveries" if listed.next else "",
        wish=wish or _wish_of(hook, address),
        wrong=wrong or {},
        groups=_groups(w),
        verify=rules.VERIFY,
    )
    return await w.page(made, title=f"{hook.title} · {_say(w, N_('Webhooks'))}", head=head, status=422 if wrong else 200)


@routes.page("/webhooks", permission=SITE_WEBHOOKS.id)
async def site_webhooks(w: Web = WebIn) -> Response:
    """Webhooks for everything."""
    return await _listed(w, WebhookPlace())


@routes.form("/webhooks", verb="notices.add_site_webhook", permission=SITE_WEBHOOKS.id)
async def add_site_webhook(w: Web = WebIn) -> Response:
    """Add one for everything; the answer shows its secret once."""
    async with w.reading() as r:
        place = await service.site_webhooks(r)
    return await _add(w, place)


@routes.page("/teams/{name}/webhooks", permission=WEBHOOKS.id)
async def team_webhooks(name: str, w: Web = WebIn) -> Response:
    """A team's."""
    async with w.reading() as r:
        team = await access.team(r, name)
    return await _listed(w, WebhookPlace(WebhookScope.team, team=team.id))


@routes.form("/teams/{name}/webhooks", verb="notices.add_team_webhook", permission=WEBHOOKS.id)
async def add_team_webhook(name: str, w: Web = WebIn) -> Response:
    """Add one for a team."""
    async with w.reading() as r:
        place = await service.team_webhooks(r, name)
    return await _add(w, place)


@routes.page("/{project}/settings/webhooks", permission=WEBHOOKS.id)
async def project_webhooks(project: str, w: Web = WebIn) -> Response:
    """A project's."""
    return await _listed(w, WebhookPlace(WebhookScope.project, project=project))


@routes.form("/{project}/settings/webhooks", verb="notices.add_project_webhook", permission=WEBHOOKS.id)
async def add_project_webhook(project: str, w: Web = WebIn) -> Response:
    """Add one for a project."""
    async with w.reading() as r:
        place = await service.project_webhooks(r, project)
    return await _add(w, place)


@routes.page("/webhooks/{webhook}", permission=WEBHOOKS.id)
async def webhook(webhook: str, state: str = "", cursor: str | None = None, w: Web = WebIn) -> Response:
    """One of them."""
    return await _shown(w, webhook, state=state, cursor=cursor)


@routes.form("/webhooks/{webhook}/change", verb="notices.change_webhook", permission=WEBHOOKS.id)
async def change_webhook(webhook: str, w: Web = WebIn) -> Response:
    """Another address, title or choice of events."""
    wish = _typed(await form(w))
    async with w.reading() as r:
        await service.webhook(r, webhook)
    try:
        await reads.check_webhook(w.house.ports[WebhookReader], wish.address)
        async with w.transaction() as tx:
            await service.change_webhook(tx, w.house.seal, webhook, _wished(wish))
    except PodoError as error:
        if error.kind in ("missing", "broken"):
            raise
        return await _shown(w, webhook, wish=wish, wrong=_wrong(w, error))
    return w.go(f"/webhooks/{webhook}", said=_say(w, N_("Saved.")))


@routes.form("/webhooks/{webhook}/rotate", verb="notices.rotate_webhook", permission=WEBHOOKS.id)
async def rotate_webhook(webhook: str, w: Web = WebIn) -> Response:
    """A new secret; the answer shows it once."""
    f = await form(w)
    hours = int(f["hours"]) if f["hours"].isdecimal() and len(f["hours"]) < 5 else -1
    async with w.transaction() as tx:
        secret = await service.rotate_webhook(tx, w.house.seal, webhook, hours)
    return await _shown(w, webhook, secret=secret)


@routes.form("/webhooks/{webhook}/disable", verb="notices.disable_webhook", permission=WEBHOOKS.id)
async def disable_webhook(webhook: str, w: Web = WebIn) -> Response:
    """Send nothing more."""
    async with w.transaction() as tx:
        await service.disable_webhook(tx, webhook)
    return w.go(f"/webhooks/{webhook}", said=_say(w, N_("It is off.")))


@routes.form("/webhooks/{webhook}/enable", verb="notices.enable_webhook", permission=WEBHOOKS.id)
async def enable_webhook(webhook: str, w: Web = WebIn) -> Response:
    """Send again."""
    async with w.transaction() as tx:
        await service.enable_webhook(tx, webhook)
    return w.go(f"/webhooks/{webhook}", said=_say(w, N_("It is on.")))


@routes.form("/webhooks/{webhook}/remove", verb="notices.remove_webhook", permission=WEBHOOKS.id)
async def remove_webhook(webhook: str, w: Web = WebIn) -> Response:
    """Forget it."""
    async with w.transaction() as tx:
        hook = await service.webhook(tx, webhook)
        around, _ = await _around(w, tx, hook.place)
        await service.remove_webhook(tx, webhook)
    return w.go(around.path, said=_say(w, N_("Removed.")))


@routes.form("/webhooks/{webhook}/ping", verb="notices.ping_webhook", permission=WEBHOOKS.id)
async def ping_webhook(webhook: str, w: Web = WebIn) -> Response:
    """Send a ping, and show how it went."""
    async with w.transaction() as tx:
        delivery = await service.ping_webhook(tx, webhook)
    return await _went(w, webhook, delivery)


@routes.page("/webhooks/{webhook}/deliveries/{delivery}", permission=WEBHOOKS.id)
async def delivery(webhook: str, delivery: str, w: Web = WebIn) -> Response:
    """One delivery."""
    async with w.reading() as r:
        hook = await service.webhook(r, webhook)
        found = await service.delivery(r, webhook, delivery)
        around, head = await _around(w, r, hook.place)
    body = json.dumps(json.loads(found.body), indent=2, ensure_ascii=False)
    return await w.page(DeliveryPage(hook, found, body, around), title=f"{found.kind} · {hook.title}", head=head)


@routes.form("/webhooks/{webhook}/deliveries/{delivery}/redeliver", verb="notices.redeliver", permission=WEBHOOKS.id)
async def redeliver(webhook: str, delivery: str, w: Web = WebIn) -> Response:
    """Send it again, and show how that went."""
    async with w.transaction() as tx:
        await service.redeliver(tx, webhook, delivery)
    return await _went(w, webhook, delivery)


async def _went(w: Web, webhook: str, delivery: str) -> Response:
    """To the delivery, once it was tried: most receivers answer before somebody has read that it is on its way."""
    for _ in range(_LOOKS):
        await asyncio.sleep(_PAUSE)
        async with w.reading() as r:
            found = await service.delivery(r, webhook, delivery)
        if found.state is not DeliveryState.waiting or found.attempts:
            break
    return w.go(f"/webhooks/{webhook}/deliveries/{delivery}")


def _say(w: Web, text: str) -> str:
    return languages.say(w.lang, text)
