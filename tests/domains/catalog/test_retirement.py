"""The end of projects: objections from elsewhere, the typed name, the way back and its end, and what becomes of namespaces."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from podo.access.types import NotAllowed
from podo.catalog import service
from podo.catalog.handlers import close_retired
from podo.catalog.types import (
    Dependency,
    DependencyKind,
    Facts,
    NotRetired,
    NotTyped,
    ProjectState,
    Retired,
    RetiredForGood,
    RetirementObjection,
    StillNeeded,
)
from podo.kernel import clock
from tests.domains.catalog import town
from tests.domains.catalog.town import EMMA, HANEUL, OLIVER, SEOYEON
from tests.houses import Living

DAYS = 30
DEPLOYMENT = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "chat-api", "namespace": "chat-api"},
    "spec": {
        "replicas": 1,
        "selector": {"matchLabels": {"app": "chat-api"}},
        "template": {
            "metadata": {"labels": {"app": "chat-api"}},
            "spec": {"containers": [{"name": "app", "image": "registry.podo.example/chat-api:1"}]},
        },
    },
}


async def _retire(house: Living, slug: str = "chat-api", typed: str = "", *, by: object = SEOYEON) -> None:
    async with house.transaction(by) as tx:  # type: ignore[arg-type]
        objections = house.house.slots[RetirementObjection]
        await service.retire(tx, slug, typed or slug, "moved", objections, "en", DAYS)


async def _objections(house: Living) -> list[str]:
    async with house.reading() as r:
        return await service.retirement_objections(r, "chat-api", house.house.slots[RetirementObjection], "en")


async def _objected(house: Living, wanted: list[str]) -> None:
    """Wait until what is seen in the clusters speaks against it in these words."""
    async with asyncio.timeout(30):
        while await _objections(house) != wanted:  # noqa: ASYNC110 - the cluster rings no bell here
            await asyncio.sleep(0.1)


async def test_a_project_that_still_runs_or_is_needed_is_not_retired(house: Living) -> None:
    await town.register(house, places=[("alpha", "kr"), ("prod", "jp")])
    await town.register(house, "push-api")
    async with house.transaction(HANEUL) as tx:
        await service.describe(tx, "push-api", Facts(depends_on=(Dependency(DependencyKind.project, "chat-api"),)))
    assert await _objections(house) == ["push-api say that they need it"]
    with pytest.raises(StillNeeded, match="push-api"):
        await _retire(house)
    await _retire(house, "push-api")
    assert await _objections(house) == []
    await house.twins["prod-jp"].apply(DEPLOYMENT, field_manager="somebody")
    await _objected(house, ["it still runs in jp"])
    with pytest.raises(StillNeeded, match="it still runs in jp"):
        await _retire(house)
    async with house.signed_in("prs-seoyeon", lang="ko") as browser:
        page = await browser.get("/chat-api/settings/retire")
        assert 'name="confirm"' not in page
    await house.twins["prod-jp"].apply(DEPLOYMENT | {"spec": {**DEPLOYMENT["spec"], "replicas": 0}}, field_manager="somebody")
    await _objected(house, [])
    await _retire(house)


async def test_retired_it_is_not_listed_and_comes_back_as_it_was_until_its_time_is_over(house: Living) -> None:
    await town.register(house)
    for by, typed, error in ((HANEUL, "", NotAllowed), (OLIVER, "", NotAllowed), (SEOYEON, "chat", NotTyped)):
        with pytest.raises(error):
            await _retire(house, typed=typed, by=by)
    await _retire(house)
    async with house.reading() as r:
        assert (await service.projects(r)).total == 0
        assert [p.slug for p in (await service.projects(r, state=ProjectState.retired)).items] == ["chat-api"]
        assert await service.counts_by_team(r) == {}
        assert (await service.owner(r, "chat-api")).team == "team-2"
        with pytest.raises(Retired):
            await service.buildable(r, "chat-api")
    for verb, error in (("retire", Retired), ("targets", Retired)):
        with pytest.raises(error):
            if verb == "retire":
                await _retire(house)
            async with house.transaction(SEOYEON) as tx:
                await service.set_targets(tx, "chat-api", [("prod", "jp")])
    await house.settled()
    assert {n.state for n in (await town.namespaces(house)).values()} == {"ready"}
    with clock.shifted(timedelta(days=DAYS - 1)):
        await close_retired(house.house)
        with pytest.raises(NotAllowed):
            async with house.transaction(HANEUL) as tx:
                await service.unretire(tx, "chat-api")
        async with house.transaction(EMMA) as tx:
            back = await service.unretire(tx, "chat-api")
    assert (back.lives, back.retired_at, back.places) == (True, None, (("alpha", "kr"), ("prod", "kr")))
    with pytest.raises(NotRetired):
        async with house.transaction(EMMA) as tx:
            await service.unretire(tx, "chat-api")
    await _retire(house)
    with clock.shifted(timedelta(days=DAYS + 1)):
        for _ in range(2):
            await close_retired(house.house)
    await town.rounds(house)
    assert await town.namespaces(house) == {}
    assert await town.real_namespace(house, "prod-kr") is None
    with pytest.raises(RetiredForGood):
        async with house.transaction(EMMA) as tx:
            await service.unretire(tx, "chat-api")


async def test_the_page_retires_and_brings_back(house: Living) -> None:
    await town.register(house)
    at = "/chat-api/settings"
    async with house.signed_in("prs-haneul") as browser:
        assert "You may not: Retire a project" in await browser.get(f"{at}/retire")
        await browser.send(f"{at}/retire", 403, confirm="chat-api")
    async with house.signed_in("prs-seoyeon") as browser:
        assert "chat-api/settings/retire" in await browser.get(at)
        wrong = (await browser.send(f"{at}/retire", 422, confirm="chat", why="moved")).text
        assert 'value="moved"' in wrong
        await browser.send(f"{at}/retire", confirm="chat-api", why="moved")
        page = await browser.get(f"{at}/retire")
        assert "It can come back until" in page
        assert "moved" in page
        assert "Retired" in await browser.get("/chat-api")
        assert "chat-api" not in (await browser.get("/projects")).split("Filter projects")[1].split("blankslate")[0]
        assert 'href="/chat-api"' in await browser.get("/projects?q=is:retired")
        await browser.send(f"{at}/unretire")
        assert "Retire this project" in await browser.get(f"{at}/retire")
