"""What follows from events, and the rounds."""

from podo.catalog.handlers.inventory import (
    look_into_accounts,
)
from podo.catalog.handlers.namespaces import look_at_clusters, settle_namespaces, take_cluster, try_unsettled_namespaces
from podo.catalog.handlers.owners import lapse_offers, settle_team, settle_teams
from podo.catalog.handlers.retirement import (
    close_retired,
)

__all__ = [
    "close_retired",
    "lapse_offers",
    "look_at_clusters",
    "look_into_accounts",
    "settle_namespaces",
    "settle_team",
    "settle_teams",
    "take_cluster",
    "try_unsettled_namespaces",
]
