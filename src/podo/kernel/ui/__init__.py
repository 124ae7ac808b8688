"""Server-rendered pages: page objects, their frame, templates, components, languages. README.md shows how to write a page."""

from podo.kernel.ui import languages
from podo.kernel.ui.bundle import ASSETS
from podo.kernel.ui.charts import Series
from podo.kernel.ui.frames import Action, Frame, Head, Mark, NavItem, Tab, Viewer
from podo.kernel.ui.markdown import markdown
from podo.kernel.ui.pages import PAGES, ErrorPage, page, render
from podo.kernel.ui.patterns import PatternsPage, patterns_page

frame_for = Frame

__all__ = [
    "ASSETS",
    "PAGES",
    "Action",
    "ErrorPage",
    "Frame",
    "Head",
    "Mark",
    "NavItem",
    "PatternsPage",
    "Series",
    "Tab",
    "Viewer",
    "frame_for",
    "languages",
    "markdown",
    "page",
    "patterns_page",
    "render",
]
