"""The inbox, home and webhooks as JSON."""

from podo.notices.api import inbox, webhooks

routes = [inbox.routes, webhooks.routes]
