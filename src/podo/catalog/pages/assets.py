"""Assets: the list with its filters in the address, one asset, and a project's."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode

from starlette.responses import Response

from podo.access import service as access
from podo.access.types import On, Team
from podo.catalog import rules, service
from podo.catalog.pages.wrong import say, sentence
from podo.catalog.rules import asset_queries
from podo.catalog.types import (
    ASSIGN,
    READ,
    Asset,
    AssetFacets,
    AssetMoney,
    AssetQuery,
    AssetState,
    Candidate,
    Clue,
    ClueKind,
    Decision,
    OrphanCase,
    Proof,
    Trouble,
)
from podo.kernel.db import Reading
from podo.kernel.errors import N_, PodoError
from podo.kernel.http import Routes, Web
from podo.kernel.http.routes import Form, form
from podo.kernel.http.web import WebIn
from podo.kernel.nouns import PODO
from podo.kernel.ui import Tab, page

routes = Routes("catalog", tag="Assets")
_SIZE, _MOST_CHOICES = 50, 8

# (text, address, count, whether it is chosen)
Choice = tuple[str, str, int | None, bool]

_STATES = {
    AssetState.owned: N_("owned"),
    AssetState.custody: N_("in custody"),
    AssetState.orphan: N_("orphan"),
    AssetState.dead: N_("owner is no more"),
    AssetState.quarantined: N_("in quarantine"),
    AssetState.gone: N_("gone"),
}
_TONES = {
    AssetState.owned: ("success", "check"),
    AssetState.custody: ("attention", "shield"),
    AssetState.orphan: ("severe", "question"),
    AssetState.dead: ("danger", "circle-slash"),
    AssetState.quarantined: ("done", "lock"),
    AssetState.gone: ("secondary", "x"),
}
_TROUBLES = {
    Trouble.untagged: N_("It says nothing of an owner."),
    Trouble.unknown: N_("It names an owner that there is not."),
    Trouble.dead: N_("It names an owner that is no more."),
}
_PROOFS = {
    Proof.tag: N_("by the exact ids in its tags"),
    Proof.cluster: N_("by the namespace that a cluster of ours made it for"),
    Proof.decision: N_("by a decision"),
}
_CLUES = {
    ClueKind.tag: N_("a tag says “{value}”"),
    ClueKind.record: N_("Podo’s own record: it was theirs before"),
    ClueKind.namespace: N_("it was made for the namespace {value}"),
    ClueKind.on_call: N_("{count} of {of} on call for {value} are theirs"),
    ClueKind.creator: N_("{value} made it"),
    ClueKind.committed: N_("{count} of {of} who committed to {value} lately are theirs"),
    ClueKind.deployed: N_("{count} of {of} who deployed {value} lately are theirs"),
    ClueKind.approved: N_("{count} of {of} who approved deployments of {value} lately are theirs"),
    ClueKind.stack: N_("{count} of {of} in the stack {value} are theirs"),
    ClueKind.prefix: N_("{count} of {of} named {value}… are theirs"),
    ClueKind.network: N_("{count} of {of} in the network {value} are theirs"),
}


@dataclass(frozen=True, slots=True)
class Owner:
    """Who owns something, as a page shows it: `project` is empty for a team's own; `id` is for the picture."""

    id: str
    name: str
    href: str
    project: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """An asset of the list: what its account is called, its state in words, with the look of its mark."""

    asset: Asset
    account: str
    owner: Owner | None
    state: str
    tone: str
    icon: str
    cost: tuple[Decimal, str] | None


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision, with the names of its owner and of who decided and undid it, and why, in words."""

    decision: Decision
    owner: Owner | None
    by: str
    undone_by: str
    reasons: Sequence[str]


@page("catalog/assets.html")
@dataclass(frozen=True, slots=True)
class AssetsPage:
    """Assets that fit the filter; `sides` are what it can be narrowed by, `older` leads on, `path` is the list itself."""

    tabs: Sequence[Tab]
    query: str
    trouble: str
    rows: Sequence[Row]
    total: int
    everything: bool
    sides: Sequence[tuple[str, Sequence[Choice]]]
    path: str
    first: str
    more: str


@page("catalog/asset.html")
@dataclass(frozen=True, slots=True)
class AssetPage:
    """One asset. `candidates` have their owner, how sure that is, and why, in words; `undo` is whether a decision stands."""

    row: Row
    tabs: Sequence[Tab]
    proof: str
    why: str
    keeper: Owner | None
    case: OrphanCase | None
    candidates: Sequence[tuple[Owner, Candidate, Sequence[str]]]
    decided: Sequence[Decided]
    undo: bool
    can: bool
    owners: Sequence[str]
    typed: Mapping[str, str]
    wrong: str


def tabs(current: str, orphans: int = 0) -> list[Tab]:
    """The pages of assets."""
    return [
        Tab(N_("Assets"), "/assets", "server", current=current == "assets"),
        Tab(N_("Orphan court"), "/assets/orphans", "law", orphans, current=current == "orphans"),
        Tab(N_("Coverage"), "/assets/coverage", "graph", current=current == "coverage"),
        Tab(N_("Tags"), "/assets/tags", "tag", current=current == "tags"),
        Tab(N_("Accounts"), "/assets/accounts", "cloud", current=current == "accounts"),
    ]


@routes.page("/assets", permission=READ.id)
async def assets(q: str = "", after: str = "", w: Web = WebIn) -> Response:
    """All assets; `q` is a filter such as `team:chat below:yes state:orphan tag:env=prod redis`, `after` the last one seen."""
    return await _list(w, q, after)


@routes.page("/{project}/assets", permission=READ.id)
async def of_project(project: str, q: str = "", after: str = "", w: Web = WebIn) -> Response:
    """A project's assets."""
    return await _list(w, q, after, project)


