"""The example's history is one that Podo itself could have written: held against the rules of the domains, row by row."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from podo.app.demo import founding, kept, organisation
from podo.app.demo.trains import LEFT
from podo.app.demo.traits import BROKEN, RESTING
from podo.delivery.rules import releases, states
from podo.delivery.types import RolloutState
from podo.kernel import clock
from podo.kernel.db import Database
from podo.kernel.db.models import metadata
from podo.kernel.events import Event, log

# The first of them makes the example, where `make` has not.
pytestmark = pytest.mark.timeout(900)

_S = RolloutState
# What an event makes of a rollout's state.
_BECOMES = {
    "delivery.rollout_started": _S.rolling,
    "delivery.rollout_soaking": _S.soaking,
    "delivery.rollout_healthy": _S.healthy,
    "delivery.rollout_failed": _S.failed,
    "delivery.rollout_rolled_back": _S.rolled_back,
    "delivery.rollout_halted": _S.halted,
    "delivery.rollout_cancelled": _S.cancelled,
    "delivery.rollout_approved": _S.queued,
}


async def test_the_chain_fits_and_nothing_waits_to_be_sealed(example: Path) -> None:
    database = Database(f"sqlite:///{example / 'podo.db'}", metadata=metadata)
    verdict = await log.verify(database)
    await database.close()
    assert verdict.broken_at is None
    assert verdict.tail == 0
    assert verdict.sealed > 10_000


def test_it_has_the_size_of_the_company(rows: sqlite3.Connection) -> None:
    assert _count(rows, "people") == organisation.PEOPLE
    assert _count(rows, "projects") == organisation.PROJECTS
    assert _count(rows, "teams") == len(organisation.teams()) > 30
    assert _count(rows, "regions") == 4
    assert _count(rows, "clusters") == 8
    assert _count(rows, "deployments") > 1500
    span = rows.execute("SELECT julianday(max(at)) - julianday(min(at)) FROM events").fetchone()[0]
    assert 85 < span < 100


def test_every_event_says_what_its_class_says(rows: sqlite3.Connection) -> None:
    seen: set[str] = set()
    for code, facts in rows.execute("SELECT code, facts FROM events"):
        known = Event.known[code]
        named = {f for c in known.__mro__ for f in getattr(c, "__slots__", ())} - {"project", "environment", "region", "subject"}
        assert json.loads(facts).keys() == named, code
        seen.add(code)
    assert len(seen) > 25


def test_events_stand_in_the_order_of_time_behind_their_causes(rows: sqlite3.Connection) -> None:
    places: dict[str, int] = {}
    last = ""
    for seq, id_, at, cause in rows.execute("SELECT seq, id, at, cause FROM events ORDER BY seq"):
        assert at >= last
        assert cause is None or cause in places
        places[id_], last = seq, at


def test_each_project_has_one_owner_at_every_moment(rows: sqlite3.Connection) -> None:
    owners: dict[str, list[sqlite3.Row]] = defaultdict(list)
    query = "SELECT * FROM ownerships WHERE superseded_at IS NULL AND project IS NOT NULL ORDER BY project, since"
    for row in rows.execute(query):
        owners[row["project"]].append(row)
    assert len(owners) == organisation.PROJECTS
    assert any(len(intervals) > 1 for intervals in owners.values())
    for intervals in owners.values():
        assert [i["until"] for i in intervals[:-1]] == [i["since"] for i in intervals[1:]]
        assert intervals[-1]["until"] is None


def test_a_reorganisation_is_half_through(rows: sqlite3.Connection) -> None:
    gone = next(t.id for t in organisation.teams() if t.handle == organisation.DISSOLVED)
    chat = next(t.id for t in organisation.teams() if t.handle == founding.lead().team)
    ended = rows.execute("SELECT ended_at FROM teams WHERE id = ?", (gone,)).fetchone()[0]
    owned = (
        "SELECT team, custody, of, project FROM ownerships WHERE superseded_at IS NULL AND until IS NULL AND project IS NOT NULL"
    )
    now = rows.execute(owned).fetchall()
    assert ended
    assert gone not in {row["team"] for row in now}
    kept = {row["project"] for row in now if row["custody"]}
    assert {row["of"] for row in now if row["custody"]} == {gone}
    offers = rows.execute("SELECT subject, state, evidence FROM offers WHERE team = ?", (chat,)).fetchall()
    waiting = {row["subject"].removeprefix("project:") for row in offers if row["state"] == "open"}
    assert len(waiting) == 3
    assert waiting < kept
    assert {row["state"] for row in offers} >= {"open", "accepted", "declined"}
    reasons = [e["reason"] for row in offers for e in json.loads(row["evidence"])]
    assert {word for word in ("committed", "deployed", "approved") if any(word in r for r in reasons)} == {
        *("committed", "deployed", "approved")
    }
    touched = "SELECT count(*) FROM events WHERE project = ? AND at > ? AND actor_kind = 'person' AND code LIKE 'delivery.%'"
    assert [rows.execute(touched, (slug, ended)).fetchone()[0] for slug in kept] == [0] * len(kept)
    drafts = rows.execute("SELECT id FROM directory_drafts WHERE taken_at IS NULL AND closed_at IS NULL").fetchall()
    assert len(drafts) == 1
    entries = rows.execute("SELECT kind, count(*) FROM directory_entries WHERE draft = ? GROUP BY kind", drafts[0]).fetchall()
    assert dict(entries) == {"Group": len(organisation.teams()) - 1 + 3, "User": len(organisation.people())}


def test_numbers_have_no_gaps_and_the_next_one_is_free(rows: sqlite3.Connection) -> None:
    for table, counter in (("builds", "build"), ("deployments", "deployment")):
        query = f"SELECT project, min(number), max(number), count(*) FROM {table} GROUP BY project"
        for project, first, last, count in rows.execute(query):
            given = rows.execute(f"SELECT {counter} FROM delivery_numbers WHERE project = ?", (project,)).fetchone()[0]
            assert (first, last, given) == (1, count, count), project


def test_every_rollout_went_by_the_table_of_states(rows: sqlite3.Connection) -> None:
    story: dict[str, list[str]] = defaultdict(list)
    for code, facts in rows.execute("SELECT code, facts FROM events WHERE code LIKE 'delivery.rollout_%' ORDER BY seq"):
        story[json.loads(facts)["rollout"]].append(code)
    ends: dict[RolloutState, int] = defaultdict(int)
    for row in rows.execute("SELECT * FROM rollouts"):
        now = _S.waiting if row["needs"] else _S.queued
        for code in story[row["id"]]:
            then = _BECOMES.get(code)
            if then is not None and then is not now:
                states.check(now, then)
                now = then
        # That another one took its place is said by that other one.
        expected = {_S.healthy, _S.inactive} if now is _S.healthy else {now}
        assert _S(row["state"]) in expected, (row["id"], story[row["id"]])
        ends[_S(row["state"])] += 1
    assert ends.keys() >= {_S.healthy, _S.inactive, _S.rolled_back, _S.failed, _S.halted, _S.cancelled, _S.waiting}
    assert not ends.keys() & {_S.rolling, _S.soaking, _S.queued, _S.stuck}


def test_a_target_has_at_most_one_healthy_rollout_and_all_times_follow_each_other(rows: sqlite3.Connection) -> None:
    query = (
        "SELECT project, environment, region, count(*) FROM rollouts WHERE state = 'healthy' GROUP BY 1, 2, 3 HAVING count(*) > 1"
    )
    assert rows.execute(query).fetchall() == []
    for row in rows.execute("SELECT * FROM rollouts"):
        times = [row[name] for name in ("asked_at", "started_at", "soak_until", "healthy_at") if row[name]]
        assert times == sorted(times), row["id"]


def test_nobody_approved_what_they_asked_for_and_each_approval_is_for_what_was_sealed(rows: sqlite3.Connection) -> None:
    teams = {t.id: t.handle for t in organisation.teams()}
    home = {p.id: p.team for p in organisation.people()}
    query = """
        SELECT a.*, r.bundle AS sealed, r.needs, d.by AS asker, r.project,
          (SELECT team FROM ownerships o
           WHERE o.project = r.project AND o.superseded_at IS NULL
             AND o.since <= a.at AND (o.until IS NULL OR o.until > a.at)) AS team
        FROM approvals a JOIN rollouts r ON r.id = a.rollout
        JOIN deployments d ON d.project = r.project AND d.number = r.number
    """
    found = rows.execute(query).fetchall()
    assert len(found) > 1000
    for row in found:
        assert row["person"] != row["asker"]
        assert row["bundle"] == row["sealed"]
        assert home[row["person"]] in (teams[row["team"]], "sre"), row["project"]
    started = "SELECT count(*) FROM rollouts r WHERE started_at IS NOT NULL AND needs > 0 AND needs > " + (
        "(SELECT count(*) FROM approvals a WHERE a.rollout = r.id AND a.decision = 'approve')"
    )
    assert rows.execute(started).fetchone()[0] == 0


def test_every_release_is_what_its_hashes_say(rows: sqlite3.Connection) -> None:
    charts = {(r["project"], r["id"]): r for r in rows.execute("SELECT * FROM releases")}
    bundles: dict[tuple[str, str], dict[tuple[str, str], str]] = defaultdict(dict)
    for row in rows.execute("SELECT * FROM bundles"):
        content, place = json.loads(row["content"]), (row["environment"], row["region"])
        chart = charts[row["project"], row["release"]]["chart"]
        made = releases.bundle_hash(content["manifests"], content["values"], chart, content["fingerprints"], place)
        assert row["hash"] == made
        assert content["values"]["podo"]["release"] == row["label"]
        assert row["label"] in json.dumps(content["manifests"])
        bundles[row["project"], row["release"]][place] = made
    for (project, id_), row in charts.items():
        root = releases.root_hash(bundles[project, id_])
        assert (row["hash"], id_) == (root, releases.called(root))
        build = rows.execute("SELECT * FROM builds WHERE project = ? AND number = ?", (project, row["build"])).fetchone()
        assert (row["digest"], row["sha"]) == (build["digest"], build["sha"])


def test_production_saw_nothing_that_was_not_healthy_in_alpha(rows: sqlite3.Connection) -> None:
    query = """
        SELECT count(*) FROM deployments d JOIN releases x ON x.project = d.project AND x.id = d.release
        WHERE d.environment = 'prod' AND NOT EXISTS (
          SELECT 1 FROM rollouts r JOIN deployments e ON e.project = r.project AND e.number = r.number
          JOIN releases y ON y.project = e.project AND y.id = e.release
          WHERE r.project = d.project AND r.environment = 'alpha' AND r.healthy_at < d.at
            AND y.digest = x.digest AND y.chart = x.chart)
    """
    assert rows.execute(query).fetchone()[0] == 0


def test_something_waits_for_people_and_nothing_for_machines(rows: sqlite3.Connection) -> None:
    waiting = {row["project"] for row in rows.execute("SELECT DISTINCT project FROM rollouts WHERE state = 'waiting'")}
    mine = {p.slug for p in organisation.projects() if p.team == founding.lead().team}
    assert len(waiting & LEFT.keys()) >= 8
    assert waiting & mine
    opened = {(r["project"], r["number"]) for r in rows.execute("SELECT project, number FROM deployments WHERE open")}
    undone = {(r["project"], r["number"]) for r in rows.execute("SELECT project, number FROM rollouts WHERE state = 'waiting'")}
    assert opened == undone
    assert rows.execute("SELECT count(*) FROM rollout_watches WHERE due_at IS NOT NULL").fetchone()[0] == 0


def test_the_clusters_run_what_the_history_says_and_some_of_it_is_red(example: Path, rows: sqlite3.Connection) -> None:
    told = {
        (r["cluster"], r["project"]): str(r["number"]) for r in rows.execute("SELECT * FROM rollouts WHERE state = 'healthy'")
    }
    seen: dict[tuple[str, str], str] = {}
    reasons: set[str] = set()
    resting: set[str] = set()
    for path in sorted((example / "twins").glob("*.twin")):
        objects = msgspec.msgpack.decode(path.read_bytes())["objects"]
        for manifest in _all(objects, "apps/v1|Deployment"):
            metadata = manifest["metadata"]
            if metadata["name"] == metadata["namespace"]:
                seen[path.stem, metadata["namespace"]] = metadata["labels"]["podo.dev/deployment"]
        for pod in _all(objects, "v1|Pod"):
            for status in pod["status"].get("containerStatuses", ()):
                reasons.add(status["state"].get("waiting", {}).get("reason", ""))
                reasons.add(status["lastState"].get("terminated", {}).get("reason", ""))
        resting |= {m["metadata"]["namespace"] for m in _all(objects, "batch/v1|CronJob") if m["spec"].get("suspend")}
    assert seen == told
    assert reasons >= {"CrashLoopBackOff", "ImagePullBackOff", "OOMKilled"}
    assert resting == RESTING
    assert {p.slug for p in organisation.projects()} >= BROKEN.keys() | RESTING | LEFT.keys()


async def test_it_is_moved_by_whole_days_and_sealed_again(example: Path, tmp_path: Path) -> None:
    with clock.shifted(timedelta(days=3, hours=2)):
        await kept.unpack(tmp_path / "later")
    moved = sqlite3.connect(tmp_path / "later" / "podo.db")
    was = sqlite3.connect(example / "podo.db")
    question = "SELECT id, at FROM events ORDER BY seq"
    before, after = was.execute(question).fetchall(), moved.execute(question).fetchall()
    assert [i for i, _ in before] == [i for i, _ in after]
    days = moved.execute("SELECT julianday(?) - julianday(?)", (after[-1][1], before[-1][1])).fetchone()[0]
    assert abs(days - json.loads((tmp_path / "later" / kept.MARK).read_text())["days"]) < 0.001
    assert days in (3, 3.0)
    for column in ("asked_at", "healthy_at"):
        pair = [c.execute(f"SELECT max({column}) FROM rollouts").fetchone()[0] for c in (was, moved)]
        assert moved.execute("SELECT julianday(?) - julianday(?)", tuple(reversed(pair))).fetchone()[0] == 3
    was.close()
    moved.close()
    database = Database(f"sqlite:///{tmp_path / 'later' / 'podo.db'}", metadata=metadata)
    verdict = await log.verify(database)
    await database.close()
    assert (verdict.broken_at, verdict.tail, verdict.sealed) == (None, 0, len(before))


def _count(rows: sqlite3.Connection, table: str) -> int:
    return rows.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


def _all(objects: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [json.loads(body) for bodies in objects.get(kind, {}).values() for body in bodies.values()]
