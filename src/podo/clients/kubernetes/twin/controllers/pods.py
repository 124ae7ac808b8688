"""What the scheduler and the kubelet do: a pod is bound, pulled, started, made ready, restarted, stopped."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

import msgspec

from podo.clients.kubernetes import kinds
from podo.clients.kubernetes.twin import programs, quantities
from podo.clients.kubernetes.twin.faults import COMPLETE_AFTER, READY_AFTER, PodFault, seconds
from podo.clients.kubernetes.twin.plane import Plane, stamp
from podo.clients.kubernetes.twin.store import Entry, decode, head
from podo.clients.kubernetes.types import Manifest, Ref
from podo.kernel import clock
from podo.kernel.clock import monotonic

_ENDED = ("Succeeded", "Failed")
_KUBELET = "kubelet"
_MOST_STEPS = 12
_PLACES = ("topology.kubernetes.io/region", "topology.kubernetes.io/zone")


class _Spec(msgspec.Struct, rename="camel"):
    node_name: str = ""


class _Bound(msgspec.Struct):
    spec: _Spec


_bound = msgspec.json.Decoder(_Bound)


def moved(plane: Plane, entry: Entry) -> None:
    """Keep count of each node's pods."""
    old = _bound.decode(entry.before).spec.node_name if entry.before else ""
    new = _bound.decode(entry.after).spec.node_name if entry.type != "DELETED" else ""
    if old != new:
        for node, by in ((old, -1), (new, 1)):
            plane.load[node] = plane.load.get(node, 0) + by


def rescheduled(plane: Plane) -> None:
    """A node changed: pods that found no place look again."""
    for uid, (stage, _) in list(plane.pending.items()):
        if stage == "place":
            plane.pending[uid] = (stage, 0.0)
    for ref, body in plane.store.scan(kinds.POD):
        if not _bound.decode(body).spec.node_name:
            plane.work.soon(("", ref))


def look(plane: Plane, ref: Ref) -> None:
    """Take the pod one stage further, if that is due."""
    pod = plane.store.get(ref)
    if pod is None:
        return
    if plane.is_quiet:
        # What is seeded has been so since it was made.
        with clock.fixed(datetime.fromisoformat(pod["metadata"]["creationTimestamp"])):
            # What breaks again and again would never settle.
            for _ in range(_MOST_STEPS):
                if not _step(plane, ref, pod):
                    break
            plane.keep(ref, pod)
        return
    _step(plane, ref, pod)
    if plane.store.body(ref) is not None:
        plane.keep(ref, pod)


def _step(plane: Plane, ref: Ref, pod: Manifest) -> bool:
    """Change `pod` to its next stage; False when it has to wait or is where it stays."""
    if pod["metadata"].get("deletionTimestamp"):
        return _stop(plane, ref, pod)
    if pod["status"].get("phase") in _ENDED:
        return False
    if not pod["spec"].get("nodeName"):
        return _due(plane, ref, pod, "schedule", plane.pace.schedule) and _schedule(plane, ref, pod)
    if "containerStatuses" not in pod["status"]:
        return _accept(plane, pod)
    state: dict[str, Any] = pod["status"]["containerStatuses"][0]["state"]
    if "waiting" in state:
        return _waiting(plane, ref, pod, state["waiting"]["reason"])
    return _running(plane, ref, pod)


def _due(plane: Plane, ref: Ref, pod: Manifest, stage: str, seconds: float) -> bool:
    """Whether so many seconds have passed since the pod was first asked for this stage; else it is looked at again."""
    uid = pod["metadata"]["uid"]
    awaited, due = plane.pending.get(uid, ("", 0.0))
    if awaited != stage:
        # While seeding nothing takes time, but what crashes again and again would never settle.
        due = monotonic() + (0 if plane.is_quiet and stage != "restart" else seconds)
        plane.pending[uid] = (stage, due)
    left = due - monotonic()
    if left > 0:
        plane.work.later(("", ref), left)
        return False
    del plane.pending[uid]
    return True


def _schedule(plane: Plane, ref: Ref, pod: Manifest) -> bool:
    if not _due(plane, ref, pod, "place", 0):
        return False
    node, why = _place(plane, pod)
    if node is None:
        _condition(pod, "PodScheduled", "False", "Unschedulable", why)
        plane.tell(pod, "FailedScheduling", why, warning=True, by="default-scheduler")
        plane.pending[pod["metadata"]["uid"]] = ("place", monotonic() + 300)
        return False
    pod["spec"]["nodeName"] = node
    _place_labels(plane, pod, node)
    _condition(pod, "PodScheduled", "True")
    plane.tell(pod, "Scheduled", f"Successfully assigned {ref.namespace}/{ref.name} to {node}", by="default-scheduler")
    return True


