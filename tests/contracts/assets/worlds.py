"""Clouds that answer `AssetReader` and `TagWriter`: the twin in process, AWS as moto has it, and GCP's twin over HTTP.

Each offers the same handles: make things, remove them, let calls fail.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from podo.catalog.adapters.aws import AwsAssets
from podo.catalog.adapters.clouds import Cloud
from podo.catalog.adapters.gcp import GcpAssets
from podo.catalog.adapters.memory import CloudTwin
from podo.catalog.adapters.memory import Fault as TwinFault
from podo.catalog.types import GLOBAL, AccountKind, CloudAccount, Provider, SeenAsset, TagFailure, TagTrouble
from podo.clients.aws import Aws, AwsUnreachable
from podo.clients.aws import Connection as AwsConnection
from podo.clients.gcp import Connection as GcpConnection
from podo.clients.gcp import Gcp
from podo.kernel.db import outside
from tests.contracts.aws import town
from tests.contracts.aws.conftest import ACCOUNT, KEYS, REGION
from tests.contracts.aws.plane import Fault as PlaneFault
from tests.contracts.aws.plane import Plane, Said, plane
from tests.contracts.gcp.twin import Fault as GcpFault
from tests.contracts.gcp.twin import GcpTwin, twin

PAUSES = (0.01, 0.02)


class World(Protocol):
    """A cloud and its handles."""

    @property
    def cloud(self) -> Cloud:
        """What is tested."""
        ...

    @property
    def account(self) -> CloudAccount:
        """Where `make` makes."""
        ...

    @property
    def region(self) -> str:
        """There too."""
        ...

    @property
    def source(self) -> str:
        """The list that shows what `make` made, tagged or not."""
        ...

    async def make(self, count: int, tags: dict[str, str] | None = None) -> list[str]:
        """So many things of one kind; their ARNs."""
        ...

    async def remove(self, arn: str) -> None:
        """It is gone."""
        ...

    def let_writes_fail(self, arn: str, trouble: TagTrouble, times: int) -> None:
        """Writes of this ARN fail, so many times."""
        ...

    def throttle(self, times: int) -> None:
        """So many calls are told to wait."""
        ...

    def break_list(self) -> None:
        """The next page of a list breaks off, however often it is asked for at once."""
        ...


@dataclass
class InProcess:
    """The twin of `podo up`."""

    cloud: CloudTwin = field(default_factory=lambda: CloudTwin(before_call=outside))
    account: CloudAccount = CloudAccount(Provider.aws, ACCOUNT, "Shop", (REGION,), kind=AccountKind.twin)
    region: str = REGION
    source: str = "services"

    async def make(self, count: int, tags: dict[str, str] | None = None) -> list[str]:
        """See `World`."""
        arns = [f"arn:aws:s3:::{'tagged' if tags else 'bare'}-{n:04d}" for n in range(count)]
        self.cloud.put(ACCOUNT, [SeenAsset(a, "s3:bucket", a.rpartition(":")[2], REGION, tags) for a in arns])
        return arns

    async def remove(self, arn: str) -> None:
        """See `World`."""
        self.cloud.remove(ACCOUNT, [arn])

    def let_writes_fail(self, arn: str, trouble: TagTrouble, times: int) -> None:
        """See `World`."""
        self.cloud.failing[arn] = [TagFailure(trouble, trouble.value, "as the test wants it")] * times

    def throttle(self, times: int) -> None:
        """See `World`. The clients of the others are patient by themselves; this one's steps are."""

    def break_list(self) -> None:
        """See `World`."""
        self.cloud.faults.append(TwinFault("read", AwsUnreachable(service="s3", region=REGION, why="cut")))


