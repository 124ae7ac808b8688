"""The settings that docs/sign-in.md shows are such that Podo takes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from podo.access.adapters.issuers import Issuers
from podo.access.types import AccessSettings
from podo.app.settings import ServerSettings
from podo.kernel.settings import load

PAGE = (Path(__file__).parents[3] / "docs/sign-in.md").read_text()
BLOCKS = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_of_settings_is_taken(tmp_path: Path, block: str) -> None:
    file, secret = tmp_path / "podo.toml", tmp_path / "secret"
    secret.write_text("hush")
    file.write_text(block.replace("/run/secrets/issuer", str(secret)))
    chosen = load({"access": AccessSettings, "server": ServerSettings}, file, {})[AccessSettings]
    assert len(chosen.issuers) == 1
    Issuers(chosen.issuers, anywhere=False)


def test_there_are_all_of_them() -> None:
    assert len(BLOCKS) == 6