async def _list(w: Web, q: str, after: str, project: str = "") -> Response:
    trouble, query = "", AssetQuery()
    try:
        query = asset_queries.asset_query(rules.with_word(q, "project", project) if project else q)
    except PodoError as error:
        trouble = sentence(w, error)
    async with w.reading() as r:
        head = await service.head(r, w.house.slots, project, "assets", w.lang) if project else None
        try:
            found = await service.assets(r, query, cursor=after, limit=_SIZE)
            facets = await service.asset_facets(r, query)
        except PodoError as error:
            trouble = sentence(w, error)
            found, facets = await service.assets(r, AssetQuery(), limit=1), AssetFacets(0, (), (), (), (), ())
        rows = [] if trouble else await _rows(w, r, found.items)
        mine = [t for t in await access.teams(r) if t.id in {m.team for m in await access.teams_of(r, w.person)}]
        called = await account_names(r)
    path = f"/{project}/assets" if project else "/assets"
    at = _Address(path, q)
    made = AssetsPage(
        tabs=[] if project else tabs("assets"),
        query=q,
        trouble=trouble,
        rows=rows,
        total=0 if trouble else facets.total,
        everything=not q,
        sides=_sides(w, at, facets, mine, called),
        path=path,
        first=at.to(q) if after else "",
        more=at.to(q, found.next) if found.next and not trouble else "",
    )
    return await w.page(made, title=N_("Assets"), head=head)


@dataclass(frozen=True, slots=True)
class _Address:
    path: str
    query: str

    def to(self, query: str, after: str = "") -> str:
        asked = {name: value for name, value in (("q", query), ("after", after)) if value}
        return f"{self.path}?{urlencode(asked)}" if asked else self.path

    def narrowed(self, key: str, value: str) -> tuple[str, bool]:
        """The address that narrows by `key:value`, or no longer does when it did; and whether it does."""
        on = f"{key}:{value}" in self.query.split()
        return self.to(rules.with_word(self.query, key, "" if on else value)), on


async def account_names(r: Reading) -> dict[str, str]:
    """What accounts are called, by their ids."""
    return {account.id: account.name for account in await service.accounts(r)}


def _sides(
    w: Web, at: _Address, facets: AssetFacets, mine: Sequence[Team], called: Mapping[str, str]
) -> list[tuple[str, list[Choice]]]:
    states = {s.value: say(w, text) for s, text in _STATES.items()}

    def choices(key: str, counts: Sequence[tuple[str, int]], words: Mapping[str, str] | None = None) -> list[Choice]:
        found: list[Choice] = []
        for value, count in counts[:_MOST_CHOICES]:
            address, on = at.narrowed(key, value)
            found.append(((words or {}).get(value, value), address, count, on))
        return found

    teams: list[Choice] = []
    for team in mine:
        address, on = at.narrowed("team", team.handle)
        teams.append((team.name, address, None, on))
    return [
        (say(w, N_("State")), choices("state", facets.states, states)),
        (say(w, N_("My teams")), teams),
        (say(w, N_("Kind")), choices("kind", facets.kinds)),
        (say(w, N_("Account")), choices("account", facets.accounts, called)),
        (say(w, N_("Region")), choices("region", facets.regions)),
        (say(w, N_("Cloud")), choices("provider", facets.providers)),
    ]


async def _rows(w: Web, r: Reading, found: Sequence[Asset]) -> list[Row]:
    teams = {t.id: t for t in await access.teams(r)}
    costs = await money(w, r, [it.id for it in found])
    called = await account_names(r)
    return [row_of(w, it, teams, costs, called) for it in found]


async def money(w: Web, r: Reading, ids: Sequence[str]) -> dict[str, tuple[Decimal, str]]:
    """What these cost in the last 30 days, where somebody knows."""
    found: dict[str, tuple[Decimal, str]] = {}
    for slot in w.house.slots[AssetMoney]:
        found |= await slot.monthly(r, ids)
    return found


