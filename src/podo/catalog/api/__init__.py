"""Projects and places as JSON."""

from podo.catalog.api import assets, clouds, facts, imports, offers, owners, places, projects, rehearsals, retirement, scorecards

routes = [
    clouds.routes,
    assets.routes,
    projects.routes,
    owners.routes,
    offers.routes,
    rehearsals.routes,
    places.routes,
    facts.routes,
    retirement.routes,
    scorecards.routes,
    imports.routes,
]
