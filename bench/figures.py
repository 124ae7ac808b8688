"""What was measured, and the table it is shown in."""

from __future__ import annotations

import math
import statistics
import unicodedata
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Limit:
    """What a figure should be: at most (or, where `least`, at least) this much of its unit."""

    value: float
    least: bool = False

    def holds(self, measured: float) -> bool:
        """Whether it is so."""
        return measured >= self.value if self.least else measured <= self.value

    def said(self, unit: str) -> str:
        """`≤ 100 ms`."""
        return f"{'≥' if self.least else '≤'} {number(self.value)} {unit}".strip()


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing measured several times: `samples` in `unit`. `beside` is what it is compared with, in words."""

    bench: str
    name: str
    unit: str
    samples: Sequence[float]
    limit: Limit | None = None
    beside: str = ""

    @property
    def median(self) -> float:
        """The middle of the samples: what counts."""
        return statistics.median(self.samples)

    @property
    def mark(self) -> str:
        """`ok`, `MISSED`, or nothing where there is no limit."""
        if self.limit is None:
            return ""
        return "ok" if self.limit.holds(self.median) else "MISSED"

    def facts(self) -> dict[str, Any]:
        """For machines."""
        limit = asdict(self.limit) if self.limit else None
        known = {"bench": self.bench, "name": self.name, "unit": self.unit, "median": self.median, "samples": list(self.samples)}
        return {**known, "limit": limit, "beside": self.beside, "mark": self.mark}

    def row(self) -> list[str]:
        """A line of the table."""
        spread = f"{number(min(self.samples))}–{number(max(self.samples))}" if len(self.samples) > 1 else ""
        count = f"{len(self.samples)}×" if len(self.samples) > 1 else ""
        limit = self.limit.said(self.unit) if self.limit else ""
        return [self.bench, self.name, f"{number(self.median)} {self.unit}", spread, count, limit, self.mark, self.beside]


@dataclass(slots=True)
class Report:
    """All figures of a run, what was left out and why, and how noisy the machine was."""

    figures: list[Figure] = field(default_factory=list[Figure])
    left_out: dict[str, str] = field(default_factory=dict[str, str])
    noise: list[Figure] = field(default_factory=list[Figure])

    def facts(self) -> dict[str, Any]:
        """For machines."""
        return {
            "figures": [f.facts() for f in self.figures],
            "noise": [f.facts() for f in self.noise],
            "left_out": self.left_out,
        }

    def text(self) -> str:
        """For people."""
        head = ["", "what", "median", "min–max", "", "goal", "", "beside"]
        lines = table([head, *(f.row() for f in [*self.figures, *self.noise])])
        lines += [f"{name} was left out: {why}" for name, why in self.left_out.items()]
        return "\n".join(lines)


def number(value: float) -> str:
    """Three digits that say something; thousands with a comma."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:,.{min(digits, 3)}f}"


def quantile(values: Sequence[float], share: float) -> float:
    """The value that `share` of all do not exceed: of 100, the 99th for 0.99."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines whose columns stand under one another."""
    widths = [max(_width(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell + " " * (w - _width(cell)) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
