"""Who committed to, deployed and approved what lately."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import func, select

from podo.delivery.models import ApprovalRow, BuildRow, DeploymentRow, RolloutRow
from podo.delivery.types import Decision
from podo.kernel.db import Reading

_Counted = list[tuple[str, str, int]]


async def authors(r: Reading, projects: Collection[str], since: datetime) -> _Counted:
    """Project, author as git names it, and how many commits of that author were built."""
    where = (BuildRow.project.in_(projects), BuildRow.committed_at >= since)
    number = func.count(BuildRow.sha.distinct())
    query = select(BuildRow.project, BuildRow.author, number).where(*where).group_by(BuildRow.project, BuildRow.author)
    return [(project, author, count) for project, author, count in await r.session.execute(query)]


async def deployers(r: Reading, projects: Collection[str], since: datetime) -> _Counted:
    """Project, who asked for deployments of it, and for how many."""
    where = (DeploymentRow.project.in_(projects), DeploymentRow.at >= since)
    query = select(DeploymentRow.project, DeploymentRow.by, func.count()).where(*where)
    rows = await r.session.execute(query.group_by(DeploymentRow.project, DeploymentRow.by))
    return [(project, by, count) for project, by, count in rows]


async def approvers(r: Reading, projects: Collection[str], since: datetime) -> _Counted:
    """Project, who approved rollouts of it, and how many."""
    where = (RolloutRow.project.in_(projects), ApprovalRow.at >= since, ApprovalRow.decision == Decision.approve)
    query = select(RolloutRow.project, ApprovalRow.person, func.count()).join(RolloutRow, RolloutRow.id == ApprovalRow.rollout)
    rows = await r.session.execute(query.where(*where).group_by(RolloutRow.project, ApprovalRow.person))
    return [(project, person, count) for project, person, count in rows]
