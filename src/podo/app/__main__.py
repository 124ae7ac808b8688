"""The server as a program: `python -m podo.app up|serve|verify|link|doctor|backup|restore|migrate|move`; `podo` starts it."""

from __future__ import annotations

import gc
import sys


def main() -> int:
    """Load all of Podo, and run it.

    Garbage is not looked for while it loads: that took a fifth of the start.
    """
    gc.disable()
    from podo.app import garbage, program

    garbage.settle()
    return program.main()


if __name__ == "__main__":
    sys.exit(main())
