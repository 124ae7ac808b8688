"""Quantities and lines of logs."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from podo.workloads import rules
from podo.workloads.types import Health, HealthStatus


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", 0), ("250m", 250), ("1", 1000), ("1.5", 1500), ("0.1", 100), ("2000m", 2000), ("5k", 5_000_000), ("100n", 0)],
)
def test_processor_time(text: str, expected: int) -> None:
    assert rules.millicores(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0),
        ("512Mi", 512),
        ("1Gi", 1024),
        ("1.5Gi", 1536),
        ("128M", 122),
        ("1G", 954),
        ("1048576", 1),
        ("2048Ki", 2),
        ("1Pi", 2**30),
    ],
)
def test_memory(text: str, expected: int) -> None:
    assert rules.mebibytes(text) == expected


@pytest.mark.parametrize(
    ("line", "text", "kind"),
    [
        ("2026-11-23T05:08:01.123456789Z level=info msg=hello", "level=info msg=hello", ""),
        ("2026-11-23T05:08:01Z ERROR cannot start", "ERROR cannot start", "err"),
        ("2026-11-23T05:08:01Z KeyError: 'REDIS_URL'", "KeyError: 'REDIS_URL'", "err"),
        ("2026-11-23T05:08:01Z Traceback (most recent call last):", "Traceback (most recent call last):", "err"),
        ("2026-11-23T05:08:01Z WARN slow", "WARN slow", "warn"),
        ("2026-11-23T05:08:01Z WARNINGS: none", "WARNINGS: none", ""),
        ("2026-11-23T05:08:01Z terror and errors", "terror and errors", ""),
        ("2026-11-23T05:08:01Z ", "", ""),
    ],
)
def test_a_line_has_its_time_its_text_and_its_tone(line: str, text: str, kind: str) -> None:
    at, found, tone = rules.log_line(line)
    assert at is not None
    assert at.replace(microsecond=0) == datetime(2026, 11, 23, 5, 8, 1, tzinfo=UTC)
    assert (found, tone) == (text, kind)


def test_a_line_without_a_time_is_kept_whole() -> None:
    assert rules.log_line("no time here") == (None, "no time here", "")
    assert rules.log_line("") == (None, "", "")


@pytest.mark.parametrize(
    ("phase", "status", "ready", "ending", "expected"),
    [
        ("Running", HealthStatus.healthy, True, False, "ready"),
        ("Running", HealthStatus.progressing, False, False, "starting"),
        ("Running", HealthStatus.degraded, False, False, "crashing"),
        ("Pending", HealthStatus.degraded, False, False, "crashing"),
        ("Failed", HealthStatus.degraded, False, False, "failed"),
        ("Succeeded", HealthStatus.healthy, False, False, "succeeded"),
        ("Running", HealthStatus.healthy, True, True, "ending"),
        ("Failed", HealthStatus.degraded, False, True, "ending"),
    ],
)
def test_one_word_for_a_pod(phase: str, status: HealthStatus, ready: bool, ending: bool, expected: str) -> None:
    assert rules.pod_state(phase, Health(status), ready=ready, ending=ending) == expected
