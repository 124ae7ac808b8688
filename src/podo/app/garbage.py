"""When a program that holds all of Podo looks for garbage."""

from __future__ import annotations

import gc


def settle() -> None:
    """All that was loaded stays to the end, and is looked through no more; among the rest garbage is looked for less often.

    A page or a deployment makes thousands of things that go by themselves. Python's own 700 took a fifth of all CPU.
    """
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
    gc.enable()
