"""The commands of telling people and programs."""

import click

from podo.notices.cli.inbox import home, inbox, notifications, outbox
from podo.notices.cli.webhooks import webhook

commands: list[click.Command] = [home, inbox, notifications, outbox, webhook]
