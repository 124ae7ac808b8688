"""Real clusters on this machine: etcd, API server, controllers and scheduler, with kwok as nodes that run no containers.

`up`, `down` and `list` are for people (`podo dev cluster`) and for a Podo that runs on local clusters;
`started` and `running` (async) are for tests.
"""

from podo.clients.kubernetes.local.cluster import (
    ClusterMissing,
    ClusterNameInvalid,
    ClusterNotStarted,
    LocalCluster,
    down,
    home,
    up,
)
from podo.clients.kubernetes.local.cluster import clusters as list
from podo.clients.kubernetes.local.guard import running, started
from podo.clients.kubernetes.local.parts import PartMissing

__all__ = [
    "ClusterMissing",
    "ClusterNameInvalid",
    "ClusterNotStarted",
    "LocalCluster",
    "PartMissing",
    "down",
    "home",
    "list",
    "running",
    "started",
    "up",
]
