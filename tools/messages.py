"""The catalogue of texts: collect them from templates and Python, keep the translations, and say what is missing.

`python -m tools.messages` adds new texts with an empty translation and drops unused ones; `--take FILE` fills translations from a
JSON object of English to translated text first; `--check` changes nothing and fails for what is empty, stale or broken.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

from podo.kernel.ui.languages import LANGUAGES, catalogue

SOURCE = Path(__file__).parent.parent / "src/podo"
TRANSLATED = [lang for lang in LANGUAGES if lang != "en"]
METHODS = [("**/templates/**.html", "jinja2.ext:babel_extract"), ("**.py", "python")]
OPTIONS = {"**/templates/**.html": {"trimmed": "true", "silent": "false", "newstyle_gettext": "true"}}
_FIELDS = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w+\}")


def main() -> int:
    """0 when all is well; with --check, 1 when something is to be done."""
    words = argparse.ArgumentParser(prog="messages")
    words.add_argument("--check", action="store_true", help="change nothing; fail for what is empty, stale or broken")
    words.add_argument("--take", type=Path, metavar="FILE", help="fill translations from a JSON object")
    given = words.parse_args()
    found = extracted()
    for lang in TRANSLATED:
        known = read(lang)
        if given.check:
            told = [f"{catalogue(lang).name} ({lang}): {problem}" for problem in problems(found, known)]
            if told:
                print("\n".join(told))
                return 1
            continue
        _write(lang, merged(lang, found, known, json.loads(given.take.read_text()) if given.take else {}))
    return 0


def extracted(source: Path = SOURCE) -> Catalog:
    """Every text that is marked in `source`."""
    found = Catalog()
    for _, _, text, comments, context in extract_from_dir(source, METHODS, OPTIONS, DEFAULT_KEYWORDS):
        if text and text != ("",):
            found.add(text, auto_comments=comments, context=context)
    return found


def read(lang: str) -> Catalog:
    """The catalogue of `lang` as it is committed; an empty one when there is none."""
    path = catalogue(lang)
    if not path.exists():
        return Catalog(locale=lang)
    with path.open("rb") as stream:
        return read_po(stream, locale=lang)


def merged(lang: str, found: Catalog, known: Catalog, taken: dict[str, Any]) -> Catalog:
    """The catalogue of `lang`: the texts of `found`, translated as in `taken`, else as they were known."""
    merged = Catalog(locale=lang, project="Podo", charset="utf-8", fuzzy=False)
    for message in _messages(found):
        old = known.get(_key(message), message.context)
        text = taken.get(_key(message)) or (old.string if old else "")
        if message.pluralizable and isinstance(text, str):
            text = (text,) * merged.num_plurals
        merged.add(message.id, text, context=message.context, flags=message.flags)
    return merged


def _write(lang: str, merged: Catalog) -> None:
    path = catalogue(lang)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        # Without places and dates, sorted: two people who add texts rarely touch the same lines.
        write_po(stream, merged, no_location=True, sort_output=True, omit_header=True, width=0)
    empty = sum(1 for message in _messages(merged) if _is_empty(message))
    print(f"{path.name} ({lang}): {len(list(_messages(merged)))} texts, {empty} without translation")


def _messages(catalog: Catalog) -> Iterator[Message]:
    return (message for message in catalog if message.id)


def _key(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def problems(found: Catalog, known: Catalog) -> Iterator[str]:
    """What keeps `known` from being the catalogue of the texts in `found`, one sentence each."""
    for message in _messages(found):
        old = known.get(_key(message), message.context)
        if old is None or _is_empty(old):
            yield f"not translated: {_key(message)!r}"
            continue
        yield from _broken(message, old)
    for message in _messages(known):
        if found.get(_key(message), message.context) is None:
            yield f"no longer used: {_key(message)!r}"


def _is_empty(message: Message) -> bool:
    texts = message.string if isinstance(message.string, list | tuple) else [message.string]
    return not all(texts)


def _broken(message: Message, translated: Message) -> Iterator[str]:
    """A translation that lacks a field, or names one that is not there, would fail when it is shown."""
    wanted = {field for text in _texts(message.id) for field in _fields(text)}
    for text in _texts(translated.string):
        strange = set(_fields(text)) - wanted
        lost = {f for f in _fields(_texts(message.id)[-1]) if f not in _fields(text)} if not message.pluralizable else set()
        if strange or lost:
            yield f"fields differ in {_key(message)!r}: {sorted(strange | lost)}"


def _texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _fields(text: str) -> list[str]:
    """`%(name)s`, `%s` and `{name}` in a text."""
    return _FIELDS.findall(text)


if __name__ == "__main__":
    sys.exit(main())
