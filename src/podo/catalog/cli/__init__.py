"""The commands of the catalogue."""

import click

from podo.catalog.cli.assets import asset, orphan
from podo.catalog.cli.clouds import account, tags
from podo.catalog.cli.facts import facts
from podo.catalog.cli.imports import export
from podo.catalog.cli.owners import offer, owner
from podo.catalog.cli.places import cluster, environment, region
from podo.catalog.cli.projects import project
from podo.catalog.cli.retirement import retire
from podo.catalog.cli.scorecards import scorecard
from podo.catalog.cli.search import search

# Its commands stand in `project`; what is imported has added them.
_ADDED = (facts, retire, export)

commands: list[click.Command] = [
    account,
    tags,
    project,
    owner,
    offer,
    asset,
    orphan,
    cluster,
    region,
    environment,
    search,
    scorecard,
]
