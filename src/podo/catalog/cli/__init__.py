"""The commands of the catalogue."""

import click

from podo.catalog.cli.places import cluster, environment, region
from podo.catalog.cli.projects import project
from podo.catalog.cli.search import search

commands: list[click.Command] = [project, cluster, region, environment, search]
