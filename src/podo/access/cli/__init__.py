"""The commands of people, teams and rights."""

import click

from podo.access.cli.people import (
    directory,
    login,
    permissions,
    person,
    prefer,
    session,
    team,
    token,
    whoami,
    why,
)
from podo.access.cli.reorganisation import draft

commands: list[click.Command] = [login, whoami, prefer, why, permissions, team, person, token, session, directory, draft]
