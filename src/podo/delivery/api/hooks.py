"""Webhooks of repositories."""

from __future__ import annotations

from pydantic import BaseModel

from podo.delivery import service
from podo.delivery.types import DeliverySettings
from podo.kernel.http import ANYONE, Routes, Web
from podo.kernel.http.web import WebIn
from podo.kernel.nouns import PODO

routes = Routes("delivery", tag="Webhooks")


class HeardOut(BaseModel):
    """What follows from a webhook: the builds, as `project#number`."""

    builds: list[str]


@routes.api("POST", "/webhooks/github", verb="delivery.webhook", permission=ANYONE, status=202)
async def github(w: Web = WebIn) -> HeardOut:
    """A push as GitHub tells it, signed with `delivery.webhook_secret` (X-Hub-Signature-256). The same one again does nothing."""
    secret = w.house.settings[DeliverySettings].webhook_secret
    signature = w.request.headers.get("x-hub-signature-256", "")
    pushed = service.pushes.webhook(await w.request.body(), signature, secret)
    # The signature says who speaks; what follows is Podo's own act.
    async with w.house.database.transaction(PODO, request_id=w.request_id) as tx:
        builds = await service.pushes.take_push(tx, pushed)
    return HeardOut(builds=[f"{b.project}#{b.number}" for b in builds])
