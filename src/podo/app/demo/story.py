"""What `podo up` does around the house: where its data come from, what it tells, and the main job before the newcomer's eyes."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import shutil
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from podo import __version__
from podo.access import service as access
from podo.access.types import AccessSettings, SignedIn
from podo.app import house as houses
from podo.app.demo import founding, hello, kept, local, registry
from podo.app.demo.organisation import ExamplePerson
from podo.app.settings import DatabaseSettings, SealSettings, ServerSettings
from podo.catalog import service as catalog
from podo.catalog.types import CatalogSettings
from podo.clients.kubernetes.local import LocalCluster
from podo.delivery.types import DeliverySettings, Deployment
from podo.kernel.domains import House
from podo.kernel.errors import N_, Conflict, PodoError
from podo.kernel.events import log
from podo.kernel.nouns import PODO
from podo.kernel.settings import Settings
from podo.kernel.settings.seal import key_from
from podo.kernel.terminal import width, working
from podo.notices.types import NoticesSettings

_log = logging.getLogger("podo.demo")
_CLUSTERS = "clusters"
# The example's pods crash for good, or not at all.
_DEGRADED = 5.0


class NotAlone(Conflict):
    """The demo would be open to others than this machine."""

    code = "app.not_alone"
    so = N_("In the demo anybody may sign in as anybody, and {host} can be reached from elsewhere.")
    do = N_("Leave server.host at 127.0.0.1, or run `podo serve`.")


@dataclass(frozen=True, slots=True)
class Stage:
    """What the demo stands on. `why` says why images are simulated; empty: they are real."""

    settings: Settings
    clusters: str
    seeded: bool
    why: str
    undone: contextlib.AsyncExitStack

    @property
    def directory(self) -> Path:
        """Where the data is."""
        return self.settings[ServerSettings].directory


@contextlib.asynccontextmanager
async def stage(settings: Settings, *, clusters: str, seed: bool) -> AsyncIterator[Stage]:
    """Settings for a demo on this machine alone, its data in place, its registry running. What was started ends with it.

    Raises `NotAlone`, `OthersData`.
    """
    server = settings[ServerSettings]
    _check_alone(server.host)
    seeded = seed and clusters != "local" and not settings[DatabaseSettings].url
    if clusters == "local":
        server = replace(server, directory=server.directory / "local")
        await asyncio.to_thread(_begin_anew, server.directory)
    elif seeded:
        await kept.unpack(server.directory)
    elif not kept.check(server.directory):
        kept.mark(server.directory, empty=True)
    async with contextlib.AsyncExitStack() as undone:
        delivery, why = await _delivery(settings[DeliverySettings], server.directory, undone)
        chosen = settings.but(
            server,
            delivery,
            _seal(settings[SealSettings], server.directory),
            replace(settings[AccessSettings], demo=True),
            replace(settings[CatalogSettings], local_repositories=True),
            replace(settings[NoticesSettings], local_webhooks=True),
        )
        yield Stage(chosen, clusters, seeded, why, undone)


def _check_alone(host: str) -> None:
    try:
        alone = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        alone = False
    if not alone:
        raise NotAlone(host=host)


def _begin_anew(directory: Path) -> None:
    """Local clusters begin empty at each start, and so does what is known of them."""
    kept.check(directory)
    local.end_what_is_left(directory / _CLUSTERS)
    shutil.rmtree(directory, ignore_errors=True)
    kept.mark(directory, clusters="local")


def _seal(chosen: SealSettings, directory: Path) -> SealSettings:
    """The example's secrets are sealed with a key of its own."""
    return replace(chosen, keys=[*chosen.keys, key_from(directory / "seal.key")]) if chosen.keys else chosen


async def _delivery(chosen: DeliverySettings, directory: Path, undone: contextlib.AsyncExitStack) -> tuple[DeliverySettings, str]:
    """With a registry of our own, unless the settings name a builder or another registry; and who looks on waits for little."""
    chosen = replace(chosen, build_on_host=True, degraded_seconds=min(chosen.degraded_seconds, _DEGRADED))
    if chosen.builder != "auto" or chosen.registry != DeliverySettings().registry:
        return chosen, "delivery.builder says so" if chosen.builder == "twin" else ""
    if why := await registry.why_not(directory):
        return replace(chosen, builder="twin"), why
    address = await undone.enter_async_context(registry.running(directory / "registry"))
    if address is None:
        return replace(chosen, builder="twin"), f"{registry.PROGRAM} did not start, see {directory / 'registry' / 'log'}"
    return replace(chosen, registry=address), ""


