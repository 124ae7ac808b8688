"""The benches run, as small as can be; what they measure is no business of a test."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence

import pytest

from bench.measures import NAMES
from tests import needs


def _measured(*names: str, more: Sequence[str] = ()) -> tuple[set[str], dict[str, str]]:
    only = [word for name in names for word in ("--only", name)]
    command = [sys.executable, "-m", "bench", "--json", "--smallest", *more, *only]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=240)
    report = json.loads(done.stdout)
    assert all(figure["samples"] for figure in report["figures"] + report["noise"])
    return {figure["bench"] for figure in report["figures"]}, report["left_out"]


@pytest.mark.serial
@pytest.mark.timeout(300)
def test_each_measures_what_runs_on_any_machine() -> None:
    # *start* needs the whole example company, and is seen by tests/journeys/test_start.py.
    names = [name for name in NAMES if name not in ("start", "watching", "applies")]
    assert _measured(*names) == (set(names), {})


@needs.part("kubernetes")
@needs.part("kwok")
@pytest.mark.serial
@pytest.mark.timeout(300)
def test_a_real_api_server_is_listed_watched_and_applied_to() -> None:
    assert _measured("watching", "applies") == ({"watching", "applies"}, {})


@needs.whole
@needs.part("argocd")
@needs.program("redis-server")
@pytest.mark.serial
@pytest.mark.timeout(300)
def test_a_real_argo_cd_deploys_the_same() -> None:
    assert _measured("applies", more=["--peers"]) == ({"applies"}, {})
