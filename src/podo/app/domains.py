"""Every domain, in the order of the floors, the lowest first."""

from __future__ import annotations

from collections.abc import Sequence

from podo.kernel.domains import Domain

DOMAINS: Sequence[Domain] = ()
