"""What a look at an installation finds."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from podo.kernel.errors import PodoError

_log = logging.getLogger("podo.doctor")
_SECONDS = 30.0


class Level(StrEnum):
    """`well`; `odd`: it works, and somebody should look; `bad`: something of Podo does not work."""

    well = "well"
    odd = "odd"
    bad = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: `about` what, what is `so`, and what to `do` (empty where all is well)."""

    about: str
    level: Level
    so: str
    do: str = ""


def well(about: str, so: str) -> Finding:
    """As it should be."""
    return Finding(about, Level.well, so)


def odd(about: str, so: str, do: str) -> Finding:
    """Worth a look."""
    return Finding(about, Level.odd, so, do)


def bad(about: str, so: str, do: str) -> Finding:
    """Broken."""
    return Finding(about, Level.bad, so, do)


def of_error(about: str, error: PodoError) -> Finding:
    """An error of ours as a finding."""
    return bad(about, *error.said())


async def looked(about: str, look: Callable[[], Awaitable[Sequence[Finding]]]) -> Sequence[Finding]:
    """What `look` finds; that it could not look is a finding, too."""
    try:
        async with asyncio.timeout(_SECONDS):
            return await look()
    except PodoError as error:
        return [of_error(about, error)]
    except TimeoutError:
        return [bad(about, f"It did not answer within {_SECONDS:.0f} seconds.", "Is it reachable from this machine?")]
    except Exception as error:
        _log.exception("looking at %s broke", about)
        why = f"It could not be looked at: {type(error).__name__}: {error}"
        return [bad(about, why, "The log has the whole fault; it may be one of Podo's.")]
