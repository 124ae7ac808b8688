"""A Kubernetes cluster in this process: the same verbs, with controllers that take believable time and can be told to fail.

It speaks no HTTP and knows what Podo asks of a cluster, no more. One contract suite runs against it and against a real
control plane; where they differ, the twin is wrong.
"""

from podo.clients.kubernetes.twin.cluster import Twin as Twin
from podo.clients.kubernetes.twin.faults import AT_ONCE as AT_ONCE
from podo.clients.kubernetes.twin.faults import Fault as Fault
from podo.clients.kubernetes.twin.faults import Faults as Faults
from podo.clients.kubernetes.twin.faults import Pace as Pace
from podo.clients.kubernetes.twin.faults import PodFault as PodFault
