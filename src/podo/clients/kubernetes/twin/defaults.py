"""What the API server fills in where a manifest is silent: `fill` as it reads a manifest, `complete` before it keeps one.

The difference shows in who owns a field: whoever makes an object owns what was filled in, and nobody what was completed.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

from podo.clients.kubernetes import kinds
from podo.clients.kubernetes.types import Kind, Manifest

_PROBE = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}


def fill(kind: Kind, manifest: Manifest) -> None:
    """Fill in `manifest`."""
    if kind in _WITH_SPEC:
        manifest.setdefault("spec", {})
    if default := _DEFAULTS.get(kind):
        default(manifest)


def complete(kind: Kind, manifest: Manifest) -> None:
    """Put in what the cluster decides itself."""
    if addition := _ADDITIONS.get(kind):
        addition(manifest)


def _set(place: dict[str, Any], **values: Any) -> None:
    for name, value in values.items():
        place.setdefault(name, value)


def _namespace(manifest: Manifest) -> None:
    metadata = manifest["metadata"]
    metadata.setdefault("labels", {})["kubernetes.io/metadata.name"] = metadata["name"]


def _active(manifest: Manifest) -> None:
    _set(manifest["spec"], finalizers=["kubernetes"])
    manifest.setdefault("status", {}).setdefault("phase", "Active")


def pod_spec(spec: dict[str, Any]) -> None:
    """The defaults of a pod's spec, in a template too."""
    _set(
        spec, restartPolicy="Always", dnsPolicy="ClusterFirst", terminationGracePeriodSeconds=30,
        schedulerName="default-scheduler", securityContext={},
    )  # fmt: skip
    if account := spec.get("serviceAccountName"):
        spec.setdefault("serviceAccount", account)
    for container in [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]:
        _container(container)
    for volume in spec.get("volumes") or ():
        _volume(volume)


def _volume(volume: dict[str, Any]) -> None:
    if volume.keys() == {"name"}:
        volume["emptyDir"] = {}
    for source in ("configMap", "secret", "projected", "downwardAPI"):
        if source in volume:
            _set(volume[source], defaultMode=420)
    if "hostPath" in volume:
        _set(volume["hostPath"], type="")
    _field_refs(volume.get("downwardAPI") or {})
    for source in (volume.get("projected") or {}).get("sources") or ():
        _field_refs(source.get("downwardAPI") or {})
        if "serviceAccountToken" in source:
            _set(source["serviceAccountToken"], expirationSeconds=3600)


def _field_refs(source: dict[str, Any]) -> None:
    for item in source.get("items") or ():
        if "fieldRef" in item:
            _set(item["fieldRef"], apiVersion="v1")


def _container(container: dict[str, Any]) -> None:
    image = str(container.get("image") or "")
    latest = "@" not in image and (":" not in image.rpartition("/")[2] or image.endswith(":latest"))
    _set(
        container, imagePullPolicy="Always" if latest else "IfNotPresent", resources={},
        terminationMessagePath="/dev/termination-log", terminationMessagePolicy="File",
    )  # fmt: skip
    for port in container.get("ports") or ():
        _set(port, protocol="TCP")
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        if probe := container.get(name):
            _set(probe, **_PROBE)
            if "httpGet" in probe:
                _set(probe["httpGet"], path="/", scheme="HTTP")
    for variable in container.get("env") or ():
        if source := (variable.get("valueFrom") or {}).get("fieldRef"):
            _set(source, apiVersion="v1")


def _template(manifest: Manifest) -> None:
    template = manifest["spec"].setdefault("template", {})
    template.setdefault("metadata", {}).setdefault("creationTimestamp", None)
    template["metadata"] = {k: v for k, v in template["metadata"].items() if v is not None}
    pod_spec(template.setdefault("spec", {}))


def _pod(manifest: Manifest) -> None:
    spec = manifest["spec"]
    pod_spec(spec)
    _set(spec, enableServiceLinks=True)
    for container in [*(spec.get("initContainers") or ()), *(spec.get("containers") or ())]:
        if limits := container["resources"].get("limits"):
            container["resources"]["requests"] = {**limits, **(container["resources"].get("requests") or {})}


