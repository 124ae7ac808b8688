"""How the engine keeps what it knows: plain JSON, and on SQLite a file that loses nothing."""

from __future__ import annotations

import json
from typing import Any

from dbos._serialization import Serializer  # the type of the documented `serializer` option; not exported
from sqlalchemy import create_engine, event, make_url
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

from podo.kernel.db.sqlite import Alike
from podo.kernel.durable import steps
from podo.kernel.errors import PodoError


class Plain(Serializer):
    """Ids and plain values only; the engine's default would pickle."""

    def serialize(self, data: Any) -> str:
        if isinstance(data, PodoError):
            return json.dumps({"__refused__": steps.packed(data)})
        if isinstance(data, BaseException):
            return json.dumps({"__error__": f"{type(data).__name__}: {data}"})
        return json.dumps(data)

    def deserialize(self, serialized_data: str) -> Any:
        value = json.loads(serialized_data)
        if isinstance(value, dict) and "__refused__" in value:
            return steps.unpacked(value["__refused__"])
        if isinstance(value, dict) and "__error__" in value:
            return RuntimeError(value["__error__"])
        return value

    def name(self) -> str:
        return "podo_json"


def sqlite(url: str) -> Any:
    """The engine's own file at `url`: one writer, and what was committed is on the disk."""
    engine = create_engine(make_url(url).set(drivername="sqlite+podo_engine"), execution_options={"compiled_cache": _compiled})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = "IMMEDIATE"
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")

    return engine


class Dialect(Alike, SQLiteDialect_pysqlite):
    """SQLAlchemy's own."""

    supports_statement_cache = True


registry.register("sqlite.podo_engine", __name__, "Dialect")
_compiled: LRUCache[Any, Any] = LRUCache(500)
