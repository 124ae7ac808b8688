"""The languages of the site: which one a reader gets, and its catalogue (`.po` files whose keys are the English texts)."""

from __future__ import annotations

import gettext
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from podo.kernel.errors import SAID
from podo.kernel.ui.particles import Sentence

LANGUAGES = {"en": "English", "ko": "한국어"}
DEFAULT = "en"
_FIELD = re.compile(r"\{(\w+)\}")
# A template with fewer letters of its own fits what nobody of us said.
_ENOUGH = 12
LOCALE = Path(__file__).parent / "locale"


def catalogue(lang: str) -> Path:
    """Where the sentences of `lang` are."""
    return LOCALE / lang / "LC_MESSAGES" / "podo.po"


@cache
def _messages(lang: str) -> Catalog:
    if not catalogue(lang).exists():
        return Catalog(locale=lang)
    with catalogue(lang).open("rb") as source:
        return read_po(source, locale=lang)


@cache
def translations(lang: str) -> gettext.NullTranslations:
    """The catalogue of `lang`, read once. What it lacks is shown in English."""
    if not catalogue(lang).exists():
        return gettext.NullTranslations()
    compiled = io.BytesIO()
    write_mo(compiled, _messages(lang))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def translator(lang: str) -> Callable[[str], str]:
    """Turns an English text into `lang`, also one whose `{field}`s are filled: reasons are kept as they were said.

    An empty text stays empty (gettext would answer with the catalogue's header), and one that is not ours as it is.
    """
    found = translations(lang)

    def translate(text: str) -> str:
        said = found.gettext(text) if text else ""
        if said == text:
            return _retold(lang, text)
        return Sentence(said) if lang == "ko" else said

    return translate


@dataclass(frozen=True, slots=True)
class _Template:
    """A message with fields. `sure` is its longest piece between them, which what is looked for holds."""

    sure: str
    pattern: re.Pattern[str]
    said: str


@cache
def _templates(lang: str) -> Sequence[_Template]:
    """The longest first: of two that fit, the one that says more."""
    found: list[tuple[int, _Template]] = []
    for message in _messages(lang):
        if not (isinstance(message.id, str) and isinstance(message.string, str) and message.string and _FIELD.search(message.id)):
            continue
        pieces = _FIELD.split(message.id)[::2]
        names = _FIELD.findall(message.id)
        if len(set(names)) < len(names) or sum(map(len, pieces)) < _ENOUGH:
            continue
        holes = [*(f"(?P<{name}>.+)" for name in names), ""]
        pattern = "".join(re.escape(piece) + hole for piece, hole in zip(pieces, holes, strict=True))
        found.append((sum(map(len, pieces)), _Template(max(pieces, key=len), re.compile(pattern, re.DOTALL), message.string)))
    return [template for _, template in sorted(found, key=lambda it: -it[0])]


@lru_cache(4096)
def _retold(lang: str, text: str) -> str:
    for template in _templates(lang):
        if template.sure in text and (filled := template.pattern.fullmatch(text)):
            data = filled.groupdict()
            said = Sentence(template.said) if lang == "ko" else template.said
            return said.format(**{key: translator(lang)(it) if key in SAID else it for key, it in data.items()})
    return text


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
