"""`podo doctor`: a well installation, and one thing broken after another; each finding says what to do."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from podo.app import house as houses
from podo.app.doctor import doctor, exit_code, told
from podo.app.doctor.clusters import rights
from podo.app.doctor.findings import Finding, Level
from podo.app.settings import DatabaseSettings
from podo.catalog import service as catalog
from podo.catalog.types import ClusterKind, Environment, Region
from podo.clients.kubernetes import local
from podo.clients.kubernetes.real import connect
from podo.clients.kubernetes.types import Kind
from podo.clients.registry.errors import RegistryRefused
from podo.clients.registry.http import RegistryHttp
from podo.clients.registry.reference import parse
from podo.clients.registry.types import Login
from podo.delivery.types import Scope
from podo.kernel.db import hold
from podo.kernel.settings import Settings, load
from podo.kernel.settings.seal import key_from
from tests import needs, postgres
from tests.contracts.registry.servers import LOGIN, debian
from tests.domains.delivery.shops import HANEUL, PROJECT, shop
from tests.domains.notices.conftest import MailServer
from tests.house import tree
from tests.houses import Living, living

CLOSED = "127.0.0.1:9"


def settings_of(folder: Path, **variables: str) -> Settings:
    """The settings of an installation in `folder` that is no demo."""
    sections = dict(houses.SECTIONS)
    for domain in houses.DOMAINS:
        sections.update(domain.settings)
    return load(sections, None, {"PODO_SERVER_DIRECTORY": str(folder), "PODO_DELIVERY_BUILDER": "off", **variables})


def about(found: Any, name: str) -> list[Finding]:
    """What was found of one thing; whatever is not well says what to do."""
    for finding in found:
        assert (finding.level is Level.well) == (finding.do == ""), finding
    return [f for f in found if f.about == name]


@pytest.fixture
async def mail() -> Any:
    made = MailServer()
    server = await asyncio.start_server(made.talk, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    async with server:
        yield made


@needs.safe
async def test_an_installation_that_is_well_and_one_thing_broken_after_another(tmp_path: Path, mail: MailServer) -> None:
    async with shop(tmp_path) as made:
        async with made.living.transaction(HANEUL) as tx:
            from podo.delivery import service as delivery

            await delivery.config.set_secret(tx, made.living.house.seal, PROJECT, "SECRET", Scope(), "carrots")
        await made.settled()
        with_mail = {"PODO_NOTICES_SMTP": f"smtp://127.0.0.1:{mail.port}"}
        found = await doctor(settings_of(tmp_path, **with_mail))
        assert [f for f in found if f.level is not Level.well] == []
        assert exit_code(found) == 0
        assert told(found, as_json=False).endswith("All is well.")
        assert "Twins" in about(found, "clusters")[0].so
        assert about(found, "seal")[0].so == "Its keys open all 1 sealed values."
        assert about(found, "processes")[0].so.startswith("1 work, 1 watch")
        assert mail.taken == []
        await _is_shown_to_those_who_look_after_it(made.living)

        # Another key; a lease whose holder is gone; a mail server, a registry and an issuer that do not answer.
        await hold(made.living.house.database, "round:delivery.due.of-another", "proc_gone", 60)
        other = {"PODO_SEAL_KEYS": key_from(tmp_path / "other.key"), "PODO_NOTICES_SMTP": f"smtp://{CLOSED}"}
        other |= {"PODO_DELIVERY_BUILDER": "buildah", "PODO_DELIVERY_BUILD_ON_HOST": "true", "PODO_DELIVERY_REGISTRY": CLOSED}
        other |= {"PODO_ACCESS_ISSUERS_X_URL": f"http://{CLOSED}", "PODO_ACCESS_ISSUERS_X_CLIENT_ID": "podo"}
        found = await doctor(settings_of(tmp_path, **other))
        levels = {f.about: f.level for f in found if f.level is not Level.well}
        assert (
            levels.items()
            >= {"seal": Level.bad, "leases": Level.odd, "mail": Level.bad, "registry": Level.bad, "issuer x": Level.bad}.items()
        )
        assert "the secret SECRET of chat-api" in about(found, "seal")[0].so
        assert "round:delivery.due.of-another" in about(found, "leases")[0].so
        assert exit_code(found) == 2
        assert "→ Put the key they were sealed with" in told(found, as_json=False)
        assert "carrots" not in told(found, as_json=True)


async def _is_shown_to_those_who_look_after_it(house: Living) -> None:
    async with house.signed_in("oliver", lang="ko") as sre:
        assert 'href="/-/doctor"' in await sre.get("/clusters")
        page = await sre.get("/-/doctor")
        assert "봉인된 값 1개가 모두 열립니다" in page
        assert "Its keys" not in page
        body = (await sre.client.get("/api/v1/doctor", headers={"accept-language": "en"})).json()
    # The demo's sign-in is odd, and mails stay where they are: nothing is broken.
    assert body["exit_code"] == 1
    told = {f["about"]: f for f in body["findings"]}
    assert told["seal"] == {"about": "seal", "level": "well", "so": "Its keys open all 1 sealed values.", "do": ""}
    assert told["sign-in"]["level"] == "odd"
    assert told["sign-in"]["do"].startswith("Set access.demo to false")
    async with house.signed_in("haneul") as member:
        assert 'href="/-/doctor"' not in await member.get("/clusters")
        await member.get("/-/doctor", status=403)
        assert (await member.client.get("/api/v1/doctor")).status_code == 403


async def test_where_nothing_is_it_says_so_and_makes_nothing(tmp_path: Path) -> None:
    found = await doctor(settings_of(tmp_path / "none"))
    assert about(found, "folder")[0].level is Level.bad
    assert about(found, "database")[0].level is Level.bad
    assert not (tmp_path / "none").exists()
    (tmp_path / "podo.db").touch()
    found = await doctor(settings_of(tmp_path, PODO_ACCESS_DEMO="true"))
    assert "empty" in about(found, "schema")[0].so
    assert about(found, "sign-in")[0].level is Level.odd
    assert not (tmp_path / "seal.key").exists()


@needs.program("initdb")
async def test_a_database_that_may_lose_what_it_was_given_is_named(tmp_path: Path) -> None:
    async with postgres.database_url() as url, living(tmp_path, PODO_DATABASE_URL=url):
        found = await doctor(settings_of(tmp_path, PODO_DATABASE_URL=url))
    # The tests' own server is as quick as this, and as unsafe.
    said = {f.so for f in about(found, "database") if f.level is Level.bad}
    assert len(said) == 3
    assert "fsync is off: a crash may lose or damage all." in said
    assert any(f.so.startswith("PostgreSQL") for f in about(found, "database"))
    assert about(found, "clock")[0].level is Level.well


@needs.safe
async def test_the_command_tells_scripts_and_ends_as_it_says(tmp_path: Path) -> None:
    async with living(tmp_path):
        pass
    code, out = await _podo(tmp_path, "doctor", "--json")
    body = json.loads(out)
    assert body["exit_code"] == code == 1
    assert {f["about"] for f in body["findings"]} >= {"disk", "database", "schema", "clock", "seal", "git", "helm"}
    found = [Finding(**{**f, "level": Level(f["level"])}) for f in body["findings"]]
    assert about(found, "mail")[0].level is Level.odd


async def _podo(folder: Path, *words: str) -> tuple[int, str]:
    env = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "PODO_SERVER_DIRECTORY": str(folder), "PODO_DELIVERY_BUILDER": "off"}
    program = (sys.executable, "-m", "podo.cli.main", *words)
    process = await asyncio.create_subprocess_exec(*program, env=env, stdout=asyncio.subprocess.PIPE)
    out = (await process.communicate())[0].decode()
    return process.returncode or 0, out


def _role() -> list[dict[str, list[str]]]:
    """The rules of the ClusterRole that charts/podo brings."""
    text = (tree.ROOT / "charts/podo/templates/access.yaml").read_text()
    part = text[text.index("kind: ClusterRole\n") :]
    return yaml.safe_load(part[part.index("rules:") : part.index("---")])["rules"]


def test_it_asks_for_the_rights_that_the_chart_gives() -> None:
    given = {(g, name, verb) for r in _role() for g in r["apiGroups"] for name in r["resources"] for verb in r["verbs"]}
    asked = list(rights())
    assert set(asked) == given
    assert len(asked) == len(given)


@needs.program("docker-registry")
async def test_a_registry_is_asked_whether_podo_may_push(tmp_path: Path) -> None:
    async with debian(tmp_path / "registry") as (host, _):
        image = parse(f"{host}/team/podo-doctor")
        allowed, wrong = RegistryHttp({host: LOGIN}), RegistryHttp({host: Login(LOGIN.user, "wrong")})
        await allowed.may_push(image)
        with pytest.raises(RegistryRefused):
            await wrong.may_push(image)
        await allowed.close()
        await wrong.close()
        # Debian's registry forgets to remove the state of a hash; of the upload itself nothing is left.
        left = {p.name for p in (tmp_path / "registry" / "data").rglob("*") if p.is_file()}
        assert not left & {"data", "startedat"}
        chosen = {
            "PODO_DELIVERY_BUILDER": "buildah",
            "PODO_DELIVERY_BUILD_ON_HOST": "true",
            "PODO_DELIVERY_REGISTRY": f"{host}/team",
        }
        chosen |= {"PODO_DELIVERY_REGISTRY_USER": LOGIN.user, "PODO_DELIVERY_REGISTRY_PASSWORD": "s3cret"}
        found = await doctor(settings_of(tmp_path / "none", **chosen))
        assert about(found, "registry")[0].so == f"{host} lets Podo push as podo."


@pytest.mark.serial
@needs.part("kubernetes")
@needs.part("kwok")
async def test_a_true_cluster_is_asked_for_every_right(tmp_path: Path) -> None:
    with local.started("doctor", tmp_path / "clusters", nodes=1, region="kr") as cluster:
        kubeconfig = cluster.kubeconfig.read_text()
        lacking = await _limited(kubeconfig)
        async with living(tmp_path / "house") as house:
            async with house.transaction() as tx:
                await catalog.set_region(tx, Region("kr", "Korea", "Asia/Seoul", 0))
                for order, name in enumerate(("whole", "part", "away")):
                    await catalog.set_environment(tx, Environment(name, order))
            ways = {"whole": kubeconfig, "part": lacking, "away": kubeconfig.replace(cluster.api_url, f"https://{CLOSED}")}
            for name, text in ways.items():
                async with house.transaction() as tx:
                    await catalog.add_cluster(tx, house.house.seal, name, "kr", [name], ClusterKind.kubeconfig, text)
            url = house.house.settings[DatabaseSettings].url
            found = await doctor(settings_of(tmp_path / "house", PODO_DATABASE_URL=url))
    whole = about(found, "cluster whole")
    assert [f.level for f in whole] == [Level.well] * 3
    assert "clock" in whole[1].so
    assert whole[2].so == f"Podo may do there all of the {len(list(rights()))} things that it does."
    part = about(found, "cluster part")
    assert part[-1].so == "Podo may not there: patch deployments/scale.apps, patch statefulsets/scale.apps."
    assert "ClusterRole" in part[-1].do
    assert about(found, "cluster away")[0].level is Level.bad


async def _limited(kubeconfig: str) -> str:
    """The kubeconfig of an account that has the chart's rights without scaling."""
    admin = connect(kubeconfig, name="admin")
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "podo", "namespace": "default"}}
    token = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/service-account-token",
        "metadata": {"name": "podo", "namespace": "default", "annotations": {"kubernetes.io/service-account.name": "podo"}},
    }
    api = "rbac.authorization.k8s.io/v1"
    rules = [rule for rule in _role() if "deployments/scale" not in rule["resources"]]
    role = {"apiVersion": api, "kind": "ClusterRole", "metadata": {"name": "podo"}, "rules": rules}
    binding = {
        "apiVersion": api,
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "podo"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "podo"},
        "subjects": [{"kind": "ServiceAccount", "name": "podo", "namespace": "default"}],
    }

    async def given() -> str:
        found = await admin.get(Kind("v1", "Secret").ref("podo", "default"))
        return base64.b64decode((found.get("data") or {}).get("token", "")).decode()

    try:
        for manifest in (account, token, role, binding):
            await admin.apply(manifest, field_manager="test")
        whole = yaml.safe_load(kubeconfig)
        whole["users"][0]["user"] = {"token": await _soon(given)}
    finally:
        await admin.close()
    return yaml.safe_dump(whole)


async def _soon(look: Callable[[], Awaitable[str]]) -> str:
    async with asyncio.timeout(30):
        while not (found := await look()):  # noqa: ASYNC110 - a cluster tells nobody
            await asyncio.sleep(0.1)
    return found
