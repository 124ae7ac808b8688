"""Assets and tags of AWS: the Resource Groups Tagging API, and each service's own listing for what it does not know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from podo.catalog.types import (
    GLOBAL,
    AssetPage,
    CloudAccount,
    CursorLost,
    SeenAsset,
    Source,
    TagFailure,
    TagTrouble,
)
from podo.clients.aws import (
    GLOBAL_SERVICES,
    HOME,
    LEFT_OUT,
    LISTINGS,
    THROTTLING,
    Access,
    Aws,
    AwsTokenExpired,
    Failure,
    Listed,
    Tagged,
    kind_of,
    name_of,
    partition,
)

TAGS = "tags"
_LISTINGS = {listing.kind: listing for listing in LISTINGS}
_REFUSED = ("AccessDenied", "Unauthorized", "AuthorizationError", "Forbidden")
_GONE = ("NotFound", "NoSuch", "DoesNotExist", "NonExistent", "QueueDoesNotExist", "InvalidInstanceID", "ResourceNotFound")
_FULL = ("TooManyTags", "TagLimitExceeded", "TagQuotaPerResourceExceeded", "LimitExceeded: tags")
_BUSY = (
    "ConcurrentModification",
    "ConcurrentTagAccess",
    "OperationAborted",
    "ResourceInUse",
    "OperationNotPermitted: in progress",
)


class AwsAssets:
    """Answers `AssetReader` and `TagWriter` for accounts of AWS."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    def sources(self, account: CloudAccount, region: str) -> Sequence[Source]:
        """See `AssetReader`."""
        is_global = region == GLOBAL
        own = [Source(listing.kind, (listing.kind,)) for listing in LISTINGS if listing.is_global == is_global]
        left_out = [Source(kind, why=why) for kind, why in LEFT_OUT.items()] if is_global else []
        return [Source(TAGS, is_rest=True), *own, *left_out]

    async def read(self, account: CloudAccount, region: str, source: str, cursor: str) -> AssetPage:
        """See `AssetReader`."""
        access, there = _access(account), _asked(account, region)
        try:
            if source == TAGS:
                only = sorted(GLOBAL_SERVICES) if region == GLOBAL else ()
                piece = await self._aws.tagged(access, there, cursor, only)
                return AssetPage(tuple(_tagged(piece.items, region)), piece.next)
            piece = await self._aws.listed(access, there, _LISTINGS[source], cursor)
        except AwsTokenExpired as error:
            raise CursorLost(source=source) from error
        return AssetPage(tuple(_listed(item, region) for item in piece.items), piece.next)

    async def tags(self, account: CloudAccount, region: str, arns: Sequence[str]) -> Mapping[str, Mapping[str, str] | None]:
        """See `AssetReader`. AWS leaves out what is gone and what was never tagged, and does not say which."""
        found = await self._aws.tags_of(_access(account), _asked(account, region), arns)
        return {arn: found.get(arn) for arn in arns}

    async def write(
        self, account: CloudAccount, region: str, arns: Sequence[str], wanted: Mapping[str, str], drop: Sequence[str]
    ) -> Mapping[str, TagFailure]:
        """See `TagWriter`."""
        access, there = _access(account), _asked(account, region)
        failed: dict[str, Failure] = {}
        if wanted:
            failed |= await self._aws.tag(access, there, arns, wanted)
        left = [arn for arn in arns if arn not in failed]
        if drop and left:
            failed |= await self._aws.untag(access, there, left, drop)
        return {arn: told(failure) for arn, failure in failed.items()}

    async def close(self) -> None:
        """Close its connections."""
        await self._aws.close()


def told(failure: Failure) -> TagFailure:
    """Our word for what `FailedResourcesMap` says of an ARN: the service's own codes pass through it, and its sentences."""
    said = f"{failure.code}: {failure.message}"

    def speaks(words: Iterable[str]) -> bool:
        return any(word.lower() in said.lower() for word in words)

    match failure:
        case Failure(code=code) if code in THROTTLING or speaks(("Rate exceeded", "Throttl", "SlowDown")):
            trouble = TagTrouble.throttled
        case _ if speaks(_BUSY):
            trouble = TagTrouble.conflict
        case _ if speaks(_FULL):
            trouble = TagTrouble.full
        case _ if speaks(_REFUSED):
            trouble = TagTrouble.refused
        case _ if speaks(_GONE) or speaks(("does not exist", "not found", "doesn't exist")):
            trouble = TagTrouble.gone
        case _ if speaks(("not yet supported", "not supported", "unsupported")):
            trouble = TagTrouble.unsupported
        case Failure(code="InternalServiceException") | Failure(status=500 | 502 | 503 | 504):
            trouble = TagTrouble.away
        case _:
            trouble = TagTrouble.invalid
    return TagFailure(trouble, failure.code, failure.message)


def _access(account: CloudAccount) -> Access:
    return Access(account.id, account.role, account.external_id)


def _asked(account: CloudAccount, region: str) -> str:
    """What belongs to no region is asked of the partition's own."""
    return HOME[partition(account.regions[0] if account.regions else "")] if region == GLOBAL else region


def _tagged(items: Sequence[Tagged], region: str) -> Iterable[SeenAsset]:
    for found in items:
        is_global = found.arn.split(":")[2] in GLOBAL_SERVICES
        # The home region shows what belongs to no region as well.
        if is_global == (region == GLOBAL):
            name = found.tags.get("Name") or name_of(found.arn)
            yield SeenAsset(_canonical(found.arn), kind_of(found.arn), name, region, found.tags)


def _listed(found: Listed, region: str) -> SeenAsset:
    return SeenAsset(found.arn, found.kind, found.name, region, found.tags, created_at=found.created_at)


def _canonical(arn: str) -> str:
    """One spelling: a snapshot's ARN has no account (service authorization reference), although some lists put one in."""
    parts = arn.split(":", 5)
    if parts[2] == "ec2" and parts[5].startswith("snapshot/"):
        parts[4] = ""
    return ":".join(parts)
