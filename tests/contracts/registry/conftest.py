"""The same suite on a real registry and on the twin; both want a login."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from podo.clients.registry import RegistryHttp, RegistryTwin
from tests.contracts.registry.servers import LOGIN, DebianWorld, TwinWorld, World, debian


@pytest.fixture(params=["twin", "debian"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    if request.param == "twin":
        twin = TwinWorld(RegistryTwin({"registry.example.com": LOGIN}))
        twin.registry.made(twin.host, LOGIN)
        yield twin
        return
    async with debian(tmp_path / "registry") as (host, process):
        http = RegistryHttp({host: LOGIN})
        yield DebianWorld(http, host, process)
        await http.close()
