"""Settings of the process itself; each domain brings its own section."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from podo.kernel.settings import setting


def _home() -> Path:
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share") / "podo"


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """Where rows live."""

    url: str = setting("", "SQLAlchemy URL, `postgresql://…` or `sqlite:///…`; empty: SQLite in `server.directory`", secret=True)
    observed: str = setting(
        "",
        "URL of the database of what is seen in clusters; empty: on PostgreSQL the schema `observed` in `url`, else a file",
        secret=True,
    )
    pool: int = setting(10, "Connections kept to PostgreSQL by each process")


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """The web server."""

    host: str = setting("127.0.0.1", "Address to listen on")
    port: int = setting(8080, "Port to listen on")
    url: str = setting("", "Address under which people reach Podo; empty: from host and port")
    directory: Path = setting(_home(), "Folder for databases, build logs, mirrors and keys")
    roles: list[str] = setting(
        ["web", "worker", "watcher"],
        "What this process does; with more processes (PostgreSQL alone), any number for each role, and each may have several",
    )
    log_style: str = setting("plain", "`plain` for people, `json` for machines")
    log_level: str = setting("info", "Least level that is logged: debug, info, warning, error")
    stop_seconds: int = setting(10, "How long a graceful stop waits for open requests")


@dataclass(frozen=True, slots=True)
class SealSettings:
    """Keys that seal secrets and kubeconfigs."""

    keys: list[str] = setting(
        [], "Keys of 32 bytes in URL-safe base64, newest first; empty: one is made in `server.directory`/seal.key", secret=True
    )


@dataclass(frozen=True, slots=True)
class TraceSettings:
    """Where traces are sent."""

    endpoint: str = setting("", "Collector that takes OTLP over HTTP, such as `http://collector:4318/v1/traces`; empty: none")
    headers: dict[str, str] = setting({}, "Headers that it wants, `name=value` each", secret=True)
    ratio: float = setting(1.0, "Share of the traces beginning here that is kept; callers with a traceparent decide for theirs")


SECTIONS = {"database": DatabaseSettings, "server": ServerSettings, "seal": SealSettings, "traces": TraceSettings}
