"""How delivery's nouns are said to people: states, reasons, rules of an environment, names."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from podo.access import service as access
from podo.catalog.types import Environment, Region
from podo.delivery.types import Deployment, Rollout, RolloutState
from podo.kernel.db import Reading
from podo.kernel.errors import N_, PodoError
from podo.kernel.http import Web
from podo.kernel.nouns import PODO
from podo.kernel.ui import languages

_S = RolloutState
# Reasons that Podo itself wrote down, in English; what clusters and people said stays as it is.
_WHYS = (
    (r"superseded by #(?P<number>\d+)", N_("#{number} took its place")),
    (r"rejected", N_("rejected")),
    (r"#(?P<number>\d+) goes back to #(?P<to>\d+)", N_("#{number} goes back to #{to}")),
    (r"(?P<region>[a-z0-9-]+) did not become healthy", N_("{region} did not become healthy")),
    (r"it did not become healthy in time", N_("it did not become healthy in time")),
)
_IN = {
    _S.rolling: N_("rolling in {regions}"),
    _S.soaking: N_("soaking in {regions}"),
    _S.failed: N_("failed in {regions}"),
    _S.stuck: N_("stuck in {regions}"),
    _S.halted: N_("halted in {regions}"),
    _S.rolled_back: N_("rolled back in {regions}"),
}


@dataclass(frozen=True, slots=True)
class Who:
    """Somebody, by today's name. `kind` is person or bot."""

    id: str
    name: str
    kind: str = "person"


def say(w: Web, message: str, **fields: object) -> str:
    """A message in the reader's language."""
    return languages.say(w.lang, message, **fields)


def sentence(w: Web, error: PodoError) -> str:
    """What is so and what to do, in the reader's language."""
    return " ".join(error.said(languages.translator(w.lang)))


def why(lang: str, text: str) -> str:
    """A reason as it is written down, in the reader's language where Podo wrote it."""
    for pattern, message in _WHYS:
        if found := re.fullmatch(pattern, text):
            return languages.say(lang, message, **found.groupdict())
    return text


def reason(lang: str, rollout: Rollout) -> str:
    """Why a rollout is as it is: what was seen in the cluster, else what is written down."""
    return told(lang, rollout, rollout.why)


def told(lang: str, rollout: Rollout | None, text: str) -> str:
    """A reason that was written down of a rollout, in the reader's language where it is what was seen last, or Podo's own."""
    if rollout is not None and rollout.seen.reason and text == rollout.seen.said():
        return rollout.seen.said(languages.translator(lang))
    return why(lang, text)


async def people(r: Reading, ids: Iterable[str]) -> dict[str, Who]:
    """Everybody of these ids, in one question; Podo too."""
    wanted = set(ids)
    known = await access.people(r, wanted - {PODO.id})
    return {i: Who(i, "Podo", "bot") if i == PODO.id else Who(i, known[i].name if i in known else i) for i in wanted}


def state(lang: str, of: Deployment) -> str:
    """A deployment's state as a person would say it: `soaking in kr`, `waiting for approval`, `healthy in 3 of 4`."""
    now = of.state
    inside = [x.region for x in of.rollouts if x.state is now]
    if now in _IN and len(of.rollouts) > 1:
        return languages.say(lang, _IN[now], regions=", ".join(inside))
    if now is _S.waiting:
        return languages.say(lang, N_("waiting for approval"))
    if now is _S.healthy and len(inside) < len(of.rollouts):
        return languages.say(lang, N_("healthy in {some} of {all}"), some=len(inside), all=len(of.rollouts))
    return languages.say(lang, now.value)


def chips(rollouts: Iterable[Rollout]) -> list[tuple[str, str]]:
    """(region, state) of each rollout."""
    return [(x.region, x.state.value) for x in rollouts]


def rule(lang: str, stage: Environment, regions: Collection[str], order: Sequence[Region], *, automatic: str = "") -> str:
    """What an environment asks for: order of its regions, soak, approvals. `automatic` is the branch that comes by itself."""
    told: list[str] = []
    if automatic:
        told.append(languages.say(lang, N_("deploys every push to {branch}"), branch=automatic))
    if stage.protected and len(regions) > 1:
        told.append(" → ".join(g.code for g in order if g.code in regions))
    if stage.soak_seconds:
        minutes, rest = divmod(stage.soak_seconds, 60)
        soak = N_("soak {minutes} min") if not rest and minutes else N_("soak {seconds} s")
        told.append(languages.say(lang, soak, minutes=minutes, seconds=stage.soak_seconds))
    if stage.approvals:
        needed = N_("1 approval") if stage.approvals == 1 else N_("{count} approvals")
        told.append(languages.say(lang, needed, count=stage.approvals))
    elif not automatic:
        told.append(languages.say(lang, N_("no approval needed")))
    return " · ".join(told)


def joined(lang: str, texts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(texts) < 2:
        return "".join(texts)
    return languages.say(lang, N_("{some} and {last}"), some=", ".join(texts[:-1]), last=texts[-1])


def pods(lang: str, rollout: Rollout) -> str:
    """`12 of 12 pods`; empty where none was counted."""
    seen = rollout.seen
    return languages.say(lang, N_("{ready} of {wanted} pods"), ready=seen.ready, wanted=seen.wanted) if seen.wanted else ""
