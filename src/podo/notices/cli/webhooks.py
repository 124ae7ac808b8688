"""`podo webhook`."""

from __future__ import annotations

from typing import Any

import click

from podo.cli.client import Failed, api, done, every, show, verb

_COLUMNS = ["id", "title", "address", "scope", "on", "waiting", "failing_since"]
_SHOWN = [
    *("id", "title", "address", "scope", "project", "team", "kinds", "on", "off_why", "waiting"),
    *("delivered_at", "failing_since", "rests_until", "rotating_until", "by", "at"),
]
_PROJECT = click.option("--project", "-p", default="", help="Of a project.")
_TEAM = click.option("--team", "-t", default="", help="Of a team (id or handle) and what it owns.")


@click.group("webhook")
def webhook() -> None:
    """Events that Podo posts to addresses, signed (Standard Webhooks)."""


def _place(project: str, team: str) -> str:
    if project and team:
        raise Failed(
            "A webhook is a project's or a team's.", "Name one of them; without both it hears of everything.", exit_code=2
        )
    return f"/projects/{project}/webhooks" if project else f"/teams/{team}/webhooks" if team else "/webhooks"


@verb("notices.site_webhooks", "notices.project_webhooks", "notices.team_webhooks")
@webhook.command("list")
@_PROJECT
@_TEAM
def webhook_list(project: str, team: str) -> None:
    """Webhooks for everything, or of a project or team."""
    show(api("GET", _place(project, team)), _COLUMNS)


@verb("notices.event_kinds")
@webhook.command("events")
@click.argument("domain", required=False)
def webhook_events(domain: str | None) -> None:
    """Kinds of events that can be sent; of one domain alone, such as `catalog`."""
    found = api("GET", "/event-kinds")
    show([k for k in found if domain is None or k["code"].startswith(f"{domain}.")], ["code", "sentence"])


@verb("notices.add_site_webhook", "notices.add_project_webhook", "notices.add_team_webhook")
@webhook.command("add")
@click.argument("address")
@_PROJECT
@_TEAM
@click.option("--title", default="", help="What people call it; else the host.")
@click.option("--event", "kinds", multiple=True, help="A code, `catalog.*` or `*`; may be repeated. Else: who owns what.")
def webhook_add(address: str, project: str, team: str, title: str, kinds: tuple[str, ...]) -> None:
    """Send events to an address. Its secret is shown once."""
    body: dict[str, Any] = {"address": address, "title": title} | ({"kinds": list(kinds)} if kinds else {})
    made = api("POST", _place(project, team), body)
    show(made, ["id", "title", "address", "scope", "kinds", "secret"])


@verb("notices.webhook")
@webhook.command("show")
@click.argument("id_", metavar="ID")
def webhook_show(id_: str) -> None:
    """A webhook, and how sending to it goes."""
    show(api("GET", f"/webhooks/{id_}"), _SHOWN)


@verb("notices.change_webhook")
@webhook.command("change")
@click.argument("id_", metavar="ID")
@click.option("--address", default=None)
@click.option("--title", default=None)
@click.option("--event", "kinds", multiple=True, help="All events that it sends from now on; may be repeated.")
def webhook_change(id_: str, address: str | None, title: str | None, kinds: tuple[str, ...]) -> None:
    """Another address, title or choice of events."""
    wanted = {"address": address, "title": title, "kinds": list(kinds) or None}
    show(api("PATCH", f"/webhooks/{id_}", {k: v for k, v in wanted.items() if v is not None}), _SHOWN)


@verb("notices.rotate_webhook")
@webhook.command("rotate")
@click.argument("id_", metavar="ID")
@click.option("--hours", default=24, show_default=True, help="For how long the present secret signs as well; 0: not at all.")
def webhook_rotate(id_: str, hours: int) -> None:
    """A new secret, shown once. Both sign until the receiver has the new one."""
    show(api("POST", f"/webhooks/{id_}/rotate", {"hours": hours}), ["secret"])


@verb("notices.ping_webhook")
@webhook.command("test")
@click.argument("id_", metavar="ID")
def webhook_test(id_: str) -> None:
    """Send a ping."""
    found = api("POST", f"/webhooks/{id_}/ping")
    done(f"A ping is on its way: podo webhook delivery {id_} {found['delivery']}")


@verb("notices.webhook_deliveries")
@webhook.command("deliveries")
@click.argument("id_", metavar="ID")
@click.option("--state", type=click.Choice(["waiting", "delivered", "failed"]), default=None)
@click.option("--limit", default=30, show_default=True, help="How many at most.")
def webhook_deliveries(id_: str, state: str | None, limit: int) -> None:
    """What it sent or is to send, newest first."""
    found = every(f"/webhooks/{id_}/deliveries", {"state": state, "limit": min(limit, 200)}, limit)
    show(found, ["id", "at", "kind", "state", "attempts", "status", "ms", "next_at", "why"])


@verb("notices.webhook_delivery")
@webhook.command("delivery")
@click.argument("id_", metavar="ID")
@click.argument("delivery")
def webhook_delivery(id_: str, delivery: str) -> None:
    """One delivery with what it says, and every try."""
    show(api("GET", f"/webhooks/{id_}/deliveries/{delivery}"))


@verb("notices.redeliver")
@webhook.command("redeliver")
@click.argument("id_", metavar="ID")
@click.argument("delivery")
def webhook_redeliver(id_: str, delivery: str) -> None:
    """Send one again now, under its own id."""
    api("POST", f"/webhooks/{id_}/deliveries/{delivery}/redeliver")
    done(f"On its way again: podo webhook delivery {id_} {delivery}")


@verb("notices.disable_webhook")
@webhook.command("disable")
@click.argument("id_", metavar="ID")
def webhook_disable(id_: str) -> None:
    """Send nothing more. What waits goes on waiting."""
    api("POST", f"/webhooks/{id_}/disable")
    done("It is off.")


@verb("notices.enable_webhook")
@webhook.command("enable")
@click.argument("id_", metavar="ID")
def webhook_enable(id_: str) -> None:
    """Send again: what waits, and what happens from now on."""
    api("POST", f"/webhooks/{id_}/enable")
    done("It is on.")


@verb("notices.remove_webhook")
@webhook.command("remove")
@click.argument("id_", metavar="ID")
def webhook_remove(id_: str) -> None:
    """Forget it, its secret and what it sent. This cannot be undone."""
    api("DELETE", f"/webhooks/{id_}")
    done("It is removed.")
