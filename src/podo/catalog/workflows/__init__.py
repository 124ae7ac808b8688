"""The order of steps; deterministic."""

from podo.catalog.workflows.inventory import look
from podo.catalog.workflows.namespaces import make, remove
from podo.catalog.workflows.tags import apply

__all__ = ["apply", "look", "make", "remove"]
