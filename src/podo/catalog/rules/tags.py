"""Which tags an asset should bear, what a plan changes, and how its calls are put together; clouds' own rules for tags."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from podo.catalog.types import (
    PROJECT_TAG,
    QUARANTINE_TAG,
    TEAM_NAME_TAG,
    TEAM_TAG,
    Provider,
    TagChange,
    TagTrouble,
    TagWish,
)

# AWS: 20 ARNs a call and 50 tags a resource, of which those of AWS itself (`aws:`) are not counted.
MOST_ARNS = 20
_MOST_TAGS = {Provider.aws: 50, Provider.gcp: 64}
_LONGEST = {Provider.aws: 256, Provider.gcp: 63}
OURS = (TEAM_TAG, PROJECT_TAG, TEAM_NAME_TAG, QUARANTINE_TAG)
# What all services of AWS take in a value: letters and digits of any language, blanks, and these.
_NOT_AWS = re.compile(r"[^\w \t+\-=.:/@]")
_BLANKS = re.compile(r"\s+")
_AGAIN = frozenset({TagTrouble.throttled, TagTrouble.conflict, TagTrouble.away, TagTrouble.unseen})
MOST_ATTEMPTS = 6


def aws_value(text: str) -> str:
    """A value that every service of AWS takes: composed, other signs as blanks, at most 256 characters."""
    clean = _NOT_AWS.sub(" ", unicodedata.normalize("NFC", text))
    return _BLANKS.sub(" ", clean).strip()[: _LONGEST[Provider.aws]].strip()


def gcp_value(text: str) -> str:
    """A label's value that GCP takes: small letters (those of other languages too), digits, `_` and `-`; at most 63 characters.

    Capitals have no place there, nor do blanks; of letters without case, such as Korean ones, all stay.
    """
    small = unicodedata.normalize("NFC", text).lower()
    signs = [c if c in "-_" or unicodedata.category(c) in ("Ll", "Lo", "Nd") else "-" for c in small]
    return re.sub(r"-{2,}", "-", "".join(signs)).strip("-")[: _LONGEST[Provider.gcp]].strip("-")


def is_gcp_key(key: str) -> bool:
    """Whether GCP takes it as a label's key, in the letters that we use."""
    return bool(re.fullmatch(r"[a-z][a-z0-9_-]{0,62}", key))


def value(provider: Provider, text: str) -> str:
    """`text` as this cloud takes it."""
    return aws_value(text) if provider is Provider.aws else gcp_value(text)


def desired(wish: TagWish, team_name: str) -> tuple[dict[str, str], tuple[str, ...]]:
    """What it should bear of ours, and what of ours it should not.

    Of an asset whose owner nobody knows, nothing but its quarantine is touched.
    """
    said: dict[str, str] = {}
    if wish.team:
        said = {TEAM_TAG: wish.team, TEAM_NAME_TAG: team_name, PROJECT_TAG: wish.project or ""}
    if wish.quarantined_at is not None:
        said[QUARANTINE_TAG] = wish.quarantined_at.date().isoformat()
    wanted = {key: value(wish.provider, text) for key, text in said.items() if text}
    known = (*(OURS[:3] if wish.team else ()), QUARANTINE_TAG)
    return wanted, tuple(key for key in known if key in wish.tags and not wanted.get(key))


def change(wish: TagWish, team_name: str) -> TagChange | TagTrouble | None:
    """What a plan does to an asset; None when its tags say so already, `full` when they do not fit on it."""
    wanted, drop = desired(wish, team_name)
    wanted = {key: text for key, text in wanted.items() if text}
    if not drop and all(wish.tags.get(key) == text for key, text in wanted.items()):
        return None
    counted = {key for key in wish.tags if not key.startswith("aws:")} | wanted.keys()
    if len(counted - set(drop)) > _MOST_TAGS[wish.provider]:
        return TagTrouble.full
    former = {key: wish.tags.get(key) for key in (*wanted, *drop)}
    return TagChange(wish.asset, wish.arn, wish.provider, wish.account, wish.region, wish.kind, wanted, drop, former)


def back(it: TagChange) -> TagChange:
    """The change that takes a written one back."""
    wanted = {key: text for key, text in it.former.items() if text is not None}
    drop = tuple(key for key, text in it.former.items() if text is None)
    former: dict[str, str | None] = {**it.set, **dict.fromkeys(it.drop)}
    return TagChange(it.asset, it.arn, it.provider, it.account, it.region, it.kind, wanted, drop, former)


def batches(changes: Iterable[TagChange]) -> list[TagChange]:
    """The changes with the number of their call each: one account and region, the same tags, at most 20 ARNs.

    What is set is the whole of what is wanted, also where part of it stands already: so more assets share a call.
    """
    groups: dict[tuple[object, ...], list[TagChange]] = defaultdict(list)
    for it in changes:
        groups[it.provider, it.account, it.region, tuple(sorted(it.set.items())), it.drop].append(it)
    made: list[TagChange] = []
    number = 0
    for key in sorted(groups, key=str):
        group = sorted(groups[key], key=lambda it: it.arn)
        for first in range(0, len(group), MOST_ARNS):
            number += 1
            made += [replace(it, batch=number) for it in group[first : first + MOST_ARNS]]
    return made


def calls(changes: Sequence[TagChange]) -> int:
    """How many calls change tags: AWS takes a batch in one (and one more to remove), GCP each asset by itself."""
    by_batch = {it.batch: it for it in changes}
    aws = sum(bool(it.set) + bool(it.drop) for it in by_batch.values() if it.provider is Provider.aws)
    return aws + sum(it.provider is Provider.gcp for it in changes)


def is_tried_again(trouble: TagTrouble, attempts: int) -> bool:
    """Whether an asset with this trouble is sent once more, after so many attempts."""
    return trouble in _AGAIN and attempts < MOST_ATTEMPTS


def is_written(wanted: Mapping[str, str], drop: Sequence[str], found: Mapping[str, str]) -> bool:
    """Whether what was read back says what was written."""
    return all(found.get(key) == text for key, text in wanted.items()) and not any(key in found for key in drop)
