"""What happened: said by a domain as an `Event`, read by everyone as an `Entry`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import MISSING, dataclass, field, fields
from datetime import datetime
from typing import Any, ClassVar, Protocol

from podo.kernel.db import Tx, Whence
from podo.kernel.errors import N_
from podo.kernel.nouns import Actor
from podo.kernel.traces import Point

_PLACES = ("project", "environment", "region", "subject")


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What a domain says happened. Subclasses name `code` and `sentence` and add fields of plain JSON; never a secret.

    `sentence` is an English template over the fields plus `{actor}`; it is translated when it is read, and never stored.
    `subject` is the address of what it is about, such as `deployment/chat-api/214`.
    """

    code: ClassVar[str] = "podo.event"
    sentence: ClassVar[str] = N_("{actor} did something")
    known: ClassVar[dict[str, type[Event]]] = {}
    # What stands for fields that an event of an older version lacks: a field that is added to an event has a default.
    defaults: ClassVar[dict[str, Any]] = {}

    project: str | None = None
    environment: str | None = None
    region: str | None = None
    subject: str | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        # No super(): dataclasses with slots make the class twice, and zero-argument super would know only the first.
        if "code" not in cls.__dict__:
            return  # fields that several events share are no event
        if cls.__name__.startswith("_"):
            # What several events have in common is none itself.
            return
        other = Event.known.get(cls.code)
        if other is not None and other.__qualname__ != cls.__qualname__:
            raise TypeError(f"the event code {cls.code} is taken by {other.__qualname__}")
        Event.known[cls.code] = cls
        # Only the second of the two classes has been through the decorator, and knows its fields.
        if "__dataclass_fields__" in cls.__dict__:
            cls.defaults = {f.name: f.default for f in fields(cls) if f.name not in _PLACES and f.default is not MISSING}

    def facts(self) -> dict[str, Any]:
        """The fields beside the four places, as plain JSON."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in _PLACES}


@dataclass(frozen=True, slots=True)
class Entry:
    """An event as it stands in the log. `position` is None until the sealer has been there (within a second).

    `trace` is the point at which it was said, as a W3C traceparent.
    """

    id: str
    position: int | None
    at: datetime
    actor: Actor
    code: str
    project: str | None
    environment: str | None
    region: str | None
    subject: str | None
    cause: str | None
    request_id: str | None
    facts: dict[str, Any] = field(hash=False)
    trace: str | None = None

    @property
    def sentence(self) -> str:
        """The English template to tell it by; codes of events that are no longer known are told by the code alone."""
        known = Event.known.get(self.code)
        return known.sentence if known else self.code

    @property
    def whence(self) -> Whence:
        """For what follows from it, where several are heard in one transaction: see `Tx.following`."""
        return Whence(self.request_id, self.id, self.trace)


class Handling(Protocol):
    """What a handler may use: transactions caused by the event, and the start of runs."""

    def transaction(self) -> AbstractAsyncContextManager[Tx]:
        """A transaction by Podo itself, whose events name the heard event as their cause."""
        ...

    def hearing(self, entry: Entry) -> AbstractContextManager[Point | None]:
        """While inside, what is done follows from that event, of several that are heard; it gives where in its trace that is."""
        ...

    async def start(self, workflow: Callable[..., Awaitable[Any]], run_id: str, *args: Any) -> None:
        """Start a durable run; a second start with the same id does nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Handler:
    """Something that listens. `name` is its cursor's name and must never change; `codes` are the events it hears.

    Where several events wait, `many` hears them together, in order, if there is one; when it fails, `call` hears each by itself,
    also those that `many` was done with. Its transactions name the first of them as their cause.
    """

    name: str
    codes: frozenset[str]
    call: Callable[[Entry, Handling], Awaitable[None]]
    many: Callable[[Sequence[Entry], Handling], Awaitable[None]] | None = None
