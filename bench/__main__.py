"""`python -m bench [--only NAME …] [--json] [--rounds N] [--smallest [--peers]]`: figures, each beside its goal."""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
import sys
import time
import traceback

import uvloop

from bench.figures import Report
from bench.machine import Noise
from bench.measures import NAMES, LeftOut
from bench.sizes import SMALLEST, WHOLE, Size
from podo.app import garbage


def main() -> int:
    """Exit code 0, whatever was measured: a bench judges nothing."""
    words = argparse.ArgumentParser(prog="bench", description="Measure Podo, each figure beside its goal.")
    words.add_argument(
        "--only", action="append", choices=NAMES, metavar="NAME", help=f"one of {', '.join(NAMES)}; may be repeated"
    )
    words.add_argument("--json", action="store_true", help="for machines, with every sample")
    words.add_argument("--rounds", type=int, help=f"how often each figure is measured (default {WHOLE.rounds})")
    words.add_argument("--smallest", action="store_true", help="as little as possible: to see that the benches run")
    words.add_argument(
        "--peers", action="store_true", help="as little as possible, and yet beside others' servers, where they are built"
    )
    given = words.parse_args()
    size = dataclasses.replace(SMALLEST, has_peers=given.peers) if given.smallest else WHOLE
    if given.rounds:
        size = dataclasses.replace(size, rounds=given.rounds)
    # As the server's own program does.
    report = uvloop.run(measured(given.only or NAMES, size))
    print(json.dumps(report.facts(), ensure_ascii=False, indent=1) if given.json else report.text())
    return 0


async def measured(names: list[str], size: Size) -> Report:
    """All of these, one after another; what breaks is left out, and its reason shown."""
    report, noise = Report(), Noise()
    for name in NAMES:
        if name not in names:
            continue
        begun = time.perf_counter()
        _say(f"{name} …")
        noise.listen()
        try:
            measure = importlib.import_module(f"bench.measures.{name}").measure
            # As the server's own program does.
            garbage.settle()
            report.figures += await measure(size)
        except LeftOut as why:
            report.left_out[name] = str(why)
        except Exception as error:
            traceback.print_exc()
            report.left_out[name] = f"it broke: {type(error).__name__}: {error}"
        noise.listen()
        _say(f"{name} took {time.perf_counter() - begun:.0f} s")
    report.noise = noise.figures()
    return report


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
