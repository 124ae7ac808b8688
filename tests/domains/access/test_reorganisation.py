"""What becomes of teams, recorded by people and taken back; drafts of charts; by service, pages, API and command."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from podo.access import service
from podo.access.types import (
    Feed,
    KeptTeam,
    Membership,
    MembershipRole,
    NotAllowed,
    NotSuccession,
    NotUndone,
    SuccessionKind,
    Team,
)
from podo.kernel import clock
from tests.company import ADMIN, LEAD, MEMBER, MEMBERSHIPS, PEOPLE, SRE, TEAMS, api_of, company, terminal_of
from tests.houses import Living, person

pytestmark = pytest.mark.asyncio(loop_scope="module")
EXTRA = [Team(f"team-1{n}", name, name.lower(), "team-2") for n, name in enumerate(("Push", "Talk", "Bots", "Keys", "Mail"))]
ALL = [*TEAMS, *EXTRA]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def firm(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Living]:
    async with company(Path(tmp_path_factory.mktemp("firm")) / "house") as found:
        await sync(found)
        yield found


async def sync(house: Living, teams: list[Team] = ALL, members: list[Membership] = MEMBERSHIPS) -> None:
    async with house.transaction() as tx:
        await service.sync_directory(tx, PEOPLE, teams, members, most_gone=1.0)


async def became(house: Living, kind: str, team: str, *heirs: str, **more: str) -> str:
    async with house.transaction(person(SRE)) as tx:
        return (await service.succeed(tx, SuccessionKind(kind), team, heirs, "because", **more)).id  # type: ignore[arg-type]


async def team(house: Living, name: str) -> Team:
    async with house.reading() as r:
        return await service.team(r, name)


async def test_rename_and_move_are_recorded_survive_the_directory_and_are_taken_back(firm: Living) -> None:
    renamed = await became(firm, "rename", "push", name="알림")
    moved = await became(firm, "move", "push", parent="chat")
    await sync(firm)
    now = await team(firm, "push")
    assert (now.name, now.parent) == ("알림", "team-3"), "the directory says nothing new"
    async with firm.transaction(person(SRE)) as tx:
        assert (await service.withdraw(tx, moved)).withdrawn_at is not None
        assert (await service.withdraw(tx, moved)).withdrawn_at is not None, "a second time does nothing"
        await service.withdraw(tx, renamed, "nobody liked it")
    assert await team(firm, "push") == EXTRA[0]
    async with firm.reading() as r:
        listed = await service.successions(r, "team-10")
    assert [(s.kind, s.was, s.now) for s in listed] == [("move", "team-2", "team-3"), ("rename", "Push", "알림")]
    assert listed[1].withdrawn_why == "nobody liked it"
    for words, why in (
        (("rename", "push"), "1 to 200 characters"),
        (("move", "push"), "stands there already"),
        (("move", "team-2"), "above itself"),
    ):
        with pytest.raises(NotSuccession, match=why):
            await became(firm, *words, **({"parent": "push"} if words[1] == "team-2" else {"parent": "team-2"}))
    with pytest.raises(NotAllowed):
        async with firm.transaction(person(LEAD)) as tx:
            await service.succeed(tx, SuccessionKind.rename, "push", name="Mine")


async def test_a_merge_takes_the_people_along_and_brings_them_back(firm: Living) -> None:
    members = [*MEMBERSHIPS, Membership(MEMBER, "team-12", MembershipRole.lead)]
    members += [Membership(SRE, "team-12"), Membership(SRE, "team-11")]
    await sync(firm, members=members)
    merged = await became(firm, "merge", "bots", "talk")

    async def inside(name: str) -> dict[str, str]:
        async with firm.reading() as r:
            return {p.id: m.role.value for p, m in await service.members(r, name)}

    assert await inside("team-11") == {MEMBER: "lead", SRE: "member"}
    await sync(firm, members=members)
    assert (await inside("team-11"), (await team(firm, "bots")).ended_at is None) == ({MEMBER: "lead", SRE: "member"}, False)
    async with firm.transaction(person(SRE)) as tx:
        await service.withdraw(tx, merged)
    assert await inside("team-12") == {MEMBER: "lead", SRE: "member"}
    assert await inside("team-11") == {SRE: "member"}
    await sync(firm)


async def test_split_and_dissolve_say_what_they_want_and_the_custodian_never_ends(firm: Living) -> None:
    for words, why in (
        (("merge", "keys"), "one successor"),
        (("split", "keys", "talk"), "several"),
        (("dissolve", "keys", "talk"), "none"),
        (("merge", "keys", "keys"), "another team"),
        (("dissolve", "podo"), "custodian"),
        (("merge", "podo", "talk"), "custodian"),
    ):
        with pytest.raises(NotSuccession, match=why):
            await became(firm, *words)
    split = await became(firm, "split", "keys", "talk", "bots")
    with pytest.raises(NotSuccession, match="has ended"):
        await became(firm, "rename", "keys", name="x")
    with pytest.raises(NotSuccession, match="which lives"):
        await became(firm, "merge", "talk", "keys")
    dissolved = await became(firm, "dissolve", "mail")

    async def bots(_: object) -> str:
        return "team-12"

    with pytest.raises(NotSuccession, match="custodian"):
        async with firm.transaction(person(SRE)) as tx:
            await service.succeed(tx, SuccessionKind.dissolve, "bots", keeps=[KeptTeam(bots)])
    async with firm.transaction(person(SRE)) as tx:
        for one in (split, dissolved):
            await service.withdraw(tx, one)
    assert (await team(firm, "mail")).ended_at is None
    at = clock.now()
    with pytest.raises(NotSuccession, match="lies ahead"):
        async with firm.transaction(person(SRE)) as tx:
            await service.succeed(tx, SuccessionKind.dissolve, "mail", at=at.replace(year=at.year + 1))


async def test_what_the_directory_said_is_not_taken_back_and_a_team_that_comes_back_did_not_end(firm: Living) -> None:
    async with firm.transaction() as tx:
        feed = [t if t.id != "team-14" else replace(t, ended_at=clock.now()) for t in ALL]
        await service.take_over(tx, Feed(PEOPLE, feed, MEMBERSHIPS, successors={"team-14": ["team-11"]}))
    async with firm.reading() as r:
        last = (await service.successions(r, "team-14"))[0]
    assert (last.kind, last.successors, last.by) == ("merge", ("team-11",), "podo")
    with pytest.raises(NotUndone, match="directory"):
        async with firm.transaction(person(ADMIN)) as tx:
            await service.withdraw(tx, last.id)
    await sync(firm)
    async with firm.reading() as r:
        assert (await service.successions(r, "team-14"))[0].withdrawn_at is not None
    assert (await team(firm, "mail")).ended_at is None


async def test_pages_show_what_became_of_a_team_and_let_it_be_done_and_undone(firm: Living) -> None:
    async with firm.signed_in(SRE) as browser:
        assert "Merged" in await browser.get("/teams/bots/change")
        assert "never ends" in await browser.get("/teams/podo/change")
        answer = await browser.send("/teams/bots/change", kind="merge", successor="team-11", why="모두 함께")
        assert answer.headers["location"] == "/teams/bots#before"
        page = await browser.get("/teams/bots")
        assert "Merged into" in page
        assert "모두 함께" in page
        assert "was merged into this team" in await browser.get("/teams/talk")
        assert "Talk" in page.split("This team has ended.")[1][:400]
        wrong = await browser.send("/teams/talk/change", 422, kind="rename", name="")
        assert "a name has 1 to 200 characters" in wrong.text
        async with firm.reading() as r:
            kept = next(s for s in await service.successions(r, "team-12") if s.withdrawn_at is None)
        await browser.send(f"/teams/bots/undo/{kept.id}")
        assert "taken back" in await browser.get("/teams/bots")
    async with firm.signed_in(MEMBER, lang="ko") as browser:
        await browser.get("/teams/bots/change", status=403)
        assert "/teams/chart?at=chat" in await browser.get("/teams/chart")
        chart = await browser.get("/teams/chart?at=service")
        assert 'data-key="u"' in chart
        assert all(f"/teams/chart?at={h}" in chart for h in ("podo", "chat", "push"))
        assert "/teams/chart?at=push" in await browser.get("/teams/chart?q=PUS")


async def test_a_draft_shows_what_would_follow_and_comes_true(firm: Living) -> None:
    async with api_of(firm, SRE) as api:
        made = (await api.post("/api/v1/directory/drafts", json={"name": "2027 Q1"})).json()
        address = f"/api/v1/directory/drafts/{made['id']}"
        empty = (await api.get(address)).json()["plan"]
        assert (empty["lines"], empty["successions"], empty["share"]) == ([], [], 0.0), "it says what is so"
        lines = ["id,handle,name,parent,ends,successors,email,team,lead"]
        above = {None: "", "team-1": "podo", "team-2": "service"}
        lines += [f"{t.id},{t.handle},{t.name},{above[t.parent]},,,,," for t in ALL[:-1]]
        lines += ["team-14,mail,Mail,service,2027-01-01,talk;bots,,,"]
        lines += [f"{p.id},,{p.name},,,,{p.email},chat," for p in PEOPLE]
        filled = await api.put(f"{address}/file", json={"name": "q1.csv", "text": "\n".join(lines)})
        assert filled.status_code == 200, filled.text
        plan = (await api.get(address)).json()["plan"]
        assert plan["successions"] == [
            {"kind": "split", "team": "team-14", "name": "Mail", "successors": ["team-11", "team-12"], "was": "", "now": ""}
        ]
        bad = await api.put(f"{address}/file", json={"name": "q1.csv", "text": "id,name\n,x\n"})
        assert (bad.status_code, "line 2" in bad.json()["title"]) == (422, True)
        assert (await api.post(f"{address}/take", json={})).status_code == 403, (
            "an SRE drafts; an administrator lets it come true"
        )
    async with firm.signed_in(MEMBER) as browser:
        assert "Mail" in await browser.get(f"/teams/drafts/{made['id']}"), "everybody may look"
        assert "2027 Q1" in await browser.get("/teams/drafts")
    assert (await team(firm, "mail")).ended_at is None
    async with api_of(firm, ADMIN) as api:
        assert (await api.post(f"{address}/take", json={})).status_code == 200
        assert (await api.put(f"{address}/file", json={"text": "x"})).status_code == 422
        assert (await api.delete(address)).status_code == 409, "it came true"
    async with firm.reading() as r:
        assert len(await service.members(r, "team-3")) == len(PEOPLE)
    await sync(firm)


async def test_the_command_says_and_does_the_same(firm: Living) -> None:
    async with terminal_of(firm, ADMIN) as podo:
        told = await podo.run("team", "rename", "talk", "대화", "--why", "새 이름")
        id_ = told.split("(")[1].split(")")[0]
        assert "새 이름" in await podo.run("team", "history", "talk")
        assert "Not rename after all" in await podo.run("team", "undo", id_)
        draft = (await podo.run("draft", "make", "Q2")).strip()
        file = Path(firm.folder) / "q2.yaml"
        file.write_text("teams: [{id: team-1, handle: podo, name: Podo}]\npeople: []\n")
        assert "Chat: dissolve" in await podo.run("draft", "fill", draft, str(file))
        assert "lacks" in await podo.run("draft", "take", draft, exit_code=1)
        await podo.run("draft", "close", draft)
        assert draft not in await podo.run("draft", "list")
        assert "never ends" in await podo.run("team", "dissolve", "podo", exit_code=2)
        assert await podo.run("directory", "removals") is not None
