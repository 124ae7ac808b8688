"""Projects and places as pages."""

from podo.catalog.pages import clusters, environments, facts, overview, projects, regions, register, retirement, search, settings

routes = [
    projects.routes,
    register.routes,
    search.routes,
    clusters.routes,
    regions.routes,
    environments.routes,
    overview.routes,
    settings.routes,
    facts.routes,
    retirement.routes,
]
