"""What becomes of a team, recorded by people, and taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from podo.access import service
from podo.access.pages.site import reading, routes, say
from podo.access.types import REORGANISE, KeptTeam, NotSuccession, SuccessionKind, Team
from podo.kernel.errors import N_, PodoError
from podo.kernel.http import Web
from podo.kernel.http.routes import form
from podo.kernel.http.web import WebIn
from podo.kernel.ui import languages, page


@page("access/change.html")
@dataclass(frozen=True, slots=True)
class ChangePage:
    """The five things that may become of a team."""

    team: Team
    teams: Sequence[tuple[str, str]]
    is_custodian: bool
    trouble: str
    kind: str


@routes.page("/teams/{name}/change", permission=REORGANISE.id)
async def change(name: str, w: Web = WebIn) -> Response:
    """Choose what became of it."""
    return await _shown(w, name)


async def _shown(w: Web, name: str, trouble: str = "", kind: str = "") -> Response:
    async with reading(w, REORGANISE) as r:
        team = await service.team(r, name)
        others = [(t.id, f"{t.name} ({t.handle})") for t in await service.teams(r) if t.ended_at is None and t.id != team.id]
        kept = await service.custodian(r, w.house.slots[KeptTeam])
    made = ChangePage(team=team, teams=others, is_custodian=team.id == kept, trouble=trouble, kind=kind)
    return await w.page(made, title=team.name, status=422 if trouble else 200)


@routes.form("/teams/{name}/change", verb="access.succeed", permission=REORGANISE.id)
async def succeed(name: str, w: Web = WebIn) -> Response:
    """Record it."""
    f = await form(w)
    try:
        async with w.transaction() as tx:
            kind = _kind(f["kind"], name)
            made = await service.succeed(
                tx,
                kind,
                name,
                [s for s in f.every("successor") if s],
                f["why"],
                name=f["name"],
                parent=f["parent"],
                keeps=w.house.slots[KeptTeam],
            )
            team = await service.team(tx, made.team)
    except PodoError as error:
        if error.kind != "invalid":
            raise
        return await _shown(w, name, " ".join(error.said(languages.translator(w.lang))), f["kind"])
    return w.go(f"/teams/{team.handle}#before", said=say(w, N_("Recorded. It can be taken back below.")))


def _kind(text: str, team: str) -> SuccessionKind:
    if text not in [kind.value for kind in SuccessionKind]:
        raise NotSuccession(team=team, kind=text, why=N_("there is no such change"))
    return SuccessionKind(text)


@routes.form("/teams/{name}/undo/{succession}", verb="access.withdraw", permission=REORGANISE.id)
async def withdraw(name: str, succession: str, w: Web = WebIn) -> Response:
    """Take it back."""
    f = await form(w)
    async with w.transaction() as tx:
        made = await service.withdraw(tx, succession, f["why"])
        team = await service.team(tx, made.team)
    return w.go(f"/teams/{team.handle}#before", said=say(w, N_("Taken back.")))
