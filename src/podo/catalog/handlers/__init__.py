"""What follows from events, and the rounds."""

from podo.catalog.handlers.assets import (
    count_assets,
    hear_orphans,
    settle_assets,
)
from podo.catalog.handlers.inventory import (
    look_into_accounts,
)
from podo.catalog.handlers.namespaces import (
    look_at_clusters,
    settle_many_namespaces,
    settle_namespaces,
    take_cluster,
    try_unsettled_namespaces,
)
from podo.catalog.handlers.owners import lapse_offers, remind, settle_many_teams, settle_team, settle_teams
from podo.catalog.handlers.retirement import (
    close_retired,
)
from podo.catalog.handlers.scorecards import (
    SCORED_ON,
    score,
    score_all,
    score_many,
)
from podo.catalog.handlers.tags import (
    repair_drift,
    write_tags,
)

__all__ = [
    "SCORED_ON",
    "close_retired",
    "count_assets",
    "hear_orphans",
    "lapse_offers",
    "look_at_clusters",
    "look_into_accounts",
    "remind",
    "repair_drift",
    "score",
    "score_all",
    "score_many",
    "settle_assets",
    "settle_many_namespaces",
    "settle_many_teams",
    "settle_namespaces",
    "settle_team",
    "settle_teams",
    "take_cluster",
    "try_unsettled_namespaces",
    "write_tags",
]
