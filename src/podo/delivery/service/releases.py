"""Releases: what they are made from, and writing them down."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from podo.access import service as access
from podo.access.types import On
from podo.catalog import service as catalog
from podo.catalog.types import Target
from podo.delivery.rules import releases as rules
from podo.delivery.service import builds, config
from podo.delivery.store import deployments as rows
from podo.delivery.store import releases as sealed
from podo.delivery.types import (
    READ,
    BuildState,
    Bundle,
    ConfigMoved,
    Draft,
    Ingredients,
    Manifest,
    NoSuchRelease,
    NoTargets,
    NothingToDeploy,
    Release,
    Spot,
)
from podo.kernel.db import Reading, Tx


def applied(bundle: Bundle, number: int) -> Sequence[Manifest]:
    """The manifests of a bundle as deployment `number` applies them."""
    return rules.numbered(bundle.manifests, number)


async def ingredients(
    r: Reading, project: str, build: int, environment: str, regions: Collection[str] | None = None
) -> Ingredients:
    """What a release of a build for an environment is made from; `regions` None: all that the project has there.

    Raises `NoSuchBuild`, `NothingToDeploy`, `NoTargets`.
    """
    about = await catalog.project(r, project)
    made = await builds.build(r, project, build)
    if made.state is not BuildState.succeeded:
        raise NothingToDeploy(project=project, number=build, state=made.state)
    targets = await catalog.targets(r, project)
    wanted = [t for t in targets if t.environment == environment and (regions is None or t.region in regions)]
    _check(project, environment, regions, wanted, targets)
    spots = [
        Spot(
            t.environment,
            t.region,
            t.cluster,
            name_in(t, targets, project),
            await config.for_target(r, project, t.environment, t.region),
        )
        for t in wanted
    ]
    return Ingredients(
        project=project,
        port=about.port,
        build=made,
        spots=tuple(spots),
        choices=await config.choices(r, project),
        version=await config.version(r, project),
    )


def name_in(target: Target, targets: Sequence[Target], project: str) -> str:
    """What everything is called there: the project's name, with the environment where a cluster serves several of them."""
    alone = all(t.environment == target.environment for t in targets if t.cluster == target.cluster)
    return project if alone else f"{project}-{target.environment}"


def _check(
    project: str, environment: str, regions: Collection[str] | None, wanted: Sequence[Target], targets: Sequence[Target]
) -> None:
    missing = set(regions or ()) - {t.region for t in wanted}
    if missing or not wanted:
        known = ", ".join(f"{t.environment} {t.region}" for t in targets) or "none"
        raise NoTargets(project=project, environment=environment, region=", ".join(sorted(missing)), known=known)


async def seal(tx: Tx, draft: Draft) -> Release:
    """Write a release down; the same content is the same release. Raises `ConfigMoved` when the configuration is newer.

    The caller says what happened.
    """
    if await config.version(tx, draft.release.project) != draft.version:
        raise ConfigMoved(project=draft.release.project)
    await sealed.put(tx, draft.release)
    return draft.release


async def release(r: Reading, project: str, id_: str) -> Release:
    """With all bundles. Raises `NoSuchRelease`."""
    await access.require(r, READ, On(project=project))
    found = await sealed.release(r, project, id_)
    if found is None:
        raise NoSuchRelease(project=project, release=id_)
    return found


async def known(r: Reading, project: str, ids: Collection[str]) -> dict[str, Release]:
    """Several at once, without bundles."""
    return await sealed.heads(r, project, ids) if ids else {}


async def bundle_of(r: Reading, project: str, number: int, environment: str, region: str) -> Bundle | None:
    """What a deployment brings to a target; None when it does not go there."""
    return await sealed.bundle_of(r, project, number, environment, region)


async def ever_deployed(r: Reading, project: str) -> bool:
    """Whether the project ever deployed anything."""
    return await rows.any_of(r, project)
