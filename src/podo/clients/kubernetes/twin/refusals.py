"""Refusals in the API server's own words, as `v1.Status` objects that become the same errors as those of a real one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from podo.clients.kubernetes import addresses, errors
from podo.clients.kubernetes.types import Ref
from podo.kernel.errors import PodoError


class Cause(NamedTuple):
    """One field that is wrong, and how."""

    field: str
    reason: str
    message: str


class Refusals:
    """Makes the errors of one cluster, whose name they bear."""

    def __init__(self, cluster: str) -> None:
        self.cluster = cluster

    def _error(
        self, code: int, reason: str, ref: Ref, message: str, causes: Sequence[Cause] = (), after: float | None = None
    ) -> PodoError:
        details = {"name": ref.name, "kind": ref.kind, "causes": [c._asdict() for c in causes]}
        status: dict[str, Any] = {"code": code, "reason": reason, "message": message, "details": details}
        return errors.from_status(
            status, code=code, cluster=self.cluster, kind=ref.kind, name=ref.name, namespace=ref.namespace, after=after
        )

    def not_found(self, ref: Ref, plural: str) -> PodoError:
        """404."""
        return self._error(404, "NotFound", ref, f'{plural} "{ref.name}" not found')

    def no_log(self, ref: Ref, message: str) -> PodoError:
        """400 of the log or exec subresource."""
        return self._error(400, "BadRequest", ref, message)

    def unknown_kind(self, ref: Ref) -> PodoError:
        """The address leads nowhere."""
        return addresses.unknown_kind(self.cluster, ref)

    def exists(self, ref: Ref, plural: str) -> PodoError:
        """409 on create."""
        return self._error(409, "AlreadyExists", ref, f'{plural} "{ref.name}" already exists')

    def changed(self, ref: Ref, plural: str, why: str) -> PodoError:
        """409: another version or another object."""
        return self._error(409, "Conflict", ref, f'Operation cannot be fulfilled on {plural} "{ref.name}": {why}')

    def field_conflict(self, ref: Ref, conflicts: Sequence[Cause]) -> PodoError:
        """409 on apply."""
        count = f"{len(conflicts)} conflict{'s' if len(conflicts) > 1 else ''}"
        said = "\n".join(f"{c.message}: {c.field}" for c in conflicts)
        return self._error(409, "Conflict", ref, f"Apply failed with {count}: {said}", conflicts)

    def expired(self, ref: Ref, message: str = "too old resource version") -> PodoError:
        """410."""
        return self._error(410, "Expired", ref, message)

    def invalid(self, ref: Ref, causes: Sequence[Cause]) -> PodoError:
        """422, with the fields that are wrong."""
        said = [f"{c.field}: {c.message}" for c in causes]
        whole = said[0] if len(said) == 1 else f"[{', '.join(said)}]"
        return self._error(422, "Invalid", ref, f'{ref.kind} "{ref.name}" is invalid: {whole}', causes)

    def bad(self, ref: Ref, message: str) -> PodoError:
        """400."""
        return self._error(400, "BadRequest", ref, message)

    def forbidden(self, ref: Ref, plural: str, why: str, causes: Sequence[Cause] = ()) -> PodoError:
        """403 of an admission plugin."""
        return self._error(403, "Forbidden", ref, f'{plural} "{ref.name}" is forbidden: {why}', causes)

    def unauthorized(self, ref: Ref, plural: str, verb: str) -> PodoError:
        """403 of RBAC."""
        where = f' in the namespace "{ref.namespace}"' if ref.namespace else " at the cluster scope"
        group = ref.api_version.rpartition("/")[0]
        why = f'User "podo" cannot {verb} resource "{plural}" in API group "{group}"{where}'
        return self._error(403, "Forbidden", ref, f"{plural} is forbidden: {why}")

    def throttled(self, ref: Ref, after: float) -> PodoError:
        """429."""
        return self._error(429, "TooManyRequests", ref, "too many requests, please try again later", after=after)

    def budget(self, ref: Ref, why: str) -> PodoError:
        """429 of an eviction."""
        message = "Cannot evict pod as it would violate the pod's disruption budget."
        return self._error(429, "TooManyRequests", ref, message, [Cause("", "DisruptionBudget", why)])

    def unreachable(self, why: str) -> PodoError:
        """No answer."""
        return errors.unreachable(self.cluster, why)

    def cut(self) -> PodoError:
        """An answer that had begun, and broke."""
        return errors.cut(self.cluster, "the stream was cut")
