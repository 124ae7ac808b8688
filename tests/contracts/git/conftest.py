"""The same suite on three worlds."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from podo.clients.git import GitBinary
from tests.contracts.git.worlds import FileWorld, HttpWorld, TwinWorld, World

ALL = frozenset({"https", "http", "ssh", "file"})


@pytest.fixture(params=["twin", "file", "http"])
async def world(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[World]:
    if request.param == "twin":
        yield TwinWorld()
        return
    if shutil.which("git") is None:
        pytest.skip("git is not installed: `apt-get install git`")
    origin = tmp_path / "origin"
    origin.mkdir()
    binary = GitBinary(tmp_path / "mirrors", protocols=ALL, remote_timeout=20)
    if request.param == "file":
        yield FileWorld(origin, binary)
        return
    http = HttpWorld(origin, binary)
    await http.start()
    yield http
    await http.unplug()


@pytest.fixture
async def http(tmp_path: Path) -> AsyncIterator[HttpWorld]:
    if shutil.which("git") is None:
        pytest.skip("git is not installed: `apt-get install git`")
    origin = tmp_path / "origin"
    origin.mkdir()
    server = HttpWorld(origin, GitBinary(tmp_path / "mirrors", protocols=ALL, remote_timeout=20))
    await server.start()
    yield server
    await server.unplug()
