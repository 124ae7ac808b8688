"""What a look at an installation finds."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from podo.kernel.errors import N_, PodoError

_log = logging.getLogger("podo.doctor")
_SECONDS = 30.0


class Level(StrEnum):
    """`well`; `odd`: it works, and somebody should look; `bad`: something of Podo does not work."""

    well = "well"
    odd = "odd"
    bad = "bad"


class Text(str):
    """A sentence in English, which knows of what it was made, and can be said in another language."""

    message: str
    facts: Mapping[str, object]

    def __new__(cls, message: str, /, **facts: object) -> Text:
        """`message` with its `{field}`s filled."""
        made = super().__new__(cls, message.format(**facts) if facts else message)
        made.message, made.facts = message, facts
        return made


def said(text: str, translate: Callable[[str], str]) -> str:
    """A sentence of a finding in another language."""
    if not isinstance(text, Text):
        return translate(text)
    facts = {name: said(fact, translate) if isinstance(fact, Text) else fact for name, fact in text.facts.items()}
    return translate(text.message).format(**facts) if facts else translate(text.message)


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding: `about` what, what is `so`, and what to `do` (empty where all is well); sentences are `Text` or constant."""

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
    return bad(about, Text(error.so, **error.data), Text(error.do, **error.data))


async def looked(about: str, look: Callable[[], Awaitable[Sequence[Finding]]]) -> Sequence[Finding]:
    """What `look` finds; that it could not look is a finding, too."""
    try:
        async with asyncio.timeout(_SECONDS):
            return await look()
    except PodoError as error:
        return [of_error(about, error)]
    except TimeoutError:
        so = Text(N_("It did not answer within {seconds} seconds."), seconds=f"{_SECONDS:.0f}")
        return [bad(about, so, N_("Is it reachable from this machine?"))]
    except Exception as error:
        _log.exception("looking at %s broke", about)
        why = Text(N_("It could not be looked at: {why}"), why=f"{type(error).__name__}: {error}")
        return [bad(about, why, N_("The log has the whole fault; it may be one of Podo's."))]
