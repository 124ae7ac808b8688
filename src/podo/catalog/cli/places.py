"""`podo cluster`, `region` and `environment`."""

from __future__ import annotations

from pathlib import Path

import click

from podo.cli.client import api, done, show, verb


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
@click.option("--kubeconfig", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Sealed at once.")
@click.option("--twin", is_flag=True, help="A simulated cluster, without a kubeconfig.")
def cluster_add(name: str, region: str, environments: tuple[str, ...], kubeconfig: Path | None, twin: bool) -> None:
    """Add a cluster by its kubeconfig, or change it; without a new kubeconfig the old one stays."""
    body = {
        "name": name,
        "region": region,
        "environments": list(environments),
        "kind": "twin" if twin else "kubeconfig",
        "kubeconfig": kubeconfig.read_text() if kubeconfig else "",
    }
    api("POST", "/clusters", body)
    done(f"{name} serves {', '.join(environments)} in {region}.")


@verb("catalog.remove_cluster")
@cluster.command("remove")
@click.argument("name")
def cluster_remove(name: str) -> None:
    """Forget a cluster in which no project has a namespace."""
    api("DELETE", f"/clusters/{name}")
    done(f"{name} is removed.")


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
    done(f"Region {code} is set.")


@verb("catalog.remove_region")
@region.command("remove")
@click.argument("code")
def region_remove(code: str) -> None:
    """Remove a region that nothing uses."""
    api("DELETE", f"/regions/{code}")
    done(f"Region {code} is removed.")


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
    done(f"Environment {name} is set.")


@verb("catalog.remove_environment")
@environment.command("remove")
@click.argument("name")
def environment_remove(name: str) -> None:
    """Remove an environment that nothing uses."""
    api("DELETE", f"/environments/{name}")
    done(f"Environment {name} is removed.")
