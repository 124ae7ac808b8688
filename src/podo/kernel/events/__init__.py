"""The event log: an outbox written in the transaction, sealed after it, delivered at least once.

`types` has what a domain says and what a reader gets; `log` writes, seals, reads and verifies; `delivery` runs handlers.
"""

from podo.kernel.events.types import Entry, Event, Handler, Handling

__all__ = ["Entry", "Event", "Handler", "Handling"]
