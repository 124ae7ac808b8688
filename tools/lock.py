"""Write the lock files: every version with its hashes, and no address of an index. `--upgrade` and the like are handed to uv."""

from __future__ import annotations

import subprocess
import sys

COMMON = ["--quiet", "--universal", "--generate-hashes", "--no-emit-index-url", "--no-header", "--python-version", "3.11"]
LOCKS = {
    "requirements/run.txt": ["pyproject.toml"],
    "requirements/dev.txt": ["pyproject.toml", "--group", "dev", "--constraint", "requirements/run.txt"],
    "requirements/build.txt": ["--group", "build", "--constraint", "requirements/dev.txt"],
}


def main(arguments: list[str]) -> int:
    """Lock all; 1 when one cannot be resolved."""
    for path, sources in LOCKS.items():
        command = [sys.executable, "-m", "uv", "pip", "compile", *COMMON, *arguments, *sources, "--output-file", path]
        if subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
