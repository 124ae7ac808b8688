"""Health as Argo CD judges it, on its own examples."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from podo.workloads.rules import health_of

CASES = Path(__file__).parents[3] / "shared/fixtures/health/builtin-dev.jsonl"
_READ = [json.loads(line) for line in CASES.read_text().splitlines()] if CASES.exists() else []


@pytest.mark.skipif(not _READ, reason=f"the examples are not beside the project: {CASES.name}")
@pytest.mark.parametrize("case", _READ, ids=lambda c: c["case"])
def test_built_in_kinds_are_judged_as_argo_cd_does(case: dict[str, object]) -> None:
    judged = health_of(case["object"])  # type: ignore[arg-type]
    assert (judged.status.value if judged else None) == case["status"]
