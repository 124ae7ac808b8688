"""Rows of delivery."""

from podo.delivery.models.builds import BuildRow, ChoicesRow, ConfigRow, HeadRow, HookRow
from podo.delivery.models.deployments import ApprovalRow, CommentRow, DeploymentRow, NumberRow, RolloutRow, WatchRow
from podo.delivery.models.releases import BundleRow, ReleaseRow

__all__ = [
    "ApprovalRow",
    "BuildRow",
    "BundleRow",
    "ChoicesRow",
    "CommentRow",
    "ConfigRow",
    "DeploymentRow",
    "HeadRow",
    "HookRow",
    "NumberRow",
    "ReleaseRow",
    "RolloutRow",
    "WatchRow",
]
