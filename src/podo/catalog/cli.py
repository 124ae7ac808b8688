"""`podo project`, `cluster`, `region`, `environment`, `search`."""

from __future__ import annotations

from pathlib import Path

import click

from podo.cli.client import api, every, show, verb


@click.group("project")
def project() -> None:
    """Projects and who owns them."""


def _places(alpha: str, prod: str) -> list[dict[str, str]]:
    pairs = [("alpha", r) for r in alpha.split(",") if r] + [("prod", r) for r in prod.split(",") if r]
    return [{"environment": e, "region": r} for e, r in pairs]


@verb("catalog.list")
@project.command("list")
@click.argument("text", default="")
@click.option("--team", help="Id or handle.")
@click.option("--env", "environment")
@click.option("--region")
@click.option("--limit", default=100, show_default=True)
def list_(text: str, team: str | None, environment: str | None, region: str | None, limit: int) -> None:
    """Projects whose name contains TEXT."""
    asked = {"q": text, "team": team, "environment": environment, "region": region, "limit": min(limit, 200)}
    show(every("/projects", asked, limit), ["slug", "title", "team", "tier", "repository"])


@verb("catalog.register")
@project.command("register")
@click.argument("slug")
@click.option("--team", required=True, help="Owning team: id or handle.")
@click.option("--repository", "--repo", required=True, help="Address of the git repository.")
@click.option("--title", default="")
@click.option("--alpha", default="kr", show_default=True, help="Regions of alpha, with commas.")
@click.option("--prod", default="", help="Regions of production, with commas.")
@click.option("--port", default=8080, show_default=True)
@click.option("--dockerfile", default="Dockerfile", show_default=True)
@click.option("--tier", default=3, show_default=True)
@click.option("--credential-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Token or deploy key.")
def register(
    slug: str,
    team: str,
    repository: str,
    title: str,
    alpha: str,
    prod: str,
    port: int,
    dockerfile: str,
    tier: int,
    credential_file: Path | None,
) -> None:
    """Register a project from its git repository."""
    body = {
        "slug": slug,
        "team": team,
        "repository": repository,
        "title": title,
        "places": _places(alpha, prod),
        "port": port,
        "dockerfile": dockerfile,
        "tier": tier,
        "credential": credential_file.read_text() if credential_file else "",
    }
    show(api("POST", "/projects", body), tell=lambda p: f"Registered {p['slug']}. Next: podo build {p['slug']}")


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
@click.option("--repository")
@click.option("--branch")
@click.option("--dockerfile")
@click.option("--port", type=int)
@click.option("--slack")
@click.option("--credential-file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def change(slug: str, credential_file: Path | None, **given: object) -> None:
    """Change what a project says of itself."""
    body = {k: v for k, v in given.items() if v is not None}
    if credential_file:
        body["credential"] = credential_file.read_text()
    show(api("PATCH", f"/projects/{slug}", body))


@verb("catalog.targets")
@project.command("targets")
@click.argument("slug")
@click.option("--alpha", default="kr", show_default=True)
@click.option("--prod", default="")
def targets(slug: str, alpha: str, prod: str) -> None:
    """Set where a project runs."""
    show(api("PUT", f"/projects/{slug}/targets", {"places": _places(alpha, prod)}), ["slug", "places"])


@verb("catalog.transfer")
@project.command("transfer")
@click.argument("slug")
@click.argument("team")
@click.option("--why", default="")
def transfer(slug: str, team: str, why: str) -> None:
    """Give a project to another team."""
    show(api("POST", f"/projects/{slug}/transfer", {"team": team, "why": why}))


@verb("catalog.delete")
@project.command("delete")
@click.argument("slug")
@click.option("--typed", prompt="Type the project's name to delete it", help="The name again.")
def delete(slug: str, typed: str) -> None:
    """Delete a project that never deployed."""
    api("DELETE", f"/projects/{slug}", {"typed": typed})
    click.echo(f"Deleted {slug}.")


@verb("catalog.owners")
@project.command("owners")
@click.argument("slug")
def owners(slug: str) -> None:
    """Who owned a project, from when to when."""
    show(api("GET", f"/projects/{slug}/owners"), ["team", "since", "until", "by", "why"])


@verb("catalog.name")
@project.command("name")
@click.argument("name")
def name(name: str) -> None:
    """Whether a name is free."""
    show(api("GET", f"/names/{name}"), tell=lambda n: f"{n['name']} is free." if n["free"] else n["why"])


@verb("catalog.look")
@project.command("look")
@click.argument("repository")
def look(repository: str) -> None:
    """What a repository holds."""
    show(api("POST", "/repositories/look", {"repository": repository}))


@click.group("cluster")
def cluster() -> None:
    """Clusters that serve regions."""


@verb("catalog.clusters")
@cluster.command("list")
def cluster_list() -> None:
    """With what is known of each."""
    show(api("GET", "/clusters"), ["name", "region", "environments", "kind", "state", "version", "why"])


@verb("catalog.add_cluster")
@cluster.command("add")
@click.argument("name")
@click.option("--region", required=True)
@click.option("--env", "environments", multiple=True, required=True)
@click.option("--kubeconfig", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Without one: a twin.")
def cluster_add(name: str, region: str, environments: tuple[str, ...], kubeconfig: Path | None) -> None:
    """Add a cluster by its kubeconfig."""
    body = {
        "name": name,
        "region": region,
        "environments": list(environments),
        "kind": "kubeconfig" if kubeconfig else "twin",
        "kubeconfig": kubeconfig.read_text() if kubeconfig else "",
    }
    api("POST", "/clusters", body)
    click.echo(f"{name} serves {', '.join(environments)} in {region}.")


@click.group("region")
def region() -> None:
    """Regions, in the order of the train."""


@verb("catalog.regions")
@region.command("list")
def region_list() -> None:
    """All regions."""
    show(api("GET", "/regions"), ["order", "code", "name", "timezone"])


@verb("catalog.set_region")
@region.command("set")
@click.argument("code")
@click.option("--name", required=True)
@click.option("--timezone", default="UTC", show_default=True)
@click.option("--order", default=0, show_default=True)
def region_set(code: str, name: str, timezone: str, order: int) -> None:
    """Add or change a region."""
    api("PUT", f"/regions/{code}", {"code": code, "name": name, "timezone": timezone, "order": order})
    click.echo(f"Region {code} is set.")


@click.group("environment")
def environment() -> None:
    """Environments, in promotion order."""


@verb("catalog.environments")
@environment.command("list")
def environment_list() -> None:
    """All environments."""
    show(api("GET", "/environments"), ["order", "name", "approvals", "soak_seconds", "self_approval"])


@verb("catalog.set_environment")
@environment.command("set")
@click.argument("name")
@click.option("--order", required=True, type=int)
@click.option("--approvals", default=0, show_default=True)
@click.option("--soak-seconds", default=0, show_default=True)
@click.option("--self-approval", is_flag=True)
def environment_set(name: str, order: int, approvals: int, soak_seconds: int, self_approval: bool) -> None:
    """Add or change an environment."""
    body = {"name": name, "order": order, "approvals": approvals, "soak_seconds": soak_seconds, "self_approval": self_approval}
    api("PUT", f"/environments/{name}", body)
    click.echo(f"Environment {name} is set.")


@verb("catalog.search")
@click.command("search")
@click.argument("text")
def search(text: str) -> None:
    """Find projects, people, pods."""
    show(api("GET", "/search", params={"q": text}), ["kind", "title", "sub", "link"])


commands: list[click.Command] = [project, cluster, region, environment, search]
