"""The company itself: its people, teams, environments, regions and clusters, by the verbs that everybody uses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from podo.access import service as access
from podo.access.types import Membership, MembershipRole, Person, Role, Team
from podo.app.demo import organisation
from podo.app.demo.organisation import ExamplePerson
from podo.catalog import service as catalog
from podo.catalog.types import ClusterKind, Environment, Region
from podo.kernel.domains import House
from podo.kernel.nouns import PODO

ALPHA = Environment("alpha", 0)
PROD = Environment("prod", 1, approvals=1, soak_seconds=60)


@dataclass(frozen=True, slots=True)
class Place:
    """A cluster to found: a twin, unless there is a kubeconfig."""

    cluster: str
    region: str
    environments: Sequence[str]
    kubeconfig: str = ""


TWINS = tuple(Place(cluster, region, environments) for cluster, region, environments in organisation.CLUSTERS)


def lead() -> ExamplePerson:
    """Who approves the first deployment: the lead of Chat."""
    return organisation.people()[0]


def member() -> ExamplePerson:
    """Who asks for the first deployment: of Chat, and not its lead."""
    return next(p for p in organisation.people() if p.team == lead().team and not p.lead)


def sre() -> ExamplePerson:
    """The SREs' lead, who is the administrator too."""
    return next(p for p in organisation.people() if p.team == "sre" and p.lead)


def directory() -> tuple[list[Person], list[Team], list[Membership]]:
    """Everybody, all teams, and who is where."""
    ids = {t.handle: t.id for t in organisation.teams()}
    people = [Person(p.id, p.name, p.email, lang=p.lang) for p in organisation.people()]
    teams = [Team(t.id, t.name, t.handle, ids[t.parent] if t.parent else None) for t in organisation.teams()]
    roles = {True: MembershipRole.lead, False: MembershipRole.member}
    return people, teams, [Membership(p.id, ids[p.team], roles[p.lead]) for p in organisation.people()]


async def found(house: House, places: Sequence[Place]) -> None:
    """People, teams, roles, environments, the regions of `places`, and those clusters. A second time changes nothing."""
    people, teams, memberships = directory()
    async with house.database.transaction(PODO) as tx:
        await access.sync_directory(tx, people, teams, memberships)
        await access.grant(tx, sre().id, Role.admin)
        for person in organisation.people():
            if person.team == "sre":
                await access.grant(tx, person.id, Role.sre)
    regions = {place.region for place in places}
    async with house.database.transaction(PODO) as tx:
        await catalog.set_environment(tx, ALPHA)
        await catalog.set_environment(tx, PROD)
        for order, (code, name, zone) in enumerate(organisation.REGIONS):
            if code in regions:
                await catalog.set_region(tx, Region(code, name, zone, order))
        for place in places:
            kind = ClusterKind.kubeconfig if place.kubeconfig else ClusterKind.twin
            await catalog.add_cluster(tx, house.seal, place.cluster, place.region, place.environments, kind, place.kubeconfig)
