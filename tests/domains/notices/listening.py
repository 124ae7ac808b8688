"""A company that may post to this machine, and somebody there who listens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from podo.catalog import service as catalog
from podo.kernel import clock
from podo.notices import service
from podo.notices.handlers import hear_and_post
from podo.notices.types import Webhook, WebhookDelivery, WebhookPlace, WebhookScope, WebhookWish
from tests.company import ADMIN, LEAD
from tests.domains.notices.receivers import Receiver
from tests.houses import Living, person

CHAT, SEARCH = "team-3", "team-4"
SETTINGS = {"PODO_NOTICES_LOCAL_WEBHOOKS": "true", "PODO_NOTICES_WEBHOOK_SECONDS": "0.4"}


@dataclass
class World:
    """The company's house, and somebody who listens."""

    house: Living
    receiver: Receiver

    async def project(self, slug: str) -> WebhookPlace:
        """A project of Chat, as the place of webhooks."""
        async with self.house.transaction(person(LEAD)) as tx:
            seal = self.house.house.seal
            await catalog.register(
                tx,
                seal,
                slug=slug,
                title=slug,
                team=CHAT,
                repository="https://git.podo.example/x.git",
                branch="main",
                places=[("prod", "kr")],
            )
        return WebhookPlace(WebhookScope.project, project=slug)

    async def add(
        self,
        place: WebhookPlace,
        path: str,
        who: str = LEAD,
        kinds: tuple[str, ...] = ("catalog.project_changed",),
        port: int = 0,
    ) -> tuple[Webhook, str]:
        """A webhook to a path of the receiver, and its secret."""
        address = f"http://127.0.0.1:{port}{path}" if port else self.receiver.at(path)
        async with self.house.transaction(person(who)) as tx:
            return await service.add_webhook(
                tx, self.house.house.seal, place, WebhookWish(address, path[1:].partition("?")[0], kinds)
            )

    async def describe(self, slug: str, words: str) -> None:
        """Something happens to a project."""
        async with self.house.transaction(person(LEAD)) as tx:
            await catalog.change(tx, self.house.house.seal, slug, description=words)

    async def sent(self, later: timedelta = timedelta()) -> None:
        """All that was said is heard and what is due is sent, some time later."""
        await self.house.running.delivery.settled()
        with clock.shifted(later):
            await hear_and_post(self.house.house)
            await self.house.settled()

    async def deliveries(self, hook: Webhook) -> list[WebhookDelivery]:
        """The oldest first."""
        async with self.house.reading(person(ADMIN)) as r:
            return list(reversed((await service.deliveries(r, hook.id)).items))

    async def now(self, hook: Webhook) -> Webhook:
        """As it is now."""
        async with self.house.reading(person(ADMIN)) as r:
            return await service.webhook(r, hook.id)

    async def told(self, who: str) -> list[str]:
        """The kinds of notices in somebody's inbox."""
        async with self.house.reading(person(who)) as r:
            return [n.message.kind for n in (await service.inbox(r, who)).items]
