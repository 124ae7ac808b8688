"""Where Podo's own charts are, and what a chart's content is called by."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from podo.clients.helm.errors import ChartMissing

_PACKAGE = Path(__file__).parents[2] / "charts"
_TREE = Path(__file__).parents[4] / "charts"


def chart_folder(name: str = "service") -> Path:
    """The folder of a chart that comes with Podo: in the installed package, or in the source tree. Raises `ChartMissing`."""
    for folder in (_PACKAGE / name, _TREE / name):
        if (folder / "Chart.yaml").is_file():
            return folder
    raise ChartMissing(chart=name, what="chart", name=name)


def chart_digest(chart: Path) -> str:
    """`sha256:…` over the names and bytes of all files of a chart. Raises `ChartMissing`."""
    if not (chart / "Chart.yaml").is_file():
        raise ChartMissing(chart=str(chart), what="chart", name=chart.name)
    seen = hashlib.sha256()
    for folder, folders, files in os.walk(chart):
        folders.sort()
        for name in sorted(files):
            path = Path(folder, name)
            content = path.read_bytes()
            seen.update(f"{path.relative_to(chart).as_posix()}\0{len(content)}\0".encode())
            seen.update(content)
    return f"sha256:{seen.hexdigest()}"


def place(chart: Path) -> str:
    """The chart's absolute path, for another process."""
    return os.path.abspath(chart)
