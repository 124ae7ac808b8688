"""The server as a program: `python -m podo.app up|serve|verify|link|doctor|backup|restore|migrate|move`; `podo` starts it."""

from __future__ import annotations

import gc
import sys


def main() -> int:
    """Load all of Podo, and run it.

    What is loaded stays to the end. Garbage is looked for neither while it is loaded (a fifth of the start) nor among it later.
    """
    gc.disable()
    from podo.app import program

    gc.freeze()
    gc.enable()
    return program.main()


if __name__ == "__main__":
    sys.exit(main())
