"""What delivery puts into the places that lower domains leave open: tab, cards, guide, marks, home, search."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from podo.access.types import PersonCard
from podo.catalog.types import (
    DeletionObjection,
    GuideSteps,
    OwnerEvidence,
    PlaceCard,
    Project,
    ProjectMarks,
    ProjectPlaces,
    ProjectTab,
    RetirementObjection,
    SearchHit,
    SearchSource,
    SettingsLink,
    Step,
)
from podo.delivery import service
from podo.delivery.pages import words
from podo.delivery.pages.grid import grid
from podo.delivery.pages.guide import steps
from podo.delivery.pages.scores import SCORES
from podo.delivery.service import views
from podo.delivery.types import (
    HELD,
    MOVING,
    Deployment,
    DeploymentAsked,
    Rollout,
    RolloutApproved,
    RolloutState,
    Search,
    Standing,
)
from podo.kernel.db import Reading
from podo.kernel.errors import N_
from podo.kernel.ui import NavItem, languages
from podo.notices.types import Chip, HomeSource, Line
from podo.workloads import service as workloads
from podo.workloads.types import Health

_S = RolloutState
_RECENT = 8
# What a list says first of a project: what needs somebody, then what moves, then what is there.
_FIRST = ({*HELD}, {*MOVING}, {_S.waiting, _S.queued}, {_S.healthy})
_MARKS = {
    _S.stuck: N_("#{number} is stuck in {regions}"),
    _S.rolling: N_("#{number} rolls in {regions}"),
    _S.soaking: N_("#{number} soaks in {regions}"),
    _S.waiting: N_("#{number} waits for approval in {regions}"),
    _S.queued: N_("#{number} is next in {regions}"),
    _S.healthy: N_("#{number} runs in {regions}"),
}
_WORST = ("Degraded", "Missing", "Unknown", "Progressing", "Suspended", "Healthy")


async def _cards(r: Reading, slug: str, lang: str) -> Sequence[PlaceCard]:
    """What runs in each target, in promotion order."""
    return [
        PlaceCard(
            environment=stage.name,
            region=cell.region,
            href=cell.href,
            health=cell.health,
            version=cell.commit or languages.say(lang, N_("nothing yet")),
            number=cell.number,
            at=cell.at,
            facts=" · ".join(filter(None, (cell.facts, cell.cluster))),
            bar=cell.bar,
            note=cell.note,
            note_icon=cell.note_icon,
            note_tone=cell.note_tone,
        )
        for stage in await grid(r, slug, lang)
        for cell in stage.cells
    ]


async def _marks(r: Reading, slugs: Sequence[str], lang: str) -> Mapping[str, tuple[str, str, str]]:
    """(health, sentence, address) by project, in one question to each database."""
    there = await service.deployments.running_in(r, slugs)
    if not there:
        return {}
    async with r.observing() as observed:
        seen = await workloads.health_of_projects(observed, list(there))
    return {slug: _mark(lang, slug, rollouts, seen.get(slug, {})) for slug, rollouts in there.items()}


def _mark(lang: str, slug: str, rollouts: Sequence[Standing], seen: Mapping[str, Health]) -> tuple[str, str, str]:
    group = next(found for states in _FIRST if (found := [x for x in rollouts if x.state in states]))
    first = max(group, key=lambda x: (x.healthy_at or x.asked_at, x.number))
    same = [x for x in group if (x.number, x.state) == (first.number, first.state)]
    regions = f"{first.environment} {' '.join(x.region for x in sorted(same, key=lambda x: x.order))}"
    sentence = languages.say(lang, _MARKS[first.state], number=first.number, regions=regions)
    running = [x for x in rollouts if x.state is not _S.waiting and x.state is not _S.queued]
    healths = [seen[x.cluster].status.value if x.cluster in seen else x.health for x in running]
    return next((h for h in _WORST if h in healths), "Unknown"), sentence, f"/{slug}/deployments/{first.number}"


async def _objection(r: Reading, slug: str) -> str:
    """A project that ever deployed anything is not deleted as a mistake."""
    return N_("it has been deployed") if await service.releases.ever_deployed(r, slug) else ""


async def _moving(r: Reading, slug: str, lang: str) -> str:
    """A project is not retired while something of it is on its way."""
    there = (await service.deployments.running_in(r, [slug])).get(slug, [])
    open_ = sorted({x.number for x in there if x.state is not _S.healthy})
    return languages.say(lang, N_("its deployment #{number} has not ended"), number=open_[0]) if open_ else ""


# -- home


async def _waiting(r: Reading, person: str, projects: Sequence[str], lang: str) -> Sequence[Line]:
    """Rollouts that the person may approve."""
    found = await views.waiting_for(r, person, None)
    by = await words.people(r, {of.by for of, _ in found})
    return [
        Line(
            icon="clock",
            tone="attention",
            project=of.project,
            title=of.title,
            sentence=_asks(lang, by[of.by].name, of, mine),
            link=f"/{of.project}/deployments/{of.number}",
            at=of.at,
            action=languages.say(lang, N_("Review")),
            number=of.number,
            chips=[Chip(region, state) for region, state in words.chips(of.rollouts)],
        )
        for of, mine in found
    ]


def _asks(lang: str, name: str, of: Deployment, mine: Sequence[Rollout]) -> str:
    message = N_("{name} asks for your approval of {environment} {regions}.")
    regions = words.joined(lang, [x.region for x in mine])
    asked = languages.say(lang, message, name=name, environment=of.environment, regions=regions)
    last = [x.region for x in mine if x.needs - len(x.approved_by) == 1 and x.needs > 1]
    if not last:
        return asked
    return f"{asked} {languages.say(lang, N_('It is the last one that {regions} needs.'), regions=words.joined(lang, last))}"


async def _waiting_count(r: Reading, person: str) -> int:
    return len(await views.waiting_for(r, person, None))


async def _recent(r: Reading, person: str, projects: Sequence[str], lang: str) -> Sequence[Line]:
    """The newest deployments of the person's projects; of all, for somebody who has none."""
    wanted = Search(projects=projects) if projects else Search()
    found = (await service.deployments.deployments(r, wanted, limit=_RECENT)).items
    by = await words.people(r, {of.by for of in found})
    return [
        Line(
            icon="rocket",
            tone="muted",
            project=of.project,
            title=of.title,
            sentence=f"{of.environment} · {by[of.by].name}",
            link=f"/{of.project}/deployments/{of.number}",
            at=of.at,
            number=of.number,
            state=of.state.value,
            mark=of.commit[:7],
            chips=[Chip(region, state) for region, state in words.chips(of.rollouts)],
        )
        for of in found
    ]


