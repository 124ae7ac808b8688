"""Rows of projects, their owners and places."""

from podo.catalog.models.owners import OwnershipRow
from podo.catalog.models.places import ClusterRow, ClusterStateRow, EnvironmentRow, RegionRow
from podo.catalog.models.projects import NamespaceRow, ProjectRow

__all__ = ["ClusterRow", "ClusterStateRow", "EnvironmentRow", "NamespaceRow", "OwnershipRow", "ProjectRow", "RegionRow"]