def _place(plane: Plane, pod: Manifest) -> tuple[str | None, str]:
    fitting: list[tuple[int, str]] = []
    reasons: dict[str, int] = {}
    wanted = quantities.requested(pod["spec"])
    for ref, body in plane.store.scan(kinds.NODE):
        node = decode(body)
        if why := _unfit(plane, pod, ref.name, node, wanted):
            reasons[why] = reasons.get(why, 0) + 1
            continue
        fitting.append((plane.load.get(ref.name, 0), ref.name))
    if fitting:
        return min(fitting)[1], ""
    said = ", ".join(f"{count} {why}" for why, count in sorted(reasons.items()))
    count = plane.store.count(kinds.NODE)
    return None, f"0/{count} nodes are available: {said or 'there are none'}."


def _place_labels(plane: Plane, pod: Manifest, node: str) -> None:
    """A pod is labelled with the zone and region it was put into."""
    labels = head(plane.store.body(kinds.NODE.ref(node)) or b"").labels or {}
    placed = {name: labels[name] for name in _PLACES if name in labels}
    if placed:
        pod["metadata"]["labels"] = {**(pod["metadata"].get("labels") or {}), **placed}


def _unfit(plane: Plane, pod: Manifest, name: str, node: Manifest, wanted: quantities.Amounts) -> str:
    if node["spec"].get("unschedulable"):
        return "node(s) were unschedulable"
    labels = node["metadata"].get("labels") or {}
    if not (pod["spec"].get("nodeSelector") or {}).items() <= labels.items():
        return "node(s) didn't match Pod's node affinity/selector"
    room = node["status"].get("allocatable") or {}
    if plane.load.get(name, 0) >= int(room.get("pods", 110)):
        return "Too many pods"
    for resource, amount in wanted.items():
        if resource in room and amount > quantities.number(room[resource]):
            return f"Insufficient {resource}"
    return ""


def _accept(plane: Plane, pod: Manifest) -> bool:
    status, spec = pod["status"], pod["spec"]
    host = _address(plane, spec["nodeName"])
    status |= {"hostIP": host, "hostIPs": [{"ip": host}], "startTime": stamp(), "phase": "Pending"}
    status["containerStatuses"] = [
        {
            "name": container["name"],
            "image": container["image"],
            "imageID": "",
            "ready": False,
            "started": False,
            "restartCount": 0,
            "state": {"waiting": {"reason": "ContainerCreating"}},
            "lastState": {},
        }
        for container in spec["containers"]
    ]
    for passed in ("PodScheduled", "PodReadyToStartContainers", "Initialized"):
        _condition(pod, passed, "True")
    _ready(pod, False)
    for container in spec["containers"]:
        plane.tell(pod, "Pulling", f'Pulling image "{container["image"]}"', by=_KUBELET)
    return True


def _waiting(plane: Plane, ref: Ref, pod: Manifest, reason: str) -> bool:
    fault = plane.faults.of_pod(pod)
    if reason == "CrashLoopBackOff":
        return _due(plane, ref, pod, "restart", _pause(plane, pod)) and _start(plane, pod)
    if not _due(plane, ref, pod, "pull", plane.pace.pull if reason == "ContainerCreating" else plane.pace.backoff):
        return False
    if fault is not None and fault.failure == "ImagePullBackOff":
        return _unpulled(plane, ref, pod)
    for container in pod["spec"]["containers"]:
        plane.tell(pod, "Pulled", f'Successfully pulled image "{container["image"]}"', by=_KUBELET)
    return _start(plane, pod)


def _unpulled(plane: Plane, ref: Ref, pod: Manifest) -> bool:
    container = pod["status"]["containerStatuses"][0]
    image = container["image"]
    plane.tell(pod, "Failed", f'Failed to pull image "{image}": {image}: not found', warning=True, by=_KUBELET)
    plane.tell(pod, "BackOff", f'Back-off pulling image "{image}"', by=_KUBELET)
    message = f'Back-off pulling image "{image}": ErrImagePull: {image}: not found'
    container["state"] = {"waiting": {"reason": "ImagePullBackOff", "message": message}}
    _due(plane, ref, pod, "pull", plane.pace.backoff)
    return False