def row_of(
    w: Web, it: Asset, teams: Mapping[str, Team], costs: Mapping[str, tuple[Decimal, str]], called: Mapping[str, str]
) -> Row:
    """An asset as lists show it; `called` are the names of accounts."""
    tone, icon = _TONES[it.state]
    return Row(
        it, called.get(it.account, it.account), owner_of(it, teams), say(w, _STATES[it.state]), tone, icon, costs.get(it.id)
    )


def owner_of(it: Asset, teams: Mapping[str, Team]) -> Owner | None:
    """Its project, else the team that owns or keeps it."""
    team = teams.get(it.team or "")
    if team is None:
        return None
    if it.project:
        return Owner(team.id, team.name, f"/{it.project}", it.project)
    return Owner(team.id, team.name, f"/teams/{team.handle}")


def named(owner: str, teams: Mapping[str, Team]) -> Owner:
    """`project:…` or `team:…` as a page shows it."""
    kind, _, name = owner.partition(":")
    if kind == "project":
        return Owner(name, name, f"/{name}", name)
    team = teams.get(name)
    return Owner(name, team.name if team else name, f"/teams/{team.handle}" if team else "")


def clues(w: Web, found: Collection[Clue]) -> list[str]:
    """Why, in words, the strongest first."""
    return [say(w, _CLUES[c.kind], value=c.value, count=c.count, of=c.of) for c in found]


def trouble_said(w: Web, trouble: Trouble | None) -> str:
    """Why nobody is known, in words."""
    return say(w, _TROUBLES[trouble]) if trouble else ""


@routes.page("/assets/{asset}", permission=READ.id)
async def asset(asset: str, w: Web = WebIn) -> Response:
    """One asset by its id."""
    return await _show(w, asset)


async def _show(w: Web, name: str, typed: Form | None = None, wrong: str = "") -> Response:
    async with w.reading() as r:
        it = await service.asset(r, name)
        teams = {t.id: t for t in await access.teams(r)}
        case = await service.orphan(r, it.id)
        decisions = await service.decisions(r, it.id)
        people = await access.people(r, {who for d in decisions for who in (d.by, d.withdrawn_by) if who})
        costs = await money(w, r, [it.id])
        can = (await access.may(r, ASSIGN, On(team=it.team))).allowed
        mine = {m.team for m in await access.teams_of(r, w.person)}
        projects = [f"project:{p.slug}" for p in await service.projects_of(r, mine)]
        row = row_of(w, it, teams, costs, await account_names(r))
    own = [f"team:{teams[t].handle}" for t in sorted(mine) if t in teams]
    made = AssetPage(
        row=row,
        tabs=tabs("assets"),
        proof=say(w, _PROOFS[it.proof]) if it.proof else "",
        why=trouble_said(w, it.trouble),
        keeper=row.owner,
        case=case,
        candidates=[(named(c.owner, teams), c, clues(w, c.clues)) for c in case.candidates] if case else [],
        decided=[_decided(w, d, teams, {i: p.name for i, p in people.items()}) for d in decisions],
        undo=any(d.withdrawn_at is None for d in decisions),
        can=can or it.trouble is not None,
        owners=[*projects, *own],
        typed={"owner": typed["owner"], "why": typed["why"]} if typed else {},
        wrong=wrong,
    )
    return await w.page(made, title=it.name, status=422 if wrong else 200)


def _decided(w: Web, decision: Decision, teams: Mapping[str, Team], names: Mapping[str, str]) -> Decided:
    owner = named(decision.owner, teams) if decision.owner else None
    by, undone_by = (names.get(who, "Podo" if who == PODO.id else who) for who in (decision.by, decision.withdrawn_by))
    return Decided(decision, owner, by, undone_by, clues(w, decision.clues))


@routes.form("/assets/{asset}/assign", verb="catalog.assign_assets", permission=ASSIGN.id)
async def assign(asset: str, w: Web = WebIn) -> Response:
    """Decide whose an asset is."""
    f = await form(w)
    try:
        async with w.transaction() as tx:
            await service.assign_assets(tx, [asset], f["owner"], f["why"])
    except PodoError as error:
        return await _show(w, asset, f, sentence(w, error))
    return w.go(f"/assets/{asset}", said=say(w, N_("It is decided. Undo stands below.")))


@routes.form("/assets/{asset}/undo", verb="catalog.undo_assets", permission=ASSIGN.id)
async def undo(asset: str, w: Web = WebIn) -> Response:
    """Undo the newest decision about an asset."""
    try:
        async with w.transaction() as tx:
            await service.undo_assets(tx, asset=asset)
    except PodoError as error:
        return await _show(w, asset, None, sentence(w, error))
    return w.go(f"/assets/{asset}", said=say(w, N_("Undone.")))
