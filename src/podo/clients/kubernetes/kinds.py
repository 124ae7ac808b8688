"""The kinds that every cluster serves, so that addressing them asks nobody; a cluster may serve more by definitions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from podo.clients.kubernetes.types import Kind, KindInfo

_NAMESPACED = {
    "v1": {
        "ConfigMap": "configmaps",
        "Endpoints": "endpoints",
        "Event": "events",
        "LimitRange": "limitranges",
        "PersistentVolumeClaim": "persistentvolumeclaims status",
        "Pod": "pods status",
        "ReplicationController": "replicationcontrollers scale status",
        "ResourceQuota": "resourcequotas status",
        "Secret": "secrets",
        "Service": "services status",
        "ServiceAccount": "serviceaccounts",
    },
    "apps/v1": {
        "ControllerRevision": "controllerrevisions",
        "DaemonSet": "daemonsets status",
        "Deployment": "deployments scale status",
        "ReplicaSet": "replicasets scale status",
        "StatefulSet": "statefulsets scale status",
    },
    "autoscaling/v2": {"HorizontalPodAutoscaler": "horizontalpodautoscalers status"},
    "batch/v1": {"CronJob": "cronjobs status", "Job": "jobs status"},
    "coordination.k8s.io/v1": {"Lease": "leases"},
    "discovery.k8s.io/v1": {"EndpointSlice": "endpointslices"},
    "networking.k8s.io/v1": {"Ingress": "ingresses status", "NetworkPolicy": "networkpolicies"},
    "policy/v1": {"PodDisruptionBudget": "poddisruptionbudgets status"},
    "rbac.authorization.k8s.io/v1": {"Role": "roles", "RoleBinding": "rolebindings"},
}
_CLUSTER_WIDE = {
    "v1": {"Namespace": "namespaces status", "Node": "nodes status", "PersistentVolume": "persistentvolumes status"},
    "admissionregistration.k8s.io/v1": {
        "ValidatingAdmissionPolicy": "validatingadmissionpolicies status",
        "ValidatingAdmissionPolicyBinding": "validatingadmissionpolicybindings",
    },
    "apiextensions.k8s.io/v1": {"CustomResourceDefinition": "customresourcedefinitions status"},
    "networking.k8s.io/v1": {"IngressClass": "ingressclasses"},
    "rbac.authorization.k8s.io/v1": {"ClusterRole": "clusterroles", "ClusterRoleBinding": "clusterrolebindings"},
    "scheduling.k8s.io/v1": {"PriorityClass": "priorityclasses"},
    "storage.k8s.io/v1": {"StorageClass": "storageclasses"},
}


def _rows() -> Iterator[tuple[Kind, KindInfo]]:
    for namespaced, table in ((True, _NAMESPACED), (False, _CLUSTER_WIDE)):
        for api_version, kinds in table.items():
            for kind, served in kinds.items():
                plural, *subresources = served.split()
                yield Kind(api_version, kind), KindInfo(plural, namespaced, frozenset(subresources))


BUILT_IN: Mapping[Kind, KindInfo] = dict(_rows())

CONFIG_MAP = Kind("v1", "ConfigMap")
EVENT = Kind("v1", "Event")
LIMIT_RANGE = Kind("v1", "LimitRange")
NAMESPACE = Kind("v1", "Namespace")
NODE = Kind("v1", "Node")
PERSISTENT_VOLUME_CLAIM = Kind("v1", "PersistentVolumeClaim")
POD = Kind("v1", "Pod")
RESOURCE_QUOTA = Kind("v1", "ResourceQuota")
SECRET = Kind("v1", "Secret")
SERVICE = Kind("v1", "Service")
SERVICE_ACCOUNT = Kind("v1", "ServiceAccount")
CONTROLLER_REVISION = Kind("apps/v1", "ControllerRevision")
DAEMON_SET = Kind("apps/v1", "DaemonSet")
DEPLOYMENT = Kind("apps/v1", "Deployment")
REPLICA_SET = Kind("apps/v1", "ReplicaSet")
STATEFUL_SET = Kind("apps/v1", "StatefulSet")
HORIZONTAL_POD_AUTOSCALER = Kind("autoscaling/v2", "HorizontalPodAutoscaler")
CRON_JOB = Kind("batch/v1", "CronJob")
JOB = Kind("batch/v1", "Job")
INGRESS = Kind("networking.k8s.io/v1", "Ingress")
POD_DISRUPTION_BUDGET = Kind("policy/v1", "PodDisruptionBudget")
CUSTOM_RESOURCE_DEFINITION = Kind("apiextensions.k8s.io/v1", "CustomResourceDefinition")
