"""Durable runs: what was begun is finished or undone, after any crash.

A run lives only while machines work (minutes); people and long timers are rows with a state and a due time. A step is
either a `record` (rows only, in our own transaction, checkpointed with it) or an `act` (outside only, idempotent).
"""

from podo.kernel.durable.engine import Durable
from podo.kernel.durable.steps import Killed, act, record, workflow

__all__ = ["Durable", "Killed", "act", "record", "workflow"]
