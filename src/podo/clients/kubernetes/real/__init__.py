"""Any cluster by kubeconfig or service account."""

from podo.clients.kubernetes.real.cluster import RealCluster as RealCluster
from podo.clients.kubernetes.real.cluster import connect as connect
from podo.clients.kubernetes.real.kubeconfig import BadKubeconfig as BadKubeconfig
