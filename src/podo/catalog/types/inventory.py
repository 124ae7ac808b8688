"""Accounts of clouds, and what was seen in them when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

GLOBAL = "global"


class Provider(StrEnum):
    """A cloud."""

    aws = "aws"
    gcp = "gcp"


class AccountKind(StrEnum):
    """Whether an account is a cloud's own, or a simulated one in Podo's process."""

    real = "real"
    twin = "twin"


@dataclass(frozen=True, slots=True)
class CloudAccount:
    """An account of AWS or a project of GCP.

    `regions` are asked one by one, and what belongs to no region with them (none for GCP: one list holds all). `role` is an ARN
    that Podo takes on to read and tag there, empty for its own rights; `team` has custody of what nobody owns.
    """

    provider: Provider
    id: str
    name: str
    regions: tuple[str, ...] = ()
    role: str = ""
    external_id: str = ""
    team: str = ""
    kind: AccountKind = AccountKind.real


@dataclass(frozen=True, slots=True)
class SeenAsset:
    """An asset as a listing shows it.

    `arn` is the name that the cloud knows it by (GCP: the full resource name); `kind` is `service:thing`; `tags` is None where
    the listing does not tell them; `region` is `global` for what belongs to none.
    """

    arn: str
    kind: str
    name: str
    region: str
    tags: Mapping[str, str] | None = None
    creator: str = ""
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """One listing of an account and region: `tags` (what was ever tagged), or a service's own (`ec2:instance`).

    What it does not show any more is gone if its kind is one of `kinds`, or, with `is_rest`, one that no other source of the
    region names. A source of what is not listed says `why`.
    """

    name: str
    kinds: tuple[str, ...] = ()
    is_rest: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class AssetPage:
    """A piece of a listing: `next` is where it goes on, empty at its end; `unsupported` are kinds that cannot be tagged."""

    seen: tuple[SeenAsset, ...]
    next: str = ""
    unsupported: tuple[str, ...] = ()


class InventoryState(StrEnum):
    """How the last look at a source went."""

    running = "running"
    done = "done"
    waiting = "waiting"
    refused = "refused"
    stuck = "stuck"


@dataclass(frozen=True, slots=True)
class Inventory:
    """The last look at one source of an account and region. `why` and `do` say what went wrong and what to do."""

    provider: Provider
    account: str
    region: str
    source: str
    state: InventoryState
    run: str
    began_at: datetime
    ended_at: datetime | None = None
    done_at: datetime | None = None
    asked_at: datetime | None = None
    pages: int = 0
    seen: int = 0
    gone: int = 0
    why: str = ""
    do: str = ""
    unsupported: tuple[str, ...] = field(default=())
