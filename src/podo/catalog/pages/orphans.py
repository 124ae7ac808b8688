"""The orphan court: a queue that can be worked by keyboard, and as plain forms."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.responses import Response

from podo.access import service as access
from podo.access.types import On, Team
from podo.catalog import service
from podo.catalog.pages.assets import Owner, Row, account_names, clues, money, named, row_of, tabs, trouble_said
from podo.catalog.pages.wrong import say, sentence
from podo.catalog.rules import asset_queries
from podo.catalog.types import ASSIGN, QUARANTINE, READ, AssetQuery, Candidate, ClueGroup, ClueKind, OrphanCase
from podo.kernel import clock
from podo.kernel.db import Reading, Tx
from podo.kernel.errors import N_, PodoError
from podo.kernel.http import Routes, Web
from podo.kernel.http.routes import Form, form
from podo.kernel.http.web import WebIn
from podo.kernel.ui import Tab, page

routes = Routes("catalog", tag="Assets")
_SIZE, _MOST_AT_ONCE, _AT = 20, 500, "/assets/orphans"

KINDS = {
    ClueKind.tag: N_("a tag"),
    ClueKind.record: N_("Podo’s own record"),
    ClueKind.namespace: N_("the namespace"),
    ClueKind.on_call: N_("who is on call"),
    ClueKind.creator: N_("who made it"),
    ClueKind.committed: N_("who committed"),
    ClueKind.deployed: N_("who deployed"),
    ClueKind.approved: N_("who approved"),
    ClueKind.stack: N_("the stack"),
    ClueKind.prefix: N_("names beside it"),
    ClueKind.network: N_("the network"),
}


@dataclass(frozen=True, slots=True)
class Case:
    """A case of the queue: `choices` are candidates with their owner, why, and whether the reader may decide for them."""

    row: Row
    case: OrphanCase
    trouble: str
    keeper: Owner | None
    choices: Sequence[tuple[Owner, Candidate, Sequence[str], bool]]
    is_due: bool
    can: bool


@page("catalog/orphans.html")
@dataclass(frozen=True, slots=True)
class OrphansPage:
    """The queue. `groups` are cases with the same evidence; `chosen` is the group that narrows the queue; `did` can be undone.

    `claims` is how many may be the reader's teams', the address that shows those alone or no longer does, and whether it does.
    """

    tabs: Sequence[Tab]
    query: str
    trouble: str
    cases: Sequence[Case]
    total: int
    claims: tuple[int, str, bool]
    groups: Sequence[tuple[str, Owner, ClueGroup, str, bool]]
    chosen: tuple[str, Owner, ClueGroup] | None
    kept: Mapping[str, str]
    did: str
    did_said: str
    first: str
    more: str


@dataclass(frozen=True, slots=True)
class _Asked:
    query: str = ""
    because: str = ""
    owner: str = ""
    skip: int = 0
    mine: str = ""

    def kept(self) -> dict[str, str]:
        return {name: value for name, value in self._words() if value}

    def _words(self) -> Sequence[tuple[str, str]]:
        return (("q", self.query), ("because", self.because), ("owner", self.owner), ("mine", self.mine))

    def to(self, **more: str | int) -> str:
        asked = self.kept() | {name: str(value) for name, value in more.items() if value}
        return f"{_AT}?{urlencode(asked)}" if asked else _AT


@routes.page("/assets/orphans", permission=READ.id)
async def orphans(
    q: str = "", because: str = "", owner: str = "", skip: int = 0, mine: str = "", did: str = "", w: Web = WebIn
) -> Response:
    """Cases, the surest first; `q` narrows as on /assets, `because` and `owner` to the same evidence; `did` can be undone.

    With `mine` only those that the reader's teams are likeliest to own.
    """
    return await _show(w, _Asked(q, because, owner, max(0, skip), "1" if mine else ""), did=did)


async def _show(w: Web, asked: _Asked, *, did: str = "", trouble: str = "", status: int = 200) -> Response:
    query = AssetQuery()
    try:
        query = asset_queries.asset_query(asked.query)
    except PodoError as error:
        trouble = sentence(w, error)
    async with w.reading() as r:
        teams = {t.id: t for t in await access.teams(r)}
        try:
            of = w.person if asked.mine else ""
            found = await service.orphans(r, query, because=asked.because, owner=asked.owner, of=of, skip=asked.skip, limit=_SIZE)
        except PodoError as error:
            trouble, query = sentence(w, error), AssetQuery()
            found = await service.orphans(r, query, limit=_SIZE)
        groups = await service.clue_groups(r, query)
        claims = (await service.claims_waiting(r, w.person))[0]
        cases = await _cases(w, r, found.items, teams)
        said = await _did(w, r, did, teams)
    listed = [_group(w, g, asked, teams) for g in groups]
    chosen = next(((text, who, g) for text, who, g, _, on in listed if on), None)
    made = OrphansPage(
        tabs=tabs("orphans", found.total or 0),
        query=asked.query,
        trouble=trouble,
        cases=cases,
        total=found.total or 0,
        claims=(claims, _Asked(mine="" if asked.mine else "1").to(), bool(asked.mine)),
        groups=listed,
        chosen=chosen,
        kept=asked.kept(),
        did=did if said else "",
        did_said=said,
        first=asked.to() if asked.skip else "",
        more=asked.to(skip=asked.skip + _SIZE) if found.next else "",
    )
    return await w.page(made, title=N_("Orphan court"), status=status)


async def _cases(w: Web, r: Reading, found: Sequence[OrphanCase], teams: Mapping[str, Team]) -> list[Case]:
    costs = await money(w, r, [case.asset.id for case in found])
    projects = {c.owner.partition(":")[2] for case in found for c in case.candidates if c.owner.startswith("project:")}
    owning = {p.slug: p.team for p in await service.by_slugs(r, projects)} if projects else {}
    keepers = {case.asset.team or "" for case in found}
    wanted = keepers | {_team(c, owning) for case in found for c in case.candidates}
    order = sorted(wanted)
    called = await account_names(r)
    may = dict(zip(order, await access.allowed_many(r, [(ASSIGN, On(team=t or None)) for t in order]), strict=True))
    made: list[Case] = []
    for case in found:
        row = row_of(w, case.asset, teams, costs, called)
        keeps = may[case.asset.team or ""]
        choices = [(named(c.owner, teams), c, clues(w, c.clues), keeps or may[_team(c, owning)]) for c in case.candidates]
        due = case.due_at <= clock.now() and case.asset.quarantined_at is None
        can = keeps or bool(choices and choices[0][3])
        made.append(Case(row, case, trouble_said(w, case.trouble), row.owner, choices, due, can))
    return made


def _team(candidate: Candidate, owning: Mapping[str, str]) -> str:
    kind, _, name = candidate.owner.partition(":")
    return owning.get(name, "") if kind == "project" else name


def _group(w: Web, g: ClueGroup, asked: _Asked, teams: Mapping[str, Team]) -> tuple[str, Owner, ClueGroup, str, bool]:
    on = (asked.because, asked.owner) == (g.because, g.owner)
    to = _Asked(asked.query) if on else _Asked(asked.query, g.because, g.owner)
    return say(w, KINDS[g.because]), named(g.owner, teams), g, to.to(), on


async def _did(w: Web, r: Reading, did: str, teams: Mapping[str, Team]) -> str:
    """What can be undone, in words; empty where it was undone, or never was."""
    if did.startswith("ast_"):
        case = await service.orphan(r, did)
        return say(w, N_("{name} stands at the end of the queue."), name=case.asset.name) if case and case.skipped_at else ""
    found = await service.decided(r, did) if did else []
    if not found:
        return ""
    if found[0].kind == "quarantine":
        return say(w, N_("{count} in quarantine."), count=len(found))
    return say(w, N_("{count} assigned to {owner}."), count=len(found), owner=named(found[0].owner, teams).name)


def _asked(f: Form) -> _Asked:
    return _Asked(f["q"], f["because"], f["of"], mine=f["mine"])


async def _do(w: Web, f: Form, verb: Callable[[Tx], Awaitable[str]]) -> Response:
    """Do it and go back to the queue, where it can be undone."""
    asked = _asked(f)
    try:
        async with w.transaction() as tx:
            did = await verb(tx)
    except PodoError as error:
        return await _show(w, asked, trouble=sentence(w, error), status=409)
    return w.go(asked.to(did=did))


@routes.form("/assets/orphans/assign", verb="catalog.assign_assets", permission=ASSIGN.id)
async def assign(w: Web = WebIn) -> Response:
    """Accept a candidate for a case."""
    f = await form(w)
    return await _do(w, f, lambda tx: service.assign_assets(tx, [f["asset"]], f["owner"], f["why"]))


@routes.form("/assets/orphans/assign-all", verb="catalog.assign_assets", permission=ASSIGN.id)
async def assign_all(w: Web = WebIn) -> Response:
    """Accept the same candidate for all cases that the same evidence speaks for; 500 at once."""
    f = await form(w)

    async def all_of(tx: Tx) -> str:
        query = asset_queries.asset_query(f["q"])
        found = await service.orphans(tx, query, because=f["because"], owner=f["of"], limit=_MOST_AT_ONCE)
        return await service.assign_assets(tx, [case.asset.id for case in found.items], f["of"], f["why"])

    asked = _Asked(f["q"])
    try:
        async with w.transaction() as tx:
            did = await all_of(tx)
    except PodoError as error:
        return await _show(w, _asked(f), trouble=sentence(w, error), status=409)
    return w.go(asked.to(did=did))


@routes.form("/assets/orphans/skip", verb="catalog.skip_orphans", permission=ASSIGN.id)
async def skip(w: Web = WebIn) -> Response:
    """Put a case at the end of the queue."""
    f = await form(w)

    async def one(tx: Tx) -> str:
        await service.skip_orphans(tx, [f["asset"]])
        return f["asset"]

    return await _do(w, f, one)


@routes.form("/assets/orphans/unskip", verb="catalog.unskip_orphans", permission=ASSIGN.id)
async def unskip(w: Web = WebIn) -> Response:
    """Put a case back where evidence puts it."""
    f = await form(w)

    async def one(tx: Tx) -> str:
        await service.unskip_orphans(tx, [f["asset"]])
        return ""

    return await _do(w, f, one)


@routes.form("/assets/orphans/quarantine", verb="catalog.quarantine_assets", permission=QUARANTINE.id)
async def quarantine(w: Web = WebIn) -> Response:
    """Set an orphan apart whose time is over."""
    f = await form(w)
    return await _do(w, f, lambda tx: service.quarantine_assets(tx, [f["asset"]], f["why"]))


@routes.form("/assets/orphans/undo", verb="catalog.undo_assets", permission=ASSIGN.id)
async def undo(w: Web = WebIn) -> Response:
    """Undo what was decided at once."""
    f = await form(w)

    async def all_of(tx: Tx) -> str:
        await service.undo_assets(tx, batch=f["did"])
        return ""

    return await _do(w, f, all_of)
