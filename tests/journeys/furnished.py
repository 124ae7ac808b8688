"""A company in which every page has something to show: what went well, what failed, what waits, what nobody answers for."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, fields, replace
from pathlib import Path

from podo.access import service as access
from podo.access.types import Role
from podo.catalog import service as catalog
from podo.catalog.types import AssetQuery, SeenAsset
from podo.clients.kubernetes.twin import PodFault
from podo.delivery import service as delivery
from podo.delivery.types import Scope
from podo.notices import service as notices
from podo.notices.types import WebhookPlace, WebhookScope, WebhookWish
from tests.company import serving
from tests.domains.catalog.test_inventory import KR, SHOP, bucket, looked, twin
from tests.domains.delivery.counters import repository
from tests.domains.delivery.shops import HANEUL, MINJUN, PROJECT, SEOYEON, Shop, shop
from tests.houses import Living, person
from tests.journeys.world import git

EMPTY = "letters"
SAID = "배포 화면을 봐 주세요. **jp**는 두 번."
# Members ask and look, an administrator sees what is for administrators alone.
MEMBER, APPROVER, ADMIN = "haneul", "minjun", "oliver"
_README = "# 안녕\n\n| 이름 | 값 |\n| --- | --- |\n| [`PORT`](https://podo.test) | `8080` |\n\n```sh\nmake\n```\n"
_SOURCE = {"Dockerfile": "FROM scratch\nCOPY hello /\nUSER 1000\n", "hello": "hi", "README.md": _README}


@dataclass
class Furnished:
    """The company. `event`, `mail`, `pod` and their like are what addresses name one of each by."""

    living: Living
    address: str
    event: str
    mail: str
    pod: str
    asset: str
    plan: str
    draft: str
    webhook: str
    delivery: str

    def fill(self, path: str) -> str:
        """An address in which these are named."""
        named = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("living", "address")}
        return path.format(**named)


@contextlib.asynccontextmanager
async def furnished(folder: Path) -> AsyncIterator[Furnished]:
    """The company, served on loopback."""
    source = repository(folder / "source", _SOURCE, "인사하기")
    async with shop(folder / "house", PODO_CATALOG_LOCAL_REPOSITORIES="true", PODO_NOTICES_LOCAL_WEBHOOKS="true") as made:
        await _found(made, source)
        await _deploy(made)
        await _trouble(made, folder / "source")
        asset, plan = await _clouds(made.living)
        draft = await _reorganise(made.living)
        async with made.living.reading(person(ADMIN)) as r:
            mail = (await notices.outbox(r))[0].id
        async with made.living.signed_in(MEMBER) as haneul:
            told = (await haneul.client.get(f"/api/v1/activity?project={PROJECT}&limit=1")).json()
            pod = re.findall(r"[?&;]pod=([\w-]+)", await haneul.get(f"/{PROJECT}/workloads"))[0]
        hooks = await _webhooks(made.living)
        async with serving(made.living) as address:
            yield Furnished(made.living, address, told["items"][0]["id"], mail, pod, asset, plan, draft, *hooks)


async def _found(made: Shop, source: str) -> None:
    living = made.living
    async with living.transaction() as tx:
        await access.grant(tx, ADMIN, Role.admin)
    async with living.transaction(SEOYEON) as tx:
        await access.prefer(tx, lang="ko")
        await notices.choose_mail(tx, "everything")
    async with living.transaction(HANEUL) as tx:
        await catalog.change(tx, living.house.seal, PROJECT, repository=source)
        await catalog.register(
            tx,
            living.house.seal,
            slug=EMPTY,
            title="편지",
            team="chat",
            repository=f"{source}/nowhere",
            branch="main",
            places=[("alpha", "kr"), ("prod", "kr")],
        )
        await delivery.config.set_variable(tx, PROJECT, "NAME", Scope(), "neighbour")
        await delivery.config.set_variable(tx, PROJECT, "NAME", Scope("prod", "jp"), "隣人")
        await delivery.config.set_secret(tx, living.house.seal, PROJECT, "SECRET", Scope("prod"), "carrots")
    await made.settled()


async def _deploy(made: Shop) -> None:
    # Built by the twin, with a log; the other builds are there at once. One fails.
    async with made.living.signed_in(MEMBER) as haneul:
        await haneul.send(f"/{PROJECT}/builds/new")
        await haneul.send("/settings/tokens", 200, name="ci", days="30", scope=["read", "operate"])
    await made.settled()
    good = await made.healthy_alpha(2)
    first = await made.ask(good, "prod")
    await made.approve(first, "kr", "jp", "uk")
    await made.settled()
    # Put back in jp, never begun in uk, brought back in kr by hand.
    made.living.twins["prod-jp"].faults.images["*/next/*"] = PodFault("CrashLoopBackOff")
    second = await made.ask(await made.healthy_alpha(3, tag="next"), "prod")
    await made.approve(second, "kr", "jp", "uk")
    await made.settled()
    async with made.living.transaction(HANEUL) as tx:
        await delivery.stopping.roll_back(tx, PROJECT, "prod", "kr")
    await made.settled()
    # Healthy in kr, halted in jp, waiting in uk.
    third = await made.ask(await made.healthy_alpha(4, tag="other"), "prod")
    await made.approve(third, "kr")
    await made.settled()
    async with made.living.transaction(MINJUN) as tx:
        await delivery.deployments.comment(tx, PROJECT, third.number, SAID)


async def _trouble(made: Shop, source: Path) -> None:
    # What ran well crashes when it is made anew; a cluster answers no more; a build fails.
    living = made.living
    living.twins["prod-jp"].faults.images["*/ok/*"] = PodFault("CrashLoopBackOff")
    what = {"environment": "prod", "kind": "Deployment", "name": PROJECT}
    async with living.signed_in("seoyeon") as lead:
        await lead.send(f"/{PROJECT}/workloads/restart", 303, region="jp", **what)
        await lead.send(f"/{PROJECT}/workloads/scale", 303, region="kr", replicas="3", **what)
        (source / "Dockerfile").write_text("FROM scratch\nCOPPY hello /\n")
        await git(source, "commit", "-q", "-a", "-m", "오타")
        await lead.send(f"/{PROJECT}/builds/new")
    await made.settled()
    living.twins["prod-uk"].faults.add("down")
    await made.settled()


async def _clouds(living: Living) -> tuple[str, str]:
    """An account with what is owned and what nobody answers for, and a plan of tags: an orphan's id, and the plan's."""
    async with living.transaction(person(ADMIN)) as tx:
        team = (await access.team(tx, "chat")).id
        await catalog.set_account(tx, replace(SHOP, team=team))
    stray = SeenAsset("arn:aws:sqs:ap-northeast-2:1:stray", "sqs:queue", "stray", KR, {"Name": "stray"})
    twin(living).put(SHOP.id, [*[bucket(n, **{"podo-project": PROJECT}) for n in range(3)], stray])
    await looked(living)
    async with living.transaction() as tx:
        await catalog.hear_cases(tx)
    async with living.reading(person(ADMIN)) as r:
        found = await catalog.assets(r, AssetQuery(text="stray"))
        wanted = await catalog.draft_tags(r)
    async with living.transaction(person(ADMIN)) as tx:
        plan = await catalog.plan_tags(tx, wanted)
    return found.items[0].id, plan.id


async def _reorganise(living: Living) -> str:
    """A project offered to another team, and next quarter's chart: its id."""
    async with living.transaction(SEOYEON) as tx:
        await catalog.make_offer(tx, EMPTY, "ads", "그쪽 일이에요")
    async with living.transaction(person(ADMIN)) as tx:
        return (await access.make_draft(tx, "2027 Q1")).id


async def _webhooks(living: Living) -> tuple[str, str]:
    """A webhook of the project to which nobody listens, tried once, and one that is off: the first's id, and its delivery's."""
    place = WebhookPlace(WebhookScope.project, project=PROJECT)
    async with living.transaction(HANEUL) as tx:
        hook, _ = await notices.add_webhook(tx, living.house.seal, place, WebhookWish("http://127.0.0.1:1/hook", "챗봇"))
        off, _ = await notices.add_webhook(tx, living.house.seal, place, WebhookWish("http://127.0.0.1:1/off", "예전 봇", ("*",)))
        await notices.disable_webhook(tx, off.id)
        delivery = await notices.ping_webhook(tx, hook.id)
    await living.settled()
    return hook.id, delivery
