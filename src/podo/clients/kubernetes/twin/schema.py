"""The shape of every built-in kind, read from lightkube's models, and how the API server merges its lists and maps.

A kind that comes from a definition has no shape here: its maps merge by key, its lists are replaced as a whole.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import inspect
import types
import typing
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

import msgspec

from podo.clients.kubernetes.twin import quantities
from podo.clients.kubernetes.types import Kind

Form = Literal["scalar", "struct", "map", "list", "any"]
Merge = Literal["granular", "keyed", "set", "atomic"]

# `x-kubernetes-list-map-keys` of the API; a list that is not named here is replaced as a whole.
_KEYED: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("Container", "env"): ("name",),
    ("Container", "ports"): ("containerPort", "protocol"),
    ("Container", "volumeDevices"): ("devicePath",),
    ("Container", "volumeMounts"): ("mountPath",),
    ("DaemonSetStatus", "conditions"): ("type",),
    ("DeploymentStatus", "conditions"): ("type",),
    ("HorizontalPodAutoscalerStatus", "conditions"): ("type",),
    ("NamespaceStatus", "conditions"): ("type",),
    ("NodeStatus", "addresses"): ("type",),
    ("NodeStatus", "conditions"): ("type",),
    ("ObjectMeta", "ownerReferences"): ("uid",),
    ("PersistentVolumeClaimStatus", "conditions"): ("type",),
    ("PodDisruptionBudgetStatus", "conditions"): ("type",),
    ("PodSpec", "containers"): ("name",),
    ("PodSpec", "ephemeralContainers"): ("name",),
    ("PodSpec", "hostAliases"): ("ip",),
    ("PodSpec", "imagePullSecrets"): ("name",),
    ("PodSpec", "initContainers"): ("name",),
    ("PodSpec", "resourceClaims"): ("name",),
    ("PodSpec", "schedulingGates"): ("name",),
    ("PodSpec", "topologySpreadConstraints"): ("topologyKey", "whenUnsatisfiable"),
    ("PodSpec", "volumes"): ("name",),
    ("PodStatus", "conditions"): ("type",),
    ("PodStatus", "podIPs"): ("ip",),
    ("ReplicaSetStatus", "conditions"): ("type",),
    ("ResourceRequirements", "claims"): ("name",),
    ("ServiceAccount", "secrets"): ("name",),
    ("ServiceSpec", "ports"): ("port", "protocol"),
    ("ServiceStatus", "conditions"): ("type",),
    ("StatefulSetStatus", "conditions"): ("type",),
}
_SETS = {("ObjectMeta", "finalizers"), ("NodeSpec", "podCIDRs"), ("PersistentVolumeClaimSpec", "accessModes")}
# `x-kubernetes-map-type: atomic`: structs and maps that one manager owns as a whole.
_ATOMIC_STRUCTS = {
    "ConfigMapKeySelector", "LabelSelector", "LocalObjectReference", "NodeSelector", "NodeSelectorTerm", "ObjectFieldSelector",
    "ResourceFieldSelector", "RoleRef", "ScopeSelector", "SecretKeySelector", "SecretReference",
    "TypedLocalObjectReference", "FileKeySelector",
}  # fmt: skip
_ATOMIC_MAPS = {("PodSpec", "nodeSelector"), ("ServiceSpec", "selector")}
_QUANTITIES = {
    "allocatable", "allocatedResources", "capacity", "default", "defaultRequest", "hard", "limits", "max", "min", "overhead",
    "requests", "used", "maxLimitRequestRatio",
}  # fmt: skip
_KEY_DEFAULTS = {"protocol": "TCP"}
# Scalars that the API server's own types hold by value: empty, zero and false are the same as left out.
_BY_VALUE: Mapping[str, frozenset[str]] = {
    struct: frozenset(fields.split())
    for struct, fields in {
        "Container": "image imagePullPolicy stdin stdinOnce terminationMessagePath terminationMessagePolicy tty workingDir",
        "ContainerPort": "hostIP hostPort name protocol",
        "CronJobSpec": "concurrencyPolicy",
        "DaemonSetSpec": "minReadySeconds",
        "DaemonSetUpdateStrategy": "type",
        "DeploymentSpec": "minReadySeconds paused",
        "DeploymentStrategy": "type",
        "EmptyDirVolumeSource": "medium",
        "EnvFromSource": "prefix",
        "EnvVar": "value",
        "HTTPGetAction": "host path scheme",
        "HTTPIngressPath": "path",
        "IngressRule": "host",
        "IngressTLS": "secretName",
        "NodeSpec": "podCIDR providerID unschedulable",
        "PersistentVolumeClaimSpec": "volumeName",
        "PersistentVolumeClaimVolumeSource": "readOnly",
        "PodSpec": "dnsPolicy hostIPC hostNetwork hostPID hostname nodeName priorityClassName restartPolicy schedulerName "
        "serviceAccount serviceAccountName subdomain",
        "Probe": "failureThreshold initialDelaySeconds periodSeconds successThreshold timeoutSeconds",
        "ReplicaSetSpec": "minReadySeconds",
        "Secret": "type",
        "ServiceBackendPort": "name number",
        "ServicePort": "name nodePort protocol",
        "ServiceSpec": "clusterIP externalName externalTrafficPolicy healthCheckNodePort loadBalancerIP "
        "publishNotReadyAddresses sessionAffinity type",
        "StatefulSetSpec": "minReadySeconds podManagementPolicy",
        "StatefulSetUpdateStrategy": "type",
        "TCPSocketAction": "host",
        "Toleration": "effect key operator value",
        "VolumeMount": "readOnly subPath subPathExpr",
    }.items()
}


class Shape:
    """What may stand at one place of a manifest: its form, and how two writers' versions of it merge.

    `names` are a scalar's Python types, `item` the shape of a list's items or a map's values, `keys` those of a keyed list.
    """

    __slots__ = ("__dict__", "form", "item", "keys", "merge", "model", "names")

    def __init__(
        self,
        form: Form,
        merge: Merge = "granular",
        *,
        names: tuple[type, ...] = (),
        model: type[msgspec.Struct] | None = None,
        item: Shape | None = None,
        keys: tuple[str, ...] = (),
    ) -> None:
        self.form = form
        self.merge = merge
        self.names = names
        self.model = model
        self.item = item
        self.keys = keys

    @functools.cached_property
    def fields(self) -> Mapping[str, Shape]:
        """A struct's fields by their names on the wire."""
        return _fields(self.model) if self.model else {}

    @functools.cached_property
    def required(self) -> frozenset[str]:
        """Fields that the model cannot do without."""
        if self.model is None:
            return frozenset()
        return frozenset(f.encode_name for f in msgspec.structs.fields(self.model) if f.required)

    def child(self, name: str) -> Shape | None:
        """The shape of the field or entry `name`; None where it is unknown."""
        return self.fields.get(name, self.item)

    def key_of(self, item: Mapping[str, Any]) -> str:
        """`k:{"name":"app"}`: how an item of a keyed list is addressed."""
        keys = {key: item.get(key, _KEY_DEFAULTS.get(key)) for key in sorted(self.keys)}
        return "k:" + msgspec.json.encode({k: v for k, v in keys.items() if v is not None}).decode()


