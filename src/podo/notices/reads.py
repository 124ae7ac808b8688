"""Questions about webhooks that ask the outside."""

from __future__ import annotations

from podo.notices.ports import WebhookReader


async def check_webhook(reader: WebhookReader, address: str) -> None:
    """Whether something may be posted there. Raises what `WebhookReader.check` raises."""
    await reader.check(address.strip())
