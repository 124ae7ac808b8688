"""Secrets that can be recognised, through a whole train and its failures: none of them comes out anywhere."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import re
import shutil
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml
from sqlalchemy import text

from podo.access import service as access
from podo.access.types import Person, Role
from podo.app import house as houses
from podo.app import keeping
from podo.app.domains import DOMAINS
from podo.clients.kubernetes.twin import PodFault
from podo.delivery.types import RolloutState
from podo.kernel import terminal
from podo.kernel.http.web import COOKIE
from tests import needs
from tests.collector import Collector, collecting
from tests.company import token_of
from tests.contracts.cluster.servers import kubeconfig
from tests.domains.delivery.shops import PROJECT, Shop, directory, shop
from tests.house.test_faces import readable

pytestmark = needs.program("git")

# Nothing listens on port 1: what is sent there fails, and failing is when secrets are told.
CLOSED = "127.0.0.1:1"
SEAL = base64.urlsafe_b64encode(b"canary-seal-key-of-32-bytes-long").decode()
BODY = "Y2FuYXJ5LWRlcGxveS1rZXktMTIzNDU2Nzg5MA"
SECRETS: dict[str, str] = {
    "config secret": "canary-config-secret-81f2",
    "config secret that is refused": "canary-refused-secret-7c1d",
    "deploy key": BODY,
    "git token": "canary-git-token-55aa",
    "registry password": "canary-registry-password-19cd",
    "webhook secret": "canary-webhook-secret-0b0b",
    "mail password": "canary-mail-password-3e3e",
    "client secret": "canary-client-secret-77fe",
    "kubeconfig token": "canary-kubeconfig-token-d00d",
    "trace header": "canary-trace-header-4242",
    "seal key": SEAL,
    "webhook's address": "canary-webhook-address-6a6a",
}
SETTINGS = {
    "PODO_SEAL_KEYS": SEAL,
    "PODO_DELIVERY_REGISTRY": f"{CLOSED}/podo",
    "PODO_DELIVERY_REGISTRY_USER": "podo",
    "PODO_DELIVERY_REGISTRY_PASSWORD": SECRETS["registry password"],
    "PODO_DELIVERY_WEBHOOK_SECRET": SECRETS["webhook secret"],
    "PODO_NOTICES_SMTP": f"smtp://podo:{SECRETS['mail password']}@{CLOSED}",
    "PODO_ACCESS_ISSUERS_X_URL": f"http://{CLOSED}",
    "PODO_ACCESS_ISSUERS_X_CLIENT_ID": "podo",
    "PODO_ACCESS_ISSUERS_X_CLIENT_SECRET": SECRETS["client secret"],
    "PODO_TRACES_HEADERS": f"x-key={SECRETS['trace header']}",
    "PODO_CATALOG_LOCAL_REPOSITORIES": "true",
    "PODO_NOTICES_LOCAL_WEBHOOKS": "true",
}


class Everything(logging.Handler):
    """All that is logged, by anybody and at every level, as people and as machines read it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.name == "aiosqlite":
            return  # Every statement twice; `terminal.logs` lets none of them through.
        self.lines += [terminal.PlainLines().format(record), terminal.JsonLines().format(record)]


@pytest.fixture
def logged() -> Iterator[list[str]]:
    kept, root = Everything(), logging.getLogger()
    was = root.level
    root.addHandler(kept)
    root.setLevel(logging.DEBUG)
    yield kept.lines
    root.removeHandler(kept)
    root.setLevel(was)


