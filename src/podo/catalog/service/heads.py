"""What stands around a project's pages: head, menu of its settings, guide to production; and finding things by name."""

from __future__ import annotations

from collections.abc import Sequence

from podo.access import service as access
from podo.catalog.service.projects import project as the_project
from podo.catalog.types import GuideSteps, Project, ProjectTab, SearchHit, SearchSource, SettingsLink, Step
from podo.kernel.db import Reading
from podo.kernel.domains import Slots
from podo.kernel.errors import N_
from podo.kernel.ui import Head, Mark, Tab, languages

_SETTINGS = (
    ("general", N_("General"), "gear"),
    ("repository", N_("Repository"), "repo"),
    ("targets", N_("Where it runs"), "server"),
    ("namespaces", N_("Namespaces"), "stack"),
    ("owner", N_("Owner"), "people"),
)


async def head(r: Reading, slots: Slots, slug: str, current: str, lang: str) -> Head:
    """Team / project, its tier, and the tabs of all domains. Raises `NoSuchProject`."""
    found = await the_project(r, slug)
    team = await access.team(r, found.team)
    tabs = [Tab(N_("Overview"), f"/{slug}", "home", current=current == "overview")]
    for tab in sorted(slots[ProjectTab], key=lambda t: t.order):
        number = await tab.count(r, slug) if tab.count else None
        again = (f"/{slug}/tabs/{tab.key}", f"project:{slug}") if tab.count else ("", "")
        tabs.append(Tab(tab.label, f"/{slug}/{tab.key}", tab.icon, number or 0, current == tab.key, *again))
    tabs.append(Tab(N_("Settings"), f"/{slug}/settings", "gear", current=current == "settings"))
    tier = languages.translator(lang)(N_("Tier {n}")).format(n=found.tier)
    marks = [Mark(tier)]
    if not found.lives:
        marks.append(Mark(languages.say(lang, N_("Retired")), "attention", "archive"))
    return Head(name=slug, href=f"/{slug}", owner=team.name, owner_href=f"/teams/{team.handle}", marks=marks, tabs=tabs)


async def tab_count(r: Reading, slots: Slots, slug: str, key: str) -> int:
    """What is counted beside a tab now; 0 where nothing is. Raises `NoSuchProject`."""
    await the_project(r, slug)
    tab = next((t for t in slots[ProjectTab] if t.key == key), None)
    return await tab.count(r, slug) if tab is not None and tab.count else 0


def settings_menu(slots: Slots, slug: str, current: str) -> list[Tab]:
    """The menu at the side of a project's settings: the parts of its own page, then the pages of other domains by `current`.

    A template shows it by `{% include "catalog/_settings_menu.html" %}` with its page object's field `menu`.
    """
    at = f"/{slug}/settings"
    own = [Tab(label, f"{at}#{key}", icon, current=current == key) for key, label, icon in _SETTINGS]
    return own + [Tab(s.label, f"{at}/{s.key}", s.icon, current=current == s.key) for s in slots[SettingsLink]]


async def guide(r: Reading, slots: Slots, project: Project, lang: str) -> Sequence[Step]:
    """All steps from a registered project to production, in order."""
    found: list[Step] = []
    for source in sorted(slots[GuideSteps], key=lambda s: s.order):
        found += await source.steps(r, project, lang)
    return found


async def search(r: Reading, sources: Sequence[SearchSource], text: str, limit: int) -> list[SearchHit]:
    """What every source finds, at most `limit` of each; nothing for an empty text."""
    found: list[SearchHit] = []
    if wanted := text.strip():
        for source in sources:
            found += await source.find(r, wanted, limit)
    return found
