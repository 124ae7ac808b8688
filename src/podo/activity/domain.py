"""The descriptor."""

from __future__ import annotations

from podo.activity import api, pages
from podo.activity.types import READ
from podo.catalog.types import ProjectTab
from podo.kernel.domains import Domain
from podo.kernel.errors import N_

DOMAIN = Domain(
    name="activity",
    routes=[api.routes, pages.routes],
    slots=[ProjectTab(key="activity", label=N_("Activity"), icon="pulse", order=90, count=None)],
    permissions=[READ],
)
