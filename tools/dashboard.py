"""Write the Grafana dashboard of Podo itself: `python -m tools.dashboard`. `--check` fails when it is not as written here."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

PATH = Path(__file__).parent.parent / "charts/podo/observability/podo.dashboard.json"
_SOURCE = {"type": "prometheus", "uid": "${source}"}
_WIDE, _HIGH, _ROW = 8, 7, 24

Query = tuple[str, str]


def _rate(metric: str, by: str, where: str = "") -> str:
    return f"sum by ({by}) (rate({metric}{{{where}}}[$__rate_interval]))"


def _p(quantile: float, metric: str, by: str = "", where: str = "") -> Query:
    labels = f"le, {by}" if by else "le"
    legend = f"p{quantile * 100:g}" + (f" {{{{{by}}}}}" if by else "")
    return f"histogram_quantile({quantile}, {_rate(f'{metric}_bucket', labels, where)})", legend


# Row → panels: (title, unit, what it says, queries with their legends).
ROWS: dict[str, list[tuple[str, str, str, list[Query]]]] = {
    "What people feel": [
        (
            "Requests",
            "reqps",
            "Traffic by status.",
            [(_rate("podo_http_request_duration_seconds_count", "status"), "{{status}}")],
        ),
        (
            "Errors",
            "percentunit",
            "Share of answers with a status of 500 and more.",
            [
                (
                    '(sum(rate(podo_http_request_duration_seconds_count{status=~"5.."}[$__rate_interval])) or vector(0))'
                    " / sum(rate(podo_http_request_duration_seconds_count[$__rate_interval]))",
                    "errors",
                )
            ],
        ),
        (
            "Latency",
            "s",
            "A dot leads to a trace, where traces are kept.",
            [_p(q, "podo_http_request_duration_seconds") for q in (0.5, 0.95, 0.99)],
        ),
        (
            "Slowest routes",
            "s",
            "p95 by the route's template.",
            [(f"topk(8, {_p(0.95, 'podo_http_request_duration_seconds', 'route')[0]})", "{{route}}")],
        ),
        ("Acts", "ops", "What was asked for, by permission.", [(_rate("podo_acts_total", "permission"), "{{permission}}")]),
        (
            "Acts that were refused or failed",
            "ops",
            "By how they ended.",
            [(_rate("podo_acts_total", "permission, outcome", 'outcome!="done"'), "{{permission}} {{outcome}}")],
        ),
    ],
    "What is full": [
        ("Requests under way", "short", "By process.", [("podo_http_requests_in_flight", "{{instance}}")]),
        (
            "Lateness of the process",
            "s",
            "p99 by process; above 0.25 s its core is busy.",
            [_p(0.99, "podo_loop_lag_seconds", "instance")],
        ),
        (
            "CPU",
            "percentunit",
            "Of one core, by process.",
            [("rate(process_cpu_seconds_total[$__rate_interval])", "{{instance}}")],
        ),
        ("Memory", "bytes", "By process.", [("process_resident_memory_bytes", "{{instance}}")]),
        (
            "Database",
            "s",
            "How long changes wait for their turn, and take.",
            [
                (_p(0.99, "podo_database_wait_seconds")[0], "wait p99"),
                (_p(0.99, "podo_database_transaction_seconds")[0], "transaction p99"),
            ],
        ),
        ("Disk", "bytes", "What is free in server.directory.", [("podo_disk_free_bytes", "{{instance}}")]),
    ],
    "Queues": [
        ("Events", "ops", "By code.", [(_rate("podo_events_total", "code"), "{{code}}")]),
        (
            "Not sealed, put aside",
            "short",
            "Both should be nothing.",
            [("max(podo_events_unsealed)", "not sealed"), ("max(podo_events_put_aside)", "put aside")],
        ),
        (
            "Handlers behind",
            "s",
            "Age of the oldest event that was not heard.",
            [("max by (handler) (podo_handler_behind_seconds)", "{{handler}}")],
        ),
        ("Events waiting", "short", "By handler.", [("max by (handler) (podo_handler_behind_events)", "{{handler}}")]),
        ("Handlers", "s", "p95 of an event.", [_p(0.95, "podo_handler_duration_seconds", "handler")]),
        (
            "Handlers that failed",
            "ops",
            "They try again by themselves.",
            [(_rate("podo_handler_duration_seconds_count", "handler, outcome", 'outcome!="done"'), "{{handler}} {{outcome}}")],
        ),
    ],
    "Runs": [
        ("Under way", "short", "By workflow.", [("sum by (workflow) (podo_runs_running)", "{{workflow}}")]),
        ("How long runs take", "s", "p95.", [_p(0.95, "podo_run_duration_seconds", "workflow")]),
        ("How long steps take", "s", "p95, waiting for the outside included.", [_p(0.95, "podo_step_duration_seconds", "step")]),
        ("Tried again", "ops", "Steps whose outside did not answer.", [(_rate("podo_step_retries_total", "step"), "{{step}}")]),
        (
            "Stuck, taken over",
            "short",
            "In the last hour.",
            [
                ("sum by (workflow) (increase(podo_runs_stuck_total[1h]))", "stuck {{workflow}}"),
                ("sum(increase(podo_runs_taken_over_total[1h]))", "taken over"),
            ],
        ),
    ],
    "Clusters and processes": [
        ("Last heard of", "s", "By cluster.", [("min by (cluster) (podo_watch_age_seconds)", "{{cluster}}")]),
        ("From news to rows", "s", "p99 by cluster.", [_p(0.99, "podo_watch_lag_seconds", "cluster")]),
        ("Leases", "short", "How many processes hold each: one.", [("sum by (lease) (podo_lease_held)", "{{lease}}")]),
        ("Processes", "short", "By version and roles.", [("count by (version, roles) (podo_info)", "{{version}} {{roles}}")]),
    ],
}


def dashboard() -> dict[str, Any]:
    """The dashboard as Grafana takes it."""
    panels: list[dict[str, Any]] = []
    y = 0
    for row, wanted in ROWS.items():
        panels.append({"type": "row", "title": row, "collapsed": False, "panels": [], "gridPos": _place(0, y, _ROW, 1)})
        y += 1
        for number, panel in enumerate(wanted):
            panels.append(_panel(*panel, _place(number % 3 * _WIDE, y + number // 3 * _HIGH, _WIDE, _HIGH)))
        y += (len(wanted) + 2) // 3 * _HIGH
    source = {"name": "source", "type": "datasource", "query": "prometheus", "label": "Prometheus", "hide": 0}
    return {
        "uid": "podo",
        "title": "Podo",
        "description": "Podo seen from outside: what people feel, what is full, what waits.",
        "tags": ["podo"],
        "schemaVersion": 39,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "timezone": "browser",
        "templating": {"list": [source]},
        "panels": [{"id": number, **panel} for number, panel in enumerate(panels, 1)],
    }


def _panel(title: str, unit: str, says: str, queries: list[Query], place: dict[str, int]) -> dict[str, Any]:
    targets = [
        {"refId": chr(ord("A") + number), "datasource": _SOURCE, "expr": expr, "legendFormat": legend, "exemplar": True}
        for number, (expr, legend) in enumerate(queries)
    ]
    return {
        "type": "timeseries",
        "title": title,
        "description": says,
        "datasource": _SOURCE,
        "gridPos": place,
        "fieldConfig": {
            "defaults": {"unit": unit, "min": 0, "custom": {"fillOpacity": 8, "showPoints": "never"}},
            "overrides": [],
        },
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi", "sort": "desc"}},
        "targets": targets,
    }


def _place(x: int, y: int, w: int, h: int) -> dict[str, int]:
    return {"x": x, "y": y, "w": w, "h": h}


def main(arguments: list[str]) -> int:
    """Write or check."""
    text = json.dumps(dashboard(), indent=2) + "\n"
    if "--check" in arguments:
        return int(PATH.read_text() != text)
    PATH.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
