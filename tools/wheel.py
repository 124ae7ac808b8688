"""Hatch asks this before it builds a wheel: the site's assets have to be in it, and they are not committed."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Assets(BuildHookInterface[Any]):
    """Makes the assets. An editable install makes none: it uses the tree, where `make` does it."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fail the build when there are none."""
        if version != "editable":
            subprocess.run([sys.executable, "tools/assets.py"], cwd=self.root, check=True)
