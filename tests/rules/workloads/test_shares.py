"""Clusters are shared out evenly, and none is left."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from podo.workloads.rules import share


@given(st.integers(0, 40), st.integers(1, 7), st.randoms())
def test_whatever_order_processes_come_in_each_cluster_is_watched_once_and_evenly(clusters: int, processes: int, random) -> None:
    owners: dict[str, str | None] = {f"c{n}": None for n in range(clusters)}
    names = [f"p{n}" for n in range(processes)]
    for present in range(1, processes + 1):
        for _ in range(3):
            for me in random.sample(names[:present], present):
                mine, leaving = share(owners, me, present)
                owners |= dict.fromkeys(leaving) | dict.fromkeys(mine, me)
    assert None not in owners.values()
    counts = Counter(owners.values())
    assert max(counts.values(), default=0) <= -(-clusters // processes)


def test_one_that_died_is_replaced() -> None:
    owners = {"a": "p1", "b": None, "c": None, "d": "p2"}
    assert share(owners, "p1", 1) == (["a", "b", "c"], [])
    assert share(owners, "p1", 2) == (["a", "b"], [])
    assert share({"a": "p1", "b": "p1"}, "p1", 2) == (["a"], ["b"])
