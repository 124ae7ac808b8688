"""Nouns that every domain speaks: who acts, and a page of a list."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")


class ActorKind(StrEnum):
    """What kind of thing acts."""

    person = "person"
    token = "token"  # noqa: S105 - a kind, not a secret
    podo = "podo"
    outside = "outside"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. `id` is a person's stable id, or a machine's name; `via` is the token's id when a token stands for a person."""

    kind: ActorKind
    id: str
    via: str | None = None
    scopes: frozenset[str] | None = field(default=None, compare=False)


PODO = Actor(ActorKind.podo, "podo")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page of a list: `items`, the cursor of the next page (None at the end), and the total where it is known."""

    items: Sequence[T]
    next: str | None = None
    total: int | None = None