async def _waits(r: Reading, person: str, lang: str) -> Sequence[tuple[str, str, str]] | None:
    """On a person's own page: what waits for the person's approval."""
    if person != r.actor.id:
        return None
    return [(f"{x.project} #{x.number} {x.title}", x.link, x.sentence) for x in await _waiting(r, person, (), lang)]


# -- search


async def _find(r: Reading, text: str, limit: int) -> Sequence[SearchHit]:
    """Deployments by number (`#214`, `chat-api#214`), commit, release or title; releases by their image's digest."""
    hits = [_hit(of) for of in await views.find(r, text, limit)]
    for project, release in await views.releases_of_image(r, text, limit):
        hits.append(SearchHit("release", release, project, f"/{project}/deployments?q={release}", "package"))
    return hits


def _hit(of: Deployment) -> SearchHit:
    sub = f"{of.title} · {of.environment} · {of.commit[:7]} · {of.release}"
    return SearchHit("deployment", f"{of.project} #{of.number}", sub, f"/{of.project}/deployments/{of.number}", "rocket")


async def _guide(r: Reading, project: Project, lang: str) -> Sequence[Step]:
    return await steps(r, project, lang)


SLOTS: Sequence[object] = (
    NavItem(N_("Deployments"), "/deployments", 30),
    ProjectTab("deployments", N_("Deployments"), "rocket", 20, service.deployments.open_count),
    ProjectPlaces(_cards),
    ProjectMarks(_marks),
    GuideSteps(20, _guide),
    DeletionObjection(_objection),
    RetirementObjection(_moving),
    SettingsLink("config", N_("Variables and secrets"), "key"),
    SettingsLink("delivery", N_("Delivery"), "rocket"),
    SearchSource(_find),
    HomeSource("waiting", _waiting, _waiting_count, frozenset({"access", "catalog", "delivery"})),
    HomeSource("recent", _recent),
    PersonCard(N_("Approvals that wait for you"), "clock", _waits),
    OwnerEvidence(service.deeds.deeds, (DeploymentAsked.code, RolloutApproved.code)),
    *SCORES,
)