ANYTHING = Shape("any", "atomic")
_FREE = Shape("any")
_FREE.item = _FREE
_TEXT = Shape("scalar", names=(str,))
_QUANTITY = Shape("scalar", names=(str, int, float))

_MODULES = {
    "v1": "core_v1",
    "discovery.k8s.io/v1": "discovery_v1",
    "coordination.k8s.io/v1": "coordination_v1",
    "networking.k8s.io/v1": "networking_v1",
    "policy/v1": "policy_v1",
    "rbac.authorization.k8s.io/v1": "rbac_v1",
    "scheduling.k8s.io/v1": "scheduling_v1",
    "storage.k8s.io/v1": "storage_v1",
    "admissionregistration.k8s.io/v1": "admissionregistration_v1",
    "apiextensions.k8s.io/v1": "apiextensions_v1",
}


@functools.cache
def shape_of(kind: Kind) -> Shape:
    """The shape of a whole manifest of `kind`; of kinds that have no model, that of metadata alone."""
    module = _MODULES.get(kind.api_version, kind.api_version.replace("/", "_"))
    try:
        model = getattr(importlib.import_module(f"lightkube.models.{module}"), kind.kind, None)
    except ModuleNotFoundError:
        model = None
    if model is None or kind.kind == "CustomResourceDefinition":
        return _with_metadata()
    return Shape("struct", model=model)


