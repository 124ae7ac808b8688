"""What holds for every test: no network beyond this machine, and `serial` tests one after another in one process."""

from __future__ import annotations

import os
import sys

import hypothesis
import pytest

from tests import network

sys.addaudithook(network.guard)

# A busy machine is no finding; and what CI says must be the same tomorrow.
_SLOW = [hypothesis.HealthCheck.too_slow]
hypothesis.settings.register_profile("podo", deadline=None, suppress_health_check=_SLOW, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("podo")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`serial` means one worker of pytest-xdist, for all of one folder below tests/ that are marked so."""
    for item in items:
        if item.get_closest_marker("serial"):
            folder = item.path.relative_to(item.config.rootpath / "tests").parts[0]
            item.add_marker(pytest.mark.xdist_group(f"serial-{folder}"))
