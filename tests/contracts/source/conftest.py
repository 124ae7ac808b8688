"""The same suite on git's twin and on git itself."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from podo.clients.git import GitBinary
from podo.delivery.adapters.source import GitSources
from tests.contracts.git.worlds import FileWorld, TwinWorld, World
from tests.domains.delivery.works import Schema


@dataclass
class Place:
    """A repository, its address, and who reads it."""

    world: World
    sources: GitSources
    url: str
    author: Any


@pytest.fixture(params=["twin", "git"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "twin":
        world: World = TwinWorld()
    else:
        if shutil.which("git") is None:
            pytest.skip("git is not installed: `apt-get install git`")
        (tmp_path / "origin").mkdir()
        world = FileWorld(tmp_path / "origin", GitBinary(tmp_path / "mirrors", protocols=frozenset({"file"})))
    url, author = world.made("hello")
    return Place(world, GitSources(world.git, Schema()), url, author)  # type: ignore[arg-type]
