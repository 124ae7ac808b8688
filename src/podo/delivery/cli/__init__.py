"""`podo build`, `podo config`, `podo secret`, `podo deploy`, `podo approve`, `podo rollback` and their like."""

from __future__ import annotations

import click

from podo.delivery.cli import builds, config, decisions, deployments

commands: list[click.Command] = [*builds.commands, *config.commands, *deployments.commands, *decisions.commands]
