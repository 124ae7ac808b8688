"""Home, the inbox, the outbox and webhooks."""

from podo.notices.pages import inbox, webhooks

routes = [inbox.routes, webhooks.routes]
