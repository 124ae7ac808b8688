"""Podo's own metrics, in Prometheus' words."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest
from starlette.responses import Response

_SECONDS = Histogram(
    "podo_http_request_duration_seconds",
    "How long requests took.",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
EVENTS = Counter("podo_events_total", "Events sealed, by code.", ["code"])


def seen(method: str, route: str, status: int, seconds: float) -> None:
    """Count one request under its route's template, never its address."""
    _SECONDS.labels(method, route, str(status)).observe(seconds)


def exposition() -> Response:
    """All metrics as text."""
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
