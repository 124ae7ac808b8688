"""Variables, secrets and choices of a project. Their history is in the activity log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from podo.access import service as access
from podo.access.types import On
from podo.catalog import service as catalog
from podo.delivery.rules import chart_values
from podo.delivery.rules import config as rules
from podo.delivery.store import builds as locks
from podo.delivery.store import config as rows
from podo.delivery.types import (
    CONFIGURE,
    READ,
    Choices,
    ChoicesChanged,
    ConfigEntry,
    ConfigKind,
    NoSuchKey,
    Scope,
    SealedConfig,
    SecretRemoved,
    SecretSet,
    VariableRemoved,
    VariableSet,
)
from podo.kernel import clock, ids
from podo.kernel.db import Reading, Tx
from podo.kernel.settings import Seal

_SHOWN = 8
_TOLD = 2000


async def set_variable(tx: Tx, project: str, key: str, scope: Scope, value: str) -> ConfigEntry:
    """Set a variable, which anybody may read. The value that it has already changes nothing. Raises `ConfigInvalid`."""
    was = await _may_set(tx, project, ConfigKind.variable, key, scope, value)
    if was and was.value == value:
        return _shown(project, was)
    now = rows.Kept(ConfigKind.variable, key, scope, value, "", tx.actor.id, clock.now())
    await rows.put(tx, project, now)
    tx.say(
        VariableSet(
            project=project,
            environment=scope.environment or None,
            region=scope.region or None,
            subject=_subject(project, key),
            key=key,
            scope=str(scope),
            was=_told(was.value if was else ""),
            now=_told(value),
        )
    )
    return _shown(project, now)


async def set_secret(tx: Tx, seal: Seal, project: str, key: str, scope: Scope, value: str) -> ConfigEntry:
    """Set a secret, sealed at once and shown to nobody. The value that it has already changes nothing. Raises `ConfigInvalid`."""
    was = await _may_set(tx, project, ConfigKind.secret, key, scope, value)
    # Bound to project and key, so that nobody sees that two of them share a value.
    fingerprint = seal.fingerprint(f"{project}\n{key}\n{value}")
    if was and was.fingerprint == fingerprint:
        return _shown(project, was)
    now = rows.Kept(ConfigKind.secret, key, scope, seal.seal(value), fingerprint, tx.actor.id, clock.now())
    await rows.put(tx, project, now)
    tx.say(
        SecretSet(
            project=project,
            environment=scope.environment or None,
            region=scope.region or None,
            subject=_subject(project, key),
            key=key,
            scope=str(scope),
        )
    )
    return _shown(project, now)


async def unset(tx: Tx, project: str, kind: ConfigKind, key: str, scope: Scope) -> None:
    """Remove a variable or secret. Raises `NoSuchKey`."""
    await _mine(tx, project)
    was = await rows.entry(tx, project, kind, key, scope)
    if was is None:
        raise NoSuchKey(project=project, kind=kind.value, key=key, scope=str(scope))
    await rows.drop(tx, project, was)
    where = {"project": project, "environment": scope.environment or None, "region": scope.region or None}
    about = {"subject": _subject(project, key), "key": key, "scope": str(scope)}
    if kind is ConfigKind.secret:
        tx.say(SecretRemoved(**where, **about))
        return
    tx.say(VariableRemoved(**where, **about, was=_told(was.value)))


async def entries(r: Reading, project: str) -> list[ConfigEntry]:
    """All, by key, then from wide to narrow. A secret shows the beginning of its fingerprint in place of its value."""
    await access.require(r, READ, On(project=project))
    return [_shown(project, entry) for entry in await rows.entries(r, project)]


async def for_target(r: Reading, project: str, environment: str, region: str) -> SealedConfig:
    """What holds for one target; the narrowest scope wins. Secrets stay sealed."""
    held = rules.for_target(await rows.entries(r, project), environment, region)
    secret = {key: entry for key, entry in sorted(held.items()) if entry.kind is ConfigKind.secret}
    return SealedConfig(
        variables={key: entry.value for key, entry in sorted(held.items()) if entry.kind is ConfigKind.variable},
        sealed={key: entry.value for key, entry in secret.items()},
        fingerprints={key: entry.fingerprint for key, entry in secret.items()},
    )


async def sealed(r: Reading, project: str) -> list[tuple[str, str]]:
    """The key and the sealed text of each of a project's secrets."""
    return [(e.key, e.value) for e in await rows.entries(r, project) if e.kind is ConfigKind.secret]


