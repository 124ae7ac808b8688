"""Filters of assets as people write them: `team:chat below:yes state:orphan tag:env=prod redis`."""

from __future__ import annotations

from podo.catalog.types import AssetQuery, AssetState, BadQuery, Provider, WrongAssetQuery

KEYS = ("provider", "account", "region", "kind", "team", "project", "state", "tag")
_YES = "yes"


def asset_query(text: str) -> AssetQuery:
    """Read a filter; what has no key is a part of a name or ARN. Raises `BadQuery`, `WrongAssetQuery`."""
    words: list[str] = []
    found: dict[str, str] = {}
    below = False
    for word in text.split():
        key, colon, value = word.partition(":")
        if colon and key in KEYS and value:
            found[key] = value
        elif word == f"below:{_YES}":
            below = True
        elif key == "arn" or not colon:
            words.append(word)
        else:
            raise BadQuery(word=word)
    return checked(AssetQuery(text=" ".join(words), below=below, **found))


def checked(query: AssetQuery) -> AssetQuery:
    """The query, if its provider and state are some that there are. Raises `WrongAssetQuery`."""
    for field, value, known in (("provider", query.provider, Provider), ("state", query.state, AssetState)):
        if value and value not in list(known):
            raise WrongAssetQuery(field=field, value=value, known=", ".join(known))
    return query


def tag_of(text: str) -> tuple[str, str] | None:
    """`env=prod` is a key and a value, `env` a key alone; None for an empty text. A quote ends nothing: it is left out."""
    key, _, value = text.replace('"', "").partition("=")
    return (key, value) if key else None


def below(team: str, parents: dict[str, str | None]) -> set[str]:
    """A team and all that are under it; `parents` are by id."""
    found = {team}
    while more := {id_ for id_, parent in parents.items() if parent in found} - found:
        found |= more
    return found
