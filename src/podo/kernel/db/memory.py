"""What seldom changes is remembered between readings, until somebody says that it changed.

Nothing changes silently: each change of a Record leaves an event, whose code begins with its domain's name. So what a domain
worked out from Records of its own may be kept until the next event of that domain; with several processes, until that event was
seen here, within a second or so. What may not be older than that is not remembered: a transaction never reads from here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

_MOST = 20_000
MISSING: Any = object()


class Memory:
    """Values by name, and by the domains from all of which they follow.

    `moment` counts what happened, so that a reading begun before a change leaves nothing behind.
    """

    def __init__(self) -> None:
        self.moment = 0
        self._kept: dict[frozenset[str], dict[Any, Any]] = {}
        self._forgotten: dict[str, int] = {}
        self._all_forgotten = 0

    def find(self, of: frozenset[str], name: Any) -> Any:
        """The value, or `MISSING`."""
        return self._kept.get(of, {}).get(name, MISSING)

    def keep(self, of: frozenset[str], name: Any, value: Any, begun: int) -> None:
        """Remember what a reading found that began at the moment `begun`; unless something happened since."""
        if begun < max(self._all_forgotten, *(self._forgotten.get(domain, 0) for domain in of)):
            return
        kept = self._kept.setdefault(of, {})
        if len(kept) >= _MOST:
            kept.clear()
        kept[name] = value

    def forget(self, domains: Iterable[str]) -> None:
        """Something of these domains has changed."""
        self.moment += 1
        changed = set(domains)
        self._forgotten |= dict.fromkeys(changed, self.moment)
        for of in [of for of in self._kept if not changed.isdisjoint(of)]:
            del self._kept[of]

    def forget_all(self) -> None:
        """Something has changed elsewhere."""
        self.moment += 1
        self._kept.clear()
        self._all_forgotten = self.moment
