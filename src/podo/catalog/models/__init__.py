"""Rows of projects, their owners and places."""

from podo.catalog.models.facts import (
    DependencyRow,
    FactsRow,
)
from podo.catalog.models.owners import OwnershipRow
from podo.catalog.models.places import ClusterRow, ClusterStateRow, EnvironmentRow, RegionRow
from podo.catalog.models.projects import NamespaceRow, ProjectRow
from podo.catalog.models.scorecards import (
    ScoreDayRow,
    ScoreRow,
    ScoreRuleRow,
)

__all__ = [
    "ClusterRow",
    "ClusterStateRow",
    "DependencyRow",
    "EnvironmentRow",
    "FactsRow",
    "NamespaceRow",
    "OwnershipRow",
    "ProjectRow",
    "RegionRow",
    "ScoreDayRow",
    "ScoreRow",
    "ScoreRuleRow",
]
