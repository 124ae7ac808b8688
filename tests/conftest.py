"""What holds for every test: no network beyond this machine, and `serial` tests one after another in one process."""

from __future__ import annotations

import gc
import os
import sys
from typing import Any

import hypothesis
import pytest

# Its models look for their own source among all modules, again and again: now there are few (seconds of CPU otherwise).
import scim2_client  # noqa: F401
from _pytest.nodeid import NodeId

from tests import network

sys.addaudithook(network.guard)

# All that is imported stays to the end: looking through it for garbage again and again took a fifth of all the tests' CPU.
gc.disable()

# A busy machine is no finding; and what CI says must be the same tomorrow.
_SLOW = [hypothesis.HealthCheck.too_slow]
# What it finds is made small, and not explained: that takes minutes.
_PHASES = [phase for phase in hypothesis.Phase if phase != hypothesis.Phase.explain]
hypothesis.settings.register_profile(
    "podo", deadline=None, suppress_health_check=_SLOW, phases=_PHASES, derandomize="CI" in os.environ
)
hypothesis.settings.load_profile("podo")

_DIED = pytest.StashKey[bool]()


def pytest_collection_finish() -> None:
    """From here on garbage is collected, among what the tests themselves make."""
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
    gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """pytest looks five times more for what nobody closed: among what is new, not among what is left now."""
    gc.collect()
    gc.freeze()
    if _DIED in session.config.stash and session.config.cache:
        # To run once more what failed would not be enough.
        session.config.cache.set("cache/lastfailed", {})


def pytest_testnodedown(node: Any, error: object) -> None:
    """A process of the tests died, and with it what it had to do."""
    if error:
        node.config.stash[_DIED] = True


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With `--dist loadgroup` tests of one group run on one worker, one after another; what takes long begins first."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return
    items.sort(key=_first)
    for item in items:
        if group := _group(item):
            # What xdist does by itself. As of 3.8 it writes that to a place where pytest 9.2 does not look.
            item._id = NodeId.parse(f"{item.nodeid}@{group}")  # pyright: ignore[reportPrivateUsage]


def _first(item: pytest.Item) -> tuple[bool, float]:
    """Those that wait for real parts, then those that are given the most time; the others stay in their order."""
    given = item.get_closest_marker("timeout")
    return item.get_closest_marker("serial") is None, -float(given.args[0]) if given else 0.0


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """A test is reported, and found again by `--last-failed`, without its group. The worker itself still needs it."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    test, at, group = report.nodeid.rpartition("@")
    if at and "]" not in group and "::" not in group:
        report.nodeid = test


def _group(item: pytest.Item) -> str:
    """Those of an `xdist_group`; all that are marked `serial` of a file, or of all contracts, which share control planes; and a
    file whose tests share something that is costly to make. Else empty.
    """
    if mark := item.get_closest_marker("xdist_group"):
        return str(mark.args[0])
    folder, *path = item.path.relative_to(item.config.rootpath / "tests").parts
    if item.get_closest_marker("serial"):
        return "contracts" if folder == "contracts" else "-".join([folder, *path])
    return "-".join([folder, *path]) if _shares(item) else ""


def _shares(item: pytest.Item) -> bool:
    """Whether it has a fixture of ours that its whole module has."""
    known = item._fixtureinfo.name2fixturedefs if isinstance(item, pytest.Function) else {}  # pyright: ignore[reportPrivateUsage]
    return any(found[-1].scope == "module" and found[-1].func.__module__.startswith("tests.") for found in known.values())
