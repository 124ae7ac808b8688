"""The built assets: CSS and JavaScript under names that hold their hash, and the icons. `tools/assets.py` makes them."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from podo.kernel.errors import N_, Broken

ASSETS = Path(__file__).parent / "assets"
ASSETS.mkdir(exist_ok=True)


class NoAssets(Broken):
    """The site was started without its assets."""

    code = "ui.no_assets"
    so = N_("The site's styles and icons are not built: {path} is missing.")
    do = N_("Run `python tools/assets.py` in the folder of the project; `make run` does it by itself.")


def _read(name: str) -> dict[str, object]:
    path = ASSETS / name
    if not path.exists():
        raise NoAssets(path=str(path))
    return json.loads(path.read_text())


@cache
def _manifest() -> dict[str, object]:
    return _read("manifest.json")


@cache
def _icons() -> dict[str, object]:
    return _read("octicons.json")


def address(name: str) -> str:
    """The address of `site.css` or `site.js`; it changes with the content, so that browsers may keep it for ever."""
    return f"/-/assets/{_manifest()[name]}"


def icon_path(name: str, height: int) -> str:
    """The inner SVG of an octicon at 16 or 24 pixels. Raises KeyError for a name that octicons does not have."""
    found = _icons()[f"{name}-{height}"]
    return str(found)
