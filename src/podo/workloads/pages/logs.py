"""A container's log in the panel.

A line's number counts from the moment in the address (`since`), so that `#L120-L140` means the same lines tomorrow, as long
as the cluster keeps them. Clusters take that moment to the second.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from starlette.responses import Response, StreamingResponse

from podo.kernel.errors import N_
from podo.kernel.http import Web
from podo.kernel.http.web import WebIn
from podo.kernel.ui import languages, page
from podo.workloads import reads, rules, service
from podo.workloads.pages.listing import routes
from podo.workloads.ports import LogsOf, WorkloadReader
from podo.workloads.types import READ, Pod, View

TAIL = 500
MOST = 2000
_OVER = ("succeeded", "failed", "ending")
_AGAIN = 5000
_BEGINNING = "1970-01-01T00:00:00Z"


@dataclass(frozen=True, slots=True)
class LogRow:
    """A numbered line; of `kind` mark, the place where a container started again. `stamp` is its time as the cluster wrote it."""

    number: int
    at: datetime | None
    text: str
    kind: str
    stamp: str = ""


def _row(number: int, line: str) -> LogRow:
    at, text, kind = rules.log_line(line)
    return LogRow(number, at, text, kind, line.partition(" ")[0] if at else "")


@dataclass(frozen=True, slots=True)
class Which:
    """Whose log, from when."""

    project: str
    view: View
    pod: Pod
    container: str
    previous: bool
    since: str


@dataclass(frozen=True, slots=True)
class Log:
    """Lines, and where there are others; `follow` streams further ones, empty when these are not the last."""

    rows: Sequence[LogRow]
    container: str
    previous: bool
    containers: Sequence[tuple[str, str]]
    other_run: str
    beginning: str
    newest: str
    later: str
    follow: str


@page("workloads/_line.html")
@dataclass(frozen=True, slots=True)
class LinePiece:
    """One line of a followed log."""

    line: LogRow


def empty(which: Which, here: str) -> Log:
    """A log whose lines could not be read."""
    now = {"container": which.container, "previous": "1" if which.previous else ""}

    def at(**more: str) -> str:
        return f"{here}&{urlencode({k: v for k, v in {**now, **more}.items() if v})}"

    return Log(
        rows=(),
        container=which.container,
        previous=which.previous,
        containers=[(c.name, at(container=c.name)) for c in which.pod.containers],
        other_run=at(previous="" if which.previous else "1") if _ran_before(which) else "",
        beginning=at(since=_BEGINNING),
        newest=at(),
        later="",
        follow="",
    )


async def read(w: Web, which: Which, here: str) -> Log | str:
    """The log from its moment on; the address with a moment where it has none yet."""
    shell = empty(which, here)
    since = _moment(which.since)
    if since is None:
        begins = await _begins(w, which)
        if begins is not None:
            return f"{shell.newest}&{urlencode({'since': begins.strftime('%Y-%m-%dT%H:%M:%SZ')})}"
    rows: list[LogRow] = []
    if which.previous and _ran_before(which):
        rows = await _rows(w, which, LogsOf(which.container, previous=True, since=since), 1)
        restarts = next((c.restarts for c in which.pod.containers if c.name == which.container), 0)
        again = N_("{container} started again, restart {number}")
        rows.append(LogRow(0, None, languages.say(w.lang, again, container=which.container, number=restarts), "mark"))
    before = max((x.number for x in rows), default=0)
    now = await _rows(w, which, LogsOf(which.container, since=since), before + 1)
    whole = len(now) < MOST
    last = next((x for x in reversed(now) if x.at), None)
    follow = {
        "pod": which.pod.name,
        "container": which.container,
        "number": before + len(now),
        "behind": last.stamp if last else "",
    }
    later = last.at.strftime("%Y-%m-%dT%H:%M:%SZ") if last and last.at else ""
    return replace(
        shell,
        rows=[*rows, *now],
        later="" if whole else f"{shell.newest}&{urlencode({'since': later})}",
        follow=f"/{which.project}/workloads/follow?{urlencode(follow)}" if whole else "",
    )


def _ran_before(which: Which) -> bool:
    """Whether there is a run before the one that is shown: of a container that waits to start again, the last one is shown."""
    found = next((c for c in which.pod.containers if c.name == which.container), None)
    return found is not None and found.restarts > 0 and (found.state != "waiting" or found.restarts > 1)


async def _begins(w: Web, which: Which) -> datetime | None:
    """The second from which on the last lines are shown; None when there is no line."""
    found = await _rows(w, which, LogsOf(which.container, previous=which.previous, tail=TAIL), 1)
    first = next((x.at for x in found if x.at), None)
    if first is None:
        return None
    second = first.astimezone(UTC).replace(microsecond=0)
    # The first second may have more lines than the tail shows: begin with the next one, unless there is none.
    later = second + timedelta(seconds=1)
    return later if len(found) == TAIL and any(x.at and x.at >= later for x in found) else second


async def _rows(w: Web, which: Which, wanted: LogsOf, first: int) -> list[LogRow]:
    reader = w.house.ports[WorkloadReader]
    rows: list[LogRow] = []
    lines = reads.logs(reader, which.view, which.project, which.pod.name, wanted)
    async with aclosing(lines):
        async for line in lines:
            rows.append(_row(first + len(rows), line))
            if len(rows) == MOST:
                break
    return rows


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@routes.page("/{project}/workloads/follow", permission=READ.id)
async def follow(project: str, pod: str, container: str = "", number: int = 0, behind: str = "", w: Web = WebIn) -> Response:
    """Lines behind the time `behind`, numbered from `number` on, as server-sent events; after a cut, behind `Last-Event-ID`.

    Places are times, because numbers begin anew when a container does.
    """
    view, _, found = service.pick_pod(await service.look(w.reading, w.observing, project), pod)
    resumed, _, known = w.request.headers.get("last-event-id", "").partition(" ")
    if known.isdecimal():
        behind, number = resumed, int(known)
    since = rules.log_line(behind)[0]
    wanted = LogsOf(container or None, since=since.replace(microsecond=0) if since else None, follow=True)
    lines = reads.logs(w.house.ports[WorkloadReader], view, project, found.name, wanted)

    hub = w.request.app.state.hub

    async def pieces() -> AsyncIterator[str]:
        last = number
        async with aclosing(hub.until_closing(lines)) as open_:
            async for line in open_:
                if line.partition(" ")[0] <= behind:
                    continue
                last += 1
                row = _row(last, line)
                body = bytes((await w.fragment(LinePiece(row))).body).decode()
                yield f"id: {row.stamp} {last}\n" + "".join(f"data: {part}\n" for part in body.splitlines()) + "\n"
        if not hub.closing.is_set():
            # A container that starts again has more to say, in a while.
            yield "event: end\ndata: end\n\n" if found.state in _OVER else f"retry: {_AGAIN}\nevent: again\ndata: again\n\n"

    return StreamingResponse(pieces(), media_type="text/event-stream", headers={"cache-control": "no-store"})
