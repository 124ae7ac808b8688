"""What follows from events, and the rounds."""

from podo.catalog.handlers.namespaces import look_at_clusters, settle_namespaces, take_cluster, try_unsettled_namespaces

__all__ = ["look_at_clusters", "settle_namespaces", "take_cluster", "try_unsettled_namespaces"]
