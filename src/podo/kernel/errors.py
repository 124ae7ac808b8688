"""The eight kinds of error, which know nothing of HTTP.

A concrete error is a subclass that names a stable `code` and two sentences: `so` says what is so, `do` says what to do.
Both are English templates (`{name}` fields are filled from the error's data) and are translated when they are read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

Translate = Callable[[str], str]
# What of an error's data, and of an event's, is words of ours and not a name.
SAID = frozenset({"what", "why"})


def N_(text: str) -> str:
    """Mark `text` for translation without translating it now."""
    return text


class PodoError(Exception):
    """Something we can explain. `data` is JSON-able and never holds a secret."""

    kind: ClassVar[str] = "broken"
    code: ClassVar[str] = "podo.broken"
    so: ClassVar[str] = N_("Something in Podo broke.")
    do: ClassVar[str] = N_("Try again; if it happens again, tell an administrator the request id.")

    def __init__(self, **data: Any) -> None:
        self.data = data
        super().__init__(self.code, data)

    def said(self, translate: Translate = str) -> tuple[str, str]:
        """The two sentences (what is so, what to do) with data filled in, translated by `translate`."""
        data = {key: translate(value) if key in SAID and isinstance(value, str) else value for key, value in self.data.items()}
        return translate(self.so).format(**data), translate(self.do).format(**data)

    def __str__(self) -> str:
        return " ".join(self.said())


class Invalid(PodoError):
    """The input cannot be taken as it is. `fields` maps a field's name to what is wrong with it."""

    kind = "invalid"
    code = "podo.invalid"
    so = N_("Some of what was sent cannot be taken: {fields}.")
    do = N_("Correct it and send it again; nothing was changed.")


class SignIn(PodoError):
    """Nobody is signed in, or the session or token is over."""

    kind = "sign_in"
    code = "podo.sign_in"
    so = N_("You are not signed in.")
    do = N_("Sign in, or send a valid token, and try again.")


class Refused(PodoError):
    """The actor is known and may not do this."""

    kind = "refused"
    code = "podo.refused"
    so = N_("You may not do this.")
    do = N_("Ask the owning team or an SRE.")


class Missing(PodoError):
    """There is no such thing, or the reader may not know of it."""

    kind = "missing"
    code = "podo.missing"
    so = N_("There is no {what} “{name}”.")
    do = N_("Check the spelling, or look for it in the list.")


class Conflict(PodoError):
    """The request is fine, but what is so now forbids it."""

    kind = "conflict"
    code = "podo.conflict"
    so = N_("It changed while you looked at it.")
    do = N_("Read it again and decide anew.")


class TooMany(PodoError):
    """Too often in too short a time; `after` says how many seconds to wait."""

    kind = "too_many"
    code = "podo.too_many"
    so = N_("Too many requests.")
    do = N_("Wait {after} seconds and try again.")


class Unavailable(PodoError):
    """Something outside does not answer. The only kind that is retried."""

    kind = "unavailable"
    code = "podo.unavailable"
    so = N_("{what} does not answer: {why}.")
    do = N_("Podo tries again by itself; check {what} if it stays so.")


class Broken(PodoError):
    """A fault of ours."""

    kind = "broken"
    code = "podo.broken"


KINDS: tuple[type[PodoError], ...] = (Invalid, SignIn, Refused, Missing, Conflict, TooMany, Unavailable, Broken)
