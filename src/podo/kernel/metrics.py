"""What Podo counts of itself, in Prometheus' words.

Every label has a bounded set of values: never a project, a person or an address.

Exemplars name the trace, where it is kept; they are told to who asks for OpenMetrics.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import REGISTRY

from podo.kernel import clock, traces
from podo.kernel.errors import PodoError

_QUICK = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
_LONG = (0.05, 0.25, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800)

REQUESTS = Histogram(
    "podo_http_request_duration_seconds",
    "How long requests took, by the route's template.",
    ["method", "route", "status"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)
IN_FLIGHT = Gauge("podo_http_requests_in_flight", "Requests that are being answered, open pages not counted.")
ACTS = Counter(
    "podo_acts_total", "What people and machines asked for, by permission and how it ended.", ["permission", "outcome"]
)
LOOP = Histogram("podo_loop_lag_seconds", "How much later than wanted the process came to what was due.", buckets=_QUICK)

TRANSACTIONS = Histogram("podo_database_transaction_seconds", "How long writing transactions took.", buckets=_QUICK)
QUEUED = Histogram("podo_database_wait_seconds", "How long they had waited for their turn before.", buckets=_QUICK)

EVENTS = Counter("podo_events_total", "Events committed, by code.", ["code"])
UNSEALED = Gauge("podo_events_unsealed", "Events committed and not sealed yet.")
LETTERS = Gauge("podo_events_put_aside", "Events that a handler could not take after all its attempts.")
BEHIND = Gauge("podo_handler_behind_events", "Events that a handler has not heard yet.", ["handler"])
LATE = Gauge("podo_handler_behind_seconds", "Age of the oldest event that a handler has not heard yet.", ["handler"])
HANDLED = Histogram(
    "podo_handler_duration_seconds", "How long handlers took for an event.", ["handler", "outcome"], buckets=_QUICK
)

RUNNING = Gauge("podo_runs_running", "Durable runs that are under way in this process.", ["workflow"])
RUNS = Histogram("podo_run_duration_seconds", "How long durable runs took.", ["workflow", "outcome"], buckets=_LONG)
STEPS = Histogram(
    "podo_step_duration_seconds", "How long their steps took, waiting included.", ["step", "outcome"], buckets=_LONG
)
RETRIES = Counter("podo_step_retries_total", "Steps tried again because the outside was not available.", ["step"])
STUCK = Counter("podo_runs_stuck_total", "Runs that failed in a way nobody planned.", ["workflow"])
TAKEN_OVER = Counter("podo_runs_taken_over_total", "Runs that were taken over from a process that died.")

SEEN = Gauge("podo_watch_age_seconds", "Time since a cluster was last heard of by its watcher in this process.", ["cluster"])
WRITTEN = Histogram(
    "podo_watch_lag_seconds",
    "From news of a cluster to its rows.",
    ["cluster"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
LEASES = Gauge("podo_lease_held", "Whether this process holds a lease (1) or held it (0).", ["lease"])
LIMIT = Gauge("podo_disk_free_bytes", "What is free where server.directory is.")
INFO = Gauge("podo_info", "1, with this process's version and roles.", ["version", "roles"])


def observe(histogram: Histogram, seconds: float) -> None:
    """Note a duration, with the trace as its exemplar where it is kept."""
    point = traces.here()
    histogram.observe(seconds, {"trace_id": point.trace, "span_id": point.span} if point and point.sampled else None)


def count(counter: Counter, by: int = 1) -> None:
    """Count, with the trace as the exemplar where it is kept."""
    point = traces.here()
    counter.inc(by, {"trace_id": point.trace, "span_id": point.span} if point and point.sampled else None)


@contextlib.contextmanager
def timed(histogram: Histogram, *labels: str) -> Iterator[None]:
    """Note how long it took and how it ended: `done`, the kind of our error, or `failed`."""
    begun, outcome = clock.monotonic(), "done"
    try:
        yield
    except PodoError as error:
        outcome = error.kind
        raise
    except BaseException:
        outcome = "failed"
        raise
    finally:
        observe(histogram.labels(*labels, outcome), clock.monotonic() - begun)


def exposition(accept: str) -> tuple[bytes, str]:
    """All of it, as Prometheus' text or OpenMetrics, whichever is accepted; and its type."""
    encode, type_ = choose_encoder(accept)
    return encode(REGISTRY), type_
