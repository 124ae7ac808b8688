"""Charts as geometry: what stands where, in per cent of the drawing. `ui.chart` makes SVG of it, to be read without script."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

Number = float | int | Decimal
TONES = ("blue", "green", "purple", "orange", "teal", "pink", "yellow", "red", "gray")


@dataclass(frozen=True, slots=True)
class Series:
    """One name with a value a column; None is unknown and leaves a gap. `tone` is one of `TONES`; None takes the next."""

    name: str
    values: Sequence[Number | None]
    tone: str | None = None


@dataclass(frozen=True, slots=True)
class Bar:
    """A part of a column: from `y` (from above) `height` down, in per cent."""

    tone: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Column:
    """A place on the axis: its bars, and what each series says there (name, value or None)."""

    label: str
    x: float
    width: float
    bars: Sequence[Bar]
    says: Sequence[tuple[str, Number | None]]


@dataclass(frozen=True, slots=True)
class Drawing:
    """Ticks as (value, per cent from above), columns, lines as (tone, points of an SVG polyline), legend as (name, tone)."""

    ticks: Sequence[tuple[float, float]]
    columns: Sequence[Column]
    lines: Sequence[tuple[str, str]]
    legend: Sequence[tuple[str, str]]


def draw(labels: Sequence[str], series: Sequence[Series], kind: str = "bars") -> Drawing:
    """`bars` stand on each other, `lines` beside each other. Values are not negative; each series has a value for each label."""
    tones = [one.tone or TONES[index % len(TONES)] for index, one in enumerate(series)]
    rows = [[None if v is None else float(v) for v in one.values] for one in series]
    sums = [[v or 0.0 for v in column] for column in zip(*rows, strict=True)]
    top, step = _scale(max((sum(c) if kind == "bars" else max(c) for c in sums if c), default=0))
    width = 100 / max(1, len(labels))
    columns = [
        Column(
            label=label,
            x=round(index * width, 3),
            width=round(width, 3),
            bars=_stack(sums[index], tones, top) if kind == "bars" and series else (),
            says=[(one.name, one.values[index]) for one in series],
        )
        for index, label in enumerate(labels)
    ]
    drawn = zip(tones, rows, strict=True) if kind == "lines" else ()
    lines = [(tone, part) for tone, row in drawn for part in _parts(row, width, top)]
    ticks = [(step * n, round(100 - step * n / top * 100, 2)) for n in range(round(top / step) + 1)]
    return Drawing(ticks, columns, lines, list(zip((one.name for one in series), tones, strict=True)))


def _scale(most: float) -> tuple[float, float]:
    """The top of the axis and its step: 1, 2 or 5 times a power of ten, three to five steps high."""
    if most < 1e-9:
        return 1.0, 1.0
    power = 10 ** math.floor(math.log10(most / 4))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power * 5 >= most)
    return math.ceil(most / step - 1e-9) * step, step


def _stack(values: Sequence[float], tones: Sequence[str], top: float) -> list[Bar]:
    found: list[Bar] = []
    under = 0.0
    for value, tone in zip(values, tones, strict=True):
        under += value
        if value:
            found.append(Bar(tone, round(100 - under / top * 100, 3), round(value / top * 100, 3)))
    return found


def _parts(row: Sequence[float | None], width: float, top: float) -> list[str]:
    """Polylines through the middles of the columns, cut where a value is unknown."""
    parts: list[list[str]] = [[]]
    for index, value in enumerate(row):
        if value is None:
            parts.append([])
            continue
        parts[-1].append(f"{(index + 0.5) * width:.3f},{100 - value / top * 100:.3f}")
    return [" ".join(points) for points in parts if points]
