"""Taking people and teams over: exactly what the directory says, once, and never most of a company by mistake."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from podo.access import service
from podo.access.adapters.file import DirectoryFile
from podo.access.types import (
    Feed,
    Membership,
    MembershipRole,
    NotAllowed,
    Person,
    Role,
    Team,
    WouldRemoveTooMany,
    WrongDirectory,
)
from podo.activity import service as activity
from podo.activity.types import Question
from tests.company import ADMIN, CHIEF, DOMAINS, LEAD, MEMBER, MEMBERSHIPS, PEOPLE, STRANGER, TEAMS, api_of, company, terminal_of
from tests.houses import Living, living, person


async def sync(
    house: Living,
    people: Sequence[Person] = PEOPLE,
    teams: Sequence[Team] = TEAMS,
    memberships: Sequence[Membership] = MEMBERSHIPS,
    *,
    most_gone: float = 1.0,
) -> list[str]:
    """Take it over; what was said because of it, oldest first."""
    async with house.reading() as r:
        before = {h.id for h in (await activity.happenings(r, Question(), limit=200)).items}
    async with house.transaction() as tx:
        await service.sync_directory(tx, people, teams, memberships, most_gone=most_gone)
    async with house.reading() as r:
        after = (await activity.happenings(r, Question(), limit=200)).items
    return [h.told() for h in reversed(after) if h.id not in before]


async def test_a_second_time_changes_nothing_and_says_nothing(house: Living) -> None:
    assert await sync(house) == []


async def test_joining_moving_and_leaving_is_told_each(house: Living) -> None:
    newcomer = Person("new", "한가온", "gaon@podo.example")
    people = [replace(p, name="이서연 (Seoyeon)") if p.id == MEMBER else p for p in PEOPLE if p.id != STRANGER]
    memberships = [m for m in MEMBERSHIPS if m.person != STRANGER]
    memberships = [Membership("new", "team-4"), *memberships]
    said = await sync(house, [*people, newcomer], TEAMS, memberships)
    assert sorted(said) == sorted(
        [
            "이서연 (Seoyeon) changed: directory",
            "한가온 joined",
            "Daniel Tremblay left",
            "한가온 changed: teams",
            "Daniel Tremblay changed: teams",
        ]
    )
    async with house.reading() as r:
        assert [p.id for p, _ in await service.members(r, "team-4")] == ["new"]
        assert not (await service.person(r, STRANGER)).active
        assert STRANGER not in [p.id for p in await service.everybody(r)]
        assert await service.search_people(r, "Daniel") == []

    said = await sync(house)
    assert "Daniel Tremblay joined" in said
    assert "한가온 left" in said
    async with house.reading() as r:
        assert (await service.person(r, STRANGER)).active


async def test_teams_begin_move_are_renamed_and_end(house: Living) -> None:
    teams = [
        TEAMS[0],
        TEAMS[1],
        replace(TEAMS[2], name="Messaging"),
        replace(TEAMS[3], parent="team-1"),
        Team("team-5", "Push", "push", "team-3"),
    ]
    assert await sync(house, teams=teams) == ["Team Push: began", "Team Messaging: renamed", "Team Search: moved"]
    memberships = [m for m in MEMBERSHIPS if m.team != "team-4"]
    said = await sync(house, teams=[t for t in teams if t.id != "team-4"], memberships=memberships)
    assert "Team Search: dissolved" in said
    async with house.reading() as r:
        assert (await service.team(r, "search")).ended_at is not None
    async with house.signed_in(LEAD) as browser:
        page = await browser.get("/teams")
        assert "Messaging" in page
        assert "Search" not in page.split("<main")[1].split("</main>")[0]
        assert "This team has ended." in await browser.get("/teams/search")


async def test_teams_may_swap_their_handles_or_take_that_of_one_that_ended(house: Living) -> None:
    swapped = [*TEAMS[:2], replace(TEAMS[2], handle="search"), replace(TEAMS[3], handle="chat")]
    await sync(house, teams=swapped)
    async with house.reading() as r:
        assert [(await service.team(r, h)).id for h in ("chat", "search")] == ["team-4", "team-3"]
    heir = [*TEAMS[:2], replace(TEAMS[2], handle="search"), Team("team-9", "New Chat", "chat", "team-2")]
    await sync(house, teams=heir, memberships=[m for m in MEMBERSHIPS if m.team != "team-4"])
    async with house.reading() as r:
        assert (await service.team(r, "chat")).id == "team-9"
        assert (await service.team(r, "team-4")).ended_at is not None


async def test_more_than_a_fifth_does_not_go_by_itself(house: Living) -> None:
    """Eleven people and teams are known: two may go, three may not."""
    two = [p for p in PEOPLE if p.id not in (CHIEF, STRANGER)]
    left = [m for m in MEMBERSHIPS if m.person not in (CHIEF, STRANGER)]
    three = [p for p in two if p.id != LEAD]
    with pytest.raises(WouldRemoveTooMany) as refused:
        await sync(house, three, TEAMS, [m for m in left if m.person != LEAD], most_gone=service.MOST_GONE)
    assert str(refused.value).startswith("This directory lacks 27% of the people and teams that Podo knows; at most 20%")
    with pytest.raises(WouldRemoveTooMany):
        await sync(house, [], [], [], most_gone=service.MOST_GONE)
    async with house.reading() as r:
        assert len(await service.everybody(r)) == len(PEOPLE)
    await sync(house, two, TEAMS, left, most_gone=service.MOST_GONE)
    async with house.reading() as r:
        assert len(await service.everybody(r)) == len(PEOPLE) - 2
    await sync(house, three, TEAMS, [m for m in left if m.person != LEAD], most_gone=1.0)


TWICE = Membership(MEMBER, "team-3", MembershipRole.lead)


@pytest.mark.parametrize(
    ("people", "teams", "memberships", "why"),
    [
        ([*PEOPLE, PEOPLE[0]], TEAMS, MEMBERSHIPS, "the person viewer is there twice"),
        (PEOPLE, [*TEAMS, replace(TEAMS[0], handle="other")], MEMBERSHIPS, "the team team-1 is there twice"),
        (PEOPLE, [*TEAMS, Team("team-9", "Chat", "chat")], MEMBERSHIPS, "the handle chat is there twice"),
        (PEOPLE, TEAMS, [*MEMBERSHIPS, TWICE], "member is in team-3 twice"),
        (PEOPLE, TEAMS, [*MEMBERSHIPS, Membership("ghost", "team-3")], "ghost in team-3"),
        (PEOPLE, TEAMS, [*MEMBERSHIPS, Membership(MEMBER, "team-9")], "member in team-9"),
        (PEOPLE, [*TEAMS, Team("team-9", "Lost", "lost", "nowhere")], MEMBERSHIPS, "under nowhere, which is missing"),
        (PEOPLE, [replace(TEAMS[0], parent="team-3"), *TEAMS[1:]], MEMBERSHIPS, "is above itself"),
    ],
)
async def test_a_directory_that_contradicts_itself_changes_nothing(
    house: Living, people: list[Person], teams: list[Team], memberships: list[Membership], why: str
) -> None:
    with pytest.raises(WrongDirectory) as refused:
        await sync(house, people, teams, memberships)
    assert why in str(refused.value)
    assert await sync(house) == []


FILE = """
people:
  - {id: prs-1, name: 이서연, email: seoyeon@example.com, team: chat, lead: true, lang: ko, title: Engineer}
  - {id: 7, name: Emma, email: emma@example.com, teams: [chat, search]}