def is_known(kind: Kind) -> bool:
    """Whether there is a model of `kind`."""
    return shape_of(kind).model is not None


@functools.cache
def _with_metadata() -> Shape:
    shape = Shape("any", item=_FREE)
    shape.__dict__["fields"] = {"metadata": Shape("struct", model=_model("meta_v1", "ObjectMeta"))}
    return shape


def _model(module: str, name: str) -> type[msgspec.Struct]:
    return getattr(importlib.import_module(f"lightkube.models.{module}"), name)


@functools.cache
def _struct(model: type[msgspec.Struct]) -> Shape:
    return Shape("struct", "atomic" if model.__name__ in _ATOMIC_STRUCTS else "granular", model=model)


@functools.cache
def _fields(model: type[msgspec.Struct]) -> Mapping[str, Shape]:
    hints = typing.get_type_hints(model)
    texts = {name: str(text) for m in reversed(model.__mro__) for name, text in inspect.get_annotations(m).items()}
    return {
        field.encode_name: _shape(model.__name__, field.encode_name, hints[field.name], "Quantity" in texts.get(field.name, ""))
        for field in msgspec.structs.fields(model)
    }


def _shape(owner: str, name: str, hint: Any, quantity: bool) -> Shape:
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        rest = tuple(a for a in typing.get_args(hint) if a is not type(None))
        return _shape(owner, name, rest[0], quantity) if len(rest) == 1 else Shape("scalar", names=rest)
    if origin is list:
        return _list(owner, name, _shape(owner, name, typing.get_args(hint)[0], quantity))
    if hint is dict:
        merge: Merge = "atomic" if (owner, name) in _ATOMIC_MAPS else "granular"
        return Shape("map", merge, item=_QUANTITY if name in _QUANTITIES else _TEXT)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return _struct(hint)
    if hint is datetime or (hint is str and not quantity):
        return _TEXT
    if hint in (int, bool, str):
        return _QUANTITY if quantity else Shape("scalar", names=(hint,))
    if hint is float:
        return Shape("scalar", names=(int, float))
    return ANYTHING


def _list(owner: str, name: str, item: Shape) -> Shape:
    if keys := _KEYED.get((owner, name)):
        return Shape("list", "keyed", item=item, keys=keys)
    return Shape("list", "set" if (owner, name) in _SETS else "atomic", item=item)


def tidy(value: Any, shape: Shape) -> None:
    """Bring `value` to how the API server keeps it: no empty maps and lists, no scalars that say nothing, short quantities."""
    if isinstance(value, dict):
        silent = _BY_VALUE.get(shape.model.__name__, ()) if shape.model else ()
        for name in list(value):
            below = shape.child(name) or ANYTHING
            tidy(value[name], below)
            if below is _QUANTITY:
                with contextlib.suppress(ValueError):
                    value[name] = quantities.canonical(value[name])
            if not value[name] and (below.form in ("map", "list") or name in silent):
                del value[name]
    if isinstance(value, list):
        for item in value:
            tidy(item, shape.item or ANYTHING)
