"""Reading quantities and lines of logs."""

from __future__ import annotations

import re
from datetime import datetime

_UNITS = {
    "n": 1e-9,
    "u": 1e-6,
    "m": 1e-3,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "P": 1e15,
    "E": 1e18,
    **{f"{letter}i": 1024.0**power for power, letter in enumerate("KMGTPE", 1)},
}


def millicores(quantity: str) -> int:
    """`250m`, `1.5` or `5k` as millicores; 0 for nothing."""
    return round(_amount(quantity) * 1000)


def mebibytes(quantity: str) -> int:
    """`512Mi`, `1Gi`, `128M` or bytes as Mi; 0 for nothing."""
    return round(_amount(quantity) / 2**20)


def _amount(quantity: str) -> float:
    """A quantity of Kubernetes, in whatever it counts."""
    for unit in sorted(_UNITS, key=len, reverse=True):
        if quantity.endswith(unit):
            return float(quantity.removesuffix(unit)) * _UNITS[unit]
    return float(quantity or 0)


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
