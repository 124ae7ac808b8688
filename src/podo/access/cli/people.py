"""`podo login`, `whoami`, `prefer`, `why`, `team`, `person`, `token`, `session`, `directory`."""

from __future__ import annotations

import sys
from typing import Any

import click

from podo.cli.client import Connection, api, connection, done, every, show, store_login, verb


@click.command("login")
@click.option("--url", default=None, help="Address of Podo.")
@click.option("--token", help="The token; asked for when it is not given.")
def login(url: str | None, token: str | None) -> None:
    """Keep an address and a token of yours (make one at /settings/tokens)."""
    here = connection()
    address = (url or here.url).rstrip("/")
    secret = token or (click.prompt("Token", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline().strip())
    context = click.get_current_context()
    context.obj = Connection(address, secret, here.as_json)
    found = api("GET", "/me")
    done(f"Signed in to {address} as {found['name']}; kept in {store_login(address, secret)}.")


@verb("access.me")
@click.command("whoami")
def whoami() -> None:
    """Who you are, your teams and roles."""
    show(api("GET", "/me"), tell=_person)


@verb("access.prefer")
@click.command("prefer")
@click.option("--lang", type=click.Choice(["en", "ko"]), help="Language of the site and of what you are told.")
@click.option("--theme", type=click.Choice(["auto", "light", "dark"]), help="Look of the site.")
def prefer(lang: str | None, theme: str | None) -> None:
    """Your language and theme."""
    show(api("PUT", "/me/preferences", {"lang": lang, "theme": theme}), tell=lambda _: "Kept.")


@verb("access.why")
@click.command("why")
@click.argument("permission")
@click.option("--person", help="Somebody else, by id, e-mail or name; default: you.")
@click.option("--project", "-p", help="Of which project.")
@click.option("--team", help="The owning team, by id or handle; default: the project's owner.")
@click.option("--env", "environment", help="In which environment.")
@click.option("--asked-by", "requester", help="Who asked for what is to be approved.")
def why(
    permission: str, person: str | None, project: str | None, team: str | None, environment: str | None, requester: str | None
) -> None:
    """Why you or somebody may or may not do something: `podo why delivery.approve --project chat-api`."""
    asked = {"permission": permission, "person": person, "project": project, "team": team}
    asked |= {"environment": environment, "requester": requester}
    found = api("GET", "/why", params=asked)
    if connection().as_json:
        show(found)
        return
    click.echo(f"{found['person']} {'may' if found['allowed'] else 'may not'}: {permission}")
    for policy, about, text in zip(found["policies"], found["about"], found["texts"], strict=True):
        click.echo(f"\n{about} ({policy})\n{text}")
    if not found["policies"]:
        click.echo("\nNo policy allows it, and what is not allowed is refused.")
    if not found["allowed"]:
        click.echo(f"\nWho could: {found['could']}.")


@verb("access.permissions")
@click.command("permissions")
def permissions() -> None:
    """Everything that may be allowed."""
    show(api("GET", "/permissions"), ["id", "group", "doc"])


@click.group("team")
def team() -> None:
    """Teams of the directory."""


@verb("access.teams")
@team.command("list")
def team_list() -> None:
    """All teams."""
    show(api("GET", "/teams"), ["handle", "name", "id", "parent"])


@verb("access.team")
@team.command("show")
@click.argument("name")
def team_show(name: str) -> None:
    """A team with its people."""
    found = api("GET", f"/teams/{name}")
    if connection().as_json:
        show(found)
        return
    click.secho(f"{found['name']} ({found['handle']}, {found['id']})", bold=True)
    show(found["members"], ["name", "role", "email", "id"])


@click.group("person")
def person() -> None:
    """People of the directory."""


@verb("access.people")
@person.command("list")
@click.argument("text", default="")
def person_list(text: str) -> None:
    """People whose name, address or title contains TEXT."""
    show(every("/people", {"q": text, "limit": 200}), ["name", "email", "title", "id"])


@verb("access.person")
@person.command("show")
@click.argument("id_", metavar="ID")
def person_show(id_: str) -> None:
    """A person with teams and roles."""
    show(api("GET", f"/people/{id_}"), tell=_person)


@verb("access.grant")
@person.command("grant")
@click.argument("id_", metavar="ID")
@click.argument("role", type=click.Choice(["sre", "admin"]))
def person_grant(id_: str, role: str) -> None:
    """Give a person a role."""
    api("POST", f"/people/{id_}/roles", {"role": role})
    done(f"{id_} is {role} now.")


@verb("access.revoke")
@person.command("revoke")
@click.argument("id_", metavar="ID")
@click.argument("role", type=click.Choice(["sre", "admin"]))
def person_revoke(id_: str, role: str) -> None:
    """Take a role from a person."""
    api("DELETE", f"/people/{id_}/roles/{role}")
    done(f"{id_} is {role} no more.")


@verb("access.person_sessions")
@person.command("sessions")
@click.argument("id_", metavar="ID")
def person_sessions(id_: str) -> None:
    """The browsers in which somebody is signed in; for administrators, as all that follows."""
    show(api("GET", f"/people/{id_}/sessions"), ["id", "about", "issuer", "seen_at", "expires_at"])


@verb("access.person_sign_out", "access.person_session_end")
@person.command("sign-out")
@click.argument("id_", metavar="ID")
@click.option("--session", help="This one alone; default: all sessions, and all API tokens.")
def person_sign_out(id_: str, session: str | None) -> None:
    """End sessions of somebody, who may sign in again."""
    if session:
        api("DELETE", f"/people/{id_}/sessions/{session}")
    else:
        api("POST", f"/people/{id_}/sign-out")
    done("Signed out.")


@verb("access.deactivate")
@person.command("deactivate")
@click.argument("id_", metavar="ID")
def person_deactivate(id_: str) -> None:
    """Let out somebody whom an issuer brought."""
    api("POST", f"/people/{id_}/deactivate")
    done(f"{id_} is out.")


@verb("access.activate")
@person.command("activate")
@click.argument("id_", metavar="ID")
def person_activate(id_: str) -> None:
    """Let somebody whom an issuer brought in again."""
    api("POST", f"/people/{id_}/activate")
    done(f"{id_} may sign in again.")


@verb("access.accounts")
@person.command("accounts")
@click.argument("id_", metavar="ID")
def person_accounts(id_: str) -> None:
    """The accounts with issuers by which somebody signs in."""
    show(api("GET", f"/people/{id_}/accounts"), ["id", "issuer", "subject", "linked_at"])


@verb("access.unlink")
@person.command("unlink")
@click.argument("id_", metavar="ID")
@click.argument("account")
def person_unlink(id_: str, account: str) -> None:
    """Take an account with an issuer off somebody."""
    api("DELETE", f"/people/{id_}/accounts/{account}")
    done("Taken off.")


@click.group("token")
def token() -> None:
    """Your API tokens."""


@verb("access.token_list")
@token.command("list")
def token_list() -> None:
    """Your tokens, without secrets."""
    show(api("GET", "/tokens"), ["id", "name", "scopes", "projects", "expires_at", "last_used_at", "revoked_at"])


@verb("access.token_create")
@token.command("create")
@click.argument("name")
@click.option("--scope", "scopes", multiple=True, default=["read"], help="read, operate, approve, own, govern, administer.")
@click.option("--project", "-p", "projects", multiple=True, help="Only for these projects.")
@click.option("--days", default=90, show_default=True)
def token_create(name: str, scopes: tuple[str, ...], projects: tuple[str, ...], days: int) -> None:
    """Make a token; its secret is printed once."""
    made = api("POST", "/tokens", {"name": name, "scopes": list(scopes), "projects": list(projects), "days": days})
    show(made, tell=lambda m: m["secret"])


@verb("access.token_revoke")
@token.command("revoke")
@click.argument("id_", metavar="ID")
def token_revoke(id_: str) -> None:
    """End a token."""
    api("DELETE", f"/tokens/{id_}")
    done("Revoked.")


@click.group("session")
def session() -> None:
    """Browsers in which you are signed in."""


@verb("access.session_list")
@session.command("list")
def session_list() -> None:
    """Your sessions."""
    show(api("GET", "/sessions"), ["id", "about", "seen_at", "expires_at"])


@verb("access.session_end")
@session.command("end")
@click.argument("id_", metavar="ID")
def session_end(id_: str) -> None:
    """Sign out a browser."""
    api("DELETE", f"/sessions/{id_}")
    done("Signed out.")


@click.group("directory")
def directory() -> None:
    """The directory that people and teams come from, for administrators."""


@verb("access.plan")
@directory.command("plan")
def directory_plan() -> None:
    """What taking it over would change now."""
    show(api("GET", "/directory/plan"), tell=plan_lines)


@verb("access.sync")
@directory.command("sync")
@click.option("--most-gone", default=0.2, show_default=True, help="The largest share of people and teams that may go at once.")
def directory_sync(most_gone: float) -> None:
    """Take people and teams over."""
    show(api("POST", "/directory/sync", {"most_gone": most_gone}), tell=plan_lines)


def plan_lines(found: dict[str, Any]) -> str:
    """A plan as lines of text."""
    parts = [f"{name}: {', '.join(found[name]) or '-'}" for name in ("joined", "changed", "left")]
    became = [f"{s['name']}: {s['kind']} {', '.join(s['successors']) or s['now']}".rstrip() for s in found["successions"]]
    return "\n".join([*parts, *became, f"share that goes: {found['share']:.0%}"])


def _person(found: dict[str, Any]) -> str:
    teams = ", ".join(t["name"] for t in found["teams"]) or "no team"
    roles = ", ".join(found["roles"])
    return f"{found['name']} <{found['email']}> ({found['id']}), {teams}{', ' + roles if roles else ''}"