def _start(plane: Plane, pod: Manifest) -> bool:
    status = pod["status"]
    status["phase"] = "Running"
    status.setdefault("podIP", _address(plane, pod["metadata"]["uid"]))
    status["podIPs"] = [{"ip": status["podIP"]}]
    if inits := pod["spec"].get("initContainers"):
        status["initContainerStatuses"] = [_initialised(pod, container) for container in inits]
    images = {container["name"]: container["image"] for container in pod["spec"]["containers"]}
    for container in status["containerStatuses"]:
        if "running" in container["state"]:
            continue
        image = images[container["name"]]
        container |= {"image": image, "imageID": _image_id(image), "started": True, "state": {"running": {"startedAt": stamp()}}}
        container["containerID"] = _container_id(pod, container)
        plane.tell(pod, "Created", f"Created container: {container['name']}", by=_KUBELET)
        plane.tell(pod, "Started", f"Started container {container['name']}", by=_KUBELET)
    return True


def _initialised(pod: Manifest, container: Manifest) -> dict[str, Any]:
    """An init container has done its work; one that is restarted always is a sidecar, and runs."""
    status: dict[str, Any] = {"name": container["name"], "image": container["image"], "imageID": _image_id(container["image"])}
    status |= {"ready": True, "restartCount": 0, "lastState": {}}
    status["containerID"] = _container_id(pod, status)
    if container.get("restartPolicy") == "Always":
        return status | {"started": True, "state": {"running": {"startedAt": stamp()}}}
    ended = {"exitCode": 0, "reason": "Completed", "startedAt": stamp(), "finishedAt": stamp()}
    return status | {"started": False, "state": {"terminated": ended | {"containerID": status["containerID"]}}}


def _running(plane: Plane, ref: Ref, pod: Manifest) -> bool:
    fault = plane.faults.of_pod(pod)
    if _changed_image(pod):
        return _restarted(plane, pod)
    if fault is not None and (fault.after is None or _is_ready(pod)):
        return _failing(plane, ref, pod, fault)
    if not _is_ready(pod):
        return _due(plane, ref, pod, "ready", _until_ready(plane, pod)) and _now_ready(pod)
    if pod["spec"]["restartPolicy"] == "Always":
        return False
    return _due(plane, ref, pod, "run", _until_complete(plane, pod)) and _end(plane, pod, None)


def _failing(plane: Plane, ref: Ref, pod: Manifest, fault: PodFault) -> bool:
    if fault.failure == "Unready":
        wait = fault.after if fault.after is not None and _is_ready(pod) else plane.pace.ready
        if not _due(plane, ref, pod, "unready", wait):
            return False
        plane.tell(pod, "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", warning=True, by=_KUBELET)
        _ready(pod, False)
        plane.pending[pod["metadata"]["uid"]] = ("unready", monotonic() + plane.pace.backoff)
        plane.work.later(("", ref), plane.pace.backoff)
        return False
    wait = fault.after if fault.after is not None else plane.pace.crash
    if not _due(plane, ref, pod, "crash", wait):
        return False
    if pod["spec"]["restartPolicy"] == "Never":
        return _end(plane, pod, fault)
    return _crash(plane, ref, pod, fault)


def _until_ready(plane: Plane, pod: Manifest) -> float:
    said = seconds((pod["metadata"].get("annotations") or {}).get(READY_AFTER))
    return said if said is not None else plane.pace.ready


def _until_complete(plane: Plane, pod: Manifest) -> float:
    said = seconds((pod["metadata"].get("annotations") or {}).get(COMPLETE_AFTER))
    slept = [s for c in pod["spec"]["containers"] if (s := programs.sleeps(c)) is not None]
    return said if said is not None else max(slept, default=plane.pace.run)


def _now_ready(pod: Manifest) -> bool:
    _ready(pod, True)
    return True


def _changed_image(pod: Manifest) -> bool:
    wanted = {container["name"]: container["image"] for container in pod["spec"]["containers"]}
    return any(wanted[c["name"]] != c["image"] for c in pod["status"]["containerStatuses"])


def _restarted(plane: Plane, pod: Manifest) -> bool:
    """A container whose image was changed in place is stopped and pulled anew."""
    wanted = {container["name"]: container["image"] for container in pod["spec"]["containers"]}
    for container in pod["status"]["containerStatuses"]:
        if container["image"] != wanted[container["name"]]:
            _terminated(container, 0, "Completed")
            container |= {"image": wanted[container["name"]], "restartCount": container["restartCount"] + 1}
            container["state"] = {"waiting": {"reason": "ContainerCreating"}}
    _ready(pod, False)
    return True


