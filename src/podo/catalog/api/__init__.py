"""Projects and places as JSON."""

from podo.catalog.api import places, projects

routes = [projects.routes, places.routes]
