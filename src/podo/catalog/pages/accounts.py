"""Accounts of clouds: data that SREs edit, and how the looks into them went, for everybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response

from podo.access import service as access
from podo.access.types import On
from podo.catalog import service
from podo.catalog.pages import parts
from podo.catalog.pages.assets import tabs
from podo.catalog.pages.wrong import WHOLE, say, sentence
from podo.catalog.ports import AssetReader
from podo.catalog.types import (
    GOVERN,
    READ,
    AccountKind,
    CloudAccount,
    Inventory,
    InventoryState,
    NoSuchAccount,
    Provider,
    WrongAccount,
)
from podo.kernel.errors import N_, PodoError
from podo.kernel.http import Routes, Web
from podo.kernel.http.routes import Form, form
from podo.kernel.http.web import WebIn
from podo.kernel.ui import Tab, page

routes = Routes("catalog", tag="Clouds")


@dataclass(frozen=True, slots=True)
class Failing:
    """What went wrong with some lists in the same way; `done_at` is when the last of them was read to its end, None: never."""

    lists: Sequence[str]
    why: str
    do: str
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class AccountLine:
    """An account with its looks: `lists` there are, `read` of them to their end, `running` now, `wrong` the last time and why.

    `done_at` is the oldest whole look, None while there is a list that never was read. `left_out` are kinds that are not listed.
    """

    account: CloudAccount
    team: str
    assets: int
    lists: int
    read: int
    running: int
    seen: int
    wrong: int
    failing: Sequence[Failing]
    unsupported: Sequence[str]
    left_out: Sequence[tuple[str, str]]
    done_at: datetime | None


@page("catalog/accounts.html")
@dataclass(frozen=True, slots=True)
class AccountsPage:
    """All accounts; the form for one of them, or a new one, at the side."""

    tabs: Sequence[Tab]
    lines: Sequence[AccountLine]
    can_govern: bool
    editing: CloudAccount | None
    typed: Mapping[str, str]
    providers: Sequence[tuple[str, str]]
    kinds: Sequence[tuple[str, str]]
    teams: Sequence[parts.Option]
    wrong: Mapping[str, str]


@page("catalog/_accounts.html")
@dataclass(frozen=True, slots=True)
class AccountsPiece:
    """The list alone, read again while lists are read."""

    lines: Sequence[AccountLine]
    can_govern: bool


@routes.page("/assets/accounts", permission=READ.id)
async def accounts(edit: str = "", w: Web = WebIn) -> Response:
    """The page; `edit` is the account (`aws/123456789012`) whose facts stand in the form."""
    return await _show(w, edit)


@routes.page("/assets/accounts/list", permission=READ.id)
async def listed(w: Web = WebIn) -> Response:
    """The list alone."""
    lines, can = await _lines(w)
    return await w.fragment(AccountsPiece(lines, can))


@routes.form("/assets/accounts", verb="catalog.set_account", permission=GOVERN.id)
async def set_account(w: Web = WebIn) -> Response:
    """Add or change an account."""
    f = await form(w)
    provider = Provider(f["provider"]) if f["provider"] in set(Provider) else Provider.aws
    kind = AccountKind(f["kind"]) if f["kind"] in set(AccountKind) else AccountKind.real
    regions = tuple(f["regions"].replace(",", " ").split())
    wanted = CloudAccount(provider, f["id"], f["name"], regions, f["role"], f["external_id"], f["team"], kind)
    try:
        async with w.transaction() as tx:
            await service.set_account(tx, wanted)
    except PodoError as error:
        return await _again(w, f["edit"], f, error)
    return w.go("/assets/accounts", said=say(w, N_("{name} is set. Podo looks into it."), name=wanted.name))


@routes.form("/assets/accounts/remove", verb="catalog.remove_account", permission=GOVERN.id)
async def remove_account(w: Web = WebIn) -> Response:
    """Ask it no more."""
    f = await form(w)
    provider, id_ = _named(f["account"])
    try:
        async with w.transaction() as tx:
            await service.remove_account(tx, provider, id_)
    except PodoError as error:
        return await _again(w, f["account"], None, error)
    return w.go("/assets/accounts", said=say(w, N_("{name} is removed."), name=id_))


@routes.form("/assets/accounts/look", verb="catalog.ask_inventory", permission=GOVERN.id)
async def look(w: Web = WebIn) -> Response:
    """Look into it now."""
    f = await form(w)
    async with w.transaction() as tx:
        await service.ask_inventory(tx, *_named(f["account"]))
    return w.go("/assets/accounts", said=say(w, N_("Podo looks into it now.")))


def _named(text: str) -> tuple[Provider, str]:
    provider, _, id_ = text.partition("/")
    if provider not in set(Provider):
        raise NoSuchAccount(what="account", name=text, provider=provider or "–")
    return Provider(provider), id_


async def _again(w: Web, edit: str, typed: Form | None, error: PodoError) -> Response:
    if error.kind in ("missing", "refused") and error.code != "access.no_such_team":
        raise error
    field = error.field if isinstance(error, WrongAccount) else WHOLE
    return await _show(w, edit, typed, {field: sentence(w, error)})


async def _lines(w: Web) -> tuple[list[AccountLine], bool]:
    reader = w.house.ports[AssetReader]  # type: ignore[type-abstract]
    async with w.reading() as r:
        known = await service.accounts(r)
        looks = await service.inventories(r)
        counts = await service.counts_by_account(r)
        names = {t.id: t.name for t in await access.teams(r, {a.team for a in known})} if known else {}
        can = (await access.may(r, GOVERN, On())).allowed
    lines: list[AccountLine] = []
    for account in known:
        sources = [(g, s) for g in service.regions_of(account) for s in reader.sources(account, g)]
        mine = [i for i in looks if (i.provider, i.account) == (account.provider, account.id)]
        lines.append(_line(account, names.get(account.team, ""), mine, sources, counts))
    return lines, can


def _line(
    account: CloudAccount,
    team: str,
    looks: Sequence[Inventory],
    sources: Sequence[tuple[str, object]],
    counts: Mapping[tuple[str, str], int],
) -> AccountLine:
    whys = [(s.name, s.why) for _, s in sources]  # type: ignore[attr-defined]
    lists = sum(not why for _, why in whys)
    done = [i.done_at for i in looks if i.done_at is not None]
    return AccountLine(
        account=account,
        team=team,
        assets=counts.get((account.provider.value, account.id), 0),
        lists=lists,
        read=len(done),
        running=sum(i.state is InventoryState.running for i in looks),
        seen=sum(i.seen for i in looks if i.state is InventoryState.running),
        wrong=sum(bool(i.why) for i in looks),
        failing=_failing(looks),
        unsupported=sorted({kind for i in looks for kind in i.unsupported}),
        left_out=[(name, why) for name, why in whys if why],
        done_at=min(done) if done and len(done) >= lists else None,
    )


def _failing(looks: Sequence[Inventory]) -> list[Failing]:
    """What is wrong for the same reason is said once."""
    found: dict[tuple[str, str], list[Inventory]] = {}
    for look in looks:
        if look.why:
            found.setdefault((look.why, look.do), []).append(look)
    return [
        Failing([f"{i.region} {i.source}" for i in same], why, do, max((i.done_at for i in same if i.done_at), default=None))
        for (why, do), same in found.items()
    ]


async def _show(w: Web, edit: str, typed: Form | None = None, wrong: Mapping[str, str] | None = None) -> Response:
    lines, can = await _lines(w)
    async with w.reading() as r:
        teams, _ = await parts.teams(w, r, READ)
    was = next((it.account for it in lines if f"{it.account.provider}/{it.account.id}" == edit), None)
    facts = _facts(was) if was else {"provider": "aws", "kind": "real"}
    made = AccountsPage(
        tabs=tabs("accounts"),
        lines=lines,
        can_govern=can,
        editing=was,
        typed=parts.texts(typed) if typed else facts,
        providers=[("aws", say(w, N_("AWS account"))), ("gcp", say(w, N_("GCP project")))],
        kinds=[
            (AccountKind.real.value, say(w, N_("The cloud itself"))),
            (AccountKind.twin.value, say(w, N_("A simulated account in Podo's own process"))),
        ],
        teams=[("", say(w, N_("The custodian")), False), *teams],
        wrong=wrong or {},
    )
    return await w.page(made, title=N_("Accounts"), live="observed:clouds", status=422 if wrong else 200)


def _facts(was: CloudAccount) -> dict[str, str]:
    return {
        "provider": was.provider.value,
        "id": was.id,
        "name": was.name,
        "regions": " ".join(was.regions),
        "role": was.role,
        "external_id": was.external_id,
        "team": was.team,
        "kind": was.kind.value,
    }
