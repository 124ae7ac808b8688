"""Finding things by a part of their names, in Korean too, with typing errors forgiven.

Whoever keeps things by name puts an entry for each beside its row, in the same transaction; `find` gives back references, and
whoever put them knows what they are. At the start `keep` makes what the database needs for it, and `fill` puts what was there
before.
"""

from podo.kernel.search.entries import Entry, Searchable, drop, fill, put
from podo.kernel.search.finding import Found, find, holding
from podo.kernel.search.folding import fold
from podo.kernel.search.tables import keep

__all__ = ["Entry", "Found", "Searchable", "drop", "fill", "find", "fold", "holding", "keep", "put"]
