"""The descriptor."""

from __future__ import annotations

from collections.abc import Sequence

from podo.access import service as access
from podo.access.types import SYNC, DirectoryRefused, On, PersonCard, RemovalWaits, SignInAsked
from podo.catalog import service as catalog
from podo.catalog.types import OrphansDue, OrphansFound, SettingsLink
from podo.clients.posting import Poster
from podo.kernel.db import Reading, outside
from podo.kernel.domains import Domain, House, Round, Slots
from podo.kernel.errors import N_
from podo.kernel.events import Handler
from podo.kernel.http.web import WaitingCount
from podo.kernel.nouns import PODO
from podo.kernel.ui import languages
from podo.notices import api, messages, pages, service
from podo.notices.adapters.memory import NoMail
from podo.notices.adapters.smtp import SmtpMail
from podo.notices.adapters.webhooks import HttpWebhooks
from podo.notices.handlers import (
    OWNERS_CHANGE,
    forget_deliveries,
    hear_and_post,
    mail_sign_in_link,
    post_at_once,
    send_at_once,
    send_due,
    tell_of_directory,
    tell_of_orphans,
    tell_of_owners,
)
from podo.notices.ports import WebhookReader
from podo.notices.steps import World
from podo.notices.types import (
    EVENT_KINDS,
    PREFER,
    READ_INBOX,
    READ_OUTBOX,
    SITE_WEBHOOKS,
    WEBHOOKS,
    HomeSource,
    Line,
    MailQueued,
    NoticesSettings,
    Parcel,
    WebhookPinged,
    WebhookRedelivered,
)
from podo.notices.writers import MailWriter, WebhookWriter


async def _adapters(house: House) -> None:
    chosen = house.settings[NoticesSettings]
    house.ports.put(MailWriter, SmtpMail(chosen.smtp, chosen.sender) if chosen.smtp else NoMail())
    poster = Poster(seconds=chosen.webhook_seconds, is_guarded=not chosen.local_webhooks, before_call=outside)
    webhooks = HttpWebhooks(poster, is_local=chosen.local_webhooks)
    house.ports.put(WebhookReader, webhooks)
    house.ports.put(WebhookWriter, webhooks)


def _world(house: House) -> World:
    async def parcel(webhook: str, wanted: Sequence[str]) -> Parcel | None:
        async with house.database.reading(PODO) as r:
            return await service.parcel(r, webhook, wanted)

    return World(house.ports[MailWriter], house.seal, house.url, house.ports[WebhookWriter], parcel)


async def _waiting(r: Reading, person: str, slots: Slots) -> int:
    return await service.waiting(r, slots[HomeSource], person)


async def _offers(r: Reading, person: str, projects: Sequence[str], lang: str) -> Sequence[Line]:
    """Projects that are offered to teams that the person leads."""
    org = await catalog.organisation(r)
    found = await catalog.offers_waiting(r, person)
    return [messages.offer_line(o, org.name(o.holder), org.name(o.team), lang) for o in found]


async def _directory(r: Reading, person: str, projects: Sequence[str], lang: str) -> Sequence[Line]:
    """What waits of the directory, for those who decide on it."""
    if not (await access.may(r, SYNC, On())).allowed:
        return []
    removals, trouble = await access.removals(r), await access.feed_trouble(r)
    lines = [messages.removals_line(removals, lang)] if removals else []
    return [*lines, messages.trouble_line(trouble, lang)] if trouble else lines


async def _claims(r: Reading, person: str, projects: Sequence[str], lang: str) -> Sequence[Line]:
    """Assets of which nobody is known, and that evidence says are of teams that the person leads."""
    count, since = await catalog.claims_waiting(r, person)
    return [messages.claims_line(count, since, lang)] if since else []


async def _claims_count(r: Reading, person: str) -> int:
    return min(1, (await catalog.claims_waiting(r, person))[0])


async def _directory_count(r: Reading, person: str) -> int:
    return len(await _directory(r, person, (), languages.DEFAULT))


async def _waits(r: Reading, person: str, lang: str) -> Sequence[tuple[str, str, str]] | None:
    """On a person's own page: what waits for the person, beside what other domains show there."""
    if person != r.actor.id:
        return None
    lines = [line for source in (_offers, _claims, _directory) for line in await source(r, person, (), lang)]
    return [(" ".join(filter(None, (x.project, x.title))), x.link, x.sentence) for x in lines]


DOMAIN = Domain(
    name="notices",
    routes=[*api.routes, *pages.routes],
    settings={"notices": NoticesSettings},
    slots=[
        WaitingCount(_waiting),
        HomeSource("waiting", _offers, catalog.count_waiting, frozenset({"access", "catalog"})),
        HomeSource("waiting", _claims, _claims_count, frozenset({"access", "catalog"})),
        HomeSource("waiting", _directory, _directory_count, frozenset({"access"})),
        PersonCard(N_("Questions to you"), "inbox", _waits),
        SettingsLink("webhooks", N_("Webhooks"), "webhook"),
    ],
    handlers=[
        Handler("notices.sign_in_link", frozenset({SignInAsked.code}), mail_sign_in_link),
        Handler("notices.owners", OWNERS_CHANGE, tell_of_owners),
        Handler("notices.orphans", frozenset({OrphansFound.code, OrphansDue.code}), tell_of_orphans),
        Handler("notices.directory", frozenset({RemovalWaits.code, DirectoryRefused.code}), tell_of_directory),
        Handler("notices.mail", frozenset({MailQueued.code}), send_at_once),
        Handler("notices.webhooks", frozenset({WebhookPinged.code, WebhookRedelivered.code}), post_at_once),
    ],
    rounds=[
        Round("notices.mail", 5, send_due),
        Round("notices.webhooks", 2, hear_and_post),
        Round("notices.webhooks_kept", 3600, forget_deliveries),
    ],
    adapters=_adapters,
    world=_world,
    permissions=[READ_INBOX, PREFER, READ_OUTBOX, WEBHOOKS, SITE_WEBHOOKS, EVENT_KINDS],
)
