"""What several pages show: teams to choose from, environment × region to tick, a repository that was looked into."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from podo.access import service as access
from podo.access.types import On, Permission, Team
from podo.catalog import service
from podo.catalog.pages.wrong import say
from podo.catalog.types import Found
from podo.kernel.db import Reading
from podo.kernel.errors import N_
from podo.kernel.http import Web
from podo.kernel.http.routes import Form

# What is sealed for a form starts with this, so that no other sealed text can be sent in its place.
_KEPT = "credential of a form\n"

# (value, text, whether it cannot be chosen), as `ui.select` takes them
Option = tuple[str, str, bool]


@dataclass(frozen=True, slots=True)
class Stage:
    """A row of the grid: an environment, and for each region whether it is served and ticked."""

    environment: str
    rule: str
    cells: Sequence[tuple[str, bool, bool]]


@dataclass(frozen=True, slots=True)
class Source:
    """A repository in a form: what was typed, and what was seen there (None: nobody looked, or it could not be read)."""

    repository: str
    branch: str
    dockerfile: str
    port: str
    kept: str
    found: Found | None


async def grid(w: Web, r: Reading, chosen: Collection[tuple[str, str]]) -> list[Stage]:
    """Environments in promotion order × regions in the order of the train."""
    served = await service.served(r)
    regions = [g.code for g in await service.regions(r)]
    stages: list[Stage] = []
    for e in await service.environments(r):
        rule = say(w, N_("needs {n} approvals"), n=e.approvals) if e.approvals > 1 else ""
        rule = say(w, N_("needs 1 approval")) if e.approvals == 1 else rule
        cells = [(code, (e.name, code) in served, (e.name, code) in chosen) for code in regions]
        stages.append(Stage(e.name, rule, cells))
    return stages


async def teams(w: Web, r: Reading, permission: Permission) -> tuple[list[Option], list[str]]:
    """Living teams to choose from, those for which the reader may first, the reader's own before; and those which may."""
    living = [t for t in await access.teams(r) if t.ended_at is None]
    may = await access.allowed_many(r, [(permission, On(team=t.id)) for t in living])
    mine = {m.team for m in await access.teams_of(r, w.person)}
    allowed = [t for t, ok in zip(living, may, strict=True) if ok]
    allowed.sort(key=lambda t: t.id not in mine)
    others = [t for t in living if t not in allowed]
    return [*(_option(t, False) for t in allowed), *(_option(t, True) for t in others)], [t.id for t in allowed]


def _option(team: Team, disabled: bool) -> Option:
    return team.id, f"{team.name} ({team.handle})", disabled


def texts(typed: Form) -> dict[str, str]:
    """What a form held, field by field, without what must not be shown again."""
    names = typed.keys()
    return {name: typed[name] for name in names if name not in ("credential", "kept", "kubeconfig", "csrf")}


def places(ticked: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs from ticks such as `prod/kr`."""
    pairs = [tick.partition("/") for tick in ticked]
    return [(environment, region) for environment, _, region in pairs if region]


def keep(w: Web, credential: str) -> str:
    """A credential, sealed, to travel through a form that is shown again; nobody sees it."""
    return w.house.seal.seal(_KEPT + credential) if credential else ""


def kept(w: Web, sealed: str) -> str:
    """The credential that `keep` sealed; empty for anything else."""
    opened = w.house.seal.open(sealed) if sealed else ""
    return opened.removeprefix(_KEPT) if opened.startswith(_KEPT) else ""