def _end(plane: Plane, pod: Manifest, fault: PodFault | None) -> bool:
    """A pod that nothing restarts is over."""
    code = fault.exit_code if fault else 0
    for container in pod["status"]["containerStatuses"]:
        before = container["lastState"]
        _terminated(container, code, _why_ended(code, fault))
        container |= {"state": container["lastState"], "lastState": before}
    pod["status"]["phase"] = "Failed" if code else "Succeeded"
    _ready(pod, False, "PodFailed" if code else "PodCompleted")
    return True


def _why_ended(code: int, fault: PodFault | None) -> str:
    if fault is not None and fault.failure == "OOMKilled":
        return "OOMKilled"
    return "Error" if code else "Completed"


def _crash(plane: Plane, ref: Ref, pod: Manifest, fault: PodFault) -> bool:
    container = pod["status"]["containerStatuses"][0]
    _terminated(container, fault.exit_code, _why_ended(fault.exit_code, fault))
    container["restartCount"] += 1
    event = f"Back-off restarting failed container {container['name']} in pod {ref.name}_{ref.namespace}"
    pause, uid = _pause(plane, pod), pod["metadata"]["uid"]
    message = f"back-off {pause:.0f}s restarting failed container={container['name']} pod={ref.name}_{ref.namespace}({uid})"
    container["state"] = {"waiting": {"reason": "CrashLoopBackOff", "message": message}}
    plane.tell(pod, "BackOff", event, warning=True, by=_KUBELET)
    _ready(pod, False)
    return True


def _pause(plane: Plane, pod: Manifest) -> float:
    restarts = pod["status"]["containerStatuses"][0]["restartCount"]
    return plane.pace.backoff * min(30, 2 ** (min(restarts, 10) - 1))


def _terminated(container: dict[str, Any], code: int, reason: str) -> None:
    started = (container["state"].get("running") or {}).get("startedAt") or stamp()
    ended = {"exitCode": code, "reason": reason, "startedAt": started, "finishedAt": stamp()}
    ended["containerID"] = container.get("containerID", "")
    container |= {"lastState": {"terminated": ended}, "ready": False, "started": False}


def _stop(plane: Plane, ref: Ref, pod: Manifest) -> bool:
    grace = pod["metadata"].get("deletionGracePeriodSeconds") or 0
    if pod["metadata"]["uid"] not in plane.pending:
        for container in pod["spec"]["containers"]:
            plane.tell(pod, "Killing", f"Stopping container {container['name']}", by=_KUBELET)
    if _due(plane, ref, pod, "stop", min(grace, plane.pace.stop)) and not pod["metadata"].get("finalizers"):
        plane.store.remove(ref)
    return False


def _is_ready(pod: Manifest) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions") or ())


def _ready(pod: Manifest, ready: bool, reason: str = "") -> None:
    for container in pod["status"]["containerStatuses"]:
        container["ready"] = ready and "running" in container["state"]
    unready = [c["name"] for c in pod["status"]["containerStatuses"] if not c["ready"]]
    why = reason or "ContainersNotReady"
    message = f"containers with unready status: [{' '.join(unready)}]"
    for name in ("Ready", "ContainersReady"):
        if unready:
            _condition(pod, name, "False", why, message if not reason else "")
            continue
        _condition(pod, name, "True")


def _condition(pod: Manifest, type: str, status: str, reason: str = "", message: str = "") -> None:
    conditions: list[dict[str, Any]] = pod["status"].setdefault("conditions", [])
    old = next((c for c in conditions if c["type"] == type), None)
    since = old["lastTransitionTime"] if old and old["status"] == status else stamp()
    new = {"type": type, "status": status, "lastTransitionTime": since}
    new |= {name: value for name, value in (("reason", reason), ("message", message)) if value}
    if old is None:
        conditions.append(new)
        return
    conditions[conditions.index(old)] = new


def _address(plane: Plane, seed: str) -> str:
    digest = hashlib.sha256(seed.encode()).digest()
    return f"10.{digest[0] % 64 + 128}.{digest[1]}.{digest[2] or 1}"


def _container_id(pod: Manifest, container: dict[str, Any]) -> str:
    run = f"{pod['metadata']['uid']}/{container['name']}/{container['restartCount']}"
    return f"twin://{hashlib.sha256(run.encode()).hexdigest()}"


def _image_id(image: str) -> str:
    if "@" in image:
        return image
    return f"{image.rpartition(':')[0] or image}@sha256:{hashlib.sha256(image.encode()).hexdigest()}"
