"""What may be configured, and which of several values holds for a target."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Protocol, TypeVar

from podo.delivery.types import ConfigInvalid, ConfigKind, Scope
from podo.kernel.errors import N_

MOST_BYTES = 64 << 10
# A ConfigMap or Secret of Kubernetes holds a mebibyte; names and its own fields want room too.
MOST_TOGETHER = 900 << 10
_LONGEST_KEY = 200
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SURROGATE = re.compile("[\ud800-\udfff]")


class Scoped(Protocol):
    """Something that is set under a key for a scope."""

    @property
    def kind(self) -> ConfigKind:
        """Variable or secret."""
        ...

    @property
    def key(self) -> str:
        """The variable's name."""
        ...

    @property
    def scope(self) -> Scope:
        """Where it holds."""
        ...


S = TypeVar("S", bound=Scoped)


def check_key(key: str) -> None:
    """Raises `ConfigInvalid`."""
    if not _KEY.fullmatch(key):
        raise ConfigInvalid(key=key[:_LONGEST_KEY], why=N_("a name has letters, digits and _, and no digit in front"))
    if len(key) > _LONGEST_KEY:
        raise ConfigInvalid(
            key=key[:_LONGEST_KEY], why=N_("a name has at most {longest_key} characters").format(longest_key=_LONGEST_KEY)
        )
    if key == "PORT":
        raise ConfigInvalid(key=key, why=N_("it comes from the project's port, which is set in Settings or podo.yaml"))
    if key.startswith("PODO_"):
        raise ConfigInvalid(key=key, why=N_("names that begin with PODO_ are Podo's own"))


def check_value(key: str, value: str) -> None:
    """Raises `ConfigInvalid`."""
    if "\0" in value or _SURROGATE.search(value):
        raise ConfigInvalid(key=key, why=N_("an environment variable cannot hold such a character (NUL, or half of a pair)"))
    if (size := len(value.encode())) > MOST_BYTES:
        raise ConfigInvalid(
            key=key,
            why=N_("it has {size} KiB, and a value may have {most_bytes}").format(size=size >> 10, most_bytes=MOST_BYTES >> 10),
        )


def check_room(key: str, size: int, others: Iterable[tuple[str, int]]) -> None:
    """`others` are (key, bytes) of the same kind, each scope its own. Raises `ConfigInvalid` when a target could get too much."""
    largest = {key: size}
    for other, bytes_ in others:
        largest[other] = max(bytes_, largest.get(other, 0))
    together = sum(len(name) + bytes_ for name, bytes_ in largest.items())
    if together > MOST_TOGETHER:
        raise ConfigInvalid(
            key=key,
            why=N_("with it a target would get {together} KiB, and it may have {most_together}").format(
                together=together >> 10, most_together=MOST_TOGETHER >> 10
            ),
        )


def check_scope(key: str, scope: Scope, environments: Iterable[str], regions: Iterable[str]) -> None:
    """Raises `ConfigInvalid` for a place that nobody added."""
    environments, regions = list(environments), list(regions)
    if scope.region and not scope.environment:
        raise ConfigInvalid(key=key, why=N_("a region is chosen within an environment"))
    if scope.environment and scope.environment not in environments:
        raise ConfigInvalid(
            key=key,
            why=N_("there is no environment {environment}, only {known}").format(
                environment=scope.environment, known=", ".join(environments)
            ),
        )
    if scope.region and scope.region not in regions:
        raise ConfigInvalid(
            key=key, why=N_("there is no region {region}, only {known}").format(region=scope.region, known=", ".join(regions))
        )


def check_alone(kind: ConfigKind, key: str, scope: Scope, entries: Iterable[Scoped]) -> None:
    """A key is a variable or a secret in one scope, never both. Raises `ConfigInvalid`."""
    for entry in entries:
        if entry.key == key and entry.scope == scope and entry.kind is not kind:
            raise ConfigInvalid(
                key=key, why=N_("it is a {kind} for {scope} already; remove that first").format(kind=entry.kind, scope=scope)
            )


def for_target(entries: Iterable[S], environment: str, region: str) -> dict[str, S]:
    """What holds there by key: the narrowest scope wins, be it a variable or a secret."""
    holding = (entry for entry in entries if entry.scope.covers(environment, region))
    return {entry.key: entry for entry in sorted(holding, key=lambda e: e.scope.width)}


def named(changed: Iterable[str], scope: Scope) -> str:
    """What of the choices changed, for the event: `auto_alpha`, `values:prod`."""
    return ", ".join(f"values:{scope}" if name == "values" else name for name in changed)
