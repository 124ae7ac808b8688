"""What a cluster's refusal is called here, whichever kind of cluster it comes from.

Every error bears `cluster`, `kind`, `name`, `namespace`, the server's own `message`, and `causes`: a list of
`{"field", "reason", "message"}` as far as the server named fields.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from podo.kernel.errors import N_, Conflict, Invalid, Missing, PodoError, Refused, TooMany, Unavailable

_MANAGER = re.compile(r'conflict with "([^"]+)"')
_DO_CORRECT = N_("Correct the manifest and send it again; nothing was changed.")


class NotFound(Missing):
    """404: no such object, namespace or subresource."""

    code = "kubernetes.not_found"
    so = N_("Cluster {cluster} has no {kind} “{name}”: {message}.")


class UnknownKind(Invalid):
    """The cluster does not serve this kind; a definition of it may be missing."""

    code = "kubernetes.unknown_kind"
    so = N_("Cluster {cluster} knows no {kind}.")
    do = N_("Check apiVersion and kind, or install the definition that brings the kind.")


class AlreadyExists(Conflict):
    """409 on create: an object of this name is there."""

    code = "kubernetes.already_exists"
    so = N_("{kind} “{name}” exists already in cluster {cluster}.")
    do = N_("Choose another name, or apply a change to the one that exists.")


class ResourceVersionConflict(Conflict):
    """409: the object is not the one, or not in the version, that the caller saw."""

    code = "kubernetes.conflict"
    so = N_("{kind} “{name}” in cluster {cluster} changed meanwhile: {message}.")


class FieldConflict(Conflict):
    """409 on apply: other managers own fields that would change. `managers` names them, `causes` the fields."""

    code = "kubernetes.field_conflict"
    so = N_("Fields of {kind} “{name}” in cluster {cluster} belong to {managers}.")
    do = N_("Leave the fields out, or apply with force to take them over.")


class NamespaceTerminating(Conflict):
    """Nothing can be created in a namespace that is being deleted."""

    code = "kubernetes.namespace_terminating"
    so = N_("Namespace “{namespace}” of cluster {cluster} is being deleted.")
    do = N_("Wait until it is gone, then try again.")


class DisruptionBudgetExhausted(Conflict):
    """An eviction would leave fewer pods than a PodDisruptionBudget demands."""

    code = "kubernetes.disruption_budget"
    so = N_("Evicting {name} would violate a disruption budget: {message}.")
    do = N_("Try again when more pods are healthy.")


class NotStarted(Conflict):
    """The container has no log yet, or cannot run a command yet."""

    code = "kubernetes.not_started"
    so = N_("The container does not run: {message}.")
    do = N_("Look at the pod's events for the reason, or wait until it has started.")


class OutputTooLarge(Conflict):
    """A command wrote more than is taken in. What it did is done."""

    code = "kubernetes.output"
    so = N_("The command in {name} wrote more than {most} bytes.")
    do = N_("Let it write less, or into a file.")


class Expired(Conflict):
    """410: this resource version, or this continuation, is no longer kept. List anew from the beginning."""

    code = "kubernetes.expired"
    so = N_("Cluster {cluster} no longer keeps that version of {kind}.")
    do = N_("List anew and watch from there.")


class Forbidden(Refused):
    """403: the credentials may not do this."""

    code = "kubernetes.forbidden"
    so = N_("Cluster {cluster} does not allow this: {message}.")
    do = N_("Give the account that Podo uses there the right, or use another account.")


class Unauthenticated(Refused):
    """401: the cluster does not know the credentials."""

    code = "kubernetes.unauthenticated"
    so = N_("Cluster {cluster} does not accept the credentials that Podo has for it.")
    do = N_("Give Podo valid credentials for the cluster.")


class InvalidManifest(Invalid):
    """400 or 422: the object cannot be as it was sent."""

    code = "kubernetes.invalid"
    so = N_("Cluster {cluster} cannot take {kind} “{name}”: {message}.")
    do = _DO_CORRECT


class AdmissionRefused(Invalid):
    """A policy, a webhook or an admission plugin of the cluster said no."""

    code = "kubernetes.admission"
    so = N_("A policy of cluster {cluster} refuses {kind} “{name}”: {message}.")
    do = _DO_CORRECT


class QuotaExceeded(AdmissionRefused):
    """The namespace's ResourceQuota has no room for it."""

    code = "kubernetes.quota"
    so = N_("The quota of namespace “{namespace}” in cluster {cluster} is used up: {message}.")
    do = N_("Ask for less, remove something, or have the quota raised.")


class Throttled(TooMany):
    """429: the server has too much to do. `after` is how many seconds it asks to wait."""

    code = "kubernetes.throttled"
    so = N_("Cluster {cluster} takes no more requests for now.")


