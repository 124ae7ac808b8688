"""Delivery as JSON: builds, configuration, deployments, webhooks."""

from podo.delivery.api import builds, config, deployments, hooks

routes = [builds.routes, config.routes, deployments.routes, hooks.routes]
