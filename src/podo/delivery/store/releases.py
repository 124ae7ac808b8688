"""Releases and their bundles."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import bindparam, func, or_, select

from podo.delivery.models import BundleRow, DeploymentRow, ReleaseRow, RolloutRow
from podo.delivery.types import Bundle, Release, Rollout
from podo.kernel.db import Reading, Tx

_B: Any = BundleRow.__table__
_D: Any = DeploymentRow.__table__
# Each act of a run asks it.
_BUNDLE = (
    select(_B)
    .join(_D, (_D.c.project == _B.c.project) & (_D.c.release == _B.c.release))
    .where(
        _B.c.project == bindparam("of"),
        _D.c.number == bindparam("nth"),
        _B.c.environment == bindparam("in"),
        _B.c.region == bindparam("at"),
    )
)


_T: Any = RolloutRow.__table__
_HERE = (
    _T.c.project == bindparam("of"),
    _T.c.environment == bindparam("in"),
    _T.c.region == bindparam("at"),
    _T.c.cluster == bindparam("on"),
    _T.c.id != bindparam("mine"),
)
_LAST = select(func.max(_T.c.healthy_at)).where(*_HERE).scalar_subquery()
_SINCE_LAST = (
    select(_B)
    .join(_D, (_D.c.project == _B.c.project) & (_D.c.release == _B.c.release))
    .join(_T, (_T.c.project == _D.c.project) & (_T.c.number == _D.c.number))
    .where(*_HERE, _T.c.environment == _B.c.environment, _T.c.region == _B.c.region)
    .where(or_(_T.c.ended_at.is_(None), _LAST.is_(None), _T.c.ended_at > _LAST))
)


async def put(tx: Tx, release: Release) -> bool:
    """Write a release once; False when it is there already."""
    if await tx.session.get(ReleaseRow, (release.project, release.id)) is not None:
        return False
    tx.session.add(
        ReleaseRow(
            project=release.project,
            id=release.id,
            hash=release.hash,
            build=release.build,
            sha=release.commit,
            image=release.image,
            digest=release.digest,
            chart=release.chart,
            made_at=release.made_at,
        )
    )
    await tx.session.flush()
    tx.session.add_all(_row(release, b) for b in release.bundles)
    await tx.session.flush()
    return True


async def release(r: Reading, project: str, id_: str) -> Release | None:
    """With all bundles."""
    row = await r.session.get(ReleaseRow, (project, id_))
    if row is None:
        return None
    query = select(BundleRow).where(BundleRow.project == project, BundleRow.release == id_)
    bundles = await r.session.scalars(query.order_by(BundleRow.environment, BundleRow.region))
    return _release(row, tuple(_bundle(b) for b in bundles))


async def heads(r: Reading, project: str, ids: Collection[str]) -> dict[str, Release]:
    """Several, without their bundles."""
    rows = await r.session.scalars(select(ReleaseRow).where(ReleaseRow.project == project, ReleaseRow.id.in_(ids)))
    return {row.id: _release(row, ()) for row in rows}


async def of_digest(r: Reading, digest: str, limit: int) -> list[tuple[str, str]]:
    """(project, release) of those whose image's digest is this one or begins so, newest first."""
    query = select(ReleaseRow.project, ReleaseRow.id).where(ReleaseRow.digest.startswith(digest, autoescape=True))
    found = await r.session.execute(query.order_by(ReleaseRow.made_at.desc()).limit(limit))
    return [(project, release) for project, release in found]


async def bundle_of(r: Reading, project: str, number: int, environment: str, region: str) -> Bundle | None:
    """The bundle that a deployment brings to a target."""
    place = {"of": project, "nth": number, "in": environment, "at": region}
    row = (await r.session.execute(_BUNDLE, place)).first()
    return _bundle(row) if row is not None else None


async def since_last(r: Reading, of: Rollout) -> list[Bundle]:
    """What other rollouts bring to the target of this one: all that had not ended when the last of them arrived there."""
    place = {"of": of.project, "in": of.environment, "at": of.region, "on": of.cluster, "mine": of.id}
    return [_bundle(row) for row in await r.session.execute(_SINCE_LAST, place)]


async def was_healthy(r: Reading, project: str, environment: str, digest: str, chart: str) -> bool:
    """Whether this image with this chart was ever healthy in an environment."""
    query = (
        select(RolloutRow.id)
        .join(DeploymentRow, (DeploymentRow.project == RolloutRow.project) & (DeploymentRow.number == RolloutRow.number))
        .join(ReleaseRow, (ReleaseRow.project == DeploymentRow.project) & (ReleaseRow.id == DeploymentRow.release))
        .where(
            RolloutRow.project == project,
            RolloutRow.environment == environment,
            RolloutRow.healthy_at.is_not(None),
            RolloutRow.state.in_(("healthy", "inactive")),
            ReleaseRow.digest == digest,
            ReleaseRow.chart == chart,
        )
    )
    return await r.session.scalar(query.limit(1)) is not None


def _row(release: Release, bundle: Bundle) -> BundleRow:
    content: dict[str, Any] = {
        "values": dict(bundle.values),
        "sources": dict(bundle.sources),
        "manifests": [dict(m) for m in bundle.manifests],
        "variables": dict(bundle.variables),
        "fingerprints": dict(bundle.fingerprints),
    }
    return BundleRow(
        project=release.project,
        release=release.id,
        environment=bundle.environment,
        region=bundle.region,
        hash=bundle.hash,
        label=bundle.label,
        name=bundle.name,
        content=content,
        sealed=json.dumps(dict(bundle.sealed)),
    )


def _bundle(row: Any) -> Bundle:
    return Bundle(
        environment=row.environment,
        region=row.region,
        hash=row.hash,
        label=row.label,
        name=row.name,
        sealed=json.loads(row.sealed),
        **row.content,
    )


def _release(row: ReleaseRow, bundles: tuple[Bundle, ...]) -> Release:
    return Release(
        id=row.id,
        project=row.project,
        hash=row.hash,
        build=row.build,
        commit=row.sha,
        image=row.image,
        digest=row.digest,
        chart=row.chart,
        made_at=row.made_at,
        bundles=bundles,
    )
