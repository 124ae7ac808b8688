"""Reading quantities and lines of logs."""

from __future__ import annotations

import re
from datetime import datetime


def millicores(quantity: str) -> int:
    """`250m` or `1.5` as millicores; 0 for nothing."""
    if not quantity:
        return 0
    return int(quantity[:-1]) if quantity.endswith("m") else int(float(quantity) * 1000)


def mebibytes(quantity: str) -> int:
    """`512Mi`, `1Gi`, `128M` or bytes as Mi; 0 for nothing."""
    units = {
        "Ki": 1 / 1024,
        "Mi": 1,
        "Gi": 1024,
        "Ti": 1024**2,
        "k": 1e3 / 2**20,
        "M": 1e6 / 2**20,
        "G": 1e9 / 2**20,
        "T": 1e12 / 2**20,
    }
    for unit, factor in units.items():
        if quantity.endswith(unit):
            return round(float(quantity.removesuffix(unit)) * factor)
    return round(float(quantity) / 2**20) if quantity else 0


def log_line(line: str) -> tuple[datetime | None, str, str]:
    """A line `2026-11-23T05:08:01.2Z text` as (time, text, kind); kind is err, warn or empty, by the words of the text."""
    stamp, _, text = line.partition(" ")
    try:
        at = datetime.fromisoformat(_FRACTION.sub(r"\1", stamp))
    except ValueError:
        at, text = None, line
    if _ERROR.search(text):
        return at, text, "err"
    return at, text, "warn" if _WARNING.search(text) else ""


# Kubernetes writes nanoseconds; Python reads microseconds.
_FRACTION = re.compile(r"(\.\d{6})\d+")
_ERROR = re.compile(r"\b(ERROR|FATAL|CRITICAL|panic:|Traceback|Exception)\b|^\s*\S*Error:")
_WARNING = re.compile(r"\bWARN(ING)?\b")
