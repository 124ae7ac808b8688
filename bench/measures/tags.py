"""Tags of ten thousand assets: planned in how many calls, and written with failures inside of calls that say 200."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from bench.figures import Figure, Limit
from bench.houses import Living, living
from bench.measures.assets import company
from bench.sizes import Size
from podo.catalog import service
from podo.catalog.adapters.clouds import Clouds
from podo.catalog.adapters.memory import CloudTwin
from podo.catalog.ports import AssetReader
from podo.catalog.types import AccountKind, CloudAccount, Provider, SeenAsset, TagDraft, TagFailure, TagPlan, TagTrouble
from podo.kernel.nouns import PODO

_ACCOUNT = CloudAccount(Provider.aws, "123456789012", "Shop", ("ap-northeast-2",), kind=AccountKind.twin)
_PROJECTS, _FAIL_EVERY, _PAGE = 25, 10, 1000
_THROTTLED = TagFailure(TagTrouble.throttled, "Throttling", "Rate exceeded")


async def measure(size: Size) -> list[Figure]:
    """One plan over all assets, applied; every tenth ARN is refused once, and one in a hundred vanished."""
    with tempfile.TemporaryDirectory(prefix="podo-bench-") as folder:
        async with living(Path(folder), []) as house:
            twin = await _stocked(house, size.tagged)
            begun = time.perf_counter()
            async with house.reading(PODO) as r:
                draft = await service.draft_tags(r)
            planned = time.perf_counter() - begun
            done, injected, took = await _written(house, twin, draft)
            async with house.reading(PODO) as r:
                left = len((await service.draft_tags(r)).changes)
    return [
        Figure("tags", f"calls planned for {size.tagged:,} ARNs", "", [draft.calls], Limit(max(size.tagged // 20, _PROJECTS))),
        Figure("tags", "the plan worked out", "s", [planned]),
        Figure("tags", "written, each call read back and noted", "s", [took]),
        Figure(
            "tags",
            f"written, with {injected:,} failures inside of calls tried again",
            "%",
            [_written_of(done)],
            Limit(100, least=True),
        ),
        Figure("tags", "left to write for a second plan", "", [left], Limit(0)),
    ]


async def _stocked(house: Living, count: int) -> CloudTwin:
    clouds = house.house.ports[AssetReader]  # type: ignore[type-abstract]
    assert isinstance(clouds, Clouds)
    assert isinstance(clouds.twin, CloudTwin)
    await company(house, _PROJECTS)
    seen = [
        SeenAsset(
            f"arn:aws:s3:::b-{n:06d}", "s3:bucket", f"b-{n}", "ap-northeast-2", {"podo-project": f"project-{n % _PROJECTS}"}
        )
        for n in range(count)
    ]
    clouds.twin.folder = None
    clouds.twin.put(_ACCOUNT.id, seen)
    place = (_ACCOUNT.provider, _ACCOUNT.id, "ap-northeast-2")
    async with house.transaction(PODO) as tx:
        await service.set_account(tx, _ACCOUNT)
        for first in range(0, count, _PAGE):
            await service.take_assets(tx, *place, seen[first : first + _PAGE], source="bench", run="bench")
    await house.settled()
    return clouds.twin


async def _written(house: Living, twin: CloudTwin, draft: TagDraft) -> tuple[TagPlan, int, float]:
    failing = [it.arn for n, it in enumerate(draft.changes) if n % _FAIL_EVERY == 0]
    twin.failing = {arn: [_THROTTLED] for arn in failing}
    async with house.transaction(PODO) as tx:
        plan = await service.plan_tags(tx, draft)
        begun = time.perf_counter()
        await service.apply_tags(tx, plan.id)
    await house.settled()
    took = time.perf_counter() - begun
    async with house.reading(PODO) as r:
        return await service.tag_plan(r, plan.id), len(failing), took


def _written_of(done: TagPlan) -> float:
    return 100 * done.written / done.assets
