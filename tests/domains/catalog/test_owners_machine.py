"""Any reorganisation, in any order, heard late, twice or not at all: each project has one owner, and somebody to call."""

from __future__ import annotations

import asyncio
import functools
import itertools
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from hypothesis import settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import event

from podo.access import service as access
from podo.access.types import Membership, MembershipRole, Person, SuccessionKind, SuccessionWithdrawn, Team
from podo.catalog import service
from podo.catalog.types import (
    ClusterKind,
    Environment,
    Ownership,
    Region,
    of_project,
)
from podo.kernel import clock
from podo.kernel.db import Database, Tx
from podo.kernel.db.models import metadata
from podo.kernel.errors import PodoError
from podo.kernel.events import log
from podo.kernel.nouns import PODO
from podo.kernel.settings import Seal

T = TypeVar("T")
PROJECTS = ("chat-api", "chat-web", "search-api")
ENDING = {"access.team_succeeded", "access.team_changed", "access.succession_withdrawn"}
SEAL = Seal(["A" * 43 + "="])
pick = some.integers(0, 10_000)


@functools.cache
def _empty() -> Path:
    """A database with all tables and nothing in them, made once a process."""
    path = Path(tempfile.mkdtemp(prefix="podo-machine-")) / "empty.db"

    async def make() -> None:
        database = Database(f"sqlite:///{path}", metadata=metadata)
        async with database.engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        await database.close()

    asyncio.run(make())
    return path


