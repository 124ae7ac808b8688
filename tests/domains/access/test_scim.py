"""Podo as a SCIM server: by the book of scim2-tester, and by what it does to people and teams."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import Status, check_server

from podo.access import service
from podo.kernel import clock
from tests.company import ADMIN, company, serving
from tests.houses import Living, person


async def token_of(house: Living, *scopes: str, who: str = ADMIN) -> str:
    """A token of somebody."""
    async with house.transaction(person(who)) as tx:
        return (await service.create_token(tx, "hr", scopes, clock.now() + timedelta(days=1)))[1]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Living]:
    async with company(tmp_path / "house") as found:
        yield found


def checked(url: str, token: str) -> list[Any]:
    """Everything that scim2-tester finds."""
    with httpx2.Client(base_url=url, headers={"authorization": f"Bearer {token}"}, timeout=60) as client:
        scim = SyncSCIMClient(client)
        scim.discover()
        return check_server(scim)


# scim2-tester adds a value to a list, and expects the list to be that value alone, although it added one to the same list before,
# with our whole extension. RFC 7644, 3.5.2.1: what is added comes to what is there.
TWICE_ADDED = ("successors", "leads")


async def test_every_check_of_scim2_tester_is_green(house: Living) -> None:
    token = await token_of(house, "access.sync")
    async with serving(house) as url:
        results = await asyncio.to_thread(checked, f"{url}/scim/v2", token)
    bad = [r for r in results if r.status is not Status.SUCCESS]
    assert [f"{r.title} {r.reason}" for r in bad if not str((r.data or {}).get("urn", "")).endswith(TWICE_ADDED)] == []
    assert len(bad) == len(TWICE_ADDED)
    assert len(results) > 100
