"""The languages of the site: which one a reader gets, and its catalogue (`.po` files whose keys are the English texts)."""

from __future__ import annotations

import gettext
import io
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = {"en": "English", "ko": "한국어"}
DEFAULT = "en"
LOCALE = Path(__file__).parent / "locale"


def catalogue(lang: str) -> Path:
    """Where the sentences of `lang` are."""
    return LOCALE / lang / "LC_MESSAGES" / "podo.po"


@cache
def translations(lang: str) -> gettext.NullTranslations:
    """The catalogue of `lang`, read once. What it lacks is shown in English."""
    if not catalogue(lang).exists():
        return gettext.NullTranslations()
    with catalogue(lang).open("rb") as source:
        messages = read_po(source, locale=lang)
    compiled = io.BytesIO()
    write_mo(compiled, messages)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def translator(lang: str) -> Callable[[str], str]:
    """Turns an English text into `lang`; an empty text stays empty (gettext would answer with the catalogue's header)."""
    found = translations(lang)
    return lambda text: found.gettext(text) if text else ""


def say(lang: str, message: str, **fields: object) -> str:
    """`message` in `lang`, its `{field}`s filled."""
    text = translator(lang)(message)
    return text.format(**fields) if fields else text


def pick(chosen: str | None, accepted: str) -> str:
    """The language for a reader who chose `chosen` and whose browser sends `accepted` (an Accept-Language header)."""
    if chosen in LANGUAGES:
        return chosen
    wishes: list[tuple[float, str]] = []
    for part in accepted.split(","):
        tag, _, weight = part.strip().partition(";")
        quality = re.fullmatch(r"\s*q=([01](?:\.\d{1,3})?)\s*", weight)
        wishes.append((float(quality[1]) if quality else 1.0, tag.partition("-")[0].lower()))
    known = [lang for quality, lang in sorted(wishes, key=lambda w: -w[0]) if lang in LANGUAGES and quality > 0]
    return known[0] if known else DEFAULT
