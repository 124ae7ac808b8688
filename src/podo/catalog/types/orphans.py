"""The orphan court: assets of which nobody is known, what speaks for whom, and what is done; events and errors of assets."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from podo.catalog.types.assets import Asset, Trouble
from podo.kernel.errors import N_, Conflict, Invalid, Missing
from podo.kernel.events import Event


class ClueKind(StrEnum):
    """The ladder: what speaks for an owner, the strongest first."""

    tag = "tag"
    record = "record"
    namespace = "namespace"
    on_call = "on_call"
    creator = "creator"
    committed = "committed"
    deployed = "deployed"
    approved = "approved"
    stack = "stack"
    prefix = "prefix"
    network = "network"


@dataclass(frozen=True, slots=True)
class Clue:
    """One thing that speaks for an owner: what it is, the value it was read from, and how sure it makes one by itself.

    `count` of `of` neighbours belong to the owner, or `count` of `of` people are of it; both are 0 for evidence that is no count.
    """

    kind: ClueKind
    value: str
    confidence: float
    count: int = 0
    of: int = 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """Who may own an asset: `project:<slug>` or `team:<id>`; how sure that is, 0 to 1, and why, the strongest first."""

    owner: str
    confidence: float
    clues: tuple[Clue, ...]


@dataclass(frozen=True, slots=True)
class OrphanCase:
    """An asset of which nobody is known. Its ranked candidates have time until `due_at`; then quarantine may be asked for."""

    asset: Asset
    trouble: Trouble
    opened_at: datetime
    due_at: datetime
    candidates: tuple[Candidate, ...]
    skipped_at: datetime | None
    skipped_by: str


@dataclass(frozen=True, slots=True)
class ClueGroup:
    """Cases that the same evidence speaks for: the kind of the first clue, the owner, how many, and the least confidence."""

    because: ClueKind
    owner: str
    count: int
    confidence: float


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody, or a rule, decided of an asset: `assign` says whose it is, `quarantine` that it is set apart.

    `batch` is common to what was decided at once; `owner` is empty for a quarantine.
    """

    id: str
    batch: str
    asset: str
    kind: str
    owner: str
    at: datetime
    by: str
    why: str
    clues: tuple[Clue, ...]
    confidence: float
    withdrawn_at: datetime | None
    withdrawn_by: str


# -- events


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetsLinked(Event):
    """Assets found their owner by exact ids in their tags, or by the namespace they were made for; `links` is owner → ids."""

    code: ClassVar[str] = "catalog.assets_linked"
    sentence: ClassVar[str] = N_("{count} assets of {account} found their owners by their tags")
    provider: str
    account: str
    count: int
    lost: int
    evidence: str
    links: dict[str, list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetsGone(Event):
    """A complete run over an account did not see these any more."""

    code: ClassVar[str] = "catalog.assets_gone"
    sentence: ClassVar[str] = N_("{count} assets of {account} are gone")
    provider: str
    account: str
    source: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InventoryDoubted(Event):
    """A complete run missed so much that nothing was removed: `missing` of `there`. A second one that does is believed."""

    code: ClassVar[str] = "catalog.inventory_doubted"
    sentence: ClassVar[str] = N_("An inventory of {account} missed {missing} of {there} assets: nothing was removed")
    provider: str
    account: str
    source: str
    missing: int
    there: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetsAssigned(Event):
    """It was decided whose these assets are; `assets` are their ids, with commas, `evidence` the kinds of what spoke for it."""

    code: ClassVar[str] = "catalog.assets_assigned"
    sentence: ClassVar[str] = N_("{actor} decided that {count} assets are {owner_name}’s")
    assets: str
    count: int
    owner: str
    owner_name: str
    evidence: str
    confidence: float
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetsQuarantined(Event):
    """Assets of which nobody is known were set apart; nothing was deleted."""

    code: ClassVar[str] = "catalog.assets_quarantined"
    sentence: ClassVar[str] = N_("{actor} put {count} assets into quarantine")
    assets: str
    count: int
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetDecisionWithdrawn(Event):
    """A decision about an asset was undone; `kind` is which of the two."""

    code: ClassVar[str] = "catalog.asset_decision_withdrawn"
    sentence: ClassVar[str] = N_("{actor} undid the {kind} of {name}")
    asset: str
    name: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrphansFound(Event):
    """Nobody is known for these assets; their account’s team keeps them until somebody takes them.

    `candidates` says of how many each is the likeliest owner (`project:<slug>`, `team:<id>`).
    """

    code: ClassVar[str] = "catalog.orphans_found"
    sentence: ClassVar[str] = N_("{count} assets have no owner that is known")
    count: int
    candidates: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrphansDue(Event):
    """The time in which candidates may claim assets is nearly over; `candidates` as of `OrphansFound`."""

    code: ClassVar[str] = "catalog.orphans_due"
    sentence: ClassVar[str] = N_("{count} assets have no owner yet, and may be claimed until {due}")
    count: int
    due: str
    candidates: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class OrphansSkipped(Event):
    """Cases were put back to the end of the queue, or to their place again."""

    code: ClassVar[str] = "catalog.orphans_skipped"
    sentence: ClassVar[str] = N_("{actor} put {count} cases of the orphan court at the {end} of the queue")
    assets: str
    count: int
    end: str


# -- errors


class NoSuchAsset(Missing):
    """Inventory never saw it."""

    code = "catalog.no_such_asset"
    so = N_("There is no asset “{name}”.")
    do = N_("Give an id, or the whole ARN; look for it on /assets.")


class NoSuchDecision(Missing):
    """There is nothing to undo."""

    code = "catalog.no_such_decision"
    so = N_("Nothing was decided of “{name}” that could be undone.")
    do = N_("See its history on the asset’s page.")


class WrongOwner(Invalid):
    """Neither a project nor a team."""

    code = "catalog.wrong_owner"
    so = N_("“{owner}” cannot own an asset.")
    do = N_("Give project:<name> or team:<id or handle>.")


class TooManyAssets(Invalid):
    """More than are decided at once."""

    code = "catalog.too_many_assets"
    so = N_("{count} assets are too many at once.")
    do = N_("Send 1 to {most}.")


class NoOrphan(Conflict):
    """Somebody is known."""

    code = "catalog.no_orphan"
    so = N_("{name} is no orphan.")
    do = N_("Look at its page: it says whose it is.")


class NotYetDue(Conflict):
    """Those who may own it still have time."""

    code = "catalog.not_yet_due"
    so = N_("{name} may be claimed until {due}.")
    do = N_("Ask for quarantine after that, or say whose it is now.")


class AssetGone(Conflict):
    """It is no more."""

    code = "catalog.asset_gone"
    so = N_("{name} is gone since {at}.")
    do = N_("Nothing needs to be done: if it comes back, inventory finds it.")


class WrongAssetQuery(Invalid):
    """A filter that asks for what cannot be."""

    code = "catalog.wrong_asset_query"
    so = N_("“{value}” cannot be the {field} of assets.")
    do = N_("Choose one of: {known}.")
