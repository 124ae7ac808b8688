"""Which cloud an account is in: its own adapter answers, or the twin for a simulated one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from podo.catalog.ports import AssetReader
from podo.catalog.types import AccountKind, AssetPage, CloudAccount, Provider, Source, TagFailure
from podo.catalog.writers import TagWriter


class Cloud(AssetReader, TagWriter, Protocol):
    """What an adapter of a cloud answers."""

    async def close(self) -> None:
        """Let go of its connections."""
        ...


class Clouds:
    """Answers `AssetReader` and `TagWriter` for accounts of all clouds; `real` are made when first asked."""

    def __init__(self, real: Mapping[Provider, Callable[[], Cloud]], twin: Cloud) -> None:
        self._real = real
        self._made: dict[Provider, Cloud] = {}
        self.twin = twin

    def sources(self, account: CloudAccount, region: str) -> Sequence[Source]:
        """See `AssetReader`."""
        return self._of(account).sources(account, region)

    async def read(self, account: CloudAccount, region: str, source: str, cursor: str) -> AssetPage:
        """See `AssetReader`."""
        return await self._of(account).read(account, region, source, cursor)

    async def tags(self, account: CloudAccount, region: str, arns: Sequence[str]) -> Mapping[str, Mapping[str, str] | None]:
        """See `AssetReader`."""
        return await self._of(account).tags(account, region, arns)

    async def write(
        self, account: CloudAccount, region: str, arns: Sequence[str], wanted: Mapping[str, str], drop: Sequence[str]
    ) -> Mapping[str, TagFailure]:
        """See `TagWriter`."""
        return await self._of(account).write(account, region, arns, wanted, drop)

    async def close(self) -> None:
        """Close all of them."""
        for cloud in (*self._made.values(), self.twin):
            await cloud.close()

    def _of(self, account: CloudAccount) -> Cloud:
        if account.kind is AccountKind.twin:
            return self.twin
        if account.provider not in self._made:
            self._made[account.provider] = self._real[account.provider]()
        return self._made[account.provider]
