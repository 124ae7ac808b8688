"""Why somebody may or may not do something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.responses import Response

from podo.access import service
from podo.access.pages.site import routes, say
from podo.access.types import ASK_WHY, On, OwnerSource, Person, Why
from podo.kernel.errors import N_
from podo.kernel.http import Web
from podo.kernel.http.web import WebIn
from podo.kernel.ui import page


@page("access/why.html")
@dataclass(frozen=True, slots=True)
class WhyPage:
    """The question, and the decision with its policies."""

    permissions: Sequence[tuple[str, str]]
    teams: Sequence[tuple[str, str]]
    people: Sequence[Person]
    asked: dict[str, str]
    found: Why | None
    owner: str


@routes.page("/-/why", permission=ASK_WHY.id)
async def why(
    permission: str = "",
    person: str = "",
    team: str = "",
    project: str = "",
    environment: str = "",
    requester: str = "",
    w: Web = WebIn,
) -> Response:
    """Why somebody may or may not."""
    known = sorted(service.permissions(), key=lambda p: p.id)
    wanted = next((p for p in known if p.id == permission), None)
    found: Why | None = None
    async with w.reading() as r:
        teams = {t.id: t.name for t in await service.teams(r) if t.ended_at is None}
        who = await service.found_person(r, person) if person else None
        asker = await service.found_person(r, requester) if requester else None
        owner = await service.owner_of(r, w.house.slots[OwnerSource], project, team)
        if wanted is not None:
            on = On(
                project=project or None,
                team=owner,
                environment=environment or None,
                requester=asker.id if asker else None,
            )
            found = await service.explain(r, who.id if who else w.person, wanted, on)
        people = await service.everybody(r)
    made = WhyPage(
        permissions=[(p.id, f"{p.id}: {say(w, p.doc)}") for p in known],
        teams=[("", "–"), *teams.items()],
        people=people[:500],
        asked={
            "permission": permission,
            "person": person,
            "team": (owner or "") if team else "",
            "project": project,
            "environment": environment,
            "requester": requester,
        },
        found=found,
        owner=teams.get(owner or "", ""),
    )
    return await w.page(made, title=say(w, N_("Why")))
