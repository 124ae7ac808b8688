"""`python -m podo.app.demo`: make the example now, unless it is there already. `make` does so before it runs or tests Podo.

With `--unless-begun` nothing is made where the demo has its data already: it would never be unpacked.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

from podo.app.demo import kept
from podo.app.settings import ServerSettings

if __name__ == "__main__":
    directory = Path(os.environ.get("PODO_SERVER_DIRECTORY") or ServerSettings().directory)
    if "--unless-begun" not in sys.argv or not (directory / kept.MARK).exists():
        asyncio.run(kept.made())
