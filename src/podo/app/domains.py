"""Every domain, in the order of the floors, the lowest first."""

from __future__ import annotations

from collections.abc import Sequence

from podo.access.domain import DOMAIN as ACCESS
from podo.activity.domain import DOMAIN as ACTIVITY
from podo.app.doctor.face import DOMAIN as APP
from podo.catalog.domain import DOMAIN as CATALOG
from podo.delivery.domain import DOMAIN as DELIVERY
from podo.kernel.domains import Domain
from podo.notices.domain import DOMAIN as NOTICES
from podo.workloads.domain import DOMAIN as WORKLOADS

DOMAINS: Sequence[Domain] = (ACCESS, CATALOG, NOTICES, ACTIVITY, WORKLOADS, DELIVERY, APP)
