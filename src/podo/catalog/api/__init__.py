"""Projects and places as JSON."""

from podo.catalog.api import facts, places, projects

routes = [projects.routes, places.routes, facts.routes]
