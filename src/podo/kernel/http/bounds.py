"""How much a request may bring: what is larger is not read, whoever sends it, and whatever it says of its length."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# No form and no call of the API needs more; a push that GitHub tells may have 25 MiB.
MOST = 2 << 20
LARGER: Mapping[str, int] = {"/webhooks/github": 25 << 20}


class Bounded:
    """Ends the reading of a body that is too large with 413. Counts what comes, for a length may be a lie or left out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, its body counted."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = LARGER.get(scope["path"], MOST)
        announced = dict(scope["headers"]).get(b"content-length", b"")
        came = 0

        async def counted() -> Message:
            nonlocal came
            if announced.isdigit() and int(announced[:20]) > most:
                raise _too_large(most)
            message = await receive()
            came += len(message.get("body", b""))
            if came > most:
                raise _too_large(most)
            return message

        await self._app(scope, counted, send)


def _too_large(most: int) -> HTTPException:
    return HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"its body is larger than {most >> 10} KiB")
