"""The order of steps; deterministic."""

from podo.catalog.workflows.inventory import look
from podo.catalog.workflows.namespaces import label, make, remove
from podo.catalog.workflows.tags import apply

__all__ = ["apply", "label", "look", "make", "remove"]
