"""Delivery's pages: deployments and their tabs, asking for one, builds, configuration."""

from podo.delivery.pages import acts as acts
from podo.delivery.pages import builds, changes, choices, config, deploy, listing, top
from podo.delivery.pages import deployment as deployment

# `top` holds the routes of one deployment, which `deployment`, `changes` and `acts` fill.
assert changes

routes = [listing.routes, top.routes, deploy.routes, builds.routes, config.routes, choices.routes]
