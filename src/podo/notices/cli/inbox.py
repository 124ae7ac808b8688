"""`podo home`, `podo inbox`, `podo notifications`, `podo outbox`."""

from __future__ import annotations

import click

from podo.cli.client import api, connection, done, every, show, verb
from podo.kernel import terminal


@verb("notices.home")
@click.command("home")
def home() -> None:
    """What waits for you, what is red, what was deployed last."""
    found = api("GET", "/home")
    if connection().as_json:
        show(found)
        return
    for section, title in (("waiting", "Waiting for you"), ("red", "Not healthy now"), ("recent", "Recent deployments")):
        click.secho(title, bold=True)
        rows = [[x["project"] or "-", x["title"], x["state"] or "-", x["sentence"]] for x in found[section]]
        click.echo(terminal.table(["PROJECT", "WHAT", "STATE", "WHY"], rows) if rows else "  nothing")
        click.echo()


@verb("notices.list")
@click.group("inbox", invoke_without_command=True)
@click.option("--unread", is_flag=True, help="Only what you have not read.")
@click.option("--limit", default=30, show_default=True, help="How many at most.")
@click.pass_context
def inbox(ctx: click.Context, unread: bool, limit: int) -> None:
    """What Podo told you, newest first."""
    if ctx.invoked_subcommand is None:
        show(every("/inbox", {"unread": unread or None}, limit), ["id", "at", "read", "sentence", "link"])


@verb("notices.read", "notices.read_all")
@inbox.command("read")
@click.argument("notice", required=False)
def inbox_read(notice: str | None) -> None:
    """Mark a notice as read, or all of them."""
    if notice:
        api("POST", f"/inbox/{notice}/read")
        done("Read.")
        return
    done(f"{api('POST', '/inbox/read')['read']} marked as read.")


@verb("notices.preference", "notices.prefer")
@click.command("notifications")
@click.option("--mail", type=click.Choice(["nothing", "everything"]), help="Choose what comes by mail, too.")
def notifications(mail: str | None) -> None:
    """What you are told by mail beside the inbox."""
    show(api("PUT", "/me/notifications", {"mail": mail}) if mail else api("GET", "/me/notifications"))


@verb("notices.outbox", "notices.mail")
@click.command("outbox")
@click.argument("mail", required=False)
def outbox(mail: str | None) -> None:
    """The mails that Podo sent or keeps, for administrators; or one of them, by its id, with what it says."""
    if mail:
        show(api("GET", f"/outbox/{mail}"))
        return
    show(api("GET", "/outbox"), ["id", "at", "to", "subject", "state", "why"])
