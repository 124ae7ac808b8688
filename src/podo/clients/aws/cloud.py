"""The verbs of AWS that Podo uses: list what was tagged, list a service's own, tag, untag, read back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from podo.clients.aws.connection import Connection
from podo.clients.aws.services import name_of, partition
from podo.clients.aws.types import Access, Failure, Listed, Listing, Piece, Tagged

TAGGING = "resourcegroupstaggingapi"
MOST_ARNS = 20
MOST_TAGS = 50
MOST_ASKED = 100


class Aws:
    """AWS over a `Connection`. All verbs raise the errors of `podo.clients.aws.errors`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def tagged(self, access: Access, region: str, token: str = "", services: Sequence[str] = ()) -> Piece:
        """A page of `Tagged`: all that bears tags or ever did, of these services alone where some are named."""
        only = {"ResourceTypeFilters": list(services)} if services else {}
        answer = await self._connection.call(
            access, region, TAGGING, "get_resources", PaginationToken=token, ResourcesPerPage=MOST_ASKED, **only
        )
        return Piece(tuple(_tagged(answer)), answer.get("PaginationToken") or "")

    async def listed(self, access: Access, region: str, listing: Listing, token: str = "") -> Piece:
        """A page of `Listed`, as the service itself lists them."""
        params = {key: value.format(region=region) if isinstance(value, str) else value for key, value in listing.params.items()}
        if token:
            params[listing.page[0]] = token
        answer = await self._connection.call(access, region, listing.service, listing.operation, **params)
        items = tuple(_listed(item, listing, access.account, region) for item in _items(answer, listing))
        following = next(_walk(answer, listing.page[1]), None) if listing.page[1] else None
        return Piece(items, str(following or ""))

    async def tags_of(self, access: Access, region: str, arns: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        """The tags of at most 100 ARNs as they are now. Those that are gone, or were never tagged, are left out."""
        if len(arns) > MOST_ASKED:
            raise ValueError(f"at most {MOST_ASKED} ARNs are asked at once")
        # Neither filters nor pages go with a list of ARNs.
        answer = await self._connection.call(access, region, TAGGING, "get_resources", ResourceARNList=list(arns))
        return {found.arn: found.tags for found in _tagged(answer)}

    async def tag(self, access: Access, region: str, arns: Sequence[str], tags: Mapping[str, str]) -> Mapping[str, Failure]:
        """Set `tags` on at most 20 ARNs; those that failed, each with its code, although the whole says 200."""
        _bounded(arns, tags)
        answer = await self._connection.call(
            access, region, TAGGING, "tag_resources", ResourceARNList=list(arns), Tags=dict(tags)
        )
        return _failures(answer)

    async def untag(self, access: Access, region: str, arns: Sequence[str], keys: Sequence[str]) -> Mapping[str, Failure]:
        """Remove `keys` from at most 20 ARNs, as `tag`; a key that is not there is no failure."""
        _bounded(arns, keys)
        answer = await self._connection.call(
            access, region, TAGGING, "untag_resources", ResourceARNList=list(arns), TagKeys=list(keys)
        )
        return _failures(answer)

    async def close(self) -> None:
        """See `Connection`."""
        await self._connection.close()


def _bounded(arns: Sequence[str], keys: Sequence[str] | Mapping[str, str]) -> None:
    if not 0 < len(arns) <= MOST_ARNS or not 0 < len(keys) <= MOST_TAGS:
        raise ValueError(f"1 to {MOST_ARNS} ARNs and 1 to {MOST_TAGS} tags go into a call")


def _failures(answer: Mapping[str, Any]) -> dict[str, Failure]:
    return {
        arn: Failure(int(said.get("StatusCode") or 0), said.get("ErrorCode") or "", said.get("ErrorMessage") or "")
        for arn, said in (answer.get("FailedResourcesMap") or {}).items()
    }


def _tagged(answer: Mapping[str, Any]) -> Iterator[Tagged]:
    for found in answer.get("ResourceTagMappingList") or []:
        yield Tagged(found["ResourceARN"], _tags(found.get("Tags")))


def _tags(pairs: Sequence[Mapping[str, str]] | None) -> dict[str, str]:
    return {pair["Key"]: pair.get("Value") or "" for pair in pairs or ()}


def _walk(value: Any, way: str) -> Iterator[Any]:
    """What lies at the end of a way with slashes; lists on it are gone through."""
    head, _, rest = way.partition("/")
    found = value.get(head) if isinstance(value, Mapping) else None
    for one in found if isinstance(found, list) else [found]:
        if one is not None:
            yield from _walk(one, rest) if rest else [one]


def _items(answer: Mapping[str, Any], listing: Listing) -> Iterator[Any]:
    field, words = listing.left_out
    for item in _walk(answer, listing.items):
        if not field or next(_walk(item, field), None) not in words:
            yield item


def _listed(item: Any, listing: Listing, account: str, region: str) -> Listed:
    if isinstance(item, str):
        # An address, a path or a plain name: its end is the name.
        short = item.rpartition("/")[2]
        item = {}
    else:
        short = str(item.get(listing.id) or "").rpartition("/")[2] if listing.arn.startswith("arn:") else ""
    made = {"partition": partition(region), "region": region, "account": account, "id": short}
    arn = listing.arn.format(**made) if listing.arn.startswith("arn:") else str(item[listing.arn])
    tags = _tags(item.get(listing.tags)) if listing.tags else None
    created = item.get(listing.created) if listing.created else None
    name = (tags or {}).get("Name") or item.get(listing.name or listing.id) or ""
    name = name if name and not name.startswith(("arn:", "/")) else name_of(arn)
    return Listed(arn, listing.kind, name, tags, created if isinstance(created, datetime) else None)
