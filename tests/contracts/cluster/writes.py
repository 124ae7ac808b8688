"""Random writes of three managers to one object: the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from podo.clients.kubernetes import kinds
from podo.clients.kubernetes.client import Cluster
from podo.clients.kubernetes.types import Kind, Manifest, Ref


class Write(NamedTuple):
    """One call: its verb, what is sent, and the rest of its arguments."""

    verb: str
    body: Any
    options: dict[str, Any]


async def do(cluster: Cluster, ref: Ref, write: Write) -> Manifest:
    """The object after the write."""
    match write.verb:
        case "apply":
            return await cluster.apply(write.body, **write.options)
        case "create":
            return await cluster.create(write.body, **write.options)
        case "patch":
            return await cluster.patch(ref, write.body, **write.options)
        case _:
            await cluster.delete(ref)
            return {"metadata": {}}


def written(ref: Ref, seed: int) -> Iterator[Write]:
    """Two to seven writes to the object `ref`."""
    dice = random.Random(seed)
    make, patches = _OF[ref.type]
    for _ in range(dice.randint(2, 7)):
        manifest = {
            "apiVersion": ref.api_version,
            "kind": ref.kind,
            "metadata": {"name": ref.name, "namespace": ref.namespace, **_metadata(dice)},
            **make(dice),
        }
        yield _write(dice, manifest, dice.choice(patches))


def _write(dice: random.Random, manifest: Manifest, patch: Any) -> Write:
    by = {"field_manager": dice.choice(["one", "two", "three"])}
    throw = dice.random()
    if throw < 0.65:
        return Write("apply", manifest, by | {"force": dice.random() < 0.4})
    if throw < 0.75:
        return Write("create", manifest, by)
    if throw < 0.95:
        manner = "strategic" if "containers" in str(patch) else "merge"
        return Write("patch", patch, by | {"type": manner})
    return Write("delete", None, {})


def _metadata(dice: random.Random) -> Manifest:
    found: Manifest = {}
    if dice.random() < 0.5:
        found["labels"] = {k: dice.choice("12") for k in dice.sample("xy", dice.randint(0, 2))}
    if dice.random() < 0.3:
        found["annotations"] = {"n": dice.choice("12")}
    if dice.random() < 0.3:
        found["finalizers"] = [f"podo.example/{k}" for k in dice.sample("ab", dice.randint(0, 2))]
    return found


def _config(dice: random.Random) -> Manifest:
    return {"data": {k: dice.choice("123") for k in dice.sample("abc", dice.randint(0, 3))}} if dice.random() < 0.9 else {}


def _service(dice: random.Random) -> Manifest:
    more = [{}, {"targetPort": 8080}, {"protocol": "TCP"}]
    ports = [{"port": p, "name": f"p{p}", **dice.choice(more)} for p in dice.sample([80, 81], dice.randint(1, 2))]
    affinity = {"sessionAffinity": dice.choice(["None", "ClientIP"])} if dice.random() < 0.3 else {}
    return {"spec": {"ports": ports, "selector": {dice.choice("ab"): "1"}, **affinity}}


def _deployment(dice: random.Random) -> Manifest:
    names = ["app", "side"] if dice.random() < 0.3 else ["app"]
    pod: Manifest = {"containers": [_container(dice, name) for name in names]}
    _maybe(dice, pod, volumes=[{"name": "tmp", **dice.choice([{"emptyDir": {}}, {}])}])
    _maybe(dice, pod, tolerations=[{"key": dice.choice("ab"), "operator": "Exists"}], nodeSelector={dice.choice("ab"): "1"})
    _maybe(dice, pod, imagePullSecrets=[{"name": name} for name in dice.sample("ab", dice.randint(0, 2))])
    metadata: Manifest = {"labels": {"app": "web"}}
    _maybe(dice, metadata, annotations={dice.choice("ab"): "1"})
    spec: Manifest = {"replicas": 0, "selector": {"matchLabels": {"app": "web"}}, "template": {"metadata": metadata, "spec": pod}}
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}
    _maybe(dice, spec, strategy=dice.choice([rolling, {"type": "RollingUpdate"}, {}]))
    _maybe(dice, spec, minReadySeconds=dice.choice([0, 1]), paused=dice.choice([True, False]))
    return {"spec": spec}


def _container(dice: random.Random, name: str) -> Manifest:
    found: Manifest = {"name": name, "image": dice.choice(["i:1", "i:2"])}
    _maybe(dice, found, env=[{"name": k, "value": dice.choice(["1", "2", ""])} for k in dice.sample("ABC", dice.randint(0, 3))])
    _maybe(dice, found, ports=[{"containerPort": p} for p in dice.sample([80, 81], dice.randint(0, 2))])
    amounts = [{"cpu": "1000m"}, {"cpu": "0.5", "memory": "1024Mi"}, {}]
    _maybe(dice, found, resources={"limits": {"cpu": "2"}, "requests": dice.choice(amounts)})
    _maybe(dice, found, command=dice.choice([["a"], ["b", "c"], []]))
    _maybe(dice, found, volumeMounts=[{"name": "tmp", "mountPath": "/tmp"}])
    asked = [{"httpGet": {"port": 80}}, {"tcpSocket": {"port": 80}}, {"exec": {"command": ["x"]}, "periodSeconds": 5}]
    _maybe(dice, found, readinessProbe=dice.choice(asked))
    return found


def _maybe(dice: random.Random, manifest: Manifest, **fields: Any) -> None:
    for name, value in fields.items():
        if dice.random() < 0.3:
            manifest[name] = value


def _in_container(**fields: Any) -> Manifest:
    return {"spec": {"template": {"spec": {"containers": [fields]}}}}


_ALL = [
    {"metadata": {"labels": {"x": "7"}}},
    {"metadata": {"labels": None}},
    {"metadata": {"annotations": {"n": None, "m": "1"}}},
]
_CONFIG_PATCHES = [*_ALL, {"data": {"a": None}}, {"data": {"b": "9"}}, {"data": None}]
_SERVICE_PATCHES = [*_ALL, {"spec": {"sessionAffinity": "ClientIP"}}, {"spec": {"selector": {"c": "1"}}}]
_DEPLOYMENT_PATCHES = [
    *_ALL,
    {"spec": {"minReadySeconds": 3}},
    {"spec": {"revisionHistoryLimit": 4}},
    {"spec": {"template": {"metadata": {"annotations": {"r": "1"}}}}},
    {"spec": {"template": {"spec": {"nodeSelector": None}}}},
    _in_container(name="app", env=[{"name": "A", "value": "5"}]),
    _in_container(name="app", env=[{"name": "B", "$patch": "delete"}]),
    _in_container(name="app", image="i:9"),
    _in_container(name="other", image="s:1"),
    _in_container(**{"name": "other", "$patch": "delete"}),
]
_OF: dict[Kind, tuple[Callable[[random.Random], Manifest], list[Manifest]]] = {
    kinds.CONFIG_MAP: (_config, _CONFIG_PATCHES),
    kinds.SERVICE: (_service, _SERVICE_PATCHES),
    kinds.DEPLOYMENT: (_deployment, _DEPLOYMENT_PATCHES),
}
KINDS = list(_OF)
