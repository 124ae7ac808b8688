"""Podo seen from outside: alert rules by promtool, and every metric that rules and dashboard name is one that a house tells."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import yaml

from tests import needs
from tests.company import MEMBER, shop, token_of
from tests.house import tree
from tools import dashboard

FOLDER = tree.ROOT / "charts/podo/observability"
RULES, BOARD = FOLDER / "podo.rules.yaml", FOLDER / "podo.dashboard.json"
# What Prometheus itself and every Python process tell.
_METRIC = re.compile(r"\b(?:podo|process)_[a-z_]+\b")
_RECORDED = re.compile(r"\bpodo:[a-z0-9_:]+\b")
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def expressions() -> list[str]:
    """Every PromQL expression of the rules and the dashboard."""
    rules = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    panels = json.loads(BOARD.read_text())["panels"]
    return [r["expr"] for r in rules] + [t["expr"] for p in panels for t in p.get("targets", ())]


def promtool(*words: str, folder: Path) -> None:
    """Runs promtool in a folder that has the rules and their test."""
    shutil.copy(RULES, folder)
    shutil.copy(tree.ROOT / "tests/house/podo.rules.test.yaml", folder)
    done = subprocess.run(["promtool", *words], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@needs.program("promtool")
def test_promtool_takes_the_rules_and_they_fire_when_they_should(tmp_path: Path) -> None:
    promtool("check", "rules", RULES.name, folder=tmp_path)
    promtool("test", "rules", "podo.rules.test.yaml", folder=tmp_path)


@needs.program("promtool")
def test_promtool_reads_every_query_of_the_dashboard(tmp_path: Path) -> None:
    exprs = [e.replace("$__rate_interval", "5m") for e in expressions()]
    rules = [{"record": f"test:query:{number}", "expr": expr} for number, expr in enumerate(exprs)]
    (tmp_path / "queries.yaml").write_text(yaml.safe_dump({"groups": [{"name": "queries", "rules": rules}]}))
    promtool("check", "rules", "--lint-fatal", "queries.yaml", folder=tmp_path)


def test_every_alert_says_what_is_so_and_what_to_do_and_is_tested() -> None:
    alerts = [r for g in yaml.safe_load(RULES.read_text())["groups"] for r in g["rules"] if "alert" in r]
    tested = (tree.ROOT / "tests/house/podo.rules.test.yaml").read_text()
    for alert in alerts:
        assert alert["annotations"].keys() == {"summary", "description"}, alert
        assert alert["labels"]["severity"] in ("page", "ticket", "info"), alert
        assert f'alertname="{alert["alert"]}"' in tested, alert["alert"]
    assert len(alerts) >= 12


def test_the_dashboard_is_as_it_is_written() -> None:
    assert dashboard.main(["--check"]) == 0, "python -m tools.dashboard writes it anew"


async def test_a_running_house_tells_every_metric_they_name_and_exemplars_where_a_trace_is_kept(tmp_path: Path) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    async with shop(tmp_path) as house:
        secret = await token_of(house, MEMBER)
        headers = {"authorization": f"Bearer {secret}", "traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
        async with house.client(headers=headers) as client:
            assert (await client.put("/api/v1/me/preferences", json={"theme": "dark"})).is_success
            plain = (await client.get("/metrics")).text
            rich = await client.get("/metrics", headers={"accept": OPENMETRICS})
    told = set(re.findall(r"^# TYPE (\S+) ", plain, re.MULTILINE))
    told |= {f"{name}_{part}" for name in told for part in ("bucket", "count", "sum")}
    wanted = {name for expr in expressions() for name in _METRIC.findall(expr)}
    recorded = {r["record"] for g in yaml.safe_load(RULES.read_text())["groups"] for r in g["rules"] if "record" in r}
    assert len(wanted) > 20
    assert wanted - told == set()
    assert {name for expr in expressions() for name in _RECORDED.findall(expr)} <= recorded
    assert rich.headers["content-type"].startswith("application/openmetrics-text")
    exemplars = re.findall(r'^podo_http_request_duration_seconds_bucket\{.*# \{.*trace_id="(\w+)"', rich.text, re.MULTILINE)
    assert trace in exemplars
    assert "trace_id" not in plain
    _counted(plain)


def _counted(plain: str) -> None:
    """What happened in that house was counted: what was looked at, and what was noted on the way."""

    def value(of: str) -> float:
        found = re.search(rf"^{re.escape(of)} (\S+)$", plain, re.MULTILINE)
        assert found, of
        return float(found[1])

    assert value('podo_events_total{code="catalog.project_registered"}') >= 1
    assert value('podo_handler_duration_seconds_count{handler="catalog.namespaces",outcome="done"}') >= 1
    assert value('podo_handler_behind_events{handler="catalog.namespaces"}') == 0
    assert value('podo_lease_held{lease="events.handlers"}') == 1
    assert value("podo_disk_free_bytes") > 0
    assert value("podo_database_transaction_seconds_count") > 5
    assert value('podo_acts_total{outcome="done",permission="signed-in"}') >= 1
    labels = set(re.findall(r'(\w+)="', plain))
    assert labels <= BOUNDED, labels - BOUNDED


# Never a project, a person, an address or an id.
BOUNDED = {
    *("method", "route", "status", "permission", "outcome", "code", "handler", "workflow", "step", "cluster", "lease"),
    *("version", "roles", "le", "implementation", "major", "minor", "patchlevel", "generation"),
}
