"""Which clusters a process watches."""

from __future__ import annotations

import math
from collections.abc import Mapping


def share(owners: Mapping[str, str | None], me: str, watching: int) -> tuple[list[str], list[str]]:
    """The clusters to watch, and those to leave to others, by cluster → owner and the number of processes that watch.

    Nobody has more than an even share, rounded up; what nobody has is taken by whoever has less.
    """
    most = math.ceil(len(owners) / watching)
    mine = sorted(cluster for cluster, owner in owners.items() if owner == me)
    free = sorted(cluster for cluster, owner in owners.items() if owner is None)
    return mine[:most] + free[: max(0, most - len(mine))], mine[most:]
