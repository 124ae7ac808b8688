"""Declaring workflows and their two kinds of step.

Workflows are deterministic: no clock, no I/O, only steps. Their arguments and results are JSON of ids, never a secret.
A changed order of steps is a new name (`rollout_v2`); the old one stays until it is drained.
"""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from dbos import DBOS

from podo.kernel import traces
from podo.kernel.db import Tx
from podo.kernel.durable import seen
from podo.kernel.errors import KINDS, Broken, PodoError, Unavailable

if TYPE_CHECKING:
    from podo.kernel.durable.engine import Durable

P = ParamSpec("P")
R = TypeVar("R")
_log = logging.getLogger("podo.durable")
_engine: Durable | None = None

# (function's qualified name, undo's name or None) of every act; the sweep and the reference page read it.
acts: dict[str, str | None] = {}
workflows: dict[str, Callable[..., Awaitable[Any]]] = {}
names: dict[Callable[..., Awaitable[Any]], str] = {}
stuck_verbs: dict[str, Callable[..., Awaitable[Any]]] = {}


class Killed(BaseException):
    """The run ends here without an end: the process stops, or (in sweeps) was killed. Nothing may catch it; it goes on later."""


def _the_engine() -> Durable:
    if _engine is None:
        raise Killed("no engine runs (any more)")
    return _engine


def set_engine(engine: Durable | None) -> None:
    """The one engine of this process."""
    global _engine  # noqa: PLW0603 - the workflow engine itself is one a process
    _engine = engine


def workflow(
    name: str, *, stuck: Callable[..., Awaitable[None]]
) -> Callable[[Callable[P, Awaitable[R]]], Callable[P, Awaitable[R]]]:
    """Declare a workflow. `stuck(tx, *args)` marks its subject when the engine or our code fails in a way nobody planned."""

    def declare(body: Callable[P, Awaitable[R]]) -> Callable[P, Awaitable[R]]:
        @functools.wraps(body)
        async def run(*args: P.args, **kwargs: P.kwargs) -> R | None:
            try:
                # What was begun here is where it was begun; what was taken over is nowhere yet.
                under = None if traces.here() else await seen.kept(DBOS.workflow_id or "")
                await _the_engine().begin_course(DBOS.workflow_id or "")
                with seen.run(name, under):
                    return await body(*args, **kwargs)
            except Exception as error:
                if _engine is None or _engine.is_ending:
                    # The engine was taken from under the run, which says nothing of the run.
                    raise Killed from error
                _log.exception("run %s of %s is stuck", DBOS.workflow_id, name)
                await _the_engine().mark_stuck(name, args, f"{type(error).__name__}: {error}")
                raise

        declared = DBOS.workflow(name=name)(run)
        workflows[name], names[declared] = declared, name
        stuck_verbs[name] = stuck
        return declared  # type: ignore[return-value]

    return declare


def record(body: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """A step of rows only: `body(tx, *args)` returns JSON. Its checkpoint commits in the same transaction."""
    name = _name(body)

    @functools.wraps(body)
    async def step(*args: Any) -> Any:
        return _opened(await _the_engine().run_record(name, body, args))

    return step


def act(*, undo: str | None) -> Callable[[Callable[..., Awaitable[Any]]], Callable[..., Awaitable[Any]]]:
    """A step of the outside only: `body(world, *args)` returns JSON, and may be run twice.

    `world` is what the domain's descriptor put together for its steps. `undo` names the step that takes it back, or
    None where there is nothing to take back. `Unavailable` is retried with growing pauses before it is raised.
    """

    def declare(body: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        name = _name(body)
        domain = body.__module__.split(".")[1]
        acts[name] = undo

        @functools.wraps(body)
        async def step(*args: Any) -> Any:
            return _opened(await _the_engine().run_act(name, domain, body, args))

        return step

    return declare


async def closed_record(body: Callable[..., Awaitable[Any]], tx: Tx, args: tuple[Any, ...]) -> dict[str, Any]:
    """The result of a recording step; our errors pass, so that its transaction is rolled back."""
    return {"value": await body(tx, *args)}


async def refused_record(error: PodoError, _: Tx) -> dict[str, Any]:
    """What a recording step came to that refused: nothing but its error."""
    return packed(error)


async def closed_act(call: Awaitable[Any]) -> dict[str, Any]:
    """Our errors as JSON, so that a replay raises the same one."""
    try:
        return {"value": await call}
    except PodoError as error:
        return packed(error)


def packed(error: PodoError) -> dict[str, Any]:
    """An error of ours as JSON."""
    # One that was unpacked before bears its words among its data.
    facts = {name: value for name, value in error.data.items() if name not in ("_so", "_do")}
    return {"error": error.kind, "code": error.code, "data": facts, "said": list(error.said())}


def _opened(outcome: dict[str, Any]) -> Any:
    if "error" not in outcome:
        return outcome["value"]
    raise unpacked(outcome)


def unpacked(outcome: dict[str, Any]) -> PodoError:
    """The error that was packed, with its kind, code, data and words."""
    kind = next((k for k in KINDS if k.kind == outcome["error"]), Broken)
    so, do = outcome["said"]
    replayed = kind(**outcome["data"], _so=so, _do=do)
    vars(replayed).update(code=outcome["code"], so="{_so}", do="{_do}")
    replayed.args = (replayed.code, replayed.data)
    return replayed


async def patiently(call: Callable[[], Awaitable[R]], pauses: tuple[float, ...]) -> R:
    """Call again after each pause while the outside is `Unavailable`; then let it be raised."""
    for pause in pauses:
        try:
            return await call()
        except Unavailable as error:
            _log.info("the outside is unavailable (%s), again in %.1f s", error, pause)
            await asyncio.sleep(pause)
    return await call()


def _name(body: Callable[..., Any]) -> str:
    return f"{body.__module__.split('.')[1]}.{body.__name__}"