async def version(r: Reading, project: str) -> str:
    """64 hex digits that change with any variable, secret or chosen value."""
    kept = [
        [e.kind.value, e.key, e.scope.environment, e.scope.region, e.fingerprint or e.value]
        for e in await rows.entries(r, project)
    ]
    chosen = (await rows.choices(r, project)).values
    return ids.digest([kept, [[s.environment, s.region, dict(said)] for s, said in sorted(chosen.items())]])


async def choices(r: Reading, project: str) -> Choices:
    """What the project chose; the defaults where it chose nothing."""
    await access.require(r, READ, On(project=project))
    return await rows.choices(r, project)


async def choose(
    tx: Tx,
    project: str,
    *,
    auto_alpha: bool | None = None,
    polled: bool | None = None,
    values: Mapping[str, Any] | None = None,
    scope: Scope = Scope(),
    schema: Mapping[str, Any] | None = None,
) -> Choices:
    """Change what is given; None leaves it. `values` replace all of `scope`, and are held to the chart's `schema`.

    Without a schema nothing but Podo's own keys is refused here; Helm looks again when a release is sealed. Raises
    `ValueInvalid`, `ConfigInvalid` for a scope that is nowhere.
    """
    await _mine(tx, project)
    was = await rows.choices(tx, project)
    now = replace(
        was,
        auto_alpha=was.auto_alpha if auto_alpha is None else auto_alpha,
        polled=was.polled if polled is None else polled,
    )
    if values is not None:
        await _check_scope(tx, "values", scope)
        chart_values.check(values, schema or {})
        now = replace(now, values={at: said for at, said in {**was.values, scope: values}.items() if said})
    changed = [name for name in ("auto_alpha", "polled", "values") if getattr(was, name) != getattr(now, name)]
    if not changed:
        return was
    await rows.put_choices(tx, now)
    where = {"environment": scope.environment or None, "region": scope.region or None} if "values" in changed else {}
    tx.say(ChoicesChanged(project=project, subject=f"choices/{project}", fields=rules.named(changed, scope), **where))
    return now


async def _may_set(tx: Tx, project: str, kind: ConfigKind, key: str, scope: Scope, value: str) -> rows.Kept | None:
    """Raises what speaks against it; else what is there."""
    await _mine(tx, project)
    rules.check_key(key)
    rules.check_value(key, value)
    await _check_scope(tx, key, scope)
    there = await rows.entries(tx, project)
    rules.check_alone(kind, key, scope, there)
    others = [(e.key, len(e.value.encode())) for e in there if e.kind is kind and (e.key, e.scope) != (key, scope)]
    rules.check_room(key, len(value.encode()), others)
    return next((e for e in there if (e.kind, e.key, e.scope) == (kind, key, scope)), None)


async def _check_scope(tx: Tx, key: str, scope: Scope) -> None:
    environments = [e.name for e in await catalog.environments(tx)]
    regions = [g.code for g in await catalog.regions(tx)]
    rules.check_scope(key, scope, environments, regions)


async def _mine(tx: Tx, project: str) -> None:
    found = await catalog.project(tx, project)
    await access.require(tx, CONFIGURE, On(project=project, team=found.team))
    await locks.lock(tx, project)


def _shown(project: str, entry: rows.Kept) -> ConfigEntry:
    value = entry.fingerprint[:_SHOWN] if entry.kind is ConfigKind.secret else entry.value
    return ConfigEntry(project, entry.kind, entry.key, entry.scope, value, entry.by, entry.at)


def _told(value: str) -> str:
    """A value as the log keeps it for ever: its beginning."""
    return value if len(value) <= _TOLD else f"{value[:_TOLD]}…"


def _subject(project: str, key: str) -> str:
    return f"config/{project}/{key}"
