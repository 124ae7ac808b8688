"""The descriptor."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from podo.access import service as access
from podo.access.types import KeptTeam, OwnerSource, PersonCard, SuccessionWithdrawn, TeamCard, TeamChanged, TeamSucceeded
from podo.catalog import api, pages, service
from podo.catalog.adapters.clouds import Cloud, Clouds
from podo.catalog.adapters.clusters import ClusterNamespaces, ClusterPool, Way
from podo.catalog.adapters.descriptors import YamlDescriptors
from podo.catalog.adapters.memory import CloudTwin
from podo.catalog.adapters.repository import FarAway, GitRepositories
from podo.catalog.handlers import (
    SCORED_ON,
    close_retired,
    count_assets,
    hear_orphans,
    lapse_offers,
    look_at_clusters,
    look_into_accounts,
    remind,
    repair_drift,
    score,
    score_all,
    score_many,
    settle_assets,
    settle_many_namespaces,
    settle_many_teams,
    settle_namespaces,
    settle_team,
    settle_teams,
    take_cluster,
    try_unsettled_namespaces,
    write_tags,
)
from podo.catalog.ports import AssetReader, DescriptorReader, NamespaceReader, RepositoryReader
from podo.catalog.steps import World
from podo.catalog.types import (
    PERMISSIONS,
    AssetQuery,
    AssetState,
    CatalogSettings,
    CustodyEscalated,
    CustodyTaken,
    GuideSteps,
    NamespaceAsked,
    NamespaceState,
    OnCallSource,
    OwnerEvidence,
    OwnershipChanged,
    PlaceChanged,
    Project,
    ProjectClosed,
    ProjectDeleted,
    ProjectRegistered,
    ProjectUnretired,
    Provider,
    ScorecardFact,
    SearchHit,
    SearchSource,
    SettingsLink,
    Step,
    TagsApplied,
    TargetsChanged,
    TeamRestored,
    TeamSettled,
)
from podo.catalog.writers import NamespaceWriter, TagWriter
from podo.clients.git import Git, GitBinary
from podo.clients.git.address import PROTOCOLS
from podo.clients.kubernetes.connections import Connections
from podo.kernel.db import Reading, outside
from podo.kernel.domains import Domain, House, Round
from podo.kernel.errors import N_, Translate
from podo.kernel.events import Handler
from podo.kernel.nouns import PODO
from podo.kernel.ui import NavItem, languages


async def _adapters(house: House) -> None:
    chosen = house.settings[CatalogSettings]
    service.use_settings(chosen)
    service.use_sources(house.slots[OwnerEvidence], house.slots[OnCallSource])
    service.use_scorecard_facts(house.slots[ScorecardFact], house.slots[OnCallSource])
    folder = chosen.directory or house.directory

    async def lookup(name: str) -> Way | None:
        async with house.database.reading(PODO) as r:
            found = next((c for c in await service.clusters(r) if c.name == name), None)
            sealed = await service.sealed_kubeconfig(r, name) if found else ""
        return (found.kind.value, house.seal.open(sealed) if sealed else "") if found else None

    pool = ClusterPool(lookup, folder / "twins")
    namespaces = ClusterNamespaces(pool)
    guard = None if chosen.local_repositories else FarAway()
    protocols = PROTOCOLS if chosen.local_repositories else PROTOCOLS - {"file"}
    git = GitBinary(folder / "mirrors", protocols=protocols, guard=guard, before_call=outside)
    house.ports.put(Connections, pool)
    house.ports.put(NamespaceReader, namespaces)
    house.ports.put(NamespaceWriter, namespaces)
    clouds = _clouds(house)
    house.ports.put(AssetReader, clouds)
    house.ports.put(TagWriter, clouds)
    house.ports.put(Git, git)
    house.ports.put(DescriptorReader, YamlDescriptors())
    house.ports.put(RepositoryReader, GitRepositories(git, guard=guard))


def _world(house: House) -> World:
    ports = house.ports
    return World(ports[NamespaceWriter], ports[AssetReader], ports[TagWriter], lambda: house.durable.pauses)


def _clouds(house: House) -> Clouds:
    """The clients of clouds take a second and 70 MB to load: whoever has no account there needs neither."""
    chosen = house.settings[CatalogSettings]

    def aws() -> Cloud:
        from podo.catalog.adapters.aws import AwsAssets
        from podo.clients.aws import Aws, Connection

        return AwsAssets(Aws(Connection(endpoint=chosen.aws_endpoint, before_call=outside)))

    def gcp() -> Cloud:
        from podo.catalog.adapters.gcp import GcpAssets
        from podo.clients.gcp import Connection, Gcp

        return GcpAssets(Gcp(Connection(endpoint=chosen.gcp_endpoint, before_call=outside)))

    return Clouds({Provider.aws: aws, Provider.gcp: gcp}, CloudTwin(house.directory / "clouds", before_call=outside))


async def _keep_twins(house: House) -> None:
    pool = house.ports[Connections]
    if isinstance(pool, ClusterPool):
        await pool.keep()


async def _owner(r: Reading, slug: str) -> str | None:
    found = await service.owners(r, [slug])
    return found[slug].team if slug in found else None


async def _projects_of_team(r: Reading, team: str) -> Sequence[tuple[str, str, str]]:
    return [(p.slug, f"/{p.slug}", p.title) for p in await service.projects_of(r, [team])]


async def _projects_of_person(r: Reading, person: str, lang: str) -> Sequence[tuple[str, str, str]]:
    teams = [m.team for m in await access.teams_of(r, person)]
    return [(p.slug, f"/{p.slug}", p.title) for p in await service.projects_of(r, teams)]


async def _assets_of_person(r: Reading, person: str, lang: str) -> Sequence[tuple[str, str, str]]:
    """How many each of the person's teams owns or keeps, as a filter of the list."""
    rows: list[tuple[str, str, str]] = []
    for membership in await access.teams_of(r, person):
        team = await access.team(r, membership.team)
        count = (await service.asset_facets(r, AssetQuery(team=team.id))).total
        if count:
            rows.append((team.name, f"/assets?{urlencode({'q': f'team:{team.handle}'})}", f"{count:,}"))
    return rows


