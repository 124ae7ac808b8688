"""Read Helm's complaints: which chart, which template and line, which value."""

from __future__ import annotations

import re

from podo.clients.helm.errors import ChartInvalid, TemplateFailed, ValuesInvalid
from podo.kernel.errors import PodoError

_SCHEMA = "values don't meet the specifications of the schema"
_AT = re.compile(r"^ *- at '(?P<pointer>[^']*)': (?P<why>.+)$", re.MULTILINE)
_OF_NAME = re.compile(r" +- at '': .*")
_NAMES = re.compile(r"'([^']+)'")
_BOUND = re.compile(r"(?P<what>minimum|maximum): got (?P<got>\S+), want (?P<want>\S+)")
_PLACE = re.compile(r"(?P<template>[\w.-]+/[\w./-]+\.(?:ya?ml|tpl|txt|json)):(?P<line>\d+)")
_NAMED = re.compile(r"on (?P<template>[\w.-]+/[\w./-]+\.(?:ya?ml|tpl|txt|json))")
_YAML_LINE = re.compile(r"line (?P<line>\d+)")
_BEFORE = re.compile(r">:\s+|error calling \w+: |(?:execution|parse) error at \([^)]*\): |YAML parse error on [^:]+: ")
_HINT = "Use --debug flag"


def complaint(chart: str, text: str) -> PodoError:
    """The error that Helm's message stands for."""
    text = text.partition(_HINT)[0].strip().removeprefix("Error: ")
    if _SCHEMA in text:
        return refused(chart, text)
    why = " ".join(_BEFORE.split(text)[-1].split()).rstrip(".")[:400]
    if places := list(_PLACE.finditer(text)):
        return TemplateFailed(template=places[-1]["template"], line=int(places[-1]["line"]), why=why, fields={})
    if named := _NAMED.search(text):
        line = _YAML_LINE.search(text)
        return TemplateFailed(template=named["template"], line=int(line["line"]) if line else 0, why=why, fields={})
    return ChartInvalid(chart=chart, why=why, fields={})


def refused(chart: str, text: str) -> ValuesInvalid:
    """The values that the schema refuses, each by its path."""
    fields: dict[str, str] = {}
    for found in _AT.finditer(text):
        # A group's own line says nothing: what failed in it stands below. A wrong name's own line says it all.
        if not found["why"].endswith("failed") and not _OF_NAME.fullmatch(found[0]):
            fields |= _field(_dotted(found["pointer"]), found["why"])
    fields = dict(sorted(fields.items()))
    told = "; ".join(f"{path} {why}" for path, why in fields.items()) or text
    return ValuesInvalid(chart=chart, fields=fields, told=told)


def _field(path: str, why: str) -> dict[str, str]:
    inside = f"{path}." if path else ""
    if why.startswith("additional propert"):
        return {f"{inside}{name}": "is not known to the chart" for name in _NAMES.findall(why)}
    if why.startswith("missing propert"):
        return {f"{inside}{name}": "is missing" for name in _NAMES.findall(why)}
    if why.startswith("invalid propertyName"):
        return {f"{inside}{name}": "is no name that it may have" for name in _NAMES.findall(why)}
    if bound := _BOUND.fullmatch(why):
        return {path: f"is {bound['got']}, the {bound['what']} is {bound['want']}"}
    return {path or "values": f"is wrong ({why})"}


def _dotted(pointer: str) -> str:
    """`/workers/0/name` as `workers[0].name`."""
    parts = (part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])
    return "".join(f"[{part}]" if part.isdigit() else f".{part}" for part in parts).lstrip(".")
