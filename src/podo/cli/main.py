"""`podo`: the commands of all domains, and those that start and look after an installation."""

from __future__ import annotations

import importlib
import sys

import click

from podo import __version__
from podo.cli import completion, serve
from podo.cli.client import Connection, Failed, offer_json
from podo.cli.dev import dev
from podo.cli.tour import tour
from podo.kernel import terminal

# Domains that bring commands, in the order in which help lists them.
_DOMAINS = ("access", "catalog", "delivery", "workloads", "activity", "notices")


class Podo(click.Group):
    """The root: our errors end with their own exit codes, in one sentence."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except Failed as failed:
            if isinstance(ctx.obj, Connection) and ctx.obj.as_json:
                click.echo(terminal.as_json(failed.facts()), err=True)
                sys.exit(failed.exit_code)
            click.echo(f"podo: {failed.so}", err=True)
            if failed.do:
                click.echo(f"      {failed.do}", err=True)
            if failed.request_id:
                click.echo(f"      request id {failed.request_id}", err=True)
            sys.exit(failed.exit_code)


@click.group(cls=Podo, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="podo")
@click.option("--url", envvar="PODO_URL", help="Address of Podo; default: the one you logged in to, or http://127.0.0.1:8080.")
@click.option("--token", envvar="PODO_TOKEN", help="API token; default: the one you logged in with.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
@click.pass_context
def main(ctx: click.Context, url: str | None, token: str | None, as_json: bool) -> None:
    """Podo: register a project, ship it to every region, see it run, know who owns it."""
    ctx.obj = Connection.from_options(url, token, as_json)


for _command in (*serve.commands, dev, tour, completion.completion):
    main.add_command(_command)
for _domain in _DOMAINS:
    for _command in importlib.import_module(f"podo.{_domain}.cli").commands:
        main.add_command(_command)
completion.teach(main)
offer_json(main)


if __name__ == "__main__":
    main()
