"""Make the virtual environment, or say in one sentence why that cannot be. Runs on a bare Python, with nothing installed."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

OLDEST = (3, 11)


def obstacle() -> str | None:
    """Why no environment can be made with this Python; None when it can."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    if sys.version_info[:2] < OLDEST:
        return f"Podo needs Python 3.11 or newer, and {sys.executable} is {version}: `make PYTHON=…` names another one."
    if find_spec("venv") is None or find_spec("ensurepip") is None:
        return f"This Python {version} has no venv package: install it (Debian: `apt-get install python{version}-venv`)."
    return None


def main(target: str) -> int:
    """Make `target` if it is not there; 1 when that cannot be."""
    if (Path(target) / "bin" / "python").exists():
        return 0
    if reason := obstacle():
        print(reason, file=sys.stderr)
        return 1
    return subprocess.run([sys.executable, "-m", "venv", target], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
