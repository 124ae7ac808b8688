"""Variables, secrets and choices as JSON."""

from __future__ import annotations

from podo.catalog import service as catalog
from podo.delivery import service
from podo.delivery.api.shapes import ChoicesIn, ChoicesOut, EntryOut, ValueIn
from podo.delivery.ports import ChartReader
from podo.delivery.types import CONFIGURE, READ, ConfigKind, Scope
from podo.kernel.http import Routes, Web
from podo.kernel.http.web import WebIn

routes = Routes("delivery", tag="Configuration")
_ROOT = "/api/v1/projects/{project}"


@routes.api("GET", _ROOT + "/config", verb="delivery.config", permission=READ.id)
async def config(project: str, w: Web = WebIn) -> list[EntryOut]:
    """Variables and secrets of a project by key; never a secret's value."""
    async with w.reading() as r:
        await catalog.project(r, project)
        return [EntryOut.of(e) for e in await service.config.entries(r, project)]


@routes.api("PUT", _ROOT + "/config/{key}", verb="delivery.set_variable", permission=CONFIGURE.id)
async def set_variable(project: str, key: str, wanted: ValueIn, w: Web = WebIn) -> EntryOut:
    """Set a variable; it reaches pods with the next deployment."""
    async with w.transaction() as tx:
        return EntryOut.of(await service.config.set_variable(tx, project, key, wanted.scope, wanted.value))


@routes.api("DELETE", _ROOT + "/config/{key}", verb="delivery.unset_variable", permission=CONFIGURE.id, status=204)
async def unset_variable(project: str, key: str, environment: str = "", region: str = "", w: Web = WebIn) -> None:
    """Remove a variable; it leaves pods with the next deployment."""
    async with w.transaction() as tx:
        await service.config.unset(tx, project, ConfigKind.variable, key, Scope(environment, region))


@routes.api("PUT", _ROOT + "/secrets/{key}", verb="delivery.set_secret", permission=CONFIGURE.id)
async def set_secret(project: str, key: str, wanted: ValueIn, w: Web = WebIn) -> EntryOut:
    """Set a secret, sealed at once and shown to nobody; it reaches pods with the next deployment."""
    async with w.transaction() as tx:
        return EntryOut.of(await service.config.set_secret(tx, w.house.seal, project, key, wanted.scope, wanted.value))


@routes.api("DELETE", _ROOT + "/secrets/{key}", verb="delivery.unset_secret", permission=CONFIGURE.id, status=204)
async def unset_secret(project: str, key: str, environment: str = "", region: str = "", w: Web = WebIn) -> None:
    """Remove a secret; it leaves pods with the next deployment."""
    async with w.transaction() as tx:
        await service.config.unset(tx, project, ConfigKind.secret, key, Scope(environment, region))


@routes.api("GET", _ROOT + "/delivery", verb="delivery.choices", permission=READ.id)
async def choices(project: str, w: Web = WebIn) -> ChoicesOut:
    """How a project is deployed: what comes by itself, and values of the paved road."""
    async with w.reading() as r:
        await catalog.project(r, project)
        return ChoicesOut.of(await service.config.choices(r, project))


@routes.api("PATCH", _ROOT + "/delivery", verb="delivery.choose", permission=CONFIGURE.id)
async def choose(project: str, wanted: ChoicesIn, w: Web = WebIn) -> ChoicesOut:
    """Change what is given; `values` replace all that is chosen for their scope, checked by the chart's schema."""
    schema = await w.house.ports[ChartReader].schema()
    async with w.transaction() as tx:
        chosen = await service.config.choose(
            tx,
            project,
            auto_alpha=wanted.auto_alpha,
            polled=wanted.polled,
            values=wanted.values,
            scope=wanted.scope,
            schema=schema,
        )
    return ChoicesOut.of(chosen)
