"""What is asked of AWS, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Access:
    """An account, and the role that is taken on to work in it; without one, Podo's own credentials are the account's."""

    account: str
    role: str = ""
    external_id: str = ""


@dataclass(frozen=True, slots=True)
class Keys:
    """Credentials for those who do not use the chain of AWS's own client (tests)."""

    key: str
    secret: str = field(repr=False)
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Tagged:
    """A resource and all its tags."""

    arn: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Listed:
    """A resource as its own service lists it; `tags` is None where the list does not tell."""

    arn: str
    kind: str
    name: str
    tags: Mapping[str, str] | None
    created_at: datetime | None


@dataclass(frozen=True, slots=True)
class Piece:
    """A page of a list; `next` is the token of the next one, empty at the end."""

    items: tuple[Any, ...]
    next: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """What `FailedResourcesMap` says of one ARN."""

    status: int
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Listing:
    """How a service lists one kind of resource.

    `items` is the way to the list in the answer, with slashes, through lists. An item is a text, or an object whose field `id` is
    what stands in `arn` (`{partition}`, `{region}`, `{account}`, `{id}`); an `arn` without braces names the field that holds it.
    `name`, `tags` and `created` are fields. `page`: the parameter of the next page, and the way to its value, both empty where
    there is one page. `left_out`: a field, and values of it with which an item is there no more.
    """

    kind: str
    service: str
    operation: str
    items: str
    id: str = ""
    arn: str = ""
    name: str = ""
    tags: str = ""
    created: str = ""
    params: Mapping[str, Any] = field(default_factory=dict[str, Any])
    page: tuple[str, str] = ("NextToken", "NextToken")
    left_out: tuple[str, tuple[str, ...]] = ("", ())
    is_global: bool = False
