"""Projects and places as JSON."""

from podo.catalog.api import assets, facts, offers, owners, places, projects, rehearsals, retirement, scorecards

routes = [
    assets.routes,
    projects.routes,
    owners.routes,
    offers.routes,
    rehearsals.routes,
    places.routes,
    facts.routes,
    retirement.routes,
    scorecards.routes,
]
