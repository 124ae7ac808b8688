"""Page objects: a frozen dataclass is a page, its fields are the names of its template (law 9), `render` makes the HTML."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from podo.kernel.ui.environment import environment
from podo.kernel.ui.frames import Frame

P = TypeVar("P", bound=type[Any])

PAGES: dict[type[Any], str] = {}


def page(template: str) -> Callable[[P], P]:
    """Register a frozen dataclass as the page that `template` (`catalog/projects.html`) shows."""

    def register(made: P) -> P:
        PAGES[made] = template
        return made

    return register


def render(shown: object, frame: Frame) -> str:
    """The HTML of a page, or of a piece of one when its template does not extend the frame's."""
    template = environment(frame.lang).get_template(PAGES[type(shown)])
    names = {f.name: getattr(shown, f.name) for f in fields(shown)}  # pyright: ignore[reportArgumentType]
    return template.render(frame=frame, **names)


@page("ui/error.html")
@dataclass(frozen=True, slots=True)
class ErrorPage:
    """What went wrong: what is so, what to do; `so` and `do` are sentences in the reader's language."""

    status: int
    code: str
    so: str
    do: str
    request_id: str
