"""`podo project retire`, and back."""

from __future__ import annotations

import click

from podo.catalog.cli.projects import project
from podo.cli.client import api, done, show, verb


@verb("catalog.retirement")
@project.command("retirement")
@click.argument("slug")
def retirement(slug: str) -> None:
    """Whether a project can be retired now, or until when it can come back."""
    show(api("GET", f"/projects/{slug}/retirement"), ["state", "objections", "retired_at", "retired_by", "why", "until"])


@verb("catalog.retire")
@project.command("retire")
@click.argument("slug")
@click.option("--why", default="")
@click.option("--typed", prompt="Type the project's name to retire it", help="The name again.")
def retire(slug: str, why: str, typed: str) -> None:
    """End a project of which nothing runs; it can come back for some weeks."""
    api("POST", f"/projects/{slug}/retire", {"typed": typed, "why": why})
    done(f"Retired {slug}. Back: podo project unretire {slug}")


@verb("catalog.unretire")
@project.command("unretire")
@click.argument("slug")
def unretire(slug: str) -> None:
    """Bring a retired project back, as it was."""
    api("POST", f"/projects/{slug}/unretire")
    done(f"{slug} is back.")
