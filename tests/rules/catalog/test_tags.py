"""Tags: what an asset should bear, what clouds take, and how a plan's calls are put together."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from podo.catalog.rules import tags as rules
from podo.catalog.types import Provider, TagChange, TagTrouble, TagWish

WISH = TagWish("ast_1", "arn:aws:sqs:kr:1:q", Provider.aws, "1", "kr", "sqs:queue", {}, "chat-api", "team-2", None)


def test_an_asset_bears_ids_and_a_name_and_what_is_no_more_is_dropped() -> None:
    assert rules.desired(WISH, "채팅 A팀") == (
        {"podo-team": "team-2", "podo-project": "chat-api", "podo-team-name": "채팅 A팀"},
        (),
    )
    direct = replace(WISH, project=None, tags={"podo-project": "old", "Name": "q", "podo-quarantine": "2026-01-01"})
    wanted, drop = rules.desired(direct, "Chat")
    assert (wanted, drop) == ({"podo-team": "team-2", "podo-team-name": "Chat"}, ("podo-project", "podo-quarantine"))
    nobody = replace(direct, team=None, quarantined_at=datetime(2026, 11, 26, 1, tzinfo=UTC))
    assert rules.desired(nobody, "") == ({"podo-quarantine": "2026-11-26"}, ())


def test_a_change_keeps_what_was_and_is_none_when_all_is_said() -> None:
    old = replace(WISH, tags={"podo-team": "team-1", "Name": "q"})
    made = rules.change(old, "Chat")
    assert isinstance(made, TagChange)
    assert made.former == {"podo-team": "team-1", "podo-team-name": None, "podo-project": None}
    assert rules.change(replace(WISH, tags={**made.set, "Name": "q"}), "Chat") is None
    taken_back = rules.back(made)
    assert (taken_back.set, set(taken_back.drop)) == ({"podo-team": "team-1"}, {"podo-team-name", "podo-project"})
    assert rules.back(taken_back).set == made.set
    renamed = rules.change(replace(WISH, tags=made.set), "Chat and calls")
    assert isinstance(renamed, TagChange)
    assert {k for k, v in renamed.set.items() if made.set[k] != v} == {"podo-team-name"}


def test_a_resource_with_fifty_tags_takes_no_more_and_those_of_aws_do_not_count() -> None:
    full = {f"k{n}": "v" for n in range(48)}
    assert rules.change(replace(WISH, tags=full), "Chat") is TagTrouble.full
    assert isinstance(rules.change(replace(WISH, tags={**full, "aws:x": "y"}, project=None), "Chat"), TagChange)
    theirs = {f"aws:{n}": "v" for n in range(30)} | {f"k{n}": "v" for n in range(47)}
    assert isinstance(rules.change(replace(WISH, tags=theirs), "Chat"), TagChange)


@given(st.text(max_size=400))
def test_values_are_such_as_clouds_take(text: str) -> None:
    aws, gcp = rules.aws_value(text), rules.gcp_value(text)
    assert len(aws) <= 256
    assert re.fullmatch(r"[\w +\-=.:/@]*", aws)
    assert len(gcp) <= 63
    assert all(c in "-_" or c.isdigit() or c == c.lower() for c in gcp)
    assert rules.aws_value(aws) == aws
    assert rules.gcp_value(gcp) == gcp


def test_korean_stays_and_composed_forms_are_one() -> None:
    decomposed = "\u1112\u1161\u11ab\u1100\u1173\u11af"
    assert rules.aws_value("채팅 A팀 (서울)") == "채팅 A팀 서울"
    assert rules.gcp_value("채팅 A팀 (서울)") == "채팅-a팀-서울"
    assert rules.gcp_value(decomposed) == rules.gcp_value("한글") == "한글"
    assert all(rules.is_gcp_key(key) for key in rules.OURS)
    assert not rules.is_gcp_key("팀")
    assert not rules.is_gcp_key("Podo-Team")


CHANGES = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(0, 4), st.booleans()), max_size=200, unique=False)


@given(CHANGES)
def test_calls_hold_one_place_and_one_set_and_are_as_few_as_can_be(drawn: list[tuple[int, int, int, bool]]) -> None:
    changes = [
        TagChange(f"a{n}", f"arn:{n}", Provider.aws, f"acc{a}", f"r{r}", "k", {"podo-team": f"t{t}"}, ("x",) if d else ())
        for n, (a, r, t, d) in enumerate(drawn)
    ]
    made = rules.batches(changes)
    assert sorted(it.arn for it in made) == sorted(it.arn for it in changes)
    by_batch: dict[int, list[TagChange]] = defaultdict(list)
    for it in made:
        by_batch[it.batch].append(it)
    groups: dict[object, int] = defaultdict(int)
    for group in by_batch.values():
        assert len(group) <= 20
        assert len({(it.account, it.region, str(it.set), it.drop) for it in group}) == 1
    for a, r, t, d in drawn:
        groups[a, r, t, d] += 1
    assert len(by_batch) == sum(-(-count // 20) for count in groups.values())


def test_ten_thousand_arns_of_one_owner_are_five_hundred_calls() -> None:
    changes = [TagChange(f"a{n}", f"arn:{n}", Provider.aws, "1", "kr", "k", {"podo-team": f"t{n % 25}"}) for n in range(10_000)]
    assert rules.calls(rules.batches(changes)) == 500


def test_what_passes_is_tried_again_and_the_rest_is_not() -> None:
    assert [rules.is_tried_again(TagTrouble.throttled, n) for n in range(1, 7)] == [True] * 5 + [False]
    for trouble in (TagTrouble.invalid, TagTrouble.refused, TagTrouble.unsupported, TagTrouble.full, TagTrouble.gone):
        assert not rules.is_tried_again(trouble, 1)
