"""Rows and transactions: SQLite (WAL) by default, PostgreSQL by URL.

`Database.transaction` gives a `Tx`: session + actor + what was said; it commits at its end or leaves nothing behind.
Models are `Record` (a change needs an event in the same transaction), `Bookkeeping` (cursors, heartbeats: silent), or
`Observed` (what was seen outside, in a database of its own).
"""

from sqlalchemy.exc import SQLAlchemyError as DriverError

from podo.kernel.db import marks
from podo.kernel.db.database import Database, DatabaseUnavailable, OutcomeUnknown, Reading, Tx, Whence, fence, outside
from podo.kernel.db.leases import hold, holders, holds, let_go
from podo.kernel.db.models import Bookkeeping, Json, Observed, Record, UtcTime

__all__ = [
    "Bookkeeping",
    "Database",
    "DatabaseUnavailable",
    "DriverError",
    "Json",
    "Observed",
    "OutcomeUnknown",
    "Reading",
    "Record",
    "Tx",
    "UtcTime",
    "Whence",
    "fence",
    "hold",
    "holders",
    "holds",
    "let_go",
    "marks",
    "outside",
]
