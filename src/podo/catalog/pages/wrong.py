"""What was wrong with a form: errors as sentences, each at the field that it belongs to."""

from __future__ import annotations

from collections.abc import Iterable

from podo.catalog.types import (
    NameInvalid,
    NameLeaving,
    NameReserved,
    NamespaceForeign,
    NameTaken,
    NotServed,
    NotTyped,
    RepositoryForbidden,
    RepositorySlow,
    WrongPlace,
    WrongProject,
)
from podo.kernel.errors import PodoError
from podo.kernel.http import Web
from podo.kernel.ui import languages

WHOLE = "form"
_NAMES = (NameInvalid, NameReserved, NameTaken, NameLeaving, NamespaceForeign)


def field_of(error: PodoError) -> str:
    """The field of the form that an error belongs to; `form` for one that belongs to none."""
    if isinstance(error, WrongProject | WrongPlace):
        return error.field or error.data.get("field", "") or WHOLE
    if isinstance(error, _NAMES):
        return "slug"
    if isinstance(error, NotServed):
        return "at"
    if isinstance(error, NotTyped):
        return "typed"
    if isinstance(error, RepositoryForbidden | RepositorySlow) or error.code.startswith("git."):
        return "credential" if error.code == "git.credential_invalid" else "repository"
    return "team" if error.code in ("access.no_such_team", "access.not_allowed") else WHOLE


def sentence(w: Web, error: PodoError) -> str:
    """What is so and what to do, in the reader's language."""
    return " ".join(error.said(languages.translator(w.lang)))


def so(w: Web, error: PodoError) -> str:
    """What is so alone, where the page itself offers what to do."""
    return error.said(languages.translator(w.lang))[0]


def by_field(w: Web, errors: Iterable[PodoError]) -> dict[str, str]:
    """The first error of each field, as a sentence; that a form is to be sent again goes without saying."""
    found: dict[str, str] = {}
    for error in errors:
        again = error.do in (WrongProject.do, WrongPlace.do)
        found.setdefault(field_of(error), so(w, error) if again else sentence(w, error))
    return found


def say(w: Web, message: str, **fields: object) -> str:
    """A message in the reader's language."""
    return languages.translator(w.lang)(message).format(**fields)