class Reorganisations(RuleBasedStateMachine):
    """A company on a database of its own; time is the machine's. What was said waits in `unheard` until a rule hears it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="podo-machine-"))
        shutil.copy(_empty(), self.folder / "podo.db")
        self.runner = asyncio.Runner()
        self.database = Database(f"sqlite:///{self.folder}/podo.db", metadata=metadata)
        self.database.before_commit = log.write
        # Nothing here has to outlive a power cut.
        event.listen(self.database.engine.sync_engine, "connect", lambda c, _: c.execute("PRAGMA synchronous=OFF").close())
        self.now = datetime(2026, 5, 1, tzinfo=UTC)
        self.unheard: list[tuple[str, str]] = []
        self.numbers = itertools.count(1)

    def teardown(self) -> None:
        self._do(self._calm)
        self.runner.run(self.database.close())
        self.runner.close()
        shutil.rmtree(self.folder)

    # -- how things are done

    def _do(self, what: Callable[[Tx], Awaitable[T]]) -> T | None:
        """One transaction a minute later; what is refused leaves nothing behind."""
        self.now += timedelta(minutes=1)
        try:
            return self.runner.run(self._within(what))
        except PodoError:
            return None

    async def _within(self, what: Callable[[Tx], Awaitable[T]]) -> T:
        with clock.fixed(self.now):
            async with self.database.transaction(PODO) as tx:
                found = await what(tx)
                said = [(e.code, str(e.facts()["team"])) for e, _ in tx.said if e.code in ENDING]
        self.unheard += said
        return found

    async def _teams(self, tx: Tx) -> list[Team]:
        return sorted((t for t in await access.teams(tx) if t.ended_at is None), key=lambda t: t.id)

    async def _feed(self, tx: Tx) -> tuple[list[Person], list[Team], list[Membership]]:
        people, teams = await access.everybody(tx), await self._teams(tx)
        living = {t.id for t in teams}
        members = [m for p in people for m in await access.teams_of(tx, p.id) if m.team in living]
        return people, teams, members

    # -- what happens

    @initialize()
    def found(self) -> None:
        async def begin(tx: Tx) -> None:
            teams = [Team("root", "Root", "root"), Team("div", "Div", "div", "root")]
            teams += [Team(f"t{n}", f"T{n}", f"t{n}", "div") for n in range(3)]
            people = [Person(f"p{n}", f"P{n}", f"p{n}@podo.example") for n in range(4)]
            members = [Membership(f"p{n}", f"t{n % 3}", MembershipRole.lead) for n in range(4)]
            await access.sync_directory(tx, people, teams, members)
            await service.set_environment(tx, Environment("alpha", 0))
            await service.set_region(tx, Region("kr", "Korea", "Asia/Seoul", 0))
            await service.add_cluster(tx, SEAL, "alpha-kr", "kr", ["alpha"], ClusterKind.twin)
            for number, slug in enumerate(PROJECTS):
                wanted = {"slug": slug, "title": slug, "team": f"t{number}", "places": [("alpha", "kr")]}
                await service.register(tx, SEAL, repository="https://git.podo.example/x.git", branch="main", **wanted)

        self._do(begin)

    @rule(above=pick)
    def a_team_begins(self, above: int) -> None:
        async def begin(tx: Tx) -> None:
            people, teams, members = await self._feed(tx)
            name = f"n{next(self.numbers)}"
            made = Team(name, name, name, teams[above % len(teams)].id if teams else None)
            await access.sync_directory(tx, people, [*teams, made], members, most_gone=1)

        self._do(begin)

    @rule(team=pick, leads=some.booleans())
    def a_person_joins(self, team: int, leads: bool) -> None:
        async def join(tx: Tx) -> None:
            people, teams, members = await self._feed(tx)
            if teams:
                name = f"q{next(self.numbers)}"
                role = MembershipRole.lead if leads else MembershipRole.member
                mine = Membership(name, teams[team % len(teams)].id, role)
                await access.sync_directory(
                    tx, [*people, Person(name, name, f"{name}@podo.example")], teams, [*members, mine], most_gone=1
                )

        self._do(join)

    @rule(person=pick)
    def a_person_leaves(self, person: int) -> None:
        async def leave(tx: Tx) -> None:
            people, teams, members = await self._feed(tx)
            gone = people[person % len(people)].id if people else ""
            stay = [p for p in people if p.id != gone]
            await access.sync_directory(tx, stay, teams, [m for m in members if m.person != gone], most_gone=1)

        self._do(leave)

    @rule(team=pick)
    def the_directory_forgets_a_team(self, team: int) -> None:
        async def forget(tx: Tx) -> None:
            people, teams, members = await self._feed(tx)
            if not teams:
                return
            gone = teams[team % len(teams)].id
            stay = [t for t in teams if t.id != gone]
            above = {t.id: t for t in stay}
            kept = [t if t.parent in above else Team(t.id, t.name, t.handle) for t in stay]
            await access.sync_directory(tx, people, kept, [m for m in members if m.team != gone], most_gone=1)

        self._do(forget)

    @rule(kind=some.sampled_from(SuccessionKind), team=pick, heirs=some.lists(pick, max_size=3))
    def a_team_is_succeeded(self, kind: SuccessionKind, team: int, heirs: Sequence[int]) -> None:
        async def succeed(tx: Tx) -> None:
            teams = await self._teams(tx)
            if not teams:
                return
            of = teams[team % len(teams)].id
            named = [teams[h % len(teams)].id for h in heirs]
            few = {SuccessionKind.merge: named[:1], SuccessionKind.split: named}.get(kind, [])
            extra: dict[str, Any] = {"name": f"R{next(self.numbers)}", "parent": (named or [""])[0]}
            await access.succeed(tx, kind, of, list(dict.fromkeys(few)), "", **extra)

        self._do(succeed)

    @rule(which=pick)
    def it_was_a_mistake(self, which: int) -> None:
        async def withdraw(tx: Tx) -> None:
            if found := [s for s in await access.successions(tx) if s.withdrawn_at is None]:
                await access.withdraw(tx, found[which % len(found)].id)

        self._do(withdraw)

    @rule(which=pick, again=some.booleans())
    def something_is_heard(self, which: int, again: bool) -> None:
        if not self.unheard:
            return
        at = which % len(self.unheard)
        code, team = self.unheard[at] if again else self.unheard.pop(at)
        self._do(lambda tx: self._hear(tx, code, team))

    async def _hear(self, tx: Tx, code: str, team: str) -> None:
        if code == SuccessionWithdrawn.code:
            await service.restore(tx, team)
        await service.settle(tx, team)

    @rule(lost=some.booleans())
    def a_round_is_made(self, lost: bool) -> None:
        if lost:
            self.unheard = [said for said in self.unheard if said[0] == SuccessionWithdrawn.code]
        self._do(self._round)

    async def _round(self, tx: Tx) -> None:
        for team in await service.unsettled_teams(tx):
            await service.settle(tx, team)
        await service.lapse(tx)

    @rule(project=some.sampled_from(PROJECTS), team=pick, how=some.sampled_from(["transfer", "offer", "back", "up", "correct"]))
    def somebody_moves_a_project(self, project: str, team: int, how: str) -> None:
        async def move(tx: Tx) -> None:
            teams = await self._teams(tx)
            if not teams:
                return
            to = teams[team % len(teams)].id
            match how:
                case "transfer":
                    await service.transfer(tx, project, to, "why not")
                case "offer":
                    await service.make_offer(tx, project, to)
                case "back":
                    await service.give_back(tx, project, "")
                case "up":
                    await service.escalate(tx, project, "")
                case _:
                    since = self.now - timedelta(minutes=team % 30)
                    until = since + timedelta(minutes=team % 7) if team % 2 else None
                    await service.correct(tx, project, to, since, "it was so", until)

        self._do(move)

    @rule(which=pick, answer=some.sampled_from(["accept", "decline", "withdraw"]))
    def somebody_answers(self, which: int, answer: str) -> None:
        async def say(tx: Tx) -> None:
            if not (found := await service.open_offers(tx)):
                return
            offer = found[which % len(found)]
            match answer:
                case "accept":
                    await service.accept(tx, offer.project, offer.team)
                case "decline":
                    await service.decline(tx, offer.project, offer.team)
                case _:
                    await service.withdraw_offer(tx, offer.project, offer.team)

        self._do(say)

    @rule(minutes=some.sampled_from([-5, -1, 0, 60, 60 * 24 * 15]))
    def time_passes(self, minutes: int) -> None:
        """Also backwards a little: clocks are set."""
        self.now += timedelta(minutes=minutes - 1)

    # -- what always holds

    @invariant()
    def somebody_answers_for_everything(self) -> None:
        self._look(self._answered)

    async def _answered(self, tx: Tx) -> None:
        living = {t.id for t in await self._teams(tx)}
        active = {p.id for p in await access.everybody(tx)}
        subjects = [of_project(slug) for slug in PROJECTS]
        for subject, found in (await service.responsible(tx, subjects)).items():
            assert found.ownership is not None, subject
            assert found.team in living or not living
            assert not active or (found.people and set(found.people) <= active)
        for answer in await service.answers(tx, [*PROJECTS, "nobody-registered-it"]):
            assert answer.reachable == bool(active)

    @invariant()
    def each_moment_has_one_owner_as_known_at_each_moment(self) -> None:
        self._look(self._one_owner)

    async def _one_owner(self, tx: Tx) -> None:
        for slug in PROJECTS:
            rows = await service.record(tx, slug)
            first, known = min(o.since for o in rows), min(o.recorded_at for o in rows)
            valid = sorted({o.since for o in rows} | {o.until for o in rows if o.until} | {self.now})
            believed = sorted({o.recorded_at for o in rows} | {self.now})
            for v, k in itertools.product(valid, believed):
                if v >= first and k >= known:
                    assert len([o for o in rows if _holds(o, v, k)]) == 1, (slug, v, k)
            k, v = believed[len(believed) // 2], valid[len(valid) // 2]
            (found,) = [o for o in rows if _holds(o, max(v, first), max(k, known))]
            assert await service.owner(tx, slug, max(v, first), max(k, known)) == found

    def _look(self, what: Callable[[Tx], Awaitable[None]]) -> None:
        async def look() -> None:
            with clock.fixed(self.now):
                async with self.database.transaction(PODO) as tx:
                    await what(tx)

        self.runner.run(look())

    async def _calm(self, tx: Tx) -> None:
        """Once all is heard, what is recorded is what answers; and hearing it all again changes nothing."""
        if not await self._teams(tx):
            return
        for code, team in self.unheard:
            await self._hear(tx, code, team)
        await self._round(tx)
        before = [await service.record(tx, slug) for slug in PROJECTS]
        for slug in PROJECTS:
            owner, answer = await service.owner(tx, slug), (await service.responsible(tx, [of_project(slug)]))
            assert answer[of_project(slug)].team == owner.team
        for offer in await service.open_offers(tx):
            assert offer.team in {t.id for t in await self._teams(tx)}
            assert offer.holder == (await service.owner(tx, offer.project)).team
        for code, team in self.unheard:
            await self._hear(tx, code, team)
        await self._round(tx)
        assert [await service.record(tx, slug) for slug in PROJECTS] == before


def _holds(o: Ownership, v: datetime, k: datetime) -> bool:
    valid = o.since <= v and (o.until is None or v < o.until)
    return valid and o.recorded_at <= k and (o.superseded_at is None or k < o.superseded_at)


TestReorganisations = Reorganisations.TestCase
TestReorganisations.settings = settings(max_examples=8, stateful_step_count=20, deadline=None)
