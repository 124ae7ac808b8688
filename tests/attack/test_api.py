"""The whole API, called with what its own document allows and with what it forbids, by several roles: nothing breaks."""

from __future__ import annotations

import asyncio
import contextlib
import warnings
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import HypothesisDeprecationWarning, Unsatisfiable
from schemathesis import Case, GenerationMode

from podo.access import service as access
from podo.access.types import Person, Role
from podo.catalog import service as catalog
from tests.company import api_of
from tests.domains.catalog.town import repository
from tests.domains.delivery.shops import PROJECT, Shop, directory, shop

pytestmark = pytest.mark.asyncio(loop_scope="module")

# How many calls of each kind an operation gets: three that its document allows, three that it forbids.
EACH = 3
# Names that stand for something here; without them nearly every call would end at a project that is not there.
KNOWN: Mapping[str, Sequence[Any]] = {
    "project": [PROJECT],
    "number": [1, 2, 0, -1, 2**31, 2**63, 10**30],
    "environment": ["alpha", "prod"],
    "region": ["kr"],
    "cluster": ["alpha-kr"],
    "person": ["emma"],
    "team": ["chat"],
    "handle": ["chat"],
    "kind": ["Deployment"],
    "key": ["LEVEL"],
}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    folder = Path(tmp_path_factory.mktemp("api"))
    at = repository(folder / "chat-api", {"Dockerfile": "FROM scratch\n"})
    async with shop(folder / "house", PODO_CATALOG_LOCAL_REPOSITORIES="true") as made:
        people, teams, memberships = directory()
        async with made.living.transaction() as tx:
            await access.sync_directory(tx, [*people, Person("root", "Root", "root@podo.test")], teams, memberships)
            await access.grant(tx, "root", Role.admin)
            await catalog.change(tx, made.living.house.seal, PROJECT, repository=str(at))
        build = await made.healthy_alpha()
        await made.ask(build, "prod")
        await made.settled()
        yield made


@pytest.fixture(scope="module")
def cases(town: Shop) -> list[Case]:
    """Calls of every operation, the same ones each time."""
    schema = schemathesis.openapi.from_dict(town.living.running.app.openapi())
    made: list[Case] = []
    for found in schema.get_all_operations():
        operation = found.ok()
        made += _some(operation.as_strategy(generation_mode=GenerationMode.POSITIVE))
        if _can_be_wrong(operation.definition.raw):
            made += _some(operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
    assert len({(c.method, c.path) for c in made}) > 80, "every operation is called"
    return made


def _can_be_wrong(operation: Mapping[str, Any]) -> bool:
    """Whether the document forbids anything: every text is a text, and the search for another one would be long."""
    return "requestBody" in operation or any(p["schema"].get("type") != "string" for p in operation.get("parameters", ()))


def _some(strategy: Any) -> list[Case]:
    found: list[Case] = []

    @settings(
        max_examples=EACH,
        database=None,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy)
    def collect(case: Case) -> None:
        found.append(case)

    # What takes nothing cannot be called wrongly.
    with contextlib.suppress(Unsatisfiable), warnings.catch_warnings():
        # Schemathesis numbers its calls by `random`, on which nothing here hangs.
        warnings.simplefilter("ignore", HypothesisDeprecationWarning)
        collect()
    return found


@pytest.mark.parametrize("who", ["root", "haneul", "emma", None])
async def test_nothing_that_is_sent_breaks_the_api(town: Shop, cases: list[Case], who: str | None) -> None:
    broken: list[str] = []
    async with _client(town, who) as client:
        for turn, case in enumerate(cases if who in ("root", None) else cases[::3]):
            broken += await _call(client, case, turn)
    assert broken == []


def _client(town: Shop, who: str | None) -> Any:
    return api_of(town.living, who) if who else town.living.client(headers={"accept": "application/json"})


def _says_why(answer: httpx.Response) -> bool:
    """A problem of RFC 9457; where SCIM is spoken, its own error (RFC 7644, 3.12) with the same in words."""
    if answer.headers["content-type"] != "application/scim+json":
        return answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    spoken = answer.request.url.path.startswith("/scim/v2") and said["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    return spoken and said["status"] == str(answer.status_code) and bool(said["detail"])


async def _call(client: httpx.AsyncClient, case: Case, turn: int) -> list[str]:
    """What went wrong with this call, empty when nothing did."""
    if turn % 3:
        case.path_parameters.update({k: KNOWN[k][turn % len(KNOWN[k])] for k in case.path_parameters if k in KNOWN})
    sent = case.as_transport_kwargs(base_url="http://podo.test")
    body = {"json": sent["json"]} if "json" in sent else {"content": sent["data"]} if isinstance(sent.get("data"), bytes) else {}
    kind = {"content-type": sent["headers"]["Content-Type"]} if "Content-Type" in sent["headers"] else {}
    query = {
        str(k): v if isinstance(v, list) and all(isinstance(i, str) for i in v) else str(v) for k, v in sent["params"].items()
    }
    try:
        # What goes on (a log that is followed) has begun well when it has gone on for a moment.
        async with asyncio.timeout(5):
            answer = await client.request(sent["method"], sent["url"], params=query, headers=kind, **body)
    except TimeoutError:
        return [] if case.path.endswith("log") or "follow" in str(query) else [f"{case.method} {sent['url']} took more than 5 s"]
    said = f"{case.method} {sent['url']} {query} {str(body)[:300]} → {answer.status_code} {answer.text[:300]}"
    if answer.status_code >= 500 and answer.status_code != 503:
        return [said]
    if answer.is_error and not _says_why(answer):
        return [f"no problem in words: {said}"]
    return []
