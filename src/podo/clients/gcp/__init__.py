"""GCP: what is there, by Google's asset inventory, and labels, by each service's own call; the only place that imports it."""

from podo.clients.gcp.cloud import Gcp
from podo.clients.gcp.connection import SEARCHES_A_MINUTE, Connection
from podo.clients.gcp.errors import (
    GcpChanged,
    GcpCredentials,
    GcpGone,
    GcpInvalid,
    GcpRefused,
    GcpThrottled,
    GcpUnreachable,
)
from podo.clients.gcp.kinds import KINDS, path_of
from podo.clients.gcp.pace import Pace
from podo.clients.gcp.types import Found, Kind, Labels, Manner, Piece

__all__ = [
    "KINDS",
    "SEARCHES_A_MINUTE",
    "Connection",
    "Found",
    "Gcp",
    "GcpChanged",
    "GcpCredentials",
    "GcpGone",
    "GcpInvalid",
    "GcpRefused",
    "GcpThrottled",
    "GcpUnreachable",
    "Kind",
    "Labels",
    "Manner",
    "Pace",
    "Piece",
    "path_of",
]
