"""The log: sealed in order, verified, delivered at least once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

from sqlalchemy import select, update

from podo.kernel import traces
from podo.kernel.db import Database
from podo.kernel.errors import Unavailable
from podo.kernel.events import Entry, Handler, Handling, log
from podo.kernel.events.backlog import Backlog, backlog
from podo.kernel.events.cursors import place
from podo.kernel.events.delivery import Delivery
from podo.kernel.events.models import EventRow, LetterRow
from podo.kernel.nouns import PODO
from tests.collector import collecting
from tests.domains.kernel.conftest import PathSwept, StoneLaid

CODES = frozenset({StoneLaid.code})


async def _say(database: Database, *names: str) -> None:
    async with database.transaction(PODO, request_id="req1") as tx:
        for name in names:
            tx.say(StoneLaid(project="p", name=name))


async def _no_run(*_: Any) -> None:
    raise AssertionError("no run is started here")


async def test_sealed_events_form_a_chain_and_a_change_breaks_it(database: Database) -> None:
    await _say(database, "a", "b")
    await _say(database, "c")
    assert await log.verify(database) == log.Verdict(0, 3, None)
    sealed = await log.seal(database)
    assert [(e.position, e.facts["name"]) for e in sealed] == [(1, "a"), (2, "b"), (3, "c")]
    await _say(database, "d")
    assert await log.verify(database) == log.Verdict(3, 1, None)
    await log.seal(database)
    for change in ({"facts": {"name": "x"}}, {"actor_id": "mallory"}, {"project": "q"}):
        async with database.transaction(PODO) as tx:
            before = (await tx.session.scalars(select(EventRow).where(EventRow.position == 2))).one()
            kept = {name: getattr(before, name) for name in change}
            await tx.session.execute(update(EventRow).where(EventRow.position == 2).values(change))
        assert (await log.verify(database)).broken_at == 2
        async with database.transaction(PODO) as tx:
            await tx.session.execute(update(EventRow).where(EventRow.position == 2).values(kept))
        assert (await log.verify(database)).broken_at is None


async def test_a_removed_event_breaks_the_chain(database: Database) -> None:
    await _say(database, "a", "b", "c")
    await log.seal(database)
    async with database.transaction(PODO) as tx:
        await tx.session.delete((await tx.session.scalars(select(EventRow).where(EventRow.position == 2))).one())
    assert (await log.verify(database)).broken_at == 2


async def test_history_is_paged_newest_first_and_filtered(database: Database) -> None:
    await _say(database, *(f"s{n}" for n in range(7)))
    async with database.reading(PODO) as r:
        first, cursor = await log.history(r, log.Wanted(project="p"), limit=5)
        rest, end = await log.history(r, log.Wanted(project="p", before=cursor), limit=5)
        other, _ = await log.history(r, log.Wanted(project="q"))
    assert [e.facts["name"] for e in (*first, *rest)] == [f"s{n}" for n in reversed(range(7))]
    assert end is None
    assert other == []
    assert {e.request_id for e in first} == {"req1"}


async def test_a_handler_hears_each_event_once_in_order_and_goes_on_after_a_restart(database: Database) -> None:
    heard: list[str] = []

    async def hear(entry: Entry, _: Handling) -> None:
        heard.append(entry.facts["name"])

    for names in (("a", "b"), ("c",)):
        delivery = Delivery(database, await place(database, [Handler("h", CODES, hear)]), _no_run)
        delivery.begin()
        await delivery.settled()
        await _say(database, *names)
        await delivery.settled()
        await delivery.end()
    assert heard == ["a", "b", "c"]


async def test_what_only_a_later_version_hears_is_not_passed_over_by_the_one_before_it(database: Database) -> None:
    old, new = Ears(CODES), Ears(CODES | {PathSwept.code})
    async with old.hearing(database) as before:
        await _say(database, "a")
        await before.settled()
        # A web process of the new version starts, and says what the workers, which are old still, do not know.
        assert [h.name for h in await place(database, [new.handler])] == ["h", "h+1"]
        assert [h.codes for h in await place(database, [old.handler])] == [CODES], "an old one that starts again hears more"
        async with database.transaction(PODO) as tx:
            tx.say(PathSwept(name="swept"))
        await _say(database, "b")
        await before.settled()
    async with new.hearing(database) as after:
        await _say(database, "c")
        await after.settled()
        found = (await _backlog(database, new.handler)).behind
    assert (old.heard, sorted(new.heard)) == (["a", "b"], ["c", "swept"])
    assert {name: count for name, (count, _) in found.items()} == {"h": 0, "h+1": 0}


async def test_what_an_older_version_said_has_the_fields_that_were_added_since(database: Database) -> None:
    async with database.transaction(PODO) as tx:
        tx.say(PathSwept(name="a"))
        tx.say(PathSwept(name="b", broom="new"))
    async with database.transaction(PODO) as tx:
        first = (await tx.session.scalars(select(EventRow).order_by(EventRow.seq).limit(1))).one()
        first.facts = {"name": "a"}
    async with database.reading(PODO) as r:
        entries, _ = await log.history(r, log.Wanted())
    assert [e.facts for e in reversed(entries)] == [{"name": "a", "broom": "old"}, {"name": "b", "broom": "new"}]


class Ears:
    """A handler of one version, and what it heard."""

    def __init__(self, codes: frozenset[str]) -> None:
        self.heard: list[str] = []
        self.handler = Handler("h", codes, self._hear)

    async def _hear(self, entry: Entry, _: Handling) -> None:
        self.heard.append(entry.facts["name"])

    @contextlib.asynccontextmanager
    async def hearing(self, database: Database) -> AsyncIterator[Delivery]:
        """While a worker of this version runs."""
        delivery = Delivery(database, await place(database, [self.handler]), _no_run)
        delivery.begin()
        yield delivery
        await delivery.end()


async def _backlog(database: Database, handler: Handler) -> Backlog:
    async with database.reading(PODO) as r:
        return await backlog(r, [handler])


async def test_a_failing_handler_tries_again_and_a_hopeless_letter_is_put_aside(database: Database) -> None:
    tries: list[str] = []

    async def hear(entry: Entry, _: Handling) -> None:
        tries.append(entry.facts["name"])
        if entry.facts["name"] == "late" and tries.count("late") < 3:
            raise Unavailable(what="x", why="y")
        if entry.facts["name"] == "never":
            raise ValueError("never")

    delivery = Delivery(database, await place(database, [Handler("h", CODES, hear)]), _no_run, pause=0.001)
    delivery.begin()
    await delivery.settled()
    await _say(database, "late", "never", "after")
    await asyncio.wait_for(delivery.settled(), 20)
    await delivery.end()
    assert tries.count("late") == 3
    assert tries[-1] == "after"
    async with database.reading(PODO) as r:
        letters = (await r.session.scalars(select(LetterRow))).all()
    assert [(row.handler, row.why) for row in letters] == [("h", "ValueError: never")]


async def test_a_handlers_own_words_name_their_cause(database: Database) -> None:
    async def echo(entry: Entry, at: Handling) -> None:
        if entry.cause is None:
            async with at.transaction() as tx:
                tx.say(StoneLaid(name="echo"))

    delivery = Delivery(database, await place(database, [Handler("h", CODES, echo)]), _no_run)
    delivery.begin()
    await delivery.settled()
    await _say(database, "a")
    await delivery.settled()
    await delivery.end()
    async with database.reading(PODO) as r:
        (echoed, first), _ = await log.history(r, log.Wanted())
    assert (echoed.cause, echoed.request_id) == (first.id, "req1")


async def test_what_waits_is_heard_together_and_each_by_itself_where_that_fails(database: Database) -> None:
    together: list[list[str]] = []
    alone: list[str] = []

    async def hear(entry: Entry, _: Handling) -> None:
        alone.append(entry.facts["name"])

    async def hear_many(entries: Sequence[Entry], at: Handling) -> None:
        together.append([entry.facts["name"] for entry in entries])
        if "bad" in together[-1]:
            raise ValueError("bad")
        async with at.transaction() as tx:
            tx.say(PathSwept(name="all"))

    placed = await place(database, [Handler("h", CODES, hear, hear_many)])
    for names in (("a", "b", "c"), ("one",), ("d", "bad")):
        await _say(database, *names)
        while await log.seal(database):
            pass
        delivery = Delivery(database, placed, _no_run)
        delivery.begin()
        await asyncio.wait_for(delivery.settled(), 20)
        await delivery.end()
    assert together == [["a", "b", "c"], ["d", "bad"]]
    assert alone == ["one", "d", "bad"]
    async with database.reading(PODO) as r:
        found, _ = await log.history(r, log.Wanted())
    by_id = {e.id: e for e in found}
    assert [by_id[e.cause].facts["name"] for e in found if e.cause] == ["a"]


async def test_what_is_heard_together_lies_in_a_trace_that_is_kept_and_leads_to_the_others(database: Database) -> None:
    async def hear(entry: Entry, _: Handling) -> None:
        raise AssertionError(entry.id)

    async def hear_many(entries: Sequence[Entry], _: Handling) -> None:
        assert len(entries) == 3

    placed = await place(database, [Handler("h", CODES, hear, hear_many)])
    with collecting() as found:
        traces.begin(found.url, {}, 1.0, "proc")
        try:
            for n, sampled in enumerate((False, True, True)):
                with traces.span("click", under=traces.Point(f"{n + 1:032x}", f"{n + 1:016x}", sampled)):
                    await _say(database, f"s{n}")
            await log.seal(database)
            delivery = Delivery(database, placed, _no_run)
            delivery.begin()
            await asyncio.wait_for(delivery.settled(), 20)
            await delivery.end()
        finally:
            await traces.end()
    heard = next(s for s in found.spans if s.name == "handler h")
    events = [next(s for s in found.of(f"{n:032x}") if s.name == "event test.stone_laid") for n in (2, 3)]
    assert (heard.trace, heard.parent) == (events[0].trace, events[0].id)
    assert (events[1].trace, events[1].id) in heard.links
    assert {trace for trace, _ in heard.links} == {f"{n:032x}" for n in (1, 3)}


async def test_what_follows_from_several_events_names_each_its_own(database: Database) -> None:
    await _say(database, "a", "b")
    first, second = await log.seal(database)
    async with database.transaction(PODO, request_id="run", cause="none") as tx:
        with tx.following(first.whence):
            tx.say(StoneLaid(project="p", name="c"))
        with tx.following(second.whence):
            tx.say(StoneLaid(project="p", name="d"))
        tx.say(StoneLaid(project="p", name="e"))
    made = await log.seal(database)
    assert [(e.cause, e.request_id) for e in made] == [(first.id, "req1"), (second.id, "req1"), ("none", "run")]
