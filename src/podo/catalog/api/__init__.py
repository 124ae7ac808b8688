"""Projects and places as JSON."""

from podo.catalog.api import facts, offers, owners, places, projects, retirement

routes = [projects.routes, owners.routes, offers.routes, places.routes, facts.routes, retirement.routes]
