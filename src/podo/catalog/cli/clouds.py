"""`podo account` and `podo tags`."""

from __future__ import annotations

import click

from podo.cli.client import api, done, show, verb

_PROVIDER = click.Choice(["aws", "gcp"])
_PLAN = ["id", "kind", "state", "at", "assets", "calls", "waiting", "written", "failed", "gone", "why"]


@click.group("account")
def account() -> None:
    """Accounts of AWS and projects of GCP."""


@verb("catalog.accounts")
@account.command("list")
def account_list() -> None:
    """All accounts, and how the last looks into them went."""
    show(api("GET", "/cloud-accounts"), ["provider", "id", "name", "regions", "team", "kind", "failing", "done_at"])


@verb("catalog.set_account")
@account.command("set")
@click.argument("provider", type=_PROVIDER)
@click.argument("id_", metavar="ID")
@click.option("--name", required=True, help="What people call it.")
@click.option("--region", "regions", multiple=True, help="A region of AWS that is asked; may be repeated.")
@click.option("--role", default="", help="ARN of the role that Podo takes on there.")
@click.option("--external-id", default="", help="The external id that the role asks for.")
@click.option("--team", default="", help="Keeps what nobody owns; else the custodian does.")
@click.option("--twin", is_flag=True, help="A simulated account in Podo's process.")
def account_set(
    provider: str, id_: str, name: str, regions: tuple[str, ...], role: str, external_id: str, team: str, twin: bool
) -> None:
    """Add or change an account. Its first inventory begins within seconds."""
    body = {"name": name, "regions": list(regions), "role": role, "external_id": external_id, "team": team}
    api("PUT", f"/cloud-accounts/{provider}/{id_}", {**body, "kind": "twin" if twin else "real"})
    done(f"{name} is set. Podo looks into it.")


@verb("catalog.remove_account")
@account.command("remove")
@click.argument("provider", type=_PROVIDER)
@click.argument("id_", metavar="ID")
def account_remove(provider: str, id_: str) -> None:
    """Ask an account no more. What was seen in it stays known."""
    api("DELETE", f"/cloud-accounts/{provider}/{id_}")
    done(f"{id_} is removed.")


@verb("catalog.inventories")
@account.command("inventory")
@click.argument("provider", type=_PROVIDER)
@click.argument("id_", metavar="ID")
def account_inventory(provider: str, id_: str) -> None:
    """How the last look at each list of an account went."""
    show(
        api("GET", f"/cloud-accounts/{provider}/{id_}/inventory"),
        ["region", "source", "state", "done_at", "seen", "gone", "why", "do"],
    )


@verb("catalog.ask_inventory")
@account.command("look")
@click.argument("provider", type=_PROVIDER)
@click.argument("id_", metavar="ID")
def account_look(provider: str, id_: str) -> None:
    """Look into an account now."""
    api("POST", f"/cloud-accounts/{provider}/{id_}/inventory")
    done(f"Podo looks into {id_}: podo account inventory {provider} {id_}")


@click.group("tags")
def tags() -> None:
    """Tags of assets: planned first, written after."""


@verb("catalog.tag_plans")
@tags.command("list")
def tags_list() -> None:
    """The newest plans."""
    show(api("GET", "/tag-plans"), _PLAN)


@verb("catalog.plan_tags")
@tags.command("plan")
@click.option("--provider", type=_PROVIDER, default=None)
@click.option("--account", default="")
@click.option("--team", default="", help="Id or handle.")
def tags_plan(provider: str | None, account: str, team: str) -> None:
    """Plan the tags of all assets, of an account or of a team's. Nothing is written."""
    show(api("POST", "/tag-plans", {"provider": provider or "", "account": account, "team": team}), _PLAN)


@verb("catalog.tag_plan")
@tags.command("show")
@click.argument("plan")
def tags_show(plan: str) -> None:
    """A plan, and how far it is."""
    show(api("GET", f"/tag-plans/{plan}"), _PLAN)


@verb("catalog.tag_changes")
@tags.command("changes")
@click.argument("plan")
@click.option("--state", type=click.Choice(["waiting", "written", "failed", "gone"]), default=None)
@click.option("--limit", default=50, show_default=True)
def tags_changes(plan: str, state: str | None, limit: int) -> None:
    """What a plan does to each asset, call by call."""
    found = api("GET", f"/tag-plans/{plan}/changes", params={"state": state, "limit": limit})
    show(found["items"], ["batch", "arn", "set", "drop", "state", "trouble", "why"])


@verb("catalog.apply_tags")
@tags.command("apply")
@click.argument("plan")
def tags_apply(plan: str) -> None:
    """Write a plan, or go on with one that rests."""
    api("POST", f"/tag-plans/{plan}/apply")
    done(f"{plan} is being written: podo tags show {plan}")


@verb("catalog.pause_tags")
@tags.command("pause")
@click.argument("plan")
def tags_pause(plan: str) -> None:
    """Let a plan rest after the call under way."""
    api("POST", f"/tag-plans/{plan}/pause")
    done(f"{plan} rests.")


@verb("catalog.withdraw_tags")
@tags.command("withdraw")
@click.argument("plan")
def tags_withdraw(plan: str) -> None:
    """Throw a plan away, or what is left of it. What it wrote stays."""
    api("DELETE", f"/tag-plans/{plan}")
    done(f"{plan} is thrown away.")


@verb("catalog.undo_tags")
@tags.command("undo")
@click.argument("plan")
def tags_undo(plan: str) -> None:
    """Plan to put back what stood there before a plan was written."""
    show(api("POST", f"/tag-plans/{plan}/undo"), _PLAN)


@verb("catalog.tag_drift")
@tags.command("drift")
def tags_drift() -> None:
    """How many assets bear other tags than Podo wrote."""
    show(api("GET", "/tag-drift"), ["assets", "calls_today", "calls_a_day"])
