"""`python -m podo.app.demo`: make the example now, unless it is there already; `make run` does so at set-up."""

from __future__ import annotations

import asyncio

from podo.app.demo import kept

if __name__ == "__main__":
    asyncio.run(kept.made())
