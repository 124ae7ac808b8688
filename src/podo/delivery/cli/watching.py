"""Showing how a deployment goes on, a line for each change, to its end."""

from __future__ import annotations

import time
from typing import Any

import click

from podo.cli.client import Failed, api, connection, show
from podo.kernel import clock, terminal

_LOOK_EVERY = 0.5
_OPEN = frozenset({"queued", "waiting", "rolling", "soaking"})
_WELL = frozenset({"healthy", "inactive"})


def said(d: dict[str, Any]) -> str:
    """`prod (kr, jp)`."""
    return f"{d['environment']} ({', '.join(x['region'] for x in d['rollouts'])})"


def watched(made: dict[str, Any]) -> None:
    """Follow a deployment to its end, each change with the seconds since then.

    Raises `Failed` with exit code 6 when a region did not become healthy.
    """
    told: dict[str, str] = {}
    now, begun = made, clock.monotonic()
    while True:
        for x in now["rollouts"]:
            line = _line(x)
            if told.get(x["region"]) != line and not connection().as_json:
                click.echo(f"{clock.monotonic() - begun:5.0f} s  {terminal.printable(line)}")
            told[x["region"]] = line
        if not any(x["state"] in _OPEN for x in now["rollouts"]):
            break
        time.sleep(_LOOK_EVERY)
        now = api("GET", f"/projects/{made['project']}/deployments/{made['number']}")
    if connection().as_json:
        show(now)
    bad = [x for x in now["rollouts"] if x["state"] not in _WELL]
    if bad:
        why = "; ".join(f"{x['region']} is {x['state']}" + (f": {x['why']}" if x["why"] else "") for x in bad)
        raise Failed(f"#{now['number']} ended badly: {why}", exit_code=6)


def _line(x: dict[str, Any]) -> str:
    pods = f", {x['ready']} of {x['wanted']} pods" if x["wanted"] and x["state"] != "waiting" else ""
    missing = [g["text"] for g in x["gates"] if g["kind"] != "ok" and x["state"] in ("waiting", "queued")]
    why = f" ({'; '.join(missing)})" if missing else f" ({x['reason']})" if x["reason"] and x["state"] == "rolling" else ""
    return f"{x['region']}: {x['state']}{pods}{why}"
