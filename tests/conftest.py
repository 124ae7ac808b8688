"""What holds for every test: no network beyond this machine, and `serial` tests one after another in one process."""

from __future__ import annotations

import gc
import os
import sys

import hypothesis
import pytest
from _pytest.nodeid import NodeId

from tests import network

sys.addaudithook(network.guard)

# All that is imported stays to the end: looking through it for garbage again and again took a fifth of all the tests' CPU.
gc.disable()

# A busy machine is no finding; and what CI says must be the same tomorrow.
_SLOW = [hypothesis.HealthCheck.too_slow]
hypothesis.settings.register_profile("podo", deadline=None, suppress_health_check=_SLOW, derandomize="CI" in os.environ)
hypothesis.settings.load_profile("podo")


def pytest_collection_finish() -> None:
    """From here on garbage is collected, among what the tests themselves make."""
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of one group run on one worker of pytest-xdist (`--dist loadgroup`), one after another."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return
    for item in items:
        if group := _group(item):
            # What xdist does by itself. As of 3.8 it writes that to a place where pytest 9.2 does not look.
            item._id = NodeId.parse(f"{item.nodeid}@{group}")  # pyright: ignore[reportPrivateUsage]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """A test is reported, and found again by `--last-failed`, without its group. The worker itself still needs it."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    test, at, group = report.nodeid.rpartition("@")
    if at and "]" not in group and "::" not in group:
        report.nodeid = test


def _group(item: pytest.Item) -> str:
    """All tests of one folder below tests/ that are marked `serial`, or those of an `xdist_group`; else empty."""
    if item.get_closest_marker("serial"):
        return f"serial-{item.path.relative_to(item.config.rootpath / 'tests').parts[0]}"
    mark = item.get_closest_marker("xdist_group")
    return str(mark.args[0]) if mark else ""
