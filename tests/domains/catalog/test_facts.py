"""What projects say of themselves: said, refused, shown from both ends, told who changed it, and taken back."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import pytest

from podo.access.types import NotAllowed
from podo.catalog import service
from podo.catalog.rules import facts as rules
from podo.catalog.types import (
    ChangedSince,
    Contact,
    Dependency,
    DependencyKind,
    Facts,
    Lifecycle,
    Link,
    NoSuchChange,
    OnCall,
    OnCallSource,
    WrongFacts,
)
from podo.kernel import clock
from podo.kernel.db import Reading
from tests.domains.catalog import town
from tests.domains.catalog.town import EMMA, HANEUL, OLIVER, SEOYEON
from tests.houses import Living

P, R = DependencyKind.project, DependencyKind.resource
SAID = Facts(
    lifecycle=Lifecycle.production,
    type="service",
    system="chat",
    runbook="https://wiki.podo.example/chat-api",
    on_call="https://oncall.podo.example/chat",
    contacts=(Contact(text="haneul@podo.example", about="protocol"), Contact(text="chat@podo.example")),
    links=(Link("Board", "https://grafana.podo.example/d/chat", "dashboard"),),
    depends_on=(Dependency(P, "push-api", "notifies"), Dependency(R, "chat-redis")),
    provides=("rooms",),
    tags=("kotlin",),
    annotations={"podo.example/a": "b"},
)


async def test_facts_are_kept_and_contacts_that_name_a_person_become_that_person(house: Living) -> None:
    await town.register(house)
    async with house.reading(OLIVER) as r:
        assert await service.facts(r, "chat-api") == Facts()
    for said, error in ((SAID, NotAllowed), (Facts(runbook="wiki"), WrongFacts)):
        with pytest.raises(error):
            async with house.transaction(OLIVER if error is NotAllowed else HANEUL) as tx:
                await service.describe(tx, "chat-api", said)
    async with house.transaction(HANEUL) as tx:
        await service.describe(tx, "chat-api", SAID)
    async with house.reading(OLIVER) as r:
        said = await service.facts(r, "chat-api")
    assert said.contacts == (Contact(person="prs-haneul", about="protocol"), Contact(text="chat@podo.example"))
    assert (said.lifecycle, said.links, said.depends_on) == (SAID.lifecycle, SAID.links, SAID.depends_on)
    assert dict(said.annotations) == {"podo.example/a": "b"}
    async with house.transaction(EMMA) as tx:
        await service.delete(tx, "chat-api", "chat-api", [])
    async with house.reading(OLIVER) as r:
        assert await service.facts_of(r) == {}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (Facts(runbook="wiki/chat"), "runbook"),
        (Facts(docs="javascript:alert(1)"), "docs"),
        (Facts(on_call="x" * 301), "on_call"),
        (Facts(type="a/b"), "type"),
        (Facts(links=(Link("x", "ftp://x"),)), "links"),
        (Facts(contacts=(Contact(about="nobody"),)), "contacts"),
        (Facts(depends_on=(Dependency(P, "chat-api"),)), "depends_on"),
        (Facts(depends_on=(Dependency(R, "no name"),)), "depends_on"),
        (Facts(tags=("two words",)), "tags"),
        (Facts(tags=tuple(f"t{n}" for n in range(51))), "tags"),
        (Facts(annotations={"a": "x" * 3000}), "annotations"),
    ],
)
def test_what_cannot_be_so_is_refused_by_its_field(wrong: Facts, field: str) -> None:
    assert [error.data["field"] for error in rules.wrong("chat-api", wrong)] == [field]


async def test_every_change_names_its_fields_and_can_be_set_back(house: Living) -> None:
    await town.register(house)
    async with house.transaction(HANEUL) as tx:
        await service.describe(tx, "chat-api", SAID)
    async with house.transaction(SEOYEON) as tx:
        await service.say_more(tx, "chat-api", {"runbook": "", "contacts": ()})
        await service.say_more(tx, "chat-api", {"runbook": ""})
        await service.change(tx, house.house.seal, "chat-api", tier=1, title="Chat", credential="t")
    async with house.reading(OLIVER) as r:
        titled, emptied, first = await service.changes(r, "chat-api")
    assert (first.by, emptied.by) == ("prs-haneul", "prs-seoyeon")
    assert (dict(titled.was), dict(titled.now)) == ({"tier": 3, "title": "Chat API"}, {"tier": 1, "title": "Chat"})
    assert emptied.now == {"runbook": "", "contacts": []}
    with pytest.raises(NotAllowed):
        async with house.transaction(OLIVER) as tx:
            await service.set_back(tx, house.house.seal, "chat-api", emptied.id)
    async with house.transaction(HANEUL) as tx:
        assert set(await service.set_back(tx, house.house.seal, "chat-api", emptied.id)) == {"runbook", "contacts"}
        await service.set_back(tx, house.house.seal, "chat-api", titled.id)
    async with house.reading(OLIVER) as r:
        said, project = await service.facts(r, "chat-api"), await service.project(r, "chat-api")
        assert (said.runbook, said.contacts[0].person) == (SAID.runbook, "prs-haneul")
        assert (project.title, project.tier, project.repository.has_credential) == ("Chat API", 3, True)
    for wrong, error in ((emptied.id, ChangedSince), ("evt_none", NoSuchChange)):
        with pytest.raises(error):
            async with house.transaction(HANEUL) as tx:
                await service.set_back(tx, house.house.seal, "chat-api", wrong)


async def test_dependencies_are_seen_from_both_ends_and_circles_are_marked(house: Living) -> None:
    for slug in ("chat-api", "push-api", "room-api"):
        await town.register(house, slug)
    needs = {
        "chat-api": (Dependency(P, "push-api", "notifies"), Dependency(R, "redis"), Dependency(P, "gone-api")),
        "push-api": (Dependency(P, "room-api"),),
        "room-api": (Dependency(P, "chat-api"),),
    }
    async with house.transaction(HANEUL) as tx:
        for slug, depends_on in needs.items():
            await service.describe(tx, slug, Facts(depends_on=depends_on))
    async with house.reading(OLIVER) as r:
        seen = await service.neighbours(r, "chat-api")
        assert [(n.name, n.known, n.cyclic) for n in seen.needs] == [
            ("push-api", True, True),
            ("redis", False, False),
            ("gone-api", False, False),
        ]
        assert [(n.name, n.cyclic) for n in seen.needed_by] == [("room-api", True)]
    async with house.transaction(HANEUL) as tx:
        await service.describe(tx, "push-api", Facts())
    async with house.reading(OLIVER) as r:
        seen = await service.neighbours(r, "chat-api")
        assert [n.cyclic for n in (*seen.needs, *seen.needed_by)] == [False] * 4


async def test_on_call_is_asked_of_those_who_know_and_else_of_the_project(house: Living) -> None:
    for slug in ("chat-api", "push-api", "room-api"):
        await town.register(house, slug)
    async with house.transaction(HANEUL) as tx:
        await service.describe(tx, "chat-api", Facts(on_call="하늘, 010"))
        await service.describe(tx, "push-api", Facts(on_call="https://oncall.podo.example/push"))

    async def known(r: Reading, slugs: Collection[str], at: datetime) -> Mapping[str, Sequence[OnCall]]:
        return {"chat-api": [OnCall(person="prs-haneul", until=at)]} if "chat-api" in slugs else {}

    async with house.reading(OLIVER) as r:
        slugs = ["chat-api", "push-api", "room-api"]
        assert await service.on_call(r, [], slugs) == {
            "chat-api": [OnCall(text="하늘, 010")],
            "push-api": [OnCall(link="https://oncall.podo.example/push")],
        }
        now = clock.now()
        found = await service.on_call(r, [OnCallSource(known)], slugs, now)
        assert found["chat-api"] == [OnCall(person="prs-haneul", until=now)]
        assert found["push-api"][0].link


async def test_the_form_says_all_and_takes_back(house: Living) -> None:
    await town.register(house)
    at = "/chat-api/settings"
    async with house.signed_in("prs-haneul") as browser:
        assert "No change yet" in await browser.get(f"{at}/about")
        typed = {
            "lifecycle": "production",
            "runbook": "https://wiki.podo.example/x",
            "contacts": "이서연 | 제품\n@chat-support",
            "depends_on": "push-api | 알림\nresource:chat-redis",
            "links": "Board | https://grafana.podo.example/d",
            "tags": "kotlin, grpc",
        }
        await browser.send(f"{at}/about", **typed)
        page = await browser.get(f"{at}/about")
        assert "seoyeon@podo.example | 제품" in page
        assert "resource:chat-redis" in page
        assert "Set back" in page
        wrong = (await browser.send(f"{at}/about", 422, **typed | {"runbook": "wiki"})).text
        assert "an address begins with https:// or http://" in wrong
        assert 'value="wiki"' in wrong
        async with house.reading() as r:
            (change,) = await service.changes(r, "chat-api")
        await browser.send(f"{at}/back", change=change.id)
        again = (await browser.send(f"{at}/back", 422, change=change.id)).text
        assert "was changed again since" in again
    async with house.reading() as r:
        assert await service.facts(r, "chat-api") == Facts()
    async with house.signed_in("prs-oliver") as browser:
        page = await browser.get(f"{at}/about")
        assert "You may not: Change what a project says of itself" in page
        assert "Set back</span>" not in page
        await browser.send(f"{at}/about", 403, **typed)
