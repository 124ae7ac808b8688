"""Everything that a SCIM 2.0 server has: its users and its groups, page by page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scim2_client import SCIMClientException
from scim2_client.engines.httpx2 import AsyncSCIMClient
from scim2_models import Group, Resource, SCIMException, ScimProvider, SearchRequest, User

from podo.clients.directory.wire import Place

_PROVIDER = ScimProvider(models=[User, Group])
MOST = 500_000


class Scim:
    """Reads one server. `page` is how many are asked for at once; the server may give fewer."""

    def __init__(self, place: Place, page: int = 200) -> None:
        self._place = place
        self._page = page

    async def everything(self) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
        """All users and all groups, each once, as the server wrote them.

        Raises `DirectoryUnreachable` when an answer does not come, or what came is not the whole; `DirectoryRefuses`.
        """
        async with self._place.open() as client:
            scim = AsyncSCIMClient(client, provider=_PROVIDER, check_response_payload=False)
            return await self._all(scim, User), await self._all(scim, Group)

    async def _all(self, scim: AsyncSCIMClient, model: type[Resource[Any]]) -> list[Mapping[str, Any]]:
        """Pages may overlap where somebody came or went meanwhile: each counts once, as it was seen last."""
        found: dict[str, Mapping[str, Any]] = {}
        seen, total = 0, 1
        while seen < total:
            answer = await self._asked(scim, model, seen + 1)
            listed = answer.get("Resources") or []
            total = int(answer.get("totalResults") or 0)
            if total > MOST:
                raise self._place.unreachable(f"it has more than {MOST} {model.__name__}s")
            if not listed and seen < total:
                raise self._place.unreachable(f"it says {total} {model.__name__}s and gave {seen}")
            for one in listed:
                if not isinstance(one, dict) or not one.get("id"):
                    raise self._place.unreachable(f"a {model.__name__} has no id")
                found[str(one["id"])] = one
            seen += len(listed)
        return list(found.values())

    async def _asked(self, scim: AsyncSCIMClient, model: type[Resource[Any]], start: int) -> Mapping[str, Any]:
        wanted = SearchRequest[model](start_index=start, count=self._page)
        try:
            answer: Any = await scim.query(model, query_parameters=wanted, raise_scim_errors=True)
        except (SCIMException, SCIMClientException) as error:
            raise self._place.unreachable("; ".join([str(error), *getattr(error, "__notes__", [])])) from error
        if not isinstance(answer, dict) or "totalResults" not in answer:
            raise self._place.unreachable("its answer is no list")
        return answer
