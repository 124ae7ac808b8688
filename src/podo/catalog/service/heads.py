"""What stands above every page of a project, and the guide to production."""

from __future__ import annotations

from collections.abc import Sequence

from podo.access import service as access
from podo.catalog.service.projects import project as the_project
from podo.catalog.types import GuideSteps, Project, ProjectTab, Step
from podo.kernel.db import Reading
from podo.kernel.domains import Slots
from podo.kernel.errors import N_
from podo.kernel.ui import Head, Mark, Tab, languages


async def head(r: Reading, slots: Slots, slug: str, current: str, lang: str) -> Head:
    """Team / project, its tier, and the tabs of all domains. Raises `NoSuchProject`."""
    found = await the_project(r, slug)
    team = await access.team(r, found.team)
    tabs = [Tab(N_("Overview"), f"/{slug}", "home", current=current == "overview")]
    for tab in sorted(slots[ProjectTab], key=lambda t: t.order):
        number = await tab.count(r, slug) if tab.count else None
        tabs.append(Tab(tab.label, f"/{slug}/{tab.key}", tab.icon, number or 0, current == tab.key))
    tabs.append(Tab(N_("Settings"), f"/{slug}/settings", "gear", current=current == "settings"))
    tier = languages.translator(lang)(N_("Tier {n}")).format(n=found.tier)
    return Head(
        name=slug, href=f"/{slug}", owner=team.name, owner_href=f"/teams/{team.handle}", marks=[Mark(tier)], tabs=tabs
    )


async def guide(r: Reading, slots: Slots, project: Project, lang: str) -> Sequence[Step]:
    """All steps from a registered project to production, in order."""
    found: list[Step] = []
    for source in sorted(slots[GuideSteps], key=lambda s: s.order):
        found += await source.steps(r, project, lang)
    return found
