"""What holds for every test: no network beyond this machine, and `serial` tests one after another in one process."""

from __future__ import annotations

import sys

import pytest

from tests import network

sys.addaudithook(network.guard)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """`serial` means one worker of pytest-xdist, for all that are marked so."""
    for item in items:
        if item.get_closest_marker("serial"):
            item.add_marker(pytest.mark.xdist_group("serial"))