async def first_link(house: House) -> str:
    """How the first administrator gets in, in words; empty once somebody has signed in."""
    async with house.database.reading(PODO) as r:
        if (await log.history(r, log.Wanted(codes=[SignedIn.code]), limit=1))[0]:
            return ""
    async with house.database.transaction(PODO) as tx:
        link = await access.first_link(tx, house.seal)
    if link is None:
        return "Nobody can sign in yet: access.directory names a file of people and teams, see docs/operations.md."
    return f"The first administrator signs in once, within 15 minutes, at {house.url}{link}"


async def tell(running: houses.Running, on: Stage) -> None:
    """Say what there is, do the main job, say what waits. What fails is said in words; the server goes on."""
    try:
        await _tell(running.house, on)
    except PodoError as error:
        so, do = error.said()
        _say(f"\n  {so}\n  {do}")
    except Exception as error:
        _log.exception("the story of the first start broke")
        _say(f"\n  The example could not be shown in full ({type(error).__name__}: {error}). Podo itself runs.")


async def _tell(house: House, on: Stage) -> None:
    found: Sequence[LocalCluster] = ()
    _say(f"\nPodo {__version__} is at {house.url}\n")
    if on.clusters == "local":
        with working(f"Starting real control planes for {' and '.join(local.REGIONS)}"):
            found = await local.started(on.directory / _CLUSTERS, on.undone)
        await founding.found(house, [local.place(cluster) for cluster in found])
    elif not await _is_founded(house):
        await founding.found(house, founding.TWINS)
    _introduce(house, on, found)
    ended = await hello.main_job(house, lambda line: _say(f"  hello  {line}"))
    match ended:
        case Deployment():
            _say(f"\n  Now it is your turn: {founding.lead().name} may approve, at {house.url}/hello/deployments/{ended.number}")
        case hello.Ended():
            _say(f"\n  hello did not get there: {ended.why}. Look at {house.url}/hello")
        case None:
            pass
    for cluster in found:
        _say(f"  kubectl --kubeconfig {cluster.kubeconfig} get pods -n hello")


async def _is_founded(house: House) -> bool:
    async with house.database.reading(PODO) as r:
        return bool(await catalog.clusters(r))


def _introduce(house: House, on: Stage, found: Sequence[LocalCluster]) -> None:
    lead, member, sre = founding.lead(), founding.member(), founding.sre()
    team = lead.team.capitalize()
    people = [
        (lead, f"lead of {team}: approves what {member.name} asks for"),
        (member, f"member of {team}: builds and deploys its projects"),
        (sre, "lead of the SREs and administrator: every project, regions, clusters, people"),
    ]
    _say(f"  Sign in at {house.url}/sign-in by picking a name:")
    widest = max(width(person.name) for person, _ in people)
    for person, about in people:
        _say(f"    {_padded(person, widest)}  {about}")
    _say(f"\n  Real:   {', '.join(_real(house, on, found))}")
    _say(f"  Twins:  {', '.join(_twins(on, found))}")
    _say(f"  Data:   {on.directory}")
    _say("  Stop:   Ctrl-C\n")


def _padded(person: ExamplePerson, widest: int) -> str:
    return person.name + " " * (widest - width(person.name))


def _real(house: House, on: Stage, found: Sequence[LocalCluster]) -> list[str]:
    real = ["git", "the Helm chart", "SQLite"]
    if found:
        real.append(f"{len(found)} control planes whose nodes run no containers")
    if not on.why and on.settings[DeliverySettings].builder in ("auto", "buildah"):
        real.append(f"images by buildah in the registry {on.settings[DeliverySettings].registry}")
    return real


def _twins(on: Stage, found: Sequence[LocalCluster]) -> list[str]:
    twins = [] if found else [f"{len(founding.TWINS)} clusters, in this process"]
    if on.why:
        twins.append(f"images ({on.why})")
    return [*twins, "mail (read it under Notices)", "the company and its history" if on.seeded else "the company"]


def _say(text: str) -> None:
    print(text, file=sys.stdout, flush=True)
