"""What delivery knows for the catalogue's scorecards: whether a project is deployed, how lately, and by the paved road."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from podo.catalog import service as catalog
from podo.catalog.types import FactKind, Known, ScorecardFact
from podo.delivery import service
from podo.delivery.types import RolloutState
from podo.kernel import clock
from podo.kernel.db import Reading
from podo.kernel.errors import N_


async def _deployed(r: Reading, slugs: Sequence[str]) -> Mapping[str, Known]:
    there = await service.deployments.running_in(r, slugs)
    return {slug: Known(slug in there, link=f"/{slug}/deployments") for slug in slugs}


async def _days(r: Reading, slugs: Sequence[str]) -> Mapping[str, Known]:
    found: dict[str, Known] = {}
    for slug, rollouts in (await service.deployments.running_in(r, slugs)).items():
        if at := max((x.healthy_at for x in rollouts if x.healthy_at), default=None):
            found[slug] = Known((clock.now() - at).days, link=f"/{slug}/deployments")
    return found


async def _paved(r: Reading, slugs: Sequence[str]) -> Mapping[str, Known]:
    """Whether all that it is to run was brought by a deployment, which knows no other way than the chart of the paved road."""
    there = await service.deployments.running_in(r, slugs)
    found: dict[str, Known] = {}
    for project in await catalog.by_slugs(r, list(there)):
        healthy = {(x.environment, x.region) for x in there[project.slug] if x.state is RolloutState.healthy}
        lacking = [f"{e} {g}" for e, g in project.places if (e, g) not in healthy]
        found[project.slug] = Known(not lacking, ", ".join(lacking), f"/{project.slug}/deployments")
    return found


SCORES: Sequence[object] = (
    ScorecardFact("deployed", FactKind.flag, N_("Deployed"), N_("Whether anything of it is deployed"), _deployed),
    ScorecardFact(
        "days_since_deployment",
        FactKind.number,
        N_("Days since the last deployment"),
        N_("Since something of it became healthy"),
        _days,
    ),
    ScorecardFact(
        "paved",
        FactKind.flag,
        N_("On the paved road"),
        N_("Whether a deployment by the common chart is healthy in every place where it is to run"),
        _paved,
    ),
)
