"""Coverage: how many assets have an owner, day by day, and where they have not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.responses import Response

from podo.access import service as access
from podo.catalog import service
from podo.catalog.pages.assets import account_names, tabs
from podo.catalog.pages.wrong import say, sentence
from podo.catalog.types import READ, Coverage, Provider
from podo.kernel.errors import N_, PodoError
from podo.kernel.http import Routes, Web
from podo.kernel.http.web import WebIn
from podo.kernel.ui import Series, Tab, page

routes = Routes("catalog", tag="Assets")
_AT, _DAYS, _MOST = "/assets/coverage", 90, 12

# (text, address, count, whether it is chosen)
Choice = tuple[str, str, int | None, bool]


@dataclass(frozen=True, slots=True)
class Part:
    """An account or a team: its name, the filter of its assets, and how many have an owner."""

    name: str
    href: str
    coverage: Coverage


@page("catalog/coverage.html")
@dataclass(frozen=True, slots=True)
class CoveragePage:
    """Coverage over time; `before` is the first day of those shown, None without any."""

    tabs: Sequence[Tab]
    trouble: str
    now: Coverage | None
    before: Coverage | None
    labels: Sequence[str]
    series: Sequence[Series]
    sides: Sequence[tuple[str, Sequence[Choice]]]
    accounts: Sequence[Part]
    teams: Sequence[Part]


@routes.page("/assets/coverage", permission=READ.id)
async def coverage(provider: str = "", account: str = "", team: str = "", w: Web = WebIn) -> Response:
    """Ninety days, by `provider`, `account` (its id), or `team` (id or handle, with all below)."""
    trouble = ""
    async with w.reading() as r:
        try:
            days = await service.coverage(r, provider=provider, account=account, team=team, days=_DAYS)
        except PodoError as error:
            trouble, days = sentence(w, error), []
        accounts = await service.coverage_parts(r, "account")
        by_team = await service.coverage_parts(r, "team")
        teams = {t.id: t for t in await access.teams(r)}
        called = await account_names(r)
    made = CoveragePage(
        tabs=tabs("coverage"),
        trouble=trouble,
        now=days[-1] if days else None,
        before=days[0] if days else None,
        labels=[f"{it.day:%m-%d}" for it in days],
        series=_series(w, days),
        sides=[
            (say(w, N_("Cloud")), [_choice("provider", p.value, provider) for p in Provider]),
            (
                say(w, N_("Account")),
                [_choice("account", _id(name), account, it.assets, called.get(_id(name), "")) for name, it in accounts[:_MOST]],
            ),
        ],
        accounts=[Part(called.get(_id(name), name), _assets(f"account:{_id(name)}"), it) for name, it in accounts],
        teams=[Part(teams[name].name, _assets(f"team:{teams[name].handle}"), it) for name, it in by_team if name in teams],
    )
    return await w.page(made, title=N_("Coverage"))


def _series(w: Web, days: Sequence[Coverage]) -> list[Series]:
    return [
        Series(say(w, N_("owned")), [it.owned - it.custody for it in days], "green"),
        Series(say(w, N_("in custody")), [it.custody for it in days], "yellow"),
        Series(say(w, N_("without an owner")), [it.orphans for it in days], "red"),
    ]


def _choice(key: str, value: str, chosen: str, count: int | None = None, text: str = "") -> Choice:
    on = value == chosen
    return text or value, _AT if on else f"{_AT}?{urlencode({key: value})}", count, on


def _id(account: str) -> str:
    return account.partition("/")[2]


def _assets(query: str) -> str:
    return f"/assets?{urlencode({'q': query})}"
