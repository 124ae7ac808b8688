"""Receivers of webhooks by HTTP: looked up anew for each post, held to what was found, bounded in time and size."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from podo import __version__
from podo.clients.posting import Forbidden, Poster, Unanswered, Unknown
from podo.kernel import clock
from podo.kernel.errors import N_
from podo.notices import rules
from podo.notices.types import Answered, WebhookAddressForbidden, WebhookHostUnknown

_HEAD = 512
_NO_TLS = N_("it is no https")
_NEAR = N_("it leads to Podo’s own machine or to its cloud’s metadata")
_UNKNOWN = N_("nobody knows the host")
_SAID = {
    "refused": N_("the connection was refused"),
    "late": N_("there was no answer in time"),
    "cut": N_("the connection was cut"),
    "tls": N_("its certificate is not to be trusted"),
    "odd": N_("the answer was no HTTP"),
}
_ELSEWHERE = N_("it leads elsewhere, and Podo does not follow")


class HttpWebhooks:
    """`WebhookReader` and `WebhookWriter`. With `is_local` this machine and plain http may be posted to, for the demo."""

    def __init__(self, poster: Poster, *, is_local: bool) -> None:
        self._poster = poster
        self._is_local = is_local

    async def check(self, address: str) -> None:
        """See `WebhookReader.check`."""
        host = rules.host_of(address)
        if not self._is_local and not address.startswith("https://"):
            raise WebhookAddressForbidden(host=host, why=_NO_TLS)
        try:
            await self._poster.look_up(address)
        except Forbidden:
            raise WebhookAddressForbidden(host=host, why=_NEAR) from None
        except Unknown:
            raise WebhookHostUnknown(host=host) from None

    async def post(self, address: str, headers: Mapping[str, str], body: bytes) -> Answered:
        """See `WebhookWriter.post`."""
        if not self._is_local and not address.startswith("https://"):
            return Answered(None, 0, _NO_TLS)
        begun = clock.monotonic()
        try:
            found = await self._poster.post(address, {**headers, "user-agent": f"Podo/{__version__}"}, body, head=_HEAD)
        except Forbidden:
            return Answered(None, _ms(begun), _NEAR)
        except Unknown:
            return Answered(None, _ms(begun), _UNKNOWN)
        except Unanswered as error:
            return Answered(None, _ms(begun), _SAID[error.word])
        why = _ELSEWHERE if 300 <= found.status < 400 else ""
        return Answered(found.status, _ms(begun), why, _legible(found.head), rules.retry_after(found.retry_after, clock.now()))


def _ms(begun: float) -> int:
    return round((clock.monotonic() - begun) * 1000)


def _legible(head: bytes) -> str:
    """Text in which nothing moves a cursor or turns the reading direction."""
    text = head.decode(errors="replace")
    return "".join(c if c in "\n\t" or unicodedata.category(c)[0] != "C" else "\ufffd" for c in text)
