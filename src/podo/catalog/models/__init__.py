"""Rows of projects, their owners and places."""

from podo.catalog.models.assets import (
    AssetDecisionRow,
    AssetRow,
    AssetTurnRow,
    CoverageRow,
    OrphanCaseRow,
)
from podo.catalog.models.facts import (
    DependencyRow,
    FactsRow,
)
from podo.catalog.models.inventory import (
    AccountRow,
    InventoryRow,
    TagCallsRow,
    TagChangeRow,
    TagPlanRow,
)
from podo.catalog.models.offers import OfferRow
from podo.catalog.models.owners import OwnershipRow
from podo.catalog.models.places import ClusterRow, ClusterStateRow, EnvironmentRow, RegionRow
from podo.catalog.models.projects import NamespaceRow, ProjectRow
from podo.catalog.models.scorecards import (
    ScoreDayRow,
    ScoreRow,
    ScoreRuleRow,
)

__all__ = [
    "AccountRow",
    "AssetDecisionRow",
    "AssetRow",
    "AssetTurnRow",
    "ClusterRow",
    "ClusterStateRow",
    "CoverageRow",
    "DependencyRow",
    "EnvironmentRow",
    "FactsRow",
    "InventoryRow",
    "NamespaceRow",
    "OfferRow",
    "OrphanCaseRow",
    "OwnershipRow",
    "ProjectRow",
    "RegionRow",
    "ScoreDayRow",
    "ScoreRow",
    "ScoreRuleRow",
    "TagCallsRow",
    "TagChangeRow",
    "TagPlanRow",
]
