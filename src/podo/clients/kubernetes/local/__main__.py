"""Wait until standard input ends, which it does when whoever holds it ends, then end a cluster: `… NAME DIRECTORY`."""

from __future__ import annotations

import contextlib
import sys
import time
from pathlib import Path

from podo.clients.kubernetes.local.cluster import ClusterMissing, down

if __name__ == "__main__":
    sys.stdin.read()
    # Whoever was killed while it started something: what it started is written down a moment later.
    time.sleep(0.3)
    with contextlib.suppress(ClusterMissing):
        down(sys.argv[1], Path(sys.argv[2]))
