"""ResourceQuotas: what is used of them."""

from __future__ import annotations

from decimal import Decimal

from podo.clients.kubernetes.twin import quantities
from podo.clients.kubernetes.twin.plane import Plane
from podo.clients.kubernetes.types import Ref


def look(plane: Plane, ref: Ref) -> None:
    """Write down what is used."""
    manifest = plane.store.get(ref)
    if manifest is None or manifest["metadata"].get("deletionTimestamp"):
        return
    hard = manifest["spec"].get("hard") or {}
    used = plane.admission.used(ref.namespace or "", hard)
    manifest["status"] = {"hard": hard, "used": {name: quantities.said(used.get(name, Decimal())) for name in hard}}
    plane.keep(ref, manifest)
