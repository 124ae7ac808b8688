"""Templates: where they are, and the names that each of them has. One environment a language."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from pathlib import Path
from types import SimpleNamespace

from jinja2 import BaseLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from jinja2.runtime import Macro
from markupsafe import Markup

from podo.kernel.errors import N_
from podo.kernel.ui import bundle, marks
from podo.kernel.ui.charts import draw
from podo.kernel.ui.compiled import HOME, Compiled
from podo.kernel.ui.formats import Formats
from podo.kernel.ui.frames import hue, initials
from podo.kernel.ui.languages import LANGUAGES, translations, translator
from podo.kernel.ui.markdown import markdown
from podo.kernel.ui.pager import steps

ROOT = Path(__file__).parents[2]
MACROS = ("marks", "forms", "lists", "parts", "code", "charts")
STEADY = (
    "avatar",
    "person",
    "dot",
    "label",
    "state",
    "state_icon",
    "big_state",
    "region",
    "counter",
    "key",
    "progress",
    "copy",
    "keyboard",
    "logo",
)
"""Small macros that a list shows by the hundred and whose outcome depends on their arguments alone: kept."""


def folders(root: Path = ROOT) -> dict[str, Path]:
    """The templates' folders by the first part of their names: `catalog/…`, and `ui/…` for the kernel's own."""
    found = sorted([*root.glob("*/templates"), *root.glob("kernel/*/templates")])
    return {folder.parent.name: folder for folder in found}


def make(lang: str, loader: BaseLoader) -> Environment:
    """An environment with everything a template has: `_`, `ngettext`, `pgettext`, `ui`."""
    made = Environment(
        loader=loader,
        autoescape=True,
        finalize=_harmless,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
        bytecode_cache=None if sys.dont_write_bytecode else Compiled(HOME / lang, Path(__file__)),
        extensions=["jinja2.ext.i18n"],
    )
    made.policies["ext.i18n.trimmed"] = True
    made.install_gettext_translations(translations(lang), newstyle=True)  # pyright: ignore[reportAttributeAccessIssue]
    # One object, filled while the macros load, so that macros see each other whatever their file.
    made.globals["ui"] = ui = SimpleNamespace(**_functions(lang))
    for name in MACROS:
        macros = made.get_template(f"ui/macros/{name}.html").module
        vars(ui).update({n: _remembered(n, m) for n, m in vars(macros).items() if not n.startswith("_")})
    return made


# What turns text around (overrides, embeddings, isolates) or is no text at all: a name or a subject may be anybody's.
_TURNING = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
# Longer markup is the outcome of a macro, whose parts were looked at one by one.
_LONG_MARKUP = 1000


def _harmless(value: object) -> object:
    """What is printed into a page, with a mark in the place of what would make it read otherwise than it is."""
    if not isinstance(value, str) or value.isascii() or (isinstance(value, Markup) and len(value) > _LONG_MARKUP):
        return value
    if not _TURNING.search(value):
        return value
    plain = _TURNING.sub("\N{REPLACEMENT CHARACTER}", value)
    return Markup(plain) if isinstance(value, Markup) else plain  # noqa: S704 - it was markup before, less some controls


def _remembered(name: str, macro: Macro) -> Callable[..., str]:
    # Typed: Markup and text are equal for a cache, but only one of them is escaped.
    return lru_cache(4096, typed=True)(macro) if name in STEADY else macro


@cache
def environment(lang: str) -> Environment:
    """The environment of `lang` over all domains' templates."""
    return make(lang, PrefixLoader({name: FileSystemLoader(path) for name, path in folders().items()}))


def _functions(lang: str) -> dict[str, object]:
    say, formats = translator(lang), Formats(lang, translator(lang))
    return {
        "lang": lang,
        "languages": LANGUAGES,
        "say": lambda message, **data: say(message).format(**data) if data else say(message),
        "script_words": _script_words(say),
        "asset": bundle.address,
        "icon": marks.icon,
        "look": marks.look,
        "health_words": marks.HEALTH,
        "state_words": [look.word for look in marks.STATES.values()],
        "paint": marks.paint,
        "markdown": markdown,
        "hue": hue,
        "initials": initials,
        "page_steps": steps,
        "draw": draw,
        **{name: getattr(formats, name) for name in dir(formats) if not name.startswith("_")},
    }


def _script_words(say: Callable[[str], str]) -> str:
    """What site.js says by itself, as JSON; `%s` and `%d` are filled there."""
    words = {
        "ago": N_("%s ago"),
        "soon": N_("in %s"),
        "now": N_("just now"),
        "s": N_("%d s"),
        "min": N_("%d min"),
        "h": N_("%d h"),
        "d": N_("%d d"),
        "copied": N_("Copied"),
        "live": N_("live"),
        "offline": N_("not live, trying again"),
        "asking": N_("Asking…"),
    }
    return json.dumps({name: say(text) for name, text in words.items()}, ensure_ascii=False)


def reserved() -> Sequence[str]:
    """Names that a template has without its page object."""
    return ("_", "gettext", "ngettext", "pgettext", "npgettext", "ui", "frame", "range", "dict", "namespace", "joiner", "cycler")