async def _assets_of_team(r: Reading, team: str) -> Sequence[tuple[str, str, str]]:
    """Kinds, the most first, and what waits for an owner: as filters of the list that each leads to."""
    handle = (await access.team(r, team)).handle
    found = await service.asset_facets(r, AssetQuery(team=team))
    words = [(f"kind:{kind}", count) for kind, count in found.kinds[:_SOME_KINDS]]
    words += [(f"state:{state}", count) for state, count in found.states if state != AssetState.owned]
    return [(word, f"/assets?{urlencode({'q': f'team:{handle} {word}'})}", f"{count:,}") for word, count in words]


async def _owned_before(r: Reading, team: str) -> Sequence[tuple[str, str, str]]:
    over = [o for o in await service.owned_once(r, team) if o.project and o.until]
    return [(o.project, f"/{o.project}/owners", f"{o.since:%Y-%m-%d} – {o.until:%Y-%m-%d}") for o in over]


async def _find(r: Reading, text: str, limit: int) -> Sequence[SearchHit]:
    return [SearchHit("project", p.slug, p.title, f"/{p.slug}", "package") for p in await service.find_projects(r, text, limit)]


async def _find_people(r: Reading, text: str, limit: int) -> Sequence[SearchHit]:
    teams = await access.search_teams(r, text, limit)
    hits = [SearchHit("team", t.name, t.handle, f"/teams/{t.handle}", "people") for t in teams]
    people = await access.search_people(r, text, limit)
    return hits + [SearchHit("person", p.name, p.email, f"/people/{p.id}", "person") for p in people]


async def _find_assets(r: Reading, text: str, limit: int) -> Sequence[SearchHit]:
    found = await service.find_assets(r, text, limit)
    return [SearchHit("asset", a.name, f"{a.kind} · {a.account} · {a.region}", f"/assets/{a.id}", "database") for a in found]


async def _find_clusters(r: Reading, text: str, limit: int) -> Sequence[SearchHit]:
    found = [c for c in await service.clusters(r) if text.lower() in c.name][:limit]
    return [
        SearchHit("cluster", c.name, f"{', '.join(c.environments)} · {c.region}", f"/clusters#{c.name}", "server") for c in found
    ]


def _lacking(project: Project, say: Translate) -> list[Step]:
    """What a project that came from a list elsewhere does not have yet."""
    settings, found = f"/{project.slug}/settings", list[Step]()
    if not project.repository.url:
        text = say(N_("It came without one. Podo builds from a git repository; until then it is listed, owned and scored."))
        title, action = say(N_("A repository")), say(N_("Give its address"))
        found.append(Step(title, text, done=False, action=action, link=f"{settings}#repository"))
    if not project.places:
        text = say(N_("Tick environments and regions; its namespaces are made at once."))
        title, action = say(N_("A place to run")), say(N_("Choose where"))
        found.append(Step(title, text, done=False, action=action, link=f"{settings}#targets"))
    return found


