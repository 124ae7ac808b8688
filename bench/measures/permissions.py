"""Whether somebody may do something: a page's first question, for which it is read who asks, and every further one."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from bench.figures import Figure, Limit, quantile
from bench.houses import living, somebody
from bench.sizes import Size
from podo.access import service as access
from podo.access.types import On
from podo.app.demo import founding, organisation
from podo.delivery.types import APPROVE


async def measure(size: Size) -> list[Figure]:
    """Alternating people and teams, each in one reading as a page has it."""
    with tempfile.TemporaryDirectory(prefix="podo-bench-") as folder:
        async with living(Path(folder), []) as house:
            await founding.found(house.house, founding.TWINS)
            people, teams = organisation.people(), organisation.teams()
            first, late, middle = [], [], []
            for _ in range(size.rounds):
                whole: list[float] = []
                times: list[float] = []
                for n in range(size.checks):
                    async with house.reading(somebody(people[n % len(people)].id)) as r:
                        on = On(project="chat-api", team=teams[n % len(teams)].id, requester=people[0].id)
                        begun = time.perf_counter()
                        await access.may(r, APPROVE, on)
                        again = time.perf_counter()
                        whole.append((again - begun) * 1000)
                        # Who asks is read once a page; every further question is the policies' alone.
                        await access.may(r, APPROVE, on)
                        times.append((time.perf_counter() - again) * 1000)
                first.append(quantile(whole, 0.99))
                late.append(quantile(times, 0.99))
                middle.append(quantile(times, 0.5))
    return [
        Figure("permissions", "a page's first check, with who asks: p99", "ms", first, Limit(1)),
        Figure("permissions", "a check: p99", "ms", late, Limit(1)),
        Figure("permissions", "a check: p50", "ms", middle),
    ]
