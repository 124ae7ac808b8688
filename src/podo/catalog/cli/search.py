"""`podo search`."""

from __future__ import annotations

import click

from podo.cli.client import api, show, verb


@verb("catalog.search")
@click.command("search")
@click.argument("text")
def search(text: str) -> None:
    """Find projects, teams, people, clusters."""
    show(api("GET", "/search", params={"q": text}), ["kind", "title", "sub", "link"])
