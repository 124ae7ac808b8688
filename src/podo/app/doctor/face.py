"""What `podo doctor` finds, as a page and by the API, for those who look after Podo. The web process that is asked looks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel
from starlette.responses import Response

from podo.access import service as access
from podo.access.types import Group, On, Permission
from podo.app.doctor.examine import WORST, doctor, exit_code
from podo.app.doctor.findings import Finding, Level, Text, said
from podo.catalog.types import PlacesTab
from podo.kernel import clock
from podo.kernel.db import Reading
from podo.kernel.domains import Domain, House
from podo.kernel.errors import N_
from podo.kernel.http import Routes, Web
from podo.kernel.http.web import WebIn
from podo.kernel.settings import Settings
from podo.kernel.ui import languages, page

EXAMINE = Permission("app.examine", Group.govern, N_("See whether this installation of Podo is well"))
routes = Routes("app", tag="Installation")
# A look asks clusters, the registry and the mail server: who reloads is told what was found just now.
_FRESH = 10.0
_ABOUT = {
    "folder": N_("Folder"),
    "disk": N_("Disk"),
    "database": N_("Database"),
    "schema": N_("Schema"),
    "clock": N_("Clock"),
    "leases": N_("Leases"),
    "processes": N_("Processes"),
    "events": N_("Events"),
    "seal": N_("Keys"),
    "clusters": N_("Clusters"),
    "programs": N_("Programs"),
    "registry": N_("Registry"),
    "mail": N_("Mail"),
    "sign-in": N_("Sign-in"),
}


class Looks:
    """The looks of one process: one at a time."""

    def __init__(self) -> None:
        self._looking = asyncio.Lock()
        self._found: tuple[float, datetime, Sequence[Finding]] | None = None

    async def look(self, settings: Settings) -> tuple[datetime, Sequence[Finding]]:
        """When it was looked, and what was found."""
        async with self._looking:
            if self._found is None or clock.monotonic() - self._found[0] > _FRESH:
                at, found = clock.now(), await doctor(settings)
                self._found = (clock.monotonic(), at, found)
            return self._found[1:]


class FindingOut(BaseModel):
    """One finding, in the reader's language; `level` is well, odd (somebody should look) or bad (something does not work)."""

    about: str
    level: str
    so: str
    do: str


class ExaminationOut(BaseModel):
    """A look at the installation; `exit_code` as of `podo doctor`: 0 all is well, 1 something is odd, 2 something is broken."""

    exit_code: int
    at: datetime
    findings: list[FindingOut]


@dataclass(frozen=True, slots=True)
class Line:
    """A finding as it is shown."""

    about: str
    level: str
    so: str
    do: str


@page("app/doctor.html")
@dataclass(frozen=True, slots=True)
class DoctorPage:
    """All findings, what is not well first."""

    worst: str
    level: str
    at: datetime
    lines: Sequence[Line]


@routes.api("GET", "/api/v1/doctor", verb="app.examine", permission=EXAMINE.id)
async def examine(w: Web = WebIn) -> ExaminationOut:
    """Look at the installation: folder, database, clocks, keys, clusters, registry, mail, issuers.

    Nothing is changed. The web process that answers looks, at most every ten seconds.
    """
    at, found = await _look(w)
    told = [FindingOut(about=f.about, level=f.level, so=so, do=do) for f, so, do in _told(w.lang, found)]
    return ExaminationOut(exit_code=exit_code(found), at=at, findings=told)


@routes.page("/-/doctor", permission=EXAMINE.id)
async def show(w: Web = WebIn) -> Response:
    """How this installation is, and what to do."""
    at, found = await _look(w)
    code, translate = exit_code(found), languages.translator(w.lang)
    lines = [Line(_about(f.about, translate), f.level.value, so, do) for f, so, do in _told(w.lang, found)]
    lines.sort(key=lambda line: list(reversed(Level)).index(Level(line.level)))
    made = DoctorPage(worst=translate(WORST[code]), level=list(Level)[code].value, at=at, lines=lines)
    return await w.page(made, title=translate(N_("How Podo is")))


async def _look(w: Web) -> tuple[datetime, Sequence[Finding]]:
    async with w.reading() as r:
        await access.require(r, EXAMINE, On())
    return await w.house.ports[Looks].look(w.house.settings)


def _told(lang: str, found: Sequence[Finding]) -> list[tuple[Finding, str, str]]:
    translate = languages.translator(lang)
    return [(f, said(f.so, translate), said(f.do, translate) if f.do else "") for f in found]


def _about(name: str, translate: Callable[[str], str]) -> str:
    kind, _, rest = name.partition(" ")
    if rest:
        template = N_("Cluster {name}") if kind == "cluster" else N_("Issuer {name}")
        return said(Text(template, name=rest), translate)
    return translate(_ABOUT.get(name, name))


async def _adapters(house: House) -> None:
    house.ports.put(Looks, Looks())


async def _may(r: Reading) -> bool:
    return (await access.may(r, EXAMINE, On())).allowed


DOMAIN = Domain(
    name="app",
    routes=[routes],
    slots=[PlacesTab(N_("How Podo is"), "/-/doctor", "pulse", _may)],
    permissions=[EXAMINE],
    adapters=_adapters,
)
