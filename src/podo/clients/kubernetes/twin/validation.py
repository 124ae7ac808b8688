"""What the API server would not take: fields that a kind does not have, names that are none, values that cannot be."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from croniter import croniter

from podo.clients.kubernetes import kinds, selectors
from podo.clients.kubernetes.twin import quantities
from podo.clients.kubernetes.twin.refusals import Cause
from podo.clients.kubernetes.twin.schema import Shape
from podo.clients.kubernetes.types import Kind, Manifest

Causes = Iterator[Cause]

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_SERVICE_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_QUALIFIED = re.compile(r"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_VALUE = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_ENV = re.compile(r"[^=\x00-\x1f\x7f-\uffff]+")
_CONFIG_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_PORT_NAME = re.compile(r"(?=.{1,15}$)(?!.*--)[a-z0-9]*[a-z][-a-z0-9]*(?<!-)|(?=.{1,15}$)(?!.*--)[a-z][-a-z0-9]*(?<!-)")

_RULE_LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an "
    "alphanumeric character"
)
_RULE_SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with "
    "an alphanumeric character"
)


def shape_errors(value: Any, shape: Shape, at: str = "") -> Iterator[tuple[str, str]]:
    """Where `value` does not have the shape: (place, what is wrong), places as `.spec.replicas`."""
    if value is None:
        return
    match shape.form:
        case "any":
            for name in shape.fields.keys() & (value if isinstance(value, dict) else {}):
                yield from shape_errors(value[name], shape.fields[name], f"{at}.{name}")
        case "scalar":
            if not isinstance(value, shape.names) or (isinstance(value, bool) and bool not in shape.names):
                yield at, f"expected {_expected(shape)}, got {_said(value)}"
        case "list":
            if not isinstance(value, list):
                yield at, f"expected list, got {_said(value)}"
                return
            for index, item in enumerate(value):
                yield from shape_errors(item, shape.item or shape, f"{at}[{index}]")
        case _ if not isinstance(value, dict):
            yield at, f"expected map, got {_said(value)}"
        case _:
            for name, item in value.items():
                below = shape.child(name)
                if below is None:
                    yield f"{at}.{name}", "field not declared in schema"
                    continue
                yield from shape_errors(item, below, f"{at}.{name}")


def _expected(shape: Shape) -> str:
    return {(str,): "string", (int,): "numeric (int or float)", (bool,): "boolean"}.get(shape.names, "int or string")


def _said(value: Any) -> str:
    return f"&value.valueUnstructured{{Value:{value!r}}}" if isinstance(value, (dict, list)) else f"{value!r}"


def check(kind: Kind, manifest: Manifest) -> list[Cause]:
    """What is wrong with an object whose shape is right and whose defaults are filled in."""
    rules = [_metadata(kind, manifest["metadata"])]
    if rule := _RULES.get(kind):
        rules.append(rule(manifest))
    return [cause for causes in rules for cause in causes]


def _invalid(field: str, value: Any, why: str) -> Cause:
    shown = f'"{value}"' if isinstance(value, str) else f"{value}"
    return Cause(field, "FieldValueInvalid", f"Invalid value: {shown}: {why}")


def _required(field: str, why: str = "") -> Cause:
    return Cause(field, "FieldValueRequired", f"Required value{f': {why}' if why else ''}")


def _metadata(kind: Kind, metadata: Mapping[str, Any]) -> Causes:
    yield from _name(kind, metadata["name"])
    yield from _labels("metadata.labels", metadata.get("labels") or {})
    for key in metadata.get("annotations") or {}:
        if not _QUALIFIED.fullmatch(key.lower()):
            yield _invalid("metadata.annotations", key, "name part must consist of alphanumeric characters, '-', '_' or '.'")


def _name(kind: Kind, name: str) -> Causes:
    if kind.group == "rbac.authorization.k8s.io":
        return
    if kind in (kinds.NAMESPACE, kinds.SERVICE):
        rule = _LABEL if kind == kinds.NAMESPACE else _SERVICE_NAME
        if not rule.fullmatch(name) or len(name) > 63:
            yield _invalid("metadata.name", name, _RULE_LABEL if len(name) <= 63 else "must be no more than 63 characters")
        return
    limit = {kinds.CRON_JOB: 52, kinds.JOB: 63}.get(kind, 253)
    if not _SUBDOMAIN.fullmatch(name) or len(name) > limit:
        yield _invalid(
            "metadata.name", name, _RULE_SUBDOMAIN if len(name) <= limit else f"must be no more than {limit} characters"
        )


def _labels(field: str, labels: Mapping[str, str]) -> Causes:
    for key, value in labels.items():
        if not _QUALIFIED.fullmatch(key):
            yield _invalid(field, key, "name part must consist of alphanumeric characters, '-', '_' or '.'")
        if not _VALUE.fullmatch(value or ""):
            why = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.'"
            yield _invalid(field, value, why)


def _workload(manifest: Manifest) -> Causes:
    spec = manifest["spec"]
    yield from _not_negative("spec", spec, "replicas", "revisionHistoryLimit", "progressDeadlineSeconds", "minReadySeconds")
    selector = spec.get("selector")
    labels = (spec["template"].get("metadata") or {}).get("labels") or {}
    if not selector:
        yield _required("spec.selector")
    if selector and not (selector.get("matchLabels") or selector.get("matchExpressions")):
        yield _invalid("spec.selector", "{}", "empty selector is invalid for deployment")
    if selector and not selectors.label_selector(selector)(labels):
        why = "`selector` does not match template `labels`"
        yield _invalid("spec.template.metadata.labels", labels, why)
    yield from _labels("spec.template.metadata.labels", labels)
    yield from _pod_spec(spec["template"]["spec"], "spec.template.spec", ("Always",))
    yield from _rolling((spec.get("strategy") or {}).get("rollingUpdate") or {})
    if spec.get("progressDeadlineSeconds", 600) <= spec.get("minReadySeconds", 0):
        why = "must be greater than minReadySeconds"
        yield _invalid("spec.progressDeadlineSeconds", spec["progressDeadlineSeconds"], why)


def _rolling(rolling: Mapping[str, Any]) -> Causes:
    where = "spec.strategy.rollingUpdate"
    for name, value in rolling.items():
        if isinstance(value, str) and not re.fullmatch(r"\d+%", value):
            yield _invalid(f"{where}.{name}", value, "a valid percent string must be a numeric string followed by an ending '%'")
        if isinstance(value, int) and value < 0:
            yield _invalid(f"{where}.{name}", value, "must be greater than or equal to 0")
    if rolling and {str(rolling.get(n)).rstrip("%") for n in ("maxSurge", "maxUnavailable")} == {"0"}:
        yield _invalid(f"{where}.maxUnavailable", rolling["maxUnavailable"], "may not be 0 when `maxSurge` is 0")


def _not_negative(where: str, spec: Mapping[str, Any], *names: str) -> Causes:
    for name in names:
        if (spec.get(name) or 0) < 0:
            yield _invalid(f"{where}.{name}", spec[name], "must be greater than or equal to 0")


def _pod(manifest: Manifest) -> Causes:
    yield from _pod_spec(manifest["spec"], "spec", ("Always", "OnFailure", "Never"))


def _pod_spec(spec: Mapping[str, Any], where: str, restart: tuple[str, ...]) -> Causes:
    containers = spec.get("containers") or []
    if not containers:
        yield _required(f"{where}.containers")
    if spec["restartPolicy"] not in restart:
        supported = ", ".join(f'"{policy}"' for policy in restart)
        message = f'Unsupported value: "{spec["restartPolicy"]}": supported values: {supported}'
        yield Cause(f"{where}.restartPolicy", "FieldValueNotSupported", message)
    volumes = {volume.get("name") for volume in spec.get("volumes") or ()}
    seen: set[str] = set()
    for place in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(place) or ()):
            field = f"{where}.{place}[{index}]"
            if container.get("name") in seen:
                yield Cause(f"{field}.name", "FieldValueDuplicate", f'Duplicate value: "{container["name"]}"')
            seen.add(container.get("name") or "")
            yield from _container(container, field, volumes)


def _container(container: Mapping[str, Any], where: str, volumes: set[str | None]) -> Causes:
    name, image = container.get("name") or "", container.get("image") or ""
    if not name:
        yield _required(f"{where}.name")
    if name and (not _LABEL.fullmatch(name) or len(name) > 63):
        yield _invalid(f"{where}.name", name, _RULE_LABEL)
    if not image:
        yield _required(f"{where}.image")
    if image != image.strip():
        yield _invalid(f"{where}.image", image, "must not have leading or trailing whitespace")
    for index, port in enumerate(container.get("ports") or ()):
        yield from _port(port, f"{where}.ports[{index}]")
    for index, variable in enumerate(container.get("env") or ()):
        if not _ENV.fullmatch(variable.get("name") or ""):
            yield _invalid(f"{where}.env[{index}].name", variable.get("name"), "a valid environment variable name is needed")
    for index, mount in enumerate(container.get("volumeMounts") or ()):
        if mount.get("name") not in volumes:
            message = f'Not found: "{mount.get("name")}"'
            yield Cause(f"{where}.volumeMounts[{index}].name", "FieldValueNotFound", message)
    for name in ("livenessProbe", "readinessProbe", "startupProbe"):
        yield from _handler(container.get(name), f"{where}.{name}")
    for name, handler in (container.get("lifecycle") or {}).items():
        yield from _handler(handler if isinstance(handler, dict) else None, f"{where}.lifecycle.{name}")
    yield from _resources(container.get("resources") or {}, f"{where}.resources")


def _handler(handler: Mapping[str, Any] | None, where: str) -> Causes:
    """Exactly one way to ask a container."""
    if handler is None:
        return
    ways = [way for way in ("exec", "httpGet", "tcpSocket", "grpc", "sleep") if way in handler]
    if not ways:
        yield _required(where, "must specify a handler type")
    for way in ways[1:]:
        yield Cause(f"{where}.{way}", "FieldValueForbidden", "Forbidden: may not specify more than 1 handler type")


def _port(port: Mapping[str, Any], where: str) -> Causes:
    if not 0 < (port.get("containerPort") or 0) < 65536:
        yield _invalid(f"{where}.containerPort", port.get("containerPort"), "must be between 1 and 65535, inclusive")
    if port.get("name") and not _PORT_NAME.fullmatch(port["name"]):
        yield _invalid(f"{where}.name", port["name"], "must be no more than 15 characters of a-z, 0-9 and '-'")


def _resources(resources: Mapping[str, Any], where: str) -> Causes:
    wanted, limits = resources.get("requests") or {}, resources.get("limits") or {}
    for name, amounts in (("requests", wanted), ("limits", limits)):
        for resource, amount in amounts.items():
            if not quantities.is_quantity(amount):
                yield _invalid(f"{where}.{name}[{resource}]", amount, "quantities must match the regular expression")
                return
            if quantities.number(amount) < 0:
                yield _invalid(f"{where}.{name}[{resource}]", amount, "must be greater than or equal to 0")
    for resource, amount in wanted.items():
        if resource in limits and quantities.number(amount) > quantities.number(limits[resource]):
            why = f"must be less than or equal to {resource} limit of {limits[resource]}"
            yield _invalid(f"{where}.requests", amount, why)


def _job(manifest: Manifest) -> Causes:
    spec = manifest["spec"]
    yield from _not_negative("spec", spec, "parallelism", "completions", "backoffLimit", "activeDeadlineSeconds")
    yield from _pod_spec(spec["template"]["spec"], "spec.template.spec", ("OnFailure", "Never"))


def _cron_job(manifest: Manifest) -> Causes:
    spec = manifest["spec"]
    schedule = spec.get("schedule") or ""
    if not schedule:
        yield _required("spec.schedule")
    if schedule and not (len(schedule.split()) in (1, 5) and croniter.is_valid(schedule)):
        yield _invalid("spec.schedule", schedule, f"expected exactly 5 fields that make sense: {schedule}")
    try:
        ZoneInfo(spec.get("timeZone") or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        yield _invalid("spec.timeZone", spec["timeZone"], f"unknown time zone {spec['timeZone']}")
    job = spec["jobTemplate"]["spec"]
    yield from _not_negative("spec.jobTemplate.spec", job, "parallelism", "completions", "backoffLimit")
    yield from _pod_spec(job["template"]["spec"], "spec.jobTemplate.spec.template.spec", ("OnFailure", "Never"))


def _service(manifest: Manifest) -> Causes:
    ports = manifest["spec"].get("ports") or []
    if not ports and manifest["spec"].get("type") != "ExternalName" and manifest["spec"].get("clusterIP") != "None":
        yield _required("spec.ports")
    for index, port in enumerate(ports):
        if not 0 < (port.get("port") or 0) < 65536:
            yield _invalid(f"spec.ports[{index}].port", port.get("port"), "must be between 1 and 65535, inclusive")
        if len(ports) > 1 and not port.get("name"):
            yield _required(f"spec.ports[{index}].name")


def _config_map(manifest: Manifest) -> Causes:
    for key in {**(manifest.get("data") or {}), **(manifest.get("binaryData") or {})}:
        if not _CONFIG_KEY.fullmatch(key):
            yield _invalid(f"data[{key}]", key, "a valid config key must consist of alphanumeric characters, '-', '_' or '.'")


def _autoscaler(manifest: Manifest) -> Causes:
    spec = manifest["spec"]
    most, target = spec.get("maxReplicas") or 0, spec.get("scaleTargetRef") or {}
    if most < 1:
        yield _invalid("spec.maxReplicas", most, "must be greater than 0")
    if most < spec["minReplicas"]:
        yield _invalid("spec.maxReplicas", most, "must be greater than or equal to `minReplicas`")
    for name in ("kind", "name"):
        if not target.get(name):
            yield _required(f"spec.scaleTargetRef.{name}")


def _budget(manifest: Manifest) -> Causes:
    spec = manifest["spec"]
    if "minAvailable" in spec and "maxUnavailable" in spec:
        yield _invalid("spec", "{}", "minAvailable and maxUnavailable cannot be both set")


_RULES: dict[Kind, Callable[[Manifest], Causes]] = {
    kinds.POD: _pod,
    kinds.DEPLOYMENT: _workload,
    kinds.REPLICA_SET: _workload,
    kinds.STATEFUL_SET: _workload,
    kinds.DAEMON_SET: _workload,
    kinds.JOB: _job,
    kinds.CRON_JOB: _cron_job,
    kinds.SERVICE: _service,
    kinds.CONFIG_MAP: _config_map,
    kinds.SECRET: _config_map,
    kinds.HORIZONTAL_POD_AUTOSCALER: _autoscaler,
    kinds.POD_DISRUPTION_BUDGET: _budget,
}
