"""What a test needs from the machine, as marks that skip with a reason where it is not there."""

from __future__ import annotations

import os

import pytest

from tools import system


def program(name: str) -> pytest.MarkDecorator:
    """Needs this program of a system package: `pytestmark = needs.program("buildah")`."""
    package = system.PACKAGES.get(name, "")
    how = f": `make test` as root on Debian does it, else `apt-get install {package}`" if package else ""
    reason = f"{name} is not installed{how}"
    return pytest.mark.skipif(system.program(name) is None, reason=reason)


# What takes minutes and says what shorter tests say more briefly.
WHOLE = os.environ.get("PODO_TEST_SWEEP") == "whole"
whole = pytest.mark.skipif(not WHOLE, reason="takes minutes: PODO_TEST_SWEEP=whole runs it")

# Where houses live that name no database: on PostgreSQL, to see a folder of tests there whole.
POSTGRES = os.environ.get("PODO_TEST_DATABASE") == "postgresql"
# An installation that is well: its doctor finds that the tests' own PostgreSQL is quick, and not safe.
safe = pytest.mark.skipif(POSTGRES, reason="the tests' PostgreSQL may lose what it was given, and the doctor says so")
# For how many seconds tests take the database away.
AWAY = float(os.environ.get("PODO_TEST_AWAY", "4"))


def part(name: str) -> pytest.MarkDecorator:
    """Needs this real part to be built: `pytestmark = needs.part("kubernetes")`."""
    from podo.clients.kubernetes.local import parts

    try:
        parts.find(name)
    except parts.PartMissing as missing:
        return pytest.mark.skip(reason=str(missing))
    return pytest.mark.skipif(False, reason="")
