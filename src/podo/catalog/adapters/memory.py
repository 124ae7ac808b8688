"""Clouds in process: what `podo up` looks into when an account is a simulated one, and what the sweeps use."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from pathlib import Path

from podo.catalog.types import (
    GLOBAL,
    AssetPage,
    CloudAccount,
    CursorLost,
    SeenAsset,
    Source,
    TagFailure,
    TagTrouble,
)

_PAGE = 100
# As AWS, a region has a list of what was ever tagged; and one in the place of its services' own, with what they list.
_OWN = (
    "ec2:instance",
    "s3:bucket",
    "rds:db",
    "elasticache:cluster",
    "sqs:queue",
    "sns:topic",
    "dynamodb:table",
    "lambda:function",
)
_MOST_TAGS = 50


@dataclass
class Fault:
    """What happens to calls of `verb` (`read`, `tags`, `write`) after the first `after`, `times` often: `error` is raised.

    With `is_late` the call is carried out first: its answer is lost.
    """

    verb: str
    error: Exception
    times: int = 1
    after: int = 0
    is_late: bool = False


@dataclass
class _Held:
    """An asset of the twin, and whether it was ever tagged."""

    seen: SeenAsset
    was_tagged: bool


@dataclass
class CloudTwin:
    """Answers `AssetReader` and `TagWriter` for simulated accounts of all clouds; keeps what it holds in `folder`, if any.

    `faults` happen in turn; `failing` are ARNs by what is said of them, so many times. `written` are the calls that changed tags.
    """

    folder: Path | None = None
    before_call: Callable[[], None] | None = None
    faults: list[Fault] = field(default_factory=list[Fault])
    failing: dict[str, list[TagFailure]] = field(default_factory=dict[str, list[TagFailure]])
    written: list[tuple[str, ...]] = field(default_factory=list[tuple[str, ...]])
    _held: dict[str, dict[str, _Held]] = field(default_factory=dict[str, dict[str, _Held]])

    def put(self, account: str, assets: Sequence[SeenAsset]) -> None:
        """These are there from now on."""
        held = self._of(account)
        for it in assets:
            held[it.arn] = _Held(replace(it, tags=dict(it.tags or {})), bool(it.tags))
        self._keep(account)

    def remove(self, account: str, arns: Sequence[str]) -> None:
        """These are gone."""
        for arn in arns:
            self._of(account).pop(arn, None)
        self._keep(account)

    def there(self, account: str) -> dict[str, dict[str, str]]:
        """What is there, and its tags."""
        return {arn: dict(held.seen.tags or {}) for arn, held in self._of(account).items()}

    def sources(self, account: CloudAccount, region: str) -> Sequence[Source]:
        """See `AssetReader`."""
        if region == GLOBAL:
            return [Source("resources", is_rest=True)]
        return [Source("tags", is_rest=True), Source("services", _OWN)]

    async def read(self, account: CloudAccount, region: str, source: str, cursor: str) -> AssetPage:
        """See `AssetReader`. A cursor is the ARN that it goes on behind."""
        late = self._called("read")
        held = self._of(account.id)
        if cursor and cursor not in held:
            raise CursorLost(source=source)
        arns = sorted(arn for arn, it in held.items() if arn > cursor and _is_in(it, region, source))
        page = tuple(_shown(held[arn].seen, source) for arn in arns[:_PAGE])
        _raise(late)
        return AssetPage(page, arns[_PAGE - 1] if len(arns) > _PAGE else "")

    async def tags(self, account: CloudAccount, region: str, arns: Sequence[str]) -> Mapping[str, Mapping[str, str] | None]:
        """See `AssetReader`."""
        late = self._called("tags")
        held = self._of(account.id)
        found = {arn: held[arn].seen.tags if arn in held and held[arn].was_tagged else None for arn in arns}
        _raise(late)
        return found

    async def write(
        self, account: CloudAccount, region: str, arns: Sequence[str], wanted: Mapping[str, str], drop: Sequence[str]
    ) -> Mapping[str, TagFailure]:
        """See `TagWriter`."""
        late = self._called("write")
        self.written.append(tuple(arns))
        held = self._of(account.id)
        failed: dict[str, TagFailure] = {}
        for arn in arns:
            if said := self._failure(held, arn, wanted):
                failed[arn] = said
                continue
            tags = {**(held[arn].seen.tags or {}), **wanted}
            held[arn] = _Held(replace(held[arn].seen, tags={k: v for k, v in tags.items() if k not in drop}), was_tagged=True)
        self._keep(account.id)
        _raise(late)
        return failed

    async def close(self) -> None:
        """Nothing is held open."""

    def _failure(self, held: Mapping[str, _Held], arn: str, wanted: Mapping[str, str]) -> TagFailure | None:
        if arn not in held:
            return TagFailure(TagTrouble.gone, "NotFound", "there is no such thing")
        if len({*(held[arn].seen.tags or {}), *wanted}) > _MOST_TAGS:
            return TagFailure(TagTrouble.full, "TooManyTags", "it has 50 tags")
        said = self.failing.get(arn)
        return said.pop(0) if said else None

    def _called(self, verb: str) -> Exception | None:
        """The error to raise once the call is carried out; one that comes before is raised at once."""
        if self.before_call:
            self.before_call()
        fault = next((f for f in self.faults if f.verb == verb and f.times > 0), None)
        if fault is None:
            return None
        if fault.after > 0:
            fault.after -= 1
            return None
        fault.times -= 1
        if not fault.is_late:
            raise fault.error
        return fault.error

    def _of(self, account: str) -> dict[str, _Held]:
        if account not in self._held:
            self._held[account] = _loaded(self._file(account))
        return self._held[account]

    def _keep(self, account: str) -> None:
        if (file := self._file(account)) is None:
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        rows = [{**asdict(it.seen), "was_tagged": it.was_tagged} for it in self._of(account).values()]
        made = file.with_suffix(".new")
        made.write_text(json.dumps(rows, default=str, ensure_ascii=False))
        made.replace(file)

    def _file(self, account: str) -> Path | None:
        return self.folder / f"{account}.json" if self.folder else None


def _loaded(file: Path | None) -> dict[str, _Held]:
    if file is None or not file.exists():
        return {}
    held: dict[str, _Held] = {}
    for row in json.loads(file.read_text()):
        was_tagged = row.pop("was_tagged")
        at = row.pop("created_at")
        seen = SeenAsset(**row, created_at=datetime.fromisoformat(at) if at else None)
        held[seen.arn] = _Held(seen, was_tagged)
    return held


def _is_in(held: _Held, region: str, source: str) -> bool:
    if source == "resources":
        return True
    if held.seen.region != region:
        return False
    return held.was_tagged if source == "tags" else held.seen.kind in _OWN


def _shown(seen: SeenAsset, source: str) -> SeenAsset:
    # As with AWS, a service's own list does not tell tags, and the list of tags knows nothing else.
    if source in ("tags", "resources"):
        return seen
    return replace(seen, tags=None)


def _raise(late: Exception | None) -> None:
    if late is not None:
        raise late
