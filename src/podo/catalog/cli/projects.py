"""`podo project`."""

from __future__ import annotations

import time
from pathlib import Path

import click

from podo.cli.client import Failed, api, connection, done, every, show, verb
from podo.kernel import clock, terminal

_LOOK_EVERY = 0.5


@click.group("project")
def project() -> None:
    """Projects and who owns them."""


def _places(alpha: str, prod: str, at: tuple[str, ...]) -> list[dict[str, str]]:
    pairs = [("alpha", r) for r in alpha.split(",") if r] + [("prod", r) for r in prod.split(",") if r]
    for pair in at:
        environment, colon, region = pair.partition(":")
        if not colon or not environment or not region:
            raise click.BadParameter(f"{pair} is no pair such as alpha:kr", param_hint="--at")
        pairs.append((environment, region))
    return [{"environment": e, "region": r} for e, r in dict.fromkeys(pairs)]


_ALPHA = click.option("--alpha", default="", help="Regions of alpha, with commas.")
_PROD = click.option("--prod", default="", help="Regions of production, with commas.")
_AT = click.option("--at", multiple=True, metavar="ENVIRONMENT:REGION", help="A place in any environment; may be given again.")
_KEY = click.option(
    "--credential-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Token or deploy key."
)


def _credential(file: Path | None) -> str:
    return file.read_text() if file else ""


@verb("catalog.list")
@project.command("list")
@click.argument("text", default="")
@click.option("--team", help="Id or handle.")
@click.option("--env", "environment")
@click.option("--region")
@click.option("--tier", type=int)
@click.option("--lifecycle", type=click.Choice(["experimental", "production", "deprecated"]))
@click.option("--level", type=int, help="Of the scorecards.")
@click.option("--retired", "state", flag_value="retired", help="Retired ones instead.")
@click.option("--limit", default=100, show_default=True)
def list_(text: str, limit: int, **asked: object) -> None:
    """Projects whose name or title contains TEXT."""
    asked |= {"q": text, "limit": min(limit, 200)}
    show(every("/projects", asked, limit), ["slug", "title", "team", "tier", "repository"])


@verb("catalog.register")
@project.command("register")
@click.argument("slug")
@click.option("--team", required=True, help="Owning team: id or handle.")
@click.option("--repository", "--repo", required=True, help="Address of the git repository.")
@click.option("--title", default="")
@click.option("--description", default="")
@click.option("--branch", default="", help="Default: the repository's default branch.")
@click.option("--port", default=8080, show_default=True)
@click.option("--dockerfile", default="Dockerfile", show_default=True)
@click.option("--tier", default=3, show_default=True)
@click.option("--slack", default="", help="Channel.")
@_ALPHA
@_PROD
@_AT
@_KEY
@click.option("--watch", is_flag=True, help="Wait until its namespaces are there; exit code 6 when one is refused.")
def register(
    slug: str, alpha: str, prod: str, at: tuple[str, ...], credential_file: Path | None, watch: bool, **facts: object
) -> None:
    """Register a project from its git repository.

    Without a place it runs in every environment of the home region.
    """
    body = {"slug": slug, "places": _places(alpha, prod, at), "credential": _credential(credential_file), **facts}
    made = api("POST", "/projects", body)
    if watch:
        _watch_namespaces(slug)
    show(made, tell=lambda p: f"Registered {p['slug']}. Next: podo build {p['slug']}")


def _watch_namespaces(slug: str) -> None:
    """Say of each cluster when the project's namespace is there. Raises `Failed` with exit code 6 when one cannot be made."""
    told: dict[str, str] = {}
    begun = clock.monotonic()
    while True:
        found = api("GET", f"/projects/{slug}/namespaces")
        for n in found:
            line = f"{n['cluster']}: {n['state']}" + (f" ({n['why']})" if n["why"] else "")
            if told.get(n["cluster"]) != line and not connection().as_json:
                click.echo(f"{clock.monotonic() - begun:5.0f} s  {terminal.printable(line)}")
            told[n["cluster"]] = line
        if bad := [n for n in found if n["state"] == "refused"]:
            why = "; ".join(f"{n['cluster']}: {n['why']}" for n in bad)
            raise Failed(f"{slug} is registered, but not all of its namespaces could be made: {why}", exit_code=6)
        if found and all(n["state"] == "ready" for n in found):
            return
        time.sleep(_LOOK_EVERY)


@verb("catalog.show")
@project.command("show")
@click.argument("slug")
def show_(slug: str) -> None:
    """One project."""
    show(api("GET", f"/projects/{slug}"))


@verb("catalog.change")
@project.command("change")
@click.argument("slug")
@click.option("--title")
@click.option("--description")
@click.option("--tier", type=int)
@click.option("--repository", "--repo")
@click.option("--branch")
@click.option("--dockerfile")
@click.option("--port", type=int)
@click.option("--slack")
@_KEY
@click.option("--no-credential", is_flag=True, help="Take the credential away.")
def change(slug: str, credential_file: Path | None, no_credential: bool, **given: object) -> None:
    """Change what a project says of itself."""
    body = {k: v for k, v in given.items() if v is not None}
    if credential_file or no_credential:
        body["credential"] = _credential(credential_file)
    show(api("PATCH", f"/projects/{slug}", body))


@verb("catalog.targets")
@project.command("targets")
@click.argument("slug")
@_ALPHA
@_PROD
@_AT
def targets(slug: str, alpha: str, prod: str, at: tuple[str, ...]) -> None:
    """Set where a project runs: all its places."""
    show(api("PUT", f"/projects/{slug}/targets", {"places": _places(alpha, prod, at)}), ["slug", "places"])


@verb("catalog.namespaces")
@project.command("namespaces")
@click.argument("slug")
def namespaces(slug: str) -> None:
    """The project's namespace in each cluster."""
    show(api("GET", f"/projects/{slug}/namespaces"), ["cluster", "state", "why"])


@verb("catalog.retry_namespace")
@project.command("retry-namespace")
@click.argument("slug")
@click.argument("cluster")
def retry_namespace(slug: str, cluster: str) -> None:
    """Try again to make a project's namespace."""
    api("POST", f"/projects/{slug}/namespaces/{cluster}/retry")
    done(f"Asked; podo project namespaces {slug} says how far it is.")


@verb("catalog.delete")
@project.command("delete")
@click.argument("slug")
@click.option("--typed", prompt="Type the project's name to delete it", help="The name again.")
def delete(slug: str, typed: str) -> None:
    """Delete a project that never ran, with its namespaces."""
    api("DELETE", f"/projects/{slug}", {"typed": typed})
    done(f"Deleted {slug}.")


@verb("catalog.name")
@project.command("name")
@click.argument("name")
def name(name: str) -> None:
    """Whether a name is free."""
    show(api("GET", f"/names/{name}"), tell=lambda n: f"{n['name']} is free." if n["free"] else n["why"])


@verb("catalog.look")
@project.command("look")
@click.argument("repository")
@click.option("--branch", default="")
@_KEY
def look(repository: str, branch: str, credential_file: Path | None) -> None:
    """What a repository holds."""
    asked = {"repository": repository, "branch": branch, "credential": _credential(credential_file)}
    show(api("POST", "/repositories/look", asked))
