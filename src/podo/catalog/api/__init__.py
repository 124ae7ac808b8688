"""Projects and places as JSON."""

from podo.catalog.api import assets, facts, offers, owners, places, projects, retirement

routes = [assets.routes, projects.routes, owners.routes, offers.routes, places.routes, facts.routes, retirement.routes]
