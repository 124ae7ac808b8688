"""Things in clouds, as inventory found them: whose they are, and how that is known."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from podo.catalog.types.inventory import Provider
from podo.kernel.db import Reading


class AssetState(StrEnum):
    """What a person would say of an asset: whose it is, or what stands in the way of that."""

    owned = "owned"
    custody = "custody"
    orphan = "orphan"
    dead = "dead"
    quarantined = "quarantined"
    gone = "gone"


class Trouble(StrEnum):
    """Why nobody is known: it says nothing of an owner, names one that was never there, or one that is no more."""

    untagged = "untagged"
    unknown = "unknown"
    dead = "dead"


class Proof(StrEnum):
    """How an asset's owner is known: by its own tags, by a cluster's, or because somebody (or a rule) decided."""

    tag = "tag"
    cluster = "cluster"
    decision = "decision"


@dataclass(frozen=True, slots=True)
class Asset:
    """A thing in a cloud.

    `holder` is the subject whose interval of ownership says the team: `project:<slug>`, `asset:<id>`, or, while nobody is known,
    `account:<provider>/<account>`. `team` is the owner's id as of now, None where not even the account has one. While nobody is
    known there is no `proof`, and `trouble` says why.
    """

    id: str
    provider: Provider
    account: str
    region: str
    kind: str
    name: str
    arn: str
    tags: Mapping[str, str]
    creator: str
    created_at: datetime | None
    found_at: datetime
    seen_at: datetime
    gone_at: datetime | None
    holder: str
    team: str | None
    custody: bool
    proof: Proof | None
    trouble: Trouble | None
    quarantined_at: datetime | None

    @property
    def project(self) -> str | None:
        """The project that it belongs to, None where there is none."""
        kind, _, slug = self.holder.partition(":")
        return slug if kind == "project" else None

    @property
    def state(self) -> AssetState:
        """The one word for it."""
        if self.gone_at is not None:
            return AssetState.gone
        if self.quarantined_at is not None:
            return AssetState.quarantined
        if self.trouble is not None:
            return AssetState.dead if self.trouble is Trouble.dead else AssetState.orphan
        return AssetState.custody if self.custody else AssetState.owned


@dataclass(frozen=True, slots=True)
class AssetQuery:
    """Which assets; what is empty asks for nothing. Without a state those that are gone are left out.

    `team` is an id or handle; with `below` also what the teams under it own. `tag` is `key` or `key=value`.
    """

    text: str = ""
    provider: str = ""
    account: str = ""
    region: str = ""
    kind: str = ""
    team: str = ""
    below: bool = False
    project: str = ""
    state: str = ""
    tag: str = ""


@dataclass(frozen=True, slots=True)
class AssetFacets:
    """How many assets a query finds, in all and by each value of what it can be narrowed by; the most come first."""

    total: int
    providers: tuple[tuple[str, int], ...]
    accounts: tuple[tuple[str, int], ...]
    regions: tuple[tuple[str, int], ...]
    kinds: tuple[tuple[str, int], ...]
    states: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """What a page of inventory changed, in numbers of assets; `back` are those that were gone."""

    new: int
    changed: int
    same: int
    back: int


@dataclass(frozen=True, slots=True)
class Finished:
    """What the end of a complete run removed. `is_doubted`: so much was missing that nothing was removed for now."""

    gone: int
    is_doubted: bool


@dataclass(frozen=True, slots=True)
class TagWish:
    """What Podo wants an asset's tags to say: the ids of its project and team, and since when it is in quarantine."""

    asset: str
    arn: str
    provider: Provider
    account: str
    region: str
    kind: str
    tags: Mapping[str, str]
    project: str | None
    team: str | None
    quarantined_at: datetime | None


@dataclass(frozen=True, slots=True)
class AssetMoney:
    """Slot: what assets cost. `monthly(r, ids)` gives (amount, currency) of the last 30 days for those that cost anything."""

    monthly: Callable[[Reading, Sequence[str]], Awaitable[Mapping[str, tuple[Decimal, str]]]]


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many assets had an owner on a day, of how many; `custody` of the owned are in custody alone."""

    day: date
    assets: int
    owned: int
    custody: int
    orphans: int
    quarantined: int

    @property
    def share(self) -> float:
        """Of all assets, those with an owner; 1 where there are none."""
        return self.owned / self.assets if self.assets else 1.0
