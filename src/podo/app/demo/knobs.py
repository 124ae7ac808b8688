"""Variables and secrets of one project of the example, and how they change."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime

from podo.app.demo import traits
from podo.app.demo.chronicle import Chronicle
from podo.app.demo.traits import Traits
from podo.delivery.types import ConfigKind, Scope, SealedConfig, SecretSet, VariableSet
from podo.kernel.nouns import Actor
from podo.kernel.settings import Seal


@dataclass(slots=True)
class _Set:
    kind: ConfigKind
    key: str
    scope: Scope
    value: str
    fingerprint: str
    by: str
    at: datetime


class Knobs:
    """What is set now."""

    def __init__(self, project: str, seal: Seal, into: Chronicle) -> None:
        self._project, self._seal, self._into = project, seal, into
        self._set: dict[tuple[str, Scope], _Set] = {}

    def begin(self, of: Traits, by: Actor, at: datetime) -> None:
        """What it is configured with at first."""
        for key, value in of.variables.items():
            self.variable(key, Scope(), value, by, at)
        if "LOG_LEVEL" in of.variables:
            self.variable("LOG_LEVEL", Scope("alpha"), "debug", by, at)
        for key, value in of.secrets.items():
            self.secret(key, Scope(), value, by, at)

    def turn(self, chance: random.Random, by: Actor, at: datetime) -> None:
        """Somebody changes something."""
        now = chance.choice(sorted(self._set.values(), key=lambda s: (s.key, s.scope)))
        if now.kind is ConfigKind.secret:
            self.secret(now.key, now.scope, f"invented-{chance.getrandbits(64):016x}", by, at)
            return
        self.variable(now.key, now.scope, traits.other(now.key, now.value, chance), by, at)

    def variable(self, key: str, scope: Scope, value: str, by: Actor, at: datetime) -> None:
        """Set a variable."""
        was = self._set.get((key, scope))
        self._set[key, scope] = _Set(ConfigKind.variable, key, scope, value, "", by.id, at)
        about = {"subject": f"config/{self._project}/{key}", "key": key, "scope": str(scope)}
        place = {"environment": scope.environment or None, "region": scope.region or None}
        self._into.say(at, by, VariableSet(project=self._project, **place, **about, was=was.value if was else "", now=value))

    def secret(self, key: str, scope: Scope, value: str, by: Actor, at: datetime) -> None:
        """Set a secret."""
        fingerprint = self._seal.fingerprint(f"{self._project}\n{key}\n{value}")
        self._set[key, scope] = _Set(ConfigKind.secret, key, scope, self._seal.seal(value), fingerprint, by.id, at)
        about = {"subject": f"config/{self._project}/{key}", "key": key, "scope": str(scope)}
        self._into.say(at, by, SecretSet(project=self._project, **about))

    def of(self, environment: str, region: str) -> SealedConfig:
        """What holds for a target; the narrowest scope wins."""
        held: dict[str, _Set] = {}
        for one in sorted(self._set.values(), key=lambda s: (s.scope.width, s.key)):
            if one.scope.covers(environment, region):
                held[one.key] = one
        secret = {key: one for key, one in sorted(held.items()) if one.kind is ConfigKind.secret}
        return SealedConfig(
            variables={key: one.value for key, one in sorted(held.items()) if one.kind is ConfigKind.variable},
            sealed={key: one.value for key, one in secret.items()},
            fingerprints={key: one.fingerprint for key, one in secret.items()},
        )

    def put(self) -> None:
        """The rows of what is set in the end."""
        for one in self._set.values():
            self._into.put(
                "config",
                {
                    "project": self._project,
                    "kind": one.kind.value,
                    "key": one.key,
                    "environment": one.scope.environment,
                    "region": one.scope.region,
                    "value": one.value,
                    "fingerprint": one.fingerprint,
                    "by": one.by,
                    "at": one.at,
                },
            )