teams:
  - {id: team-1, handle: chat, name: Chat, slack: "#chat"}
  - {id: team-2, handle: search, name: Search, parent: chat}
admins: [prs-1]
"""


async def test_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "people.yaml"
    path.write_text(FILE)
    feed = await DirectoryFile(path).read()
    assert feed == Feed(
        people=[
            Person("prs-1", "이서연", "seoyeon@example.com", lang="ko", title="Engineer"),
            Person("7", "Emma", "emma@example.com"),
        ],
        teams=[Team("team-1", "Chat", "chat", slack="#chat"), Team("team-2", "Search", "search", "team-1")],
        memberships=[
            Membership("prs-1", "team-1", MembershipRole.lead),
            Membership("7", "team-1"),
            Membership("7", "team-2"),
        ],
        admins=["prs-1"],
    )


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "cannot be read"),
        ("people: [", "expected"),
        ("just words", "no people and teams"),
        ("people: []", "“teams” is no list"),
        ("people: {a: b}\nteams: []", "“people” is no list"),
        ("people: [words]\nteams: []", "“people” is no list of entries"),
        ("people: [{id: p, email: a@b.c}]\nteams: []", "“name” is missing or no text in p"),
        ("people: [{id: p, name: '', email: a@b.c}]\nteams: []", "“name” is missing"),
        ("people: [{id: p, name: [x], email: a@b.c}]\nteams: []", "“name” is missing or no text"),
        ("people: [{id: p, name: P, email: a@b.c, team: lost}]\nteams: []", "p names the team lost, which is missing"),
        ("people: [{id: p, name: P, email: a@b.c, teams: lost}]\nteams: []", "the teams of p are no list"),
        ("people: []\nteams: [{id: t, name: T, handle: t, parent: up}]", "t names the team up, which is missing"),
    ],
)
async def test_a_wrong_file_says_what_is_wrong(tmp_path: Path, text: str | None, why: str) -> None:
    path = tmp_path / "people.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(WrongDirectory) as refused:
        await DirectoryFile(path).read()
    assert why in str(refused.value)


async def test_the_file_is_taken_over_at_every_start_and_a_wrong_one_keeps_nobody_out(tmp_path: Path) -> None:
    path = tmp_path / "people.yaml"
    path.write_text(FILE)

    async def start() -> list[str]:
        async with living(tmp_path / "house", DOMAINS, PODO_ACCESS_DIRECTORY=str(path)) as house:
            async with house.reading() as r:
                assert await service.roles_of(r, "prs-1") == {Role.admin}
                return sorted(p.id for p in await service.everybody(r))

    assert await start() == ["7", "prs-1"]
    path.write_text(FILE.replace("  - {id: 7, name: Emma, email: emma@example.com, teams: [chat, search]}\n", ""))
    # One of four is more than a fifth: the people of yesterday stay.
    assert await start() == ["7", "prs-1"]
    path.write_text("people: [")
    assert await start() == ["7", "prs-1"]


async def test_a_first_start_with_a_wrong_file_ends_with_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "people.yaml"
    path.write_text("people: [")
    with pytest.raises(WrongDirectory):
        async with living(tmp_path / "house", DOMAINS, PODO_ACCESS_DIRECTORY=str(path)):
            pass


async def test_an_administrator_sees_the_plan_and_takes_it_over_by_page_api_and_command(tmp_path: Path) -> None:
    path = tmp_path / "people.yaml"

    def write(*people: Person) -> None:
        teams = "\n".join(f"  - {{id: {t.id}, handle: {t.handle}, name: {t.name}}}" for t in TEAMS)
        path.write_text(
            "people:\n"
            + "\n".join(f"  - {{id: {p.id}, name: {p.name}, email: {p.email}}}" for p in people)
            + f"\nteams:\n{teams}\nadmins: [{ADMIN}]\n"
        )

    write(*PEOPLE)
    async with company(tmp_path / "house", PODO_ACCESS_DIRECTORY=str(path)) as house:
        write(*PEOPLE, Person("new", "한가온", "gaon@podo.example"))
        async with house.signed_in(ADMIN) as browser:
            page = await browser.get("/-/directory")
            assert "한가온" in page
            assert "Taken over." in await browser.get((await browser.send("/-/directory")).headers["location"])
            assert "한가온" in await browser.get("/people?q=가온")
        write(*[p for p in PEOPLE if p.id not in (LEAD, STRANGER, CHIEF)])
        async with api_of(house, ADMIN) as api:
            plan = (await api.get("/api/v1/directory/plan")).json()
            assert sorted(plan["left"]) == ["Daniel Tremblay", "Emma Clarke", "정소라", "한가온"]
            refused = await api.post("/api/v1/directory/sync", json={})
            assert (refused.status_code, refused.json()["code"]) == (409, "access.would_remove_too_many")
        async with house.signed_in(ADMIN) as browser:
            assert "would go; without a word from you at most 20 % may" in await browser.get("/-/directory")
        async with terminal_of(house, ADMIN) as podo:
            assert "left: " in await podo.run("directory", "plan")
            assert "at most 20%" in await podo.run("directory", "sync", exit_code=1)
            assert "share that goes: 33%" in await podo.run("directory", "sync", "--most-gone", "0.5")
        async with house.reading() as r:
            assert not (await service.person(r, LEAD)).active


async def test_nobody_else_takes_it_over_and_without_a_directory_there_is_nothing_to_take(house: Living) -> None:
    async with house.transaction(person(LEAD)) as tx:
        with pytest.raises(NotAllowed):
            await service.sync_directory(tx, [], [], [])
    async with house.signed_in(LEAD) as browser:
        await browser.get("/-/directory", status=403)
        await browser.send("/-/directory", status=403)
        assert "/-/directory" not in await browser.get("/teams")
    async with api_of(house, ADMIN) as api:
        answer = await api.get("/api/v1/directory/plan")
        assert (answer.status_code, answer.json()["code"]) == (409, "access.no_directory")
    async with house.signed_in(ADMIN) as browser:
        assert "People and teams are pushed by SCIM." in await browser.get("/-/directory")
