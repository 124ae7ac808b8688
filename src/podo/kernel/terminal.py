"""How Podo speaks in a terminal: log lines with the request's id, tables, progress. Standard library only."""

from __future__ import annotations

import contextlib
import json
import logging
import sys
import unicodedata
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime

from podo.kernel import clock

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
permission: ContextVar[str | None] = ContextVar("permission", default=None)
trace_id: ContextVar[str | None] = ContextVar("trace_id", default=None)
_PLAIN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}


class _Facts(logging.Formatter):
    """Time, level, logger, sentence, request id and extra facts; one line each, so that input cannot forge a line."""

    def facts(self, record: logging.LogRecord) -> dict[str, object]:
        found: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if (current := request_id.get()) is not None:
            found["request_id"] = current
        if (current := trace_id.get()) is not None:
            found["trace_id"] = current
        found |= {k: v for k, v in vars(record).items() if k not in _PLAIN}
        if record.exc_info:
            found["error"] = self.formatException(record.exc_info)
        return found


class JsonLines(_Facts):
    """A JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        return as_json(self.facts(record))


class PlainLines(_Facts):
    """For people: the time, the sentence, then the facts."""

    def format(self, record: logging.LogRecord) -> str:
        facts = self.facts(record)
        clock = str(facts.pop("at"))[11:19]
        level, message, error = facts.pop("level"), printable(str(facts.pop("message"))), facts.pop("error", "")
        facts.pop("logger")
        rest = " ".join(f"{k}={printable(str(v))}" for k, v in facts.items())
        return f"{clock} {level:<7} {message} {rest}".rstrip() + "".join(
            f"\n  {printable(line)}" for line in str(error).split("\n") if line
        )


def printable(text: str) -> str:
    """`text` without control characters, so that nobody's input moves the cursor or breaks a line."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def as_json(value: object, indent: int | None = None) -> str:
    """JSON that is safe to look at: letters of every script as they are, what moves a cursor or turns a line around escaped."""
    text = json.dumps(value, ensure_ascii=False, default=str, indent=indent)
    return "".join(c if c.isprintable() or c == "\n" else _escaped(c) for c in text)


def _escaped(c: str) -> str:
    return json.dumps(c)[1:-1] if ord(c) > 0x7F else f"\\u{ord(c):04x}"


def logs(style: str, level: str) -> None:
    """Send all logs to standard error as `json` or `plain` lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if style == "json" else PlainLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for noisy in ("httpx", "httpcore", "dbos", "aiosqlite", "alembic", "asyncio", "uvicorn.access", "uvicorn.error", "urllib3"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


@contextlib.contextmanager
def working(what: str) -> Iterator[None]:
    """Tell what takes its time: a line at the beginning, the seconds at the end."""
    begun = clock.monotonic()
    print(f"  {what} …", file=sys.stderr, flush=True)
    yield
    print(f"  {what}: {clock.monotonic() - begun:.1f} s", file=sys.stderr, flush=True)


def width(text: str) -> int:
    """Columns that `text` takes; Hangul takes two each."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Columns under their heads, as wide as their widest cell."""
    cells = [list(head), *([printable(str(c)) for c in row] for row in rows)]
    widths = [max(width(row[i]) for row in cells) for i in range(len(head))]
    lines = ("  ".join(c + " " * (w - width(c)) for c, w in zip(row, widths, strict=True)).rstrip() for row in cells)
    return "\n".join(lines)
