"""The table of who may call what, tested against every role: each changing route of the API, by everybody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from podo.access import service as access
from podo.access.types import Group, Membership, MembershipRole, Permission, Person, Role, Team
from podo.app.domains import DOMAINS
from podo.catalog import service as catalog
from podo.catalog.rules.evidence import asset_id
from podo.catalog.types import Provider, SeenAsset
from podo.kernel import clock
from podo.notices import service as notices
from podo.notices.types import WebhookPlace, WebhookScope, WebhookWish
from podo.workloads import service as workloads
from tests.domains.delivery.shops import PROJECT, Shop, directory, shop
from tests.house.test_faces import declared
from tests.houses import person

# Who may do what on a project of team Chat, by the group of the permission; written down here a second time, on purpose.
EVERYBODY = {"viewer", "member", "lead", "lead above", "sre", "admin"}
MAY = {
    Group.read: EVERYBODY,
    Group.operate: {"member", "lead", "lead above", "sre", "admin"},
    Group.approve: {"member", "lead", "lead above", "sre", "admin"},
    Group.own: {"lead", "lead above", "sre", "admin"},
    Group.govern: {"sre", "admin"},
    Group.administer: {"admin"},
}
ROLES = {"viewer": "emma", "member": "minjun", "lead": "seoyeon", "lead above": "boss", "sre": "oliver", "admin": "root"}
# What stands in addresses and bodies; everything else is a sample of its type.
SAMPLES: dict[str, Any] = {
    "project": PROJECT,
    "slug": "brand-new",
    "team": "chat",
    "number": 1,
    "environment": "alpha",
    "region": "kr",
    "cluster": "alpha-kr",
    "person": "emma",
    "id": "emma",
    "name": "alpha",
    "code": "kr",
    "repository": "/nowhere/chat-api",
    "kind": "Deployment",
    "provider": "aws",
    "account": "123456789012",
    "role": "sre",
    "scopes": ["read"],
    "key": "LEVEL",
    "value": "info",
    "typed": "something else",
    "pod": "none",
    "replicas": 1,
    "order": 0,
    "environments": ["alpha"],
    "timezone": "Asia/Seoul",
    "email": "emma@podo.test",
    "decision": "approve",
    "bundles": {"kr": "0" * 64},
    "text": "Hello",
    "path": "replicas",
    "lang": "en",
    "days": 7,
}
# Their services look at something of the caller's own: everybody who is signed in may call them.
OWN = {"access.prefer", "access.token_create", "access.token_revoke", "access.session_end", "notices.read", "notices.read_all"}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    async with shop(Path(tmp_path_factory.mktemp("who")), PODO_CATALOG_LOCAL_REPOSITORIES="true") as made:
        people, teams, memberships = directory()
        people += [Person("boss", "Boss", "boss@podo.test"), Person("root", "Root", "root@podo.test")]
        teams = [Team("team-up", "Messaging", "messaging"), *(Team(t.id, t.name, t.handle, "team-up") for t in teams)]
        memberships += [Membership("boss", "team-up", MembershipRole.lead)]
        async with made.living.transaction() as tx:
            await access.sync_directory(tx, people, teams, memberships)
            await access.grant(tx, "root", Role.admin)
        build = await made.healthy_alpha()
        await made.ask(build, "prod")
        await _inventory(made)
        await _webhook(made)
        await _seen(made)
        yield made


async def _inventory(made: Shop) -> None:
    """An asset of the project, for the samples to name."""
    seen = SeenAsset(
        "arn:aws:sqs:ap-northeast-2:123456789012:jobs", "sqs:queue", "jobs", "ap-northeast-2", {"podo-project": PROJECT}
    )
    async with made.living.transaction() as tx:
        where = (Provider.aws, "123456789012", "ap-northeast-2")
        await catalog.take_assets(tx, *where, [seen], source="sqs:queue", run="run-1")
    SAMPLES.update(asset=asset_id(seen.arn), assets=[asset_id(seen.arn)], owner=f"project:{PROJECT}")


async def _webhook(made: Shop) -> None:
    """A webhook of the project that was tried once, for the samples to name."""
    async with made.living.transaction(person("seoyeon")) as tx:
        place, wish = WebhookPlace(WebhookScope.project, project=PROJECT), WebhookWish("https://127.0.0.1/hook")
        hook, _ = await notices.add_webhook(tx, made.living.house.seal, place, wish)
        SAMPLES.update(webhook=hook.id, delivery=await notices.ping_webhook(tx, hook.id))


async def _seen(made: Shop) -> None:
    """Wait until the watchers have seen a pod that is there now, and let the samples name it."""
    async with asyncio.timeout(30):
        while True:
            pods = await made.living.twins["alpha-kr"].list_pods(namespace=PROJECT)
            there = {p.name for p in pods.items}
            async with made.living.house.observed.reading(person("emma")) as observed:
                found = [p for p in await workloads.find_pods(observed, PROJECT) if p.name in there]
            if found:
                break
            await asyncio.sleep(0.1)
    SAMPLES["pod"] = found[0].name


async def _token(made: Shop, who: str, scopes: list[str]) -> str:
    from datetime import timedelta

    async with made.living.transaction(person(who)) as tx:
        _, secret = await access.create_token(tx, "all", scopes, clock.now() + timedelta(days=1))
    return secret


@pytest.mark.asyncio(loop_scope="module")
async def test_who_may_call_what(world: Shop) -> None:
    known = {p.id: p for domain in DOMAINS for p in domain.permissions if isinstance(p, Permission)}
    spec = world.living.running.app.openapi()
    everything = [g.value for g in Group]
    tried = 0
    for role, who in ROLES.items():
        headers = {"authorization": f"Bearer {await _token(world, who, everything)}"}
        async with world.living.client(headers=headers) as client:
            for row in sorted(declared(), key=lambda row: row.path.count("/"), reverse=True):
                if row.face != "api" or row.method == "GET" or row.permission not in known:
                    continue
                answer = await _call(client, spec, row.method, row.path)
                allowed = row.verb in OWN or role in MAY[Group(known[row.permission].group)]
                told = (role, row.verb, row.permission, answer.status_code, answer.text[:300])
                assert answer.status_code not in (401, 500), told
                assert "http.unreadable" not in answer.text, told
                assert (answer.status_code == 403) == (not allowed), told
                tried += 1
    assert tried > 200


@pytest.mark.asyncio(loop_scope="module")
async def test_a_token_may_no_more_than_its_scopes_and_nobody_nothing(world: Shop) -> None:
    known = {p.id: p for domain in DOMAINS for p in domain.permissions if isinstance(p, Permission)}
    spec = world.living.running.app.openapi()
    await _seen(world)
    await _webhook(world)
    reading = {"authorization": f"Bearer {await _token(world, 'root', ['read'])}"}
    async with world.living.client(headers=reading) as client, world.living.client() as stranger:
        for row in declared():
            if row.face != "api" or row.permission not in known:
                continue
            assert (await _call(stranger, spec, row.method, row.path)).status_code == 401, row
            if row.method != "GET" and row.verb not in OWN and known[row.permission].group != Group.read:
                answer = await _call(client, spec, row.method, row.path)
                assert answer.status_code == 403, (row, answer.text[:300])


async def _call(client: httpx.AsyncClient, spec: Mapping[str, Any], method: str, path: str) -> httpx.Response:
    path = path.replace(":path", "")
    operation = spec["paths"][path][method.lower()]
    filled = path
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            name = parameter["name"]
            filled = filled.replace(f"{{{name}}}", str(SAMPLES.get(name, "none")))
    query = {
        p["name"]: SAMPLES.get(p["name"], "x")
        for p in operation.get("parameters", ())
        if p["in"] == "query" and p.get("required")
    }
    schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    body = _sample(spec, "", schema) if schema else None
    if isinstance(body, dict) and "/workloads/" in path and "name" in body:
        body["name"] = PROJECT
    return await client.request(method, filled, json=body, params=query, timeout=30)


def _sample(spec: Mapping[str, Any], name: str, schema: Mapping[str, Any]) -> Any:
    if "$ref" in schema:
        return _sample(spec, name, spec["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if schema.get("type") == "object" and "properties" in schema:
        wanted = {k: v for k, v in schema["properties"].items() if k in schema.get("required", ()) or k in ("role", "scopes")}
        return {k: _sample(spec, k, v) for k, v in wanted.items()}
    if "enum" in schema:
        return SAMPLES[name] if SAMPLES.get(name) in schema["enum"] else schema["enum"][0]
    kind = next((s.get("type") for s in schema.get("anyOf", ()) if s.get("type") != "null"), schema.get("type"))
    fitting: dict[str | None, tuple[type, ...]] = {
        "string": (str,),
        "integer": (int,),
        "number": (int, float),
        "boolean": (bool,),
        "array": (list,),
        "object": (dict,),
    }
    if name in SAMPLES and isinstance(SAMPLES[name], fitting.get(kind, (object,))):
        return SAMPLES[name]
    if kind == "array":
        return [_sample(spec, name, schema.get("items", {}))]
    if schema.get("format") == "date-time":
        return clock.now().isoformat()
    return {"string": "x", "integer": 1, "number": 1, "boolean": True, "object": {}}.get(kind or "", "x")
