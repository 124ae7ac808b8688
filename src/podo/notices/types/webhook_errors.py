"""What can be wrong with webhooks."""

from __future__ import annotations

from podo.kernel.errors import N_, Conflict, Invalid, Missing, Refused, Unavailable


class WrongWebhookAddress(Invalid):
    """An address to which nothing can be posted."""

    code = "notices.wrong_webhook_address"
    so = N_("Nothing can be posted there: {why}.")
    do = N_("Write it as https://hooks.example.com/podo, without a name and password.")


class WebhookAddressForbidden(Refused):
    """An address on Podo's own machine, its link, or its cloud's metadata service; or one without TLS."""

    code = "notices.webhook_address_forbidden"
    so = N_("Podo does not post to {host}: {why}.")
    do = N_("Use an https address of another machine; this machine and plain http are for the demo alone.")


class WebhookHostUnknown(Unavailable):
    """A host that nobody knows."""

    code = "notices.webhook_host_unknown"
    so = N_("Nobody knows the host {host}.")
    do = N_("Check the spelling, and whether Podo's machine can look it up.")


class WrongWebhook(Invalid):
    """A title, a choice of events or a time that cannot be taken; `field` is where it stood in a form."""

    code = "notices.wrong_webhook"
    so = N_("This is no {what} for a webhook: {why}.")
    do = N_("Correct it and send it again; nothing was changed.")


class NoSuchWebhook(Missing):
    """There is no such webhook."""

    code = "notices.no_such_webhook"
    so = N_("There is no webhook “{name}”.")
    do = N_("Look at the list of webhooks.")


class NoSuchDelivery(Missing):
    """The webhook has no such delivery (any more)."""

    code = "notices.no_such_delivery"
    so = N_("The webhook has no delivery “{name}”.")
    do = N_("Deliveries are kept for two weeks; look at the list.")


class WebhookOff(Conflict):
    """What is off sends nothing."""

    code = "notices.webhook_off"
    so = N_("The webhook “{title}” is off.")
    do = N_("Switch it on first.")


class TooManyWebhooks(Conflict):
    """A place has as many webhooks as it may have."""

    code = "notices.too_many_webhooks"
    so = N_("There are {most} webhooks here, and more there may not be.")
    do = N_("Remove one that nobody needs, or let one address serve several purposes.")