async def _first_steps(r: Reading, project: Project, lang: str) -> Sequence[Step]:
    say = languages.translator(lang)
    team = (await access.team(r, project.team)).name
    wanted = {t.cluster for t in await service.targets(r, project.slug)}
    spaces = [n for n in await service.namespaces(r, project.slug) if n.cluster in wanted]
    ready = [n.cluster for n in spaces if n.state is NamespaceState.ready]
    late = [n for n in spaces if n.cluster not in ready]
    first = Step(say(N_("Registered, owned by {team}")).format(team=team), project.title, done=True, at=project.created_at)
    registered = [first, *_lacking(project, say)]
    if not project.places:
        return registered
    if ready and late:
        # What is down elsewhere holds nobody back here.
        told = say(N_("Its place is ready in {ready}; {late} follow")).format(
            ready=", ".join(ready), late=", ".join(n.cluster for n in late)
        )
        return [*registered, Step(told, "", done=True)]
    if ready:
        return [*registered, Step(say(N_("Its place is ready in {ready}")).format(ready=", ".join(ready)), "", done=True)]
    why = "; ".join(f"{n.cluster}: {n.why.rstrip('.') or say(N_('being made'))}" for n in late)
    settings = f"/{project.slug}/settings#namespaces"
    waiting = Step(say(N_("A place in every region")), why, done=False, action=say(N_("See why")), link=settings)
    return [*registered, waiting]


_SETTLE_ON = (
    ProjectRegistered,
    TargetsChanged,
    OwnershipChanged,
    CustodyTaken,
    CustodyEscalated,
    NamespaceAsked,
    ProjectDeleted,
    ProjectUnretired,
    ProjectClosed,
)
_SOME_KINDS = 5
_ASSETS_FOLLOW = (ProjectRegistered, ProjectDeleted, ProjectClosed, ProjectUnretired, TeamSettled, TeamRestored)
_TEAMS_END = (TeamSucceeded, TeamChanged, SuccessionWithdrawn)

DOMAIN = Domain(
    name="catalog",
    routes=[*api.routes, *pages.routes],
    settings={"catalog": CatalogSettings},
    slots=[
        NavItem(N_("Projects"), "/projects", 10),
        NavItem(N_("Clusters"), "/clusters", 40),
        NavItem(N_("Scorecards"), "/scorecards", 50),
        NavItem(N_("Assets"), "/assets", 45),
        OwnerSource(_owner),
        KeptTeam(service.chosen_custodian),
        PersonCard(N_("Projects"), "package", _projects_of_person),
        PersonCard(N_("Assets"), "server", _assets_of_person),
        TeamCard(N_("Projects"), "package", _projects_of_team),
        TeamCard(N_("Owned before"), "history", _owned_before),
        TeamCard(N_("Assets"), "server", _assets_of_team),
        *service.SEARCHABLE,
        SearchSource(_find),
        SearchSource(_find_people),
        SearchSource(_find_clusters),
        SearchSource(_find_assets),
        GuideSteps(10, _first_steps),
        SettingsLink("about", N_("About it"), "info"),
        SettingsLink("retire", N_("Retire"), "archive"),
    ],
    handlers=[
        Handler("catalog.namespaces", frozenset(event.code for event in _SETTLE_ON), settle_namespaces, settle_many_namespaces),
        Handler("catalog.owners", frozenset(event.code for event in _TEAMS_END), settle_team, settle_many_teams),
        Handler("catalog.assets", frozenset(event.code for event in _ASSETS_FOLLOW), settle_assets),
        Handler("catalog.scores", frozenset(event.code for event in SCORED_ON), score, score_many),
        Handler("catalog.tags", frozenset({TagsApplied.code}), write_tags),
        Handler("catalog.clusters", frozenset({PlaceChanged.code}), take_cluster),
    ],
    rounds=[
        Round("catalog.clusters", 15, look_at_clusters),
        Round("catalog.orphans", 20, hear_orphans),
        Round("catalog.coverage", 1800, count_assets),
        Round("catalog.inventory", 5, look_into_accounts),
        Round("catalog.drift", 600, repair_drift),
        Round("catalog.namespaces", 5, try_unsettled_namespaces),
        Round("catalog.retired", 600, close_retired),
        Round("catalog.scores", 300, score_all),
        Round("catalog.owners", 10, settle_teams),
        Round("catalog.offers", 60, lapse_offers),
        Round("catalog.reminders", 300, remind),
        Round("catalog.twins", 10, _keep_twins, role=None),
    ],
    adapters=_adapters,
    world=_world,
    permissions=PERMISSIONS,
)