@dataclass
class OnMoto:
    """AWS: topics of SNS."""

    wire: Plane
    cloud: AwsAssets
    account: CloudAccount = CloudAccount(Provider.aws, ACCOUNT, "Shop", (REGION,))
    region: str = REGION
    source: str = "sns:topic"

    async def make(self, count: int, tags: dict[str, str] | None = None) -> list[str]:
        """See `World`."""
        client = town.maker(self.wire.to)("sns")
        pairs = [{"Key": key, "Value": text} for key, text in (tags or {}).items()]

        def work() -> list[str]:
            prefix = "tagged" if tags else "bare"
            return [client.create_topic(Name=f"{prefix}-{n:04d}", Tags=pairs)["TopicArn"] for n in range(count)]

        return await asyncio.to_thread(work)

    async def remove(self, arn: str) -> None:
        """See `World`."""
        await asyncio.to_thread(town.maker(self.wire.to)("sns").delete_topic, TopicArn=arn)
        self.wire.gone.add(arn)

    def let_writes_fail(self, arn: str, trouble: TagTrouble, times: int) -> None:
        """See `World`."""
        said = {
            TagTrouble.throttled: Said(429, "Throttling", "Rate exceeded"),
            TagTrouble.refused: Said(403, "AccessDeniedException", "not authorized to perform sns:TagResource"),
            TagTrouble.invalid: Said(400, "InvalidParameterException", "the target is invalid"),
        }[trouble]
        said.times = times
        self.wire.failing[arn] = said

    def throttle(self, times: int) -> None:
        """See `World`."""
        self.wire.faults.append(PlaneFault("answer", "TagResources", times=times))

    def break_list(self) -> None:
        """See `World`."""
        self.wire.faults.append(PlaneFault("half", "ListTopics", times=len(PAUSES) + 1))


@dataclass
class OnHttp:
    """GCP: topics of Pub/Sub."""

    far: GcpTwin
    cloud: GcpAssets
    account: CloudAccount = CloudAccount(Provider.gcp, "podo-test", "Podo")
    region: str = GLOBAL
    source: str = "resources"

    async def make(self, count: int, tags: dict[str, str] | None = None) -> list[str]:
        """See `World`."""
        prefix = "tagged" if tags else "bare"
        names = [f"//pubsub.googleapis.com/projects/podo-test/topics/{prefix}-{n:04d}" for n in range(count)]
        for name in names:
            self.far.put("pubsub.googleapis.com/Topic", name, tags)
        return names

    async def remove(self, arn: str) -> None:
        """See `World`."""
        del self.far.held[arn]

    def let_writes_fail(self, arn: str, trouble: TagTrouble, times: int) -> None:
        """See `World`. What passes is tried three times before it is told."""
        status = {TagTrouble.throttled: 429, TagTrouble.refused: 403, TagTrouble.invalid: 400}[trouble]
        tries = len(PAUSES) + 1 if trouble is TagTrouble.throttled else 1
        self.far.faults.append(GcpFault(arn.removeprefix("//pubsub.googleapis.com/"), status=status, times=times * tries))

    def throttle(self, times: int) -> None:
        """See `World`."""
        self.far.faults.append(GcpFault("topics/", status=429, times=times))

    def break_list(self) -> None:
        """See `World`."""
        self.far.faults.append(GcpFault("searchAllResources", "half", times=len(PAUSES) + 1))


@contextlib.asynccontextmanager
async def world(name: str, motos: str) -> AsyncIterator[World]:
    """The world of this name; `motos` is moto's address."""
    match name:
        case "twin":
            yield InProcess()
        case "aws":
            async with plane(motos) as wire:
                connection = AwsConnection(endpoint=wire.url, keys=KEYS, timeout=5, pauses=PAUSES, before_call=outside)
                cloud = AwsAssets(Aws(connection))
                yield OnMoto(wire, cloud)
                await cloud.close()
        case _:
            async with twin() as far:
                gcp = GcpAssets(Gcp(GcpConnection(endpoint=far.url, timeout=5, pauses=PAUSES, before_call=outside)))
                yield OnHttp(far, gcp)
                await gcp.close()


def arns_of(seen: Sequence[SeenAsset]) -> list[str]:
    """Their ARNs, sorted."""
    return sorted(it.arn for it in seen)
