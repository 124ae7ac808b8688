"""A picture of what goes from where to where: bands between two columns, as wide as there is much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from podo.catalog.types import Band

WIDTH = 720
_COLUMN, _GAP, _TOP = 12, 22, 16
_LEFT, _RIGHT = 200, WIDTH - 200
# All bands together are at most so high, a project at most so wide, and no band thinner than a hair.
_HEIGHT, _WIDEST, _HAIR = 360.0, 14.0, 4.0


@dataclass(frozen=True, slots=True)
class Bar:
    """A team in a column: its name, how many go or come, and its place."""

    name: str
    projects: int
    x: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Ribbon:
    """A band as a path of SVG; `label` says it in words."""

    path: str
    custody: bool
    label: str
    projects: int


@dataclass(frozen=True, slots=True)
class Picture:
    """The picture, in pixels; empty where nothing moves."""

    width: float
    height: float
    before: tuple[Bar, ...]
    after: tuple[Bar, ...]
    ribbons: tuple[Ribbon, ...]


def picture(bands: Sequence[Band], names: Mapping[str, str]) -> Picture:
    """Those from whom things go at the left, those who get them at the right, the largest on top."""
    total = sum(b.projects for b in bands)
    scale = min(_HEIGHT / total, _WIDEST) if total else 0.0
    thick = {b: max(b.projects * scale, _HAIR) for b in bands}
    before = _bars([(b.of, thick[b], b.projects) for b in bands], names, _LEFT)
    after = _bars([(b.to, thick[b], b.projects) for b in bands], names, _RIGHT)
    ribbons: list[Ribbon] = []
    out = {team: bar.y for team, bar in before.items()}
    into = {team: bar.y for team, bar in after.items()}
    for b in bands:
        path = _path(_LEFT + _COLUMN, out[b.of], _RIGHT, into[b.to], thick[b])
        ribbons.append(Ribbon(path, b.custody, f"{names.get(b.of, b.of)} → {names.get(b.to, b.to)}", b.projects))
        out[b.of] += thick[b]
        into[b.to] += thick[b]
    bottom = max([bar.y + bar.height for bar in (*before.values(), *after.values())], default=0.0)
    return Picture(WIDTH, bottom + _TOP if bands else 0, tuple(before.values()), tuple(after.values()), tuple(ribbons))


def _bars(parts: Sequence[tuple[str, float, int]], names: Mapping[str, str], x: float) -> dict[str, Bar]:
    heights: dict[str, float] = {}
    counts: dict[str, int] = {}
    for team, height, count in parts:
        heights[team] = heights.get(team, 0.0) + height
        counts[team] = counts.get(team, 0) + count
    found: dict[str, Bar] = {}
    y = float(_TOP)
    for team in sorted(heights, key=lambda t: (-counts[t], t)):
        found[team] = Bar(names.get(team, team), counts[team], x, round(y, 1), round(heights[team], 1))
        y += max(heights[team], _GAP) + _GAP / 2
    return found


def _path(x1: float, y1: float, x2: float, y2: float, thick: float) -> str:
    middle = (x1 + x2) / 2
    there = f"M{x1:.1f},{y1:.1f} C{middle:.1f},{y1:.1f} {middle:.1f},{y2:.1f} {x2:.1f},{y2:.1f}"
    low1, low2 = y1 + thick, y2 + thick
    return f"{there} L{x2:.1f},{low2:.1f} C{middle:.1f},{low2:.1f} {middle:.1f},{low1:.1f} {x1:.1f},{low1:.1f} Z"
