"""`podo` starts fast: it loads nothing of the server, seen in the running interpreter and not by its imports alone."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tools import contracts

SHOW = "import podo.cli.main, sys, json; print(json.dumps(sorted(sys.modules)))"


def test_podo_loads_no_server() -> None:
    done = subprocess.run([sys.executable, "-c", SHOW], capture_output=True, text=True, timeout=60, check=False)
    if "No module named 'podo." in done.stderr:
        pytest.skip(f"the command line is not complete yet: {done.stderr.splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    loaded = set(json.loads(done.stdout))
    assert "podo.cli.main" in loaded
    heavy = {package for package, places in contracts.PLACES.items() if not contracts.is_light(places)}
    assert {"fastapi", "sqlalchemy", "dbos", "jinja2", "uvicorn", "lightkube"} <= heavy
    assert {module for module in loaded if module.partition(".")[0] in heavy} == set()
    # What asks Podo or starts clusters is loaded by the commands that do.
    assert loaded.isdisjoint({"httpx", "rich", "ssl", "yaml"})
    assert {module for module in loaded if module.startswith("podo.") and not _is_light(module)} == set()


def _is_light(module: str) -> bool:
    """Of ours: the command line, what the contracts call light, commands of domains, and the packages that these lie in."""
    if module.startswith("podo.cli") or ".cli." in f"{module}.":
        return True
    light = [f"podo.{name}" for name in (*contracts.LIGHT, *contracts.LIGHT_CLIENTS)]
    if any(module == name or module.startswith(f"{name}.") or name.startswith(f"{module}.") for name in light):
        return True
    return module.count(".") == 1
