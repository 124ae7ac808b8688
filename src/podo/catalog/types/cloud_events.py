"""What happens to accounts of clouds and plans of tags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from podo.kernel.errors import N_
from podo.kernel.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChanged(Event):
    """An account of a cloud was added or changed."""

    code: ClassVar[str] = "catalog.account_changed"
    sentence: ClassVar[str] = N_("{actor} set the account {name} of {provider}")
    provider: str
    account: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRemoved(Event):
    """An account of a cloud is asked no more; what was seen in it stays known."""

    code: ClassVar[str] = "catalog.account_removed"
    sentence: ClassVar[str] = N_("{actor} removed the account {name} of {provider}")
    provider: str
    account: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryAsked(Event):
    """Somebody wants an account to be looked at now."""

    code: ClassVar[str] = "catalog.inventory_asked"
    sentence: ClassVar[str] = N_("{actor} asked what is in the account {name}")
    provider: str
    account: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryFailed(Event):
    """A listing that used to answer, or was never asked, does not: what is known of it grows old."""

    code: ClassVar[str] = "catalog.inventory_failed"
    sentence: ClassVar[str] = N_("{source} of the account {account} in {place} was not read: {why}")
    provider: str
    account: str
    place: str
    source: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryRecovered(Event):
    """A listing that did not answer does again."""

    code: ClassVar[str] = "catalog.inventory_recovered"
    sentence: ClassVar[str] = N_("{source} of the account {account} in {place} is read again")
    provider: str
    account: str
    place: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TagsPlanned(Event):
    """A plan of tags was made; nothing is written yet."""

    code: ClassVar[str] = "catalog.tags_planned"
    sentence: ClassVar[str] = N_("{actor} planned the tags of {assets} assets in {calls} calls")
    plan: str
    kind: str
    assets: int
    calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TagsApplied(Event):
    """Somebody lets a plan be written, or go on; `turn` tells this time from others."""

    code: ClassVar[str] = "catalog.tags_applied"
    sentence: ClassVar[str] = N_("{actor} let the tags of plan {plan} be written")
    plan: str
    turn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TagsPaused(Event):
    """A plan rests: what is written stays, the rest waits. `why` is empty where a person paused it."""

    code: ClassVar[str] = "catalog.tags_paused"
    sentence: ClassVar[str] = N_("{actor} paused the plan of tags {plan}")
    plan: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TagsWritten(Event):
    """Some assets bear other tags now."""

    code: ClassVar[str] = "catalog.tags_written"
    sentence: ClassVar[str] = N_("{count} assets of {account} in {place} were tagged")
    plan: str
    account: str
    place: str
    count: int
    failed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TagsDone(Event):
    """A plan of tags is over."""

    code: ClassVar[str] = "catalog.tags_done"
    sentence: ClassVar[str] = N_("The plan of tags {plan} is done: {written} written, {failed} failed, {gone} gone")
    plan: str
    written: int
    failed: int
    gone: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TagsWithdrawn(Event):
    """A plan was thrown away before it was written."""

    code: ClassVar[str] = "catalog.tags_withdrawn"
    sentence: ClassVar[str] = N_("{actor} threw away the plan of tags {plan}")
    plan: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TagsStuck(Event):
    """The writing of a plan broke in a way that nobody planned."""

    code: ClassVar[str] = "catalog.tags_stuck"
    sentence: ClassVar[str] = N_("The plan of tags {plan} is stuck: {why}")
    plan: str
    why: str
