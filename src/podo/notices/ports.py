"""What telling programs needs to know from outside."""

from __future__ import annotations

from typing import Protocol


class WebhookReader(Protocol):
    """Knows where addresses lead."""

    async def check(self, address: str) -> None:
        """Let pass what may be posted to.

        Raises `WrongWebhookAddress`, `WebhookAddressForbidden` for this machine, its link, a cloud's metadata, or a way without
        TLS, and `WebhookHostUnknown`.
        """
        ...