def _admitted(manifest: Manifest) -> None:
    spec = manifest["spec"]
    _set(spec, serviceAccountName="default", priority=0, preemptionPolicy="PreemptLowerPriority")
    _set(spec, serviceAccount=spec["serviceAccountName"])
    if "tolerations" not in spec:
        spec["tolerations"] = [
            {"key": f"node.kubernetes.io/{state}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
            for state in ("not-ready", "unreachable")
        ]
    manifest.setdefault("status", {}).setdefault("phase", "Pending")
    manifest["status"].setdefault("qosClass", _quality(spec))


def _quality(spec: dict[str, Any]) -> str:
    resources = [c.get("resources") or {} for c in spec.get("containers") or ()]
    if not any(r.get("requests") or r.get("limits") for r in resources):
        return "BestEffort"
    whole = all({"cpu", "memory"} <= (r.get("limits") or {}).keys() and r["limits"] == r.get("requests") for r in resources)
    return "Guaranteed" if whole else "Burstable"


def _deployment(manifest: Manifest) -> None:
    spec = manifest["spec"]
    _set(spec, replicas=1, revisionHistoryLimit=10, progressDeadlineSeconds=600)
    strategy = spec.setdefault("strategy", {})
    _set(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        rolling = strategy.setdefault("rollingUpdate", {})
        _set(rolling, maxSurge="25%", maxUnavailable="25%")
    _template(manifest)


def _replica_set(manifest: Manifest) -> None:
    _set(manifest["spec"], replicas=1)
    _template(manifest)


def _stateful_set(manifest: Manifest) -> None:
    spec = manifest["spec"]
    _set(spec, replicas=1, revisionHistoryLimit=10, podManagementPolicy="OrderedReady", serviceName="")
    strategy = spec.setdefault("updateStrategy", {})
    _set(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        _set(strategy.setdefault("rollingUpdate", {}), partition=0)
    _set(spec, persistentVolumeClaimRetentionPolicy={"whenDeleted": "Retain", "whenScaled": "Retain"})
    _template(manifest)
    for claim in spec.get("volumeClaimTemplates") or ():
        _set(claim, apiVersion="v1", kind="PersistentVolumeClaim", status={"phase": "Pending"})
        _set(claim["spec"], volumeMode="Filesystem")


def _daemon_set(manifest: Manifest) -> None:
    spec = manifest["spec"]
    _set(spec, revisionHistoryLimit=10)
    strategy = spec.setdefault("updateStrategy", {})
    _set(strategy, type="RollingUpdate")
    if strategy["type"] == "RollingUpdate":
        _set(strategy.setdefault("rollingUpdate", {}), maxSurge=0, maxUnavailable=1)
    _template(manifest)


def _job_spec(spec: dict[str, Any]) -> None:
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    _set(spec, parallelism=1, backoffLimit=6, completionMode="NonIndexed", suspend=False)
    _set(spec, manualSelector=False, podReplacementPolicy="TerminatingOrFailed")
    pod_spec(spec.setdefault("template", {}).setdefault("spec", {}))


def _job(manifest: Manifest) -> None:
    _job_spec(manifest["spec"])


def _selecting(manifest: Manifest) -> None:
    spec, metadata = manifest["spec"], manifest["metadata"]
    manifest.setdefault("status", {})
    if spec["manualSelector"] or "selector" in spec:
        return
    labels = spec["template"].setdefault("metadata", {}).setdefault("labels", {})
    if not metadata.get("labels"):
        # The very same map in the API server, so that what is added below is on the Job too.
        metadata["labels"] = labels
    for prefix in ("", "batch.kubernetes.io/"):
        labels[f"{prefix}controller-uid"] = metadata["uid"]
        labels[f"{prefix}job-name"] = metadata["name"]
    spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": metadata["uid"]}}


def _cron_job(manifest: Manifest) -> None:
    spec = manifest["spec"]
    _set(spec, concurrencyPolicy="Allow", suspend=False, successfulJobsHistoryLimit=3, failedJobsHistoryLimit=1)
    pod_spec(spec.setdefault("jobTemplate", {}).setdefault("spec", {}).setdefault("template", {}).setdefault("spec", {}))


def _service(manifest: Manifest) -> None:
    spec = manifest["spec"]
    _set(spec, type="ClusterIP", sessionAffinity="None")
    if spec["sessionAffinity"] == "ClientIP":
        _set(spec, sessionAffinityConfig={"clientIP": {"timeoutSeconds": 10800}})
    if spec["sessionAffinity"] == "None":
        spec.pop("sessionAffinityConfig", None)
    for port in spec.get("ports") or ():
        _set(port, protocol="TCP")
        if "port" in port:
            _set(port, targetPort=port["port"])
    if spec["type"] != "ExternalName":
        _set(spec, internalTrafficPolicy="Cluster")
    if spec["type"] in ("NodePort", "LoadBalancer"):
        _set(spec, externalTrafficPolicy="Cluster")
    if spec["type"] == "LoadBalancer":
        _set(spec, allocateLoadBalancerNodePorts=True)


def _allocated(manifest: Manifest) -> None:
    spec = manifest["spec"]
    manifest.setdefault("status", {"loadBalancer": {}})
    if spec["type"] == "ExternalName":
        return
    _set(spec, ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack")
    digest = hashlib.sha256(manifest["metadata"]["uid"].encode()).digest()
    if "clusterIP" not in spec:
        spec["clusterIP"] = f"10.{digest[0] % 16 + 96}.{digest[1]}.{digest[2] or 1}"
    _set(spec, clusterIPs=[spec["clusterIP"]])
    if spec["type"] in ("NodePort", "LoadBalancer"):
        for index, port in enumerate(spec.get("ports") or ()):
            _set(port, nodePort=30000 + (digest[3] * 10 + index) % 2768)


def _secret(manifest: Manifest) -> None:
    _set(manifest, type="Opaque")
    if plain := manifest.pop("stringData", None):
        manifest["data"] = {
            **(manifest.get("data") or {}),
            **{name: base64.b64encode(text.encode()).decode() for name, text in plain.items()},
        }


def _claim(manifest: Manifest) -> None:
    _set(manifest["spec"], volumeMode="Filesystem")


def _bound(manifest: Manifest) -> None:
    _set(manifest["spec"], volumeName=f"pvc-{manifest['metadata']['uid']}")
    size = (manifest["spec"].get("resources") or {}).get("requests") or {}
    modes = manifest["spec"].get("accessModes")
    manifest.setdefault("status", {"phase": "Bound", "capacity": size, "accessModes": modes})


def _autoscaler(manifest: Manifest) -> None:
    _set(manifest["spec"], minReplicas=1)
    if "metrics" not in manifest["spec"]:
        target = {"type": "Utilization", "averageUtilization": 80}
        manifest["spec"]["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]


def _limits(manifest: Manifest) -> None:
    for limit in manifest["spec"].get("limits") or ():
        if limit.get("type") != "Container":
            continue
        fallbacks = (("default", "max"), ("defaultRequest", "default"), ("defaultRequest", "min"))
        for entry, other in fallbacks:
            if merged := {**(limit.get(other) or {}), **(limit.get(entry) or {})}:
                limit[entry] = merged


def _status(**zero: Any) -> Callable[[Manifest], None]:
    """The status of an object at which no controller has looked yet."""

    def addition(manifest: Manifest) -> None:
        manifest.setdefault("status", {**zero})

    return addition


_WITH_SPEC = {
    kinds.NAMESPACE, kinds.POD, kinds.DEPLOYMENT, kinds.REPLICA_SET, kinds.STATEFUL_SET, kinds.DAEMON_SET, kinds.JOB,
    kinds.CRON_JOB, kinds.SERVICE, kinds.PERSISTENT_VOLUME_CLAIM, kinds.HORIZONTAL_POD_AUTOSCALER, kinds.INGRESS,
    kinds.POD_DISRUPTION_BUDGET, kinds.RESOURCE_QUOTA, kinds.LIMIT_RANGE,
}  # fmt: skip
_DEFAULTS: dict[Kind, Callable[[Manifest], None]] = {
    kinds.NAMESPACE: _namespace,
    kinds.POD: _pod,
    kinds.DEPLOYMENT: _deployment,
    kinds.REPLICA_SET: _replica_set,
    kinds.STATEFUL_SET: _stateful_set,
    kinds.DAEMON_SET: _daemon_set,
    kinds.JOB: _job,
    kinds.CRON_JOB: _cron_job,
    kinds.SERVICE: _service,
    kinds.SECRET: _secret,
    kinds.PERSISTENT_VOLUME_CLAIM: _claim,
    kinds.HORIZONTAL_POD_AUTOSCALER: _autoscaler,
    kinds.LIMIT_RANGE: _limits,
}
_ADDITIONS: dict[Kind, Callable[[Manifest], None]] = {
    kinds.NAMESPACE: _active,
    kinds.POD: _admitted,
    kinds.DEPLOYMENT: _status(),
    kinds.REPLICA_SET: _status(replicas=0),
    kinds.STATEFUL_SET: _status(replicas=0, availableReplicas=0),
    kinds.DAEMON_SET: _status(currentNumberScheduled=0, numberMisscheduled=0, desiredNumberScheduled=0, numberReady=0),
    kinds.JOB: _selecting,
    kinds.CRON_JOB: _status(),
    kinds.SERVICE: _allocated,
    kinds.PERSISTENT_VOLUME_CLAIM: _bound,
    kinds.HORIZONTAL_POD_AUTOSCALER: _status(desiredReplicas=0, currentMetrics=None),
    kinds.INGRESS: _status(loadBalancer={}),
    kinds.POD_DISRUPTION_BUDGET: _status(disruptionsAllowed=0, currentHealthy=0, desiredHealthy=0, expectedPods=0),
    kinds.RESOURCE_QUOTA: _status(),
}