class Unreachable(Unavailable):
    """No answer: cannot connect, timed out, cut in the middle, or a 5xx. Whether a change took place is unknown."""

    code = "kubernetes.unreachable"
    so = N_("Cluster {cluster} does not answer: {why}.")
    do = N_("Podo tries again by itself; check the cluster if it stays so.")


class StreamCut(Unreachable):
    """A watch or a log that had begun ended before its time: what came until then is whole, and may be gone on from."""


def cut(cluster: str, why: str) -> StreamCut:
    """The error for a stream that broke, for the reason `why`."""
    return StreamCut(cluster=cluster, what=cluster, why=why or "no reason given", message=why)


def unreachable(cluster: str, why: str) -> Unreachable:
    """The error for a call that got no answer, for the reason `why`."""
    return Unreachable(cluster=cluster, what=cluster, why=why or "no reason given", message=why)


def from_status(
    status: Mapping[str, Any], *, code: int, cluster: str, kind: str = "", name: str = "", namespace: str | None = None,
    after: float | None = None,
) -> PodoError:  # fmt: skip
    """The error that a `v1.Status` of failure means. `code` is the HTTP code, `after` the Retry-After in seconds."""
    details: Mapping[str, Any] = status.get("details") or {}
    message = str(status.get("message") or f"HTTP {code}").rstrip(".")
    causes = [
        {"field": c.get("field") or "", "reason": c.get("reason") or "", "message": c.get("message") or ""}
        for c in details.get("causes") or []
    ]
    data: dict[str, Any] = {
        "cluster": cluster,
        "kind": kind or str(details.get("kind") or "object"),
        "name": name or str(details.get("name") or ""),
        "namespace": namespace or "",
        "message": message,
        "causes": causes,
        # What the kernel's own kinds of error name in their sentences.
        "what": kind or str(details.get("kind") or "object"),
        "fields": {c["field"]: c["message"] for c in causes if c["field"]} or message,
    }
    if code == 429:
        wait = after if after is not None else float(details.get("retryAfterSeconds") or 1)
        return _too_many(causes, data, wait)
    if code in (400, 500) and _is_not_started(message):
        return NotStarted(**data)
    if code >= 500 and not _is_typed_failure(message):
        return Unreachable(**data, why=message)
    return _refusal(code, str(status.get("reason") or ""), message, causes, data)


def _refusal(code: int, reason: str, message: str, causes: list[dict[str, str]], data: dict[str, Any]) -> PodoError:
    match code:
        case 401:
            return Unauthenticated(**data)
        case 403:
            return _forbidden(message, causes, data)
        case 404:
            return NotFound(**data)
        case 409:
            return _conflict(reason, causes, data)
        case 410:
            return Expired(**data)
        case 400 if message.startswith("previous terminated container"):
            return NotFound(**data)
        case _ if _is_policy(message):
            return AdmissionRefused(**data)
    return InvalidManifest(**data)


def _conflict(reason: str, causes: list[dict[str, str]], data: dict[str, Any]) -> PodoError:
    if reason == "AlreadyExists":
        return AlreadyExists(**data)
    if any(c["reason"] == "FieldManagerConflict" for c in causes):
        found = (_MANAGER.search(c["message"]) for c in causes)
        managers = sorted({m[1] for m in found if m})
        return FieldConflict(**data, managers=", ".join(managers))
    return ResourceVersionConflict(**data)


def _forbidden(message: str, causes: list[dict[str, str]], data: dict[str, Any]) -> PodoError:
    if any(c["reason"] == "NamespaceTerminating" for c in causes):
        return NamespaceTerminating(**data)
    if "exceeded quota" in message or "failed quota" in message:
        return QuotaExceeded(**data)
    if _is_authorization(message):
        return Forbidden(**data)
    return AdmissionRefused(**data)


def _too_many(causes: list[dict[str, str]], data: dict[str, Any], after: float) -> PodoError:
    budget = next((c["message"] for c in causes if c["reason"] == "DisruptionBudget"), None)
    if budget is not None or "disruption budget" in data["message"]:
        return DisruptionBudgetExhausted(**{**data, "message": budget or data["message"]})
    return Throttled(**data, after=after)


def _is_authorization(message: str) -> bool:
    """RBAC says `pods is forbidden: User "x" cannot list resource "pods" …`; admission never names a user so."""
    return re.search(r'\bUser "[^"]*" cannot \w+', message) is not None or message.startswith("forbidden: User")


def _is_policy(message: str) -> bool:
    return "denied the request" in message or "denied request" in message


def _is_not_started(message: str) -> bool:
    """What kubelets say, and API servers pass on with 400 for logs and 500 for commands."""
    return re.search(r"container .*(is waiting to start|is not available)|container not found", message) is not None


def _is_typed_failure(message: str) -> bool:
    """Some servers answer an apply that does not fit the schema with 500."""
    return message.startswith("failed to create typed patch object") or "field not declared in schema" in message
