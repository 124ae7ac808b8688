"""Values of the paved-road chart, put together from the widest to the narrowest, with where each came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from podo.delivery.types import Choices, Scope, SealedConfig
from podo.kernel import ids
from podo.kernel.errors import N_

Values = dict[str, Any]
_NOTHING: Mapping[str, Any] = {}
DEFAULT, PROJECT, SETTINGS, PODO = N_("paved road"), N_("project"), N_("Settings"), N_("Podo")


@dataclass(frozen=True, slots=True)
class Facts:
    """What Podo itself puts into a target's values."""

    project: str
    environment: str
    region: str
    port: int
    image: str
    digest: str
    name: str


def together(layers: Sequence[tuple[str, Mapping[str, Any]]], defaults: Mapping[str, Any]) -> tuple[Values, dict[str, str]]:
    """All layers over each other (maps are merged, everything else is replaced), and path → word for what the last one said.

    `defaults` are the chart's: they are not in the result, yet a value that equals its default bears its layer's word.
    """
    made: Values = {}
    sources: dict[str, str] = dict.fromkeys(_paths(defaults), DEFAULT)
    for word, layer in layers:
        _over(made, layer)
        # An empty map merged into another says nothing.
        said = {path for path in _paths(layer) if get(layer, path) != {}}
        # A value where a map was: what the map held is no more.
        sources = {path: w for path, w in sources.items() if not said.intersection(_above(path))}
        sources.update(dict.fromkeys(said, word))
    return made, sources


def layers(declared: Mapping[str, Any], choices: Choices, environment: str, region: str) -> list[tuple[str, Mapping[str, Any]]]:
    """What podo.yaml and Settings say for a target, from the widest to the narrowest. `declared` is a `SourceReader`'s values."""
    stage: Mapping[str, Any] = get(declared, f"environments.{environment}") or _NOTHING
    here: Mapping[str, Any] = get(stage, f"regions.{region}") or _NOTHING
    found: list[tuple[str, Mapping[str, Any]]] = [
        ("podo.yaml", declared.get("values") or _NOTHING),
        (f"podo.yaml {environment}", {k: v for k, v in stage.items() if k != "regions"}),
        (f"podo.yaml {environment} {region}", here),
    ]
    chosen = sorted((s for s in choices.values if s.covers(environment, region)), key=lambda s: s.width)
    found += [(f"Settings {scope}" if scope != Scope() else "Settings", choices.values[scope]) for scope in chosen]
    return [(word, layer) for word, layer in found if layer]


def of_podo(facts: Facts, config: SealedConfig, label: str) -> Values:
    """What only Podo says: image, names, configuration."""
    made: Values = {
        "name": facts.name,
        "image": {"repository": facts.image, "digest": facts.digest},
        "podo": {
            "project": facts.project,
            "environment": facts.environment,
            "region": facts.region,
            "release": label,
        },
    }
    if config.variables:
        made["env"] = dict(config.variables)
    if config.fingerprints:
        made["secrets"] = {"keys": sorted(config.fingerprints), "fingerprint": ids.digest(dict(config.fingerprints))[:16]}
    return made


def get(values: Mapping[str, Any], path: str, default: Any = None) -> Any:
    """The value at `a.b.c`."""
    at: Any = values
    for part in path.split("."):
        inside: Mapping[str, Any] = at if isinstance(at, Mapping) else _NOTHING  # pyright: ignore[reportUnknownVariableType]
        if part not in inside:
            return default
        at = inside[part]
    return at


def rows(values: Mapping[str, Any], defaults: Mapping[str, Any], sources: Mapping[str, str]) -> list[tuple[str, Any, str]]:
    """(path, value, word) of everything, for people to read."""
    whole: Values = {}
    _over(whole, defaults)
    _over(whole, values)
    return [(path, get(whole, path), _word(path, sources)) for path in sorted(_paths(whole))]


def _word(path: str, sources: Mapping[str, str]) -> str:
    at = path
    while at:
        if at in sources:
            return sources[at]
        at = at.rpartition(".")[0]
    return DEFAULT


def _over(below: Values, above: Mapping[str, Any]) -> None:
    for key, value in above.items():
        known = below.get(key)
        if isinstance(value, Mapping) and isinstance(known, dict):
            _over(known, value)  # pyright: ignore[reportUnknownArgumentType]
        elif isinstance(value, Mapping):
            below[key] = {}
            _over(below[key], value)  # pyright: ignore[reportUnknownArgumentType]
        else:
            below[key] = value


def _paths(values: Mapping[str, Any], at: str = "") -> list[str]:
    found: list[str] = []
    for key, value in values.items():
        path = f"{at}.{key}" if at else str(key)
        found += _paths(value, path) if isinstance(value, Mapping) and value else [path]  # pyright: ignore[reportUnknownArgumentType]
    return found


def _above(path: str) -> list[str]:
    """`a` and `a.b` for `a.b.c`."""
    parts = path.split(".")
    return [".".join(parts[:n]) for n in range(1, len(parts))]
