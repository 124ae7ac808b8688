"""A JSON document behind an address, read again only when it changed."""

from __future__ import annotations

from typing import Any

from podo.clients.directory.wire import LARGEST, Place


class Document:
    """Reads one document; remembers it with its ETag, and asks whether it is still the same."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._kept: tuple[str, Any] | None = None

    async def read(self) -> Any:
        """What it says now. Raises `DirectoryUnreachable`, `DirectoryRefuses`."""
        async with self._place.open() as client:
            headers = {"if-none-match": self._kept[0]} if self._kept and self._kept[0] else {}
            answer = await client.get(self._place.url, headers={"accept": "application/json", **headers})
            if answer.status_code == 304 and self._kept is not None:
                return self._kept[1]
            if answer.status_code != 200:
                raise self._place.unreachable(f"it answered {answer.status_code}")
            if len(answer.content) > LARGEST:
                raise self._place.unreachable(f"its answer is larger than {LARGEST >> 20} MiB")
            try:
                found = answer.json()
            except ValueError as error:
                raise self._place.unreachable("its answer is no JSON, or was cut off") from error
        self._kept = (answer.headers.get("etag", ""), found)
        return found
