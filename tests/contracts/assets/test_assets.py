"""One contract of clouds: the twin in process, AWS on moto behind our plane, GCP over HTTP. If they differ, the twin is wrong."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from podo.catalog.types import SeenAsset, TagTrouble
from podo.kernel.errors import Unavailable
from tests.contracts.assets.worlds import World, arns_of, world
from tests.contracts.aws.plane import moto

TAGS = {"podo-team": "team-7", "podo-project": "chat-api"}


@pytest.fixture(scope="module")
def motos() -> Iterator[str]:
    """Moto's server."""
    with moto() as url:
        yield url


@pytest.fixture(params=["twin", "aws", "gcp"])
async def there(request: pytest.FixtureRequest, motos: str) -> AsyncIterator[World]:
    """Each of the worlds."""
    async with world(request.param, motos) as made:
        yield made


async def _all(there: World, source: str) -> tuple[list[SeenAsset], int]:
    """What a list shows, and in how many pages."""
    seen, cursor, pages = list[SeenAsset](), "", 0
    while True:
        page = await there.cloud.read(there.account, there.region, source, cursor)
        seen += page.seen
        pages += 1
        if not page.next:
            return seen, pages
        cursor = page.next


async def test_a_list_shows_all_that_is_there_once_tagged_or_not(there: World) -> None:
    bare, tagged = await there.make(130), await there.make(5, {"podo-team": "team-2", "n": "x"})
    seen, pages = await _all(there, there.source)
    assert arns_of(seen) == sorted([*bare, *tagged])
    assert pages > 1
    assert len({it.kind for it in seen}) == 1
    assert all(it.name and it.region for it in seen)
    names = {source.name: source for source in there.cloud.sources(there.account, there.region)}
    rest = next(source for source in names.values() if source.is_rest)
    by_tags, _ = await _all(there, rest.name)
    assert {it.arn: it.tags for it in by_tags if it.tags} == {arn: {"podo-team": "team-2", "n": "x"} for arn in tagged}
    assert there.source in names


async def test_tags_are_written_read_back_and_removed_and_the_others_stay(there: World) -> None:
    arns = await there.make(3, {"theirs": "stays"})
    write, read = there.cloud.write, there.cloud.tags
    assert await write(there.account, there.region, arns, TAGS, ()) == {}
    assert await read(there.account, there.region, arns) == {arn: {**TAGS, "theirs": "stays"} for arn in arns}
    assert await write(there.account, there.region, arns, TAGS, ()) == {}
    assert await write(there.account, there.region, arns[:1], {"podo-team": "team-8"}, ["podo-project", "never-there"]) == {}
    found = await read(there.account, there.region, arns)
    assert found[arns[0]] == {"podo-team": "team-8", "theirs": "stays"}
    assert found[arns[1]] == {**TAGS, "theirs": "stays"}
    assert await write(there.account, there.region, arns, {}, ["theirs"]) == {}
    assert (await read(there.account, there.region, arns))[arns[1]] == TAGS


async def test_what_was_never_tagged_takes_tags(there: World) -> None:
    arns = await there.make(2)
    assert await there.cloud.write(there.account, there.region, arns, TAGS, ()) == {}
    assert await there.cloud.tags(there.account, there.region, arns) == dict.fromkeys(arns, TAGS)


async def test_what_vanished_is_told_and_the_others_are_tagged(there: World) -> None:
    arns = await there.make(3, {"theirs": "stays"})
    await there.remove(arns[1])
    failed = await there.cloud.write(there.account, there.region, arns, TAGS, ())
    assert {arn: said.trouble for arn, said in failed.items()} == {arns[1]: TagTrouble.gone}
    found = await there.cloud.tags(there.account, there.region, arns)
    assert found[arns[1]] is None
    assert found[arns[0]] == found[arns[2]] == {**TAGS, "theirs": "stays"}


@pytest.mark.parametrize("trouble", [TagTrouble.throttled, TagTrouble.refused, TagTrouble.invalid])
async def test_a_failure_inside_of_a_call_is_its_arns_alone_and_passes(there: World, trouble: TagTrouble) -> None:
    arns = await there.make(3, {"theirs": "stays"})
    there.let_writes_fail(arns[2], trouble, times=1)
    failed = await there.cloud.write(there.account, there.region, arns, TAGS, ())
    assert {arn: said.trouble for arn, said in failed.items()} == {arns[2]: trouble}
    assert await there.cloud.write(there.account, there.region, arns[2:], TAGS, ()) == {}
    assert await there.cloud.tags(there.account, there.region, arns) == {arn: {**TAGS, "theirs": "stays"} for arn in arns}


async def test_throttling_is_waited_for(there: World) -> None:
    arns = await there.make(1)
    there.throttle(2)
    assert await there.cloud.write(there.account, there.region, arns, TAGS, ()) == {}


async def test_a_list_that_breaks_half_way_raises_and_goes_on_where_it_was(there: World) -> None:
    await there.make(130)
    first = await there.cloud.read(there.account, there.region, there.source, "")
    assert 0 < len(first.seen) < 130
    there.break_list()
    with pytest.raises(Unavailable):
        await there.cloud.read(there.account, there.region, there.source, first.next)
    rest = await there.cloud.read(there.account, there.region, there.source, first.next)
    assert len(first.seen) + len(rest.seen) == 130
    assert rest.next == ""


async def test_kinds_of_a_place_are_each_in_one_list(there: World) -> None:
    sources = there.cloud.sources(there.account, there.region)
    kinds = [kind for source in sources for kind in source.kinds]
    assert len(kinds) == len(set(kinds))
    assert sum(source.is_rest for source in sources) == 1
    assert all(source.why or source.is_rest or source.kinds for source in sources)
