"""The only places that change the outside world, and the recording steps beside them; each safe to run twice."""

from podo.catalog.steps.inventory import begin_inventory, end_inventory, inventory_failed, read_assets, take_page
from podo.catalog.steps.namespaces import (
    label_namespaces,
    make_namespace,
    namespace_has_to_wait,
    namespace_is_gone,
    namespace_is_ready,
    namespace_is_refused,
    namespaces_are_labelled,
    plan_labels,
    plan_namespace,
    remove_namespace,
)
from podo.catalog.steps.tags import batch_failed, next_batch, note_batch, plan_is_over, read_back, rest, write_tags
from podo.catalog.steps.world import World

__all__ = [
    "World",
    "batch_failed",
    "begin_inventory",
    "end_inventory",
    "inventory_failed",
    "label_namespaces",
    "make_namespace",
    "namespace_has_to_wait",
    "namespace_is_gone",
    "namespace_is_ready",
    "namespace_is_refused",
    "namespaces_are_labelled",
    "next_batch",
    "note_batch",
    "plan_is_over",
    "plan_labels",
    "plan_namespace",
    "read_assets",
    "read_back",
    "remove_namespace",
    "rest",
    "take_page",
    "write_tags",
]