@pytest.fixture
def called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What git was called with: a git of ours stands before the real one on the path of programs."""
    folder = tmp_path / "bin"
    folder.mkdir()
    arguments = tmp_path / "arguments"
    (folder / "git").write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> {arguments}\nexec {shutil.which("git")} "$@"\n')
    (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return arguments


def forms_of(secret: str) -> list[str]:
    """A secret as it is, as Kubernetes writes it, in an address, and in JSON."""
    encoded = base64.b64encode(secret.encode()).decode()
    return [secret, encoded, quote(secret, safe=""), base64.b64encode(f"podo:{secret}".encode()).decode()]


def found_in(place: str, content: str | bytes, secrets: Mapping[str, str]) -> list[str]:
    """`secret in place` for each that is there."""
    told = content.encode(errors="replace") if isinstance(content, str) else content
    return [f"{name} in {place}" for name, secret in secrets.items() if any(f.encode() in told for f in forms_of(secret))]


async def test_no_secret_comes_out_anywhere(tmp_path: Path, logged: list[str], called: Path) -> None:
    secrets = dict(SECRETS)
    out: list[str] = []
    with collecting() as spans:
        async with shop(tmp_path / "house", PODO_TRACES_ENDPOINT=spans.url, **SETTINGS) as made:
            await _let_root_in(made)
            secrets["API token"] = token = await token_of(made.living, "root")
            async with made.living.client(headers={"authorization": f"Bearer {token}"}) as api:
                out += await _typed_in(api, secrets)
                await _train(made, api, secrets)
                out += await _answers(api, "root", secrets)
            there = b"".join(twin.dump() for twin in made.living.twins.values())
            assert found_in("clusters", there, secrets) == ["config secret in clusters"], (
                "it went all the way, and nothing else did"
            )
            async with made.living.signed_in("root") as browser:
                secrets["session cookie"] = browser.client.cookies[COOKIE]
                out += await _answers(browser.client, "page", secrets)
            async with made.living.reading() as r:
                events = [str(row) for row in (await r.session.execute(text("select * from events"))).all()]
            assert len(events) > 20
            out += found_in("events", "\n".join(events), secrets)
            out += found_in("settings", repr([made.living.house.settings[s] for s in _sections()]), secrets)
            await keeping.backup(made.living.house.settings, tmp_path / "podo.backup")
            out += found_in("databases", await made.living.written(), secrets)
    out += found_in("log", "\n".join(logged), secrets)
    assert any("PATCH" in line for line in logged)
    out += _traces(spans, secrets)
    out += found_in("arguments of git", await asyncio.to_thread(called.read_text), secrets)
    with zipfile.ZipFile(tmp_path / "podo.backup") as kept:
        out += [f for name in kept.namelist() for f in found_in(f"backup's {name}", kept.read(name), secrets)]
    out += _files(tmp_path / "house", secrets)
    assert out == []


def _sections() -> list[type]:
    return [*houses.SECTIONS.values(), *(s for domain in DOMAINS for s in domain.settings.values())]


async def _let_root_in(made: Shop) -> None:
    people, teams, memberships = directory()
    async with made.living.transaction() as tx:
        await access.sync_directory(tx, [*people, Person("root", "Root", "root@podo.test")], teams, memberships)
        await access.grant(tx, "root", Role.admin)


async def _typed_in(api: Any, secrets: dict[str, str]) -> list[str]:
    """Type every secret in, once well and once wrong; what the answers told of them."""
    key = f"-----BEGIN OPENSSH PRIVATE KEY-----\n{BODY}\n-----END OPENSSH PRIVATE KEY-----"
    refused = secrets["config secret that is refused"]
    project = f"/api/v1/projects/{PROJECT}"
    config = yaml.safe_dump(kubeconfig(f"https://{CLOSED}", {"token": secrets["kubeconfig token"]}))
    cluster = {"name": "far", "region": "jp", "environments": ["alpha"], "kubeconfig": config}
    calls = [
        ("PUT", f"{project}/secrets/DB_PASSWORD", {"value": secrets["config secret"]}, 200),
        ("PUT", f"{project}/secrets/no-key", {"value": refused}, 422),
        ("PUT", f"{project}/secrets/DB_PASSWORD", {"value": [refused]}, 422),
        ("PUT", f"{project}/secrets/BIG", {"value": refused * 10_000}, 422),
        ("PATCH", project, {"repository": f"ssh://git@{CLOSED}/x.git", "credential": key}, 200),
        ("POST", "/api/v1/repositories/look", {"repository": f"ssh://git@{CLOSED}/x.git", "credential": key}, 503),
        ("POST", "/api/v1/repositories/look", {"repository": f"http://{CLOSED}/x.git", "credential": secrets["git token"]}, 503),
        ("POST", "/api/v1/repositories/look", {"repository": f"http://u:{refused}@{CLOSED}/x.git"}, 422),
        (
            "POST",
            "/api/v1/repositories/look",
            {"repository": f"ssh://git@{CLOSED}/x.git", "credential": secrets["git token"]},
            422,
        ),
        ("POST", f"{project}/builds", {"ref": "main"}, 503),
        ("PATCH", project, {"repository": f"http://{CLOSED}/x.git", "credential": secrets["git token"]}, 200),
        ("POST", f"{project}/builds", {"ref": "main"}, 503),
        ("POST", "/api/v1/clusters", cluster, 204),
        ("POST", "/api/v1/clusters", {**cluster, "name": "wrong", "kubeconfig": f"users: [{{token: {refused}"}, 422),
        ("POST", "/api/v1/clusters", {**cluster, "name": "none", "kubeconfig": f"current-context: x\nusers: {refused}"}, 422),
    ]
    out: list[str] = []
    for method, path, body, status in calls:
        answer = await api.request(method, path, json=body)
        assert answer.status_code == status, (method, path, answer.status_code, answer.text)
        out += found_in(f"answer of {method} {path} ({status})", answer.text, secrets)
    await _hooked(api, secrets)
    signed = await api.post("/webhooks/github", content=b"{}", headers={"x-hub-signature-256": "sha256=00"})
    assert signed.status_code == 403
    assert (await api.get("/sign-in/with/x")).status_code == 503
    return out + found_in("answer of the webhook", signed.text, secrets)


async def _hooked(api: Any, secrets: dict[str, str]) -> None:
    """A webhook for everything, whose secrets are told once and whose receiver does not answer; a wrong one, too."""
    address = f"https://{CLOSED}/" + secrets["webhook's address"]
    made = await api.post("/api/v1/webhooks", json={"address": address, "kinds": ["*"]})
    assert made.status_code == 200, made.text
    rotated = await api.post(f"/api/v1/webhooks/{made.json()['id']}/rotate", json={})
    for name, answer in (("webhook key", made), ("webhook key, rotated", rotated)):
        secrets[name] = answer.json()["secret"].removeprefix("whsec_")
    wrong = await api.post(
        "/api/v1/webhooks", json={"address": f"https://u:{secrets['config secret that is refused']}@x.example/"}
    )
    assert found_in("answer", wrong.text, secrets) == []
    assert (await api.post(f"/api/v1/webhooks/{made.json()['id']}/ping")).status_code == 200


async def _train(made: Shop, api: Any, secrets: Mapping[str, str]) -> None:
    """Alpha, then production, which fails in one region and is put back."""
    first = await made.ask(await made.healthy_alpha(), "prod", ["kr", "jp"])
    await made.approve(first, "kr", "jp")
    await made.settled()
    assert (await made.now(first)).state is RolloutState.healthy
    better = await made.healthy_alpha(2, tag="next")
    made.living.twins["prod-jp"].faults.images["*/next/*"] = PodFault("CrashLoopBackOff")
    second = await made.ask(better, "prod", ["kr", "jp"])
    await made.approve(second, "kr", "jp")
    await made.settled()
    assert (await made.states(second))["jp"] == "rolled back"


async def _answers(client: Any, who: str, secrets: Mapping[str, str]) -> list[str]:
    """What every page and every reading route of the API tells, as far as addresses can be guessed."""
    known = {
        "project": PROJECT,
        "number": "1",
        "environment": "prod",
        "region": "kr",
        "cluster": "far",
        "name": "far",
        "person": "root",
        "webhook": (await client.get("/api/v1/webhooks")).json()[0]["id"],
    }
    # Who looks after a webhook sees where it goes.
    secrets = {name: secret for name, secret in secrets.items() if name != "webhook's address"}
    out, well = [], 0
    for path in readable(known):
        answer = await client.get(path, params={"environment": "prod", "region": "kr"}, headers={"accept": "text/html"})
        well += answer.status_code == 200
        assert answer.status_code != 500, path
        shown = {k: v for k, v in secrets.items() if k != "session cookie"}
        out += found_in(f"{who} {path}", answer.text + str(dict(answer.headers)), shown if who == "page" else secrets)
    out += found_in("metrics", (await client.get("/metrics")).text, secrets)
    assert well > 40, "many of them are there"
    return out


def _traces(spans: Collector, secrets: Mapping[str, str]) -> list[str]:
    assert len(spans.spans) > 50
    return found_in("traces", json.dumps([[s.name, s.facts] for s in spans.spans], default=str), secrets)


def _files(folder: Path, secrets: Mapping[str, str]) -> list[str]:
    """Everything on disk but what the clusters themselves remember, of which secrets are a part."""
    files = [p for p in folder.rglob("*") if p.is_file() and "twins" not in p.parts]
    assert needs.POSTGRES or {"podo.db", "engine.db"} <= {p.name for p in files}
    return [found for p in files for found in found_in(p.name, p.read_bytes(), secrets)]


def test_settings_that_hold_a_secret_are_not_shown_when_settings_are() -> None:
    words = re.compile(r"password|secret|keys|token|headers|smtp|url", re.IGNORECASE)
    # Addresses that hold no login; a folder, and a switch.
    plain = {"server.url", "access.issuers.url", "ServerSettings.url", "IssuerSettings.url"}
    plain |= {"IssuerSettings.client_secret_file", "AccessSettings.directory_token_file"}
    shown = [f"{s.__name__}.{f.name}" for s in _sections() for f in fields(s) if words.search(f.name) and f.repr]
    assert sorted(set(shown) - plain) == []


async def test_the_canaries_sing_where_they_may(tmp_path: Path) -> None:
    """The search itself works: what stands in a cluster's own Secret is found by it."""
    assert found_in("x", f"a {SECRETS['git token']} b", SECRETS) == ["git token in x"]
    assert found_in("x", base64.b64encode(SECRETS["config secret"].encode()), SECRETS) == ["config secret in x"]
