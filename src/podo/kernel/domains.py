"""What a domain hands to the house, and what the house hands to a domain."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from podo.kernel.db import Database
from podo.kernel.durable import Durable
from podo.kernel.events import Handler
from podo.kernel.settings import Seal, Settings

if TYPE_CHECKING:
    from podo.kernel.http.routes import Routes

T = TypeVar("T")


class Ports:
    """The adapters of this process, found by the port they answer: `ports[GitReader]`."""

    def __init__(self) -> None:
        self._adapters: dict[type[Any], Any] = {}

    def put(self, port: type[T], adapter: T) -> None:
        """Let `adapter` answer `port`; a port has one adapter."""
        if port in self._adapters:
            raise ValueError(f"{port.__name__} is answered already")
        self._adapters[port] = adapter

    def __getitem__(self, port: type[T]) -> T:
        return self._adapters[port]

    def __contains__(self, port: type[Any]) -> bool:
        return port in self._adapters

    async def close(self) -> None:
        """Close what holds connections, the last put first."""
        for adapter in reversed(list(self._adapters.values())):
            if hasattr(adapter, "close"):
                await adapter.close()


@dataclass(frozen=True, slots=True)
class Permissions:
    """Everything that domains declared as permissions."""

    all: Sequence[object]


class News(Protocol):
    """Tells open pages, and runs that wait, that something outside has changed."""

    def observed(self, project: str, *, settled: bool = True) -> None:
        """What runs under this name was seen to change; not `settled`: it is on its way still, as who waits for its end knows."""
        ...

    def settling(self, project: str) -> AbstractContextManager[asyncio.Event]:
        """While inside, the event is set each time that what runs under this name was seen settled, in any process."""
        ...


class Slots:
    """What domains contributed to the typed places that lower domains leave open, in the order of the floors."""

    def __init__(self, contributions: Sequence[object]) -> None:
        self._contributions = contributions

    def __getitem__(self, slot: type[T]) -> Sequence[T]:
        return [c for c in self._contributions if isinstance(c, slot)]


@dataclass(frozen=True, slots=True)
class House:
    """What is there while the process lives.

    `directory` is the server's folder, where a domain may keep files of its own; `url` the address under which people reach it.
    """

    settings: Settings
    database: Database
    observed: Database
    durable: Durable
    seal: Seal
    ports: Ports
    slots: Slots
    directory: Path = Path(".podo")
    url: str = "http://127.0.0.1:8080"


class Role(StrEnum):
    """What a process does: answer people, carry out what was asked, or watch clusters. By default one does all."""

    web = "web"
    worker = "worker"
    watcher = "watcher"


@dataclass(frozen=True, slots=True)
class Round:
    """A sweep with its name and pause in seconds.

    A round of the workers runs in one process at a time; one of another role in all its processes, which share the work out
    themselves; one of no role in every process.
    """

    name: str
    every: float
    sweep: Callable[[House], Awaitable[None]]
    role: Role | None = Role.worker


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain's descriptor.

    `settings` maps a section's name to its class; `slots` are instances of slot types; `handlers` listen to events;
    `rounds` are made by the worker; `adapters(house)` puts adapters into `house.ports`; `world(house)` is what its acts get;
    `permissions` are the verbs that Cedar's policies know.
    """

    name: str
    routes: Sequence[Routes] = ()
    settings: Mapping[str, type[Any]] = field(default_factory=dict)
    slots: Sequence[object] = ()
    handlers: Sequence[Handler] = ()
    rounds: Sequence[Round] = ()
    adapters: Callable[[House], Awaitable[None]] | None = None
    world: Callable[[House], Any] | None = None
    permissions: Sequence[object] = ()
