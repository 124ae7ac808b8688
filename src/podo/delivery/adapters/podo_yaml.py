"""From the bytes of a podo.yaml to plain JSON with the line of every key. What YAML has beside plain values is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from podo.delivery.rules.chart_values import Path
from podo.delivery.rules.podo_yaml import MOST_BYTES
from podo.delivery.types import PodoYamlInvalid
from podo.kernel.errors import N_

_DEEPEST = 20
_TAG = "tag:yaml.org,2002:"


def read(content: bytes) -> tuple[Any, dict[Path, int]]:
    """The document (None for an empty one), and the line of each key and list item by its path. Raises `PodoYamlInvalid`."""
    if len(content) > MOST_BYTES:
        raise PodoYamlInvalid(
            line=0,
            why=N_("it has {size} KiB, and may have {most_bytes}").format(size=len(content) >> 10, most_bytes=MOST_BYTES >> 10),
        )
    text = _text(content)
    try:
        _check_events(text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, max(error.position, 0)) + 1
        raise PodoYamlInvalid(line=line, why=N_("it holds a character that YAML does not allow")) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise PodoYamlInvalid(
            line=mark.line + 1 if mark else 0, why=N_("it is no YAML: {problem}").format(problem=error.problem or error)
        ) from None
    lines: dict[Path, int] = {}
    return (None if node is None else _value(node, (), lines)), lines


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PodoYamlInvalid(line=content.count(b"\n", 0, error.start) + 1, why=N_("it is not written in UTF-8")) from None


def _check_events(text: str) -> None:
    """Before anything is built: no tags, no anchors and aliases, one document, not too deep."""
    depth = documents = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1
        documents += isinstance(event, yaml.DocumentStartEvent)
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if documents > 1:
            raise PodoYamlInvalid(line=line, why=N_("there is a second document; there may be one"))
        if depth > _DEEPEST:
            raise PodoYamlInvalid(line=line, why=N_("it stands deeper than {deepest} levels").format(deepest=_DEEPEST))
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise PodoYamlInvalid(line=line, why=N_("anchors (&) and aliases (*) are not taken; write the value out"))
        if getattr(event, "tag", None):
            raise PodoYamlInvalid(line=line, why=N_("tags (!) are not taken; write the plain value"))


def _value(node: yaml.Node, at: Path, lines: dict[Path, int]) -> Any:
    lines.setdefault(at, node.start_mark.line + 1)
    match node:
        case yaml.MappingNode():
            return dict(_items(node, at, lines))
        case yaml.SequenceNode():
            return [_value(item, (*at, place), lines) for place, item in enumerate(node.value)]
        case yaml.ScalarNode():
            return _scalar(node)
        case _:
            raise PodoYamlInvalid(line=lines[at], why=N_("it is neither a value, nor a list, nor a map"))


def _items(node: yaml.MappingNode, at: Path, lines: dict[Path, int]) -> Iterator[tuple[str, Any]]:
    seen: set[str] = set()
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key, yaml.ScalarNode):
            raise PodoYamlInvalid(line=line, why=N_("a key must be a word"))
        if key.tag == f"{_TAG}merge":
            raise PodoYamlInvalid(line=line, why=N_("“<<” is not taken; write the keys out"))
        if key.tag != f"{_TAG}str":
            raise PodoYamlInvalid(
                line=line, why=N_("the key {value} is read as no text: put quotes around it").format(value=key.value[:40])
            )
        if key.value in seen:
            raise PodoYamlInvalid(line=line, why=N_("“{value}” stands here for the second time").format(value=key.value[:40]))
        seen.add(key.value)
        lines[*at, key.value] = line
        yield key.value, _value(value, (*at, key.value), lines)


def _scalar(node: yaml.ScalarNode) -> Any:
    text: str = node.value
    try:
        match node.tag.removeprefix(_TAG):
            case "null":
                return None
            case "bool":
                return yaml.SafeLoader.bool_values[text.lower()]
            case "int":
                return _READING.construct_yaml_int(node)
            case "float":
                return _READING.construct_yaml_float(node)
            case _:
                # A date is text to everything that podo.yaml can say.
                return text
    except ValueError:
        raise PodoYamlInvalid(
            line=node.start_mark.line + 1, why=N_("{text} cannot be read as a number").format(text=text[:40])
        ) from None


# The reading of numbers is the library's; it keeps nothing from one to the next.
_READING = yaml.SafeLoader("")
