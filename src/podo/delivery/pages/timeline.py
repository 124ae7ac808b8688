"""A deployment's conversation: what was said and what happened, in order, each with an address of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from string import Formatter

from podo.access import service as access
from podo.activity.types import Happening
from podo.catalog.types import Environment
from podo.delivery import service
from podo.delivery.pages import words
from podo.delivery.pages.words import Who
from podo.delivery.service import views
from podo.delivery.types import (
    Approval,
    Build,
    BuildState,
    ChangesRequested,
    Comment,
    Commented,
    Decision,
    Deployment,
    DeploymentAsked,
    DeploymentKind,
    DeploymentResealed,
    DeploymentRetried,
    HaltAsked,
    RollbackAsked,
    RolloutApproved,
    RolloutCancelled,
    RolloutFailed,
    RolloutFailing,
    RolloutHalted,
    RolloutHealthy,
    RolloutRejected,
    RolloutRolledBack,
    RolloutSoaking,
    RolloutStarted,
    RolloutStuck,
    RolloutWaits,
)
from podo.kernel.db import Reading
from podo.kernel.errors import N_
from podo.kernel.ui import languages, markdown

Html = Callable[[str], str]
# More than a person reads at once, and more than a deployment comes to.
_NEWEST, _WHOLE = 40, 2000
# What is longer is not kept as HTML: people may write as much as they like.
_SHORT = 2000
_PODO = Who("podo", "Podo", "bot")

_LOOKS = {
    DeploymentAsked.code: ("rocket", ""),
    RollbackAsked.code: ("undo", "attention"),
    DeploymentResealed.code: ("lock", "done"),
    DeploymentRetried.code: ("sync", "accent"),
    RolloutApproved.code: ("check", "success"),
    ChangesRequested.code: ("file-diff", "attention"),
    RolloutRejected.code: ("x", "danger"),
    RolloutStarted.code: ("sync", "accent"),
    RolloutWaits.code: ("clock", "attention"),
    RolloutSoaking.code: ("hourglass", "accent"),
    RolloutHealthy.code: ("check", "success"),
    RolloutFailing.code: ("undo", "danger"),
    RolloutFailed.code: ("x", "danger"),
    RolloutRolledBack.code: ("undo", "attention"),
    HaltAsked.code: ("stop", "attention"),
    RolloutHalted.code: ("stop", "attention"),
    RolloutStuck.code: ("alert", "danger"),
    RolloutCancelled.code: ("skip", ""),
}
# On its own page a deployment needs no number.
_OWN = {
    DeploymentAsked.code: N_("{actor} asked to deploy {short} to {environment} {regions}"),
    DeploymentRetried.code: N_("{actor} tries {regions} again"),
    DeploymentResealed.code: N_("{actor} sealed the release anew as {release}; approvals start over in: {regions}"),
    RollbackAsked.code: N_("{actor} brings {environment} {regions} back to {short}, which #{back_to} brought"),
}
# What one person does to several regions at once is one line.
_TOGETHER = {
    RolloutApproved.code: N_("{actor} approved {region}"),
    RolloutRejected.code: N_("{actor} rejected {region}"),
    ChangesRequested.code: N_("{actor} asks for changes before {region}"),
    HaltAsked.code: N_("{actor} halts {region}"),
    RolloutCancelled.code: N_("{region} was cancelled: {why}"),
}
_DECISIONS = {
    RolloutApproved.code: Decision.approve,
    RolloutRejected.code: Decision.reject,
    ChangesRequested.code: Decision.request_changes,
}
_BOLD = frozenset({"region", "regions", "environment"})
_MONO = frozenset({"short", "release", "cluster", "builder"})
_NUMBERS = frozenset({"number", "back_to", "deployment"})


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a sentence: `kind` is text, who, bold, mono or link (to `href`)."""

    text: str
    kind: str = "text"
    href: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """Something that happened; `who` did it. `comment` is safe HTML; a `card` is nothing but that comment.

    `marks` are (text, tone) behind the sentence; `facts` stand under it. A `gap` stands for all that is left out.
    """

    id: str
    at: datetime
    icon: str
    tone: str
    who: Who
    pieces: Sequence[Piece]
    marks: Sequence[tuple[str, str]] = ()
    facts: Sequence[str] = ()
    comment: str = ""
    card: bool = False
    gap: bool = False


async def timeline(
    r: Reading, of: Deployment, build: Build | None, stages: Sequence[Environment], lang: str, *, whole: bool = False
) -> list[Item]:
    """From its build to the newest, oldest first; of a long story the beginning and the newest, unless it is wanted `whole`."""
    began, newest = await views.story(r, of.subject, of.project, newest=_WHOLE if whole else _NEWEST)
    written = {str(h.facts.get("comment")) for h in newest if h.code == Commented.code}
    comments = {c.id: c for c in await service.deployments.comments(r, of.project, of.number, written)} if written else {}
    early = [_built(build, lang)] if build is not None and build.state is BuildState.succeeded else []
    if of.kind is DeploymentKind.deploy:
        early += await _before(r, of, stages, lang)
    html = await _markdown(r, of)
    first, told = ([x for group in _grouped(some) for x in _items(of, group, comments, lang, html)] for some in (began, newest))
    if began:
        told = [Item("between", newest[0].at, "history", "", Who("", "", "bot"), (), gap=True), *told]
    return sorted([*early, *first, *told], key=lambda item: item.at)


async def _markdown(r: Reading, of: Deployment) -> Html:
    """Markdown as HTML, `@team` and `#214` being links."""
    handles = _same(frozenset([t.handle for t in await access.teams(r)]))
    return lambda text: (_kept if len(text) < _SHORT else _html)(text, of.project, handles)


@lru_cache(4)
def _same(handles: frozenset[str]) -> frozenset[str]:
    # What is compared with itself is compared at once.
    return handles


def _html(text: str, project: str, handles: frozenset[str]) -> str:
    def address(reference: str) -> str | None:
        sign, name = reference[0], reference[1:]
        if sign == "#":
            return f"/{project}/deployments/{name}" if name.isdecimal() else None
        return f"/teams/{name}" if name in handles else None

    return markdown(text, address)


# What people said stays as it is, and is read by many.
_kept = lru_cache(2000)(_html)


def _built(build: Build, lang: str) -> Item:
    message = N_("{actor} built {short} from {ref} in {seconds} s")
    fields = {"actor": "Podo", "short": build.commit.short, "ref": build.ref, "seconds": round(build.seconds or 0)}
    pieces = sentence(lang, message, fields, "")
    pieces = [replace(p, href=f"/{build.project}/builds/{build.number}", kind="link") if p.kind == "mono" else p for p in pieces]
    facts = [f"{build.image}@{build.digest[:19]}…"]
    if build.simulated:
        facts.append(languages.say(lang, N_("simulated: no builder is installed here")))
    at = build.ended_at or build.asked_at
    return Item(f"b-{build.number}", at, "package", "done", _PODO, pieces, facts=facts)


async def _before(r: Reading, of: Deployment, stages: Sequence[Environment], lang: str) -> list[Item]:
    """Where the same commit was healthy in the environment before, newest first, one line."""
    order = next((e.order for e in stages if e.name == of.environment), 0)
    earlier = [e.name for e in stages if e.order < order]
    if not earlier:
        return []
    found = await service.deployments.healthy_with(r, of, earlier[-1])
    well = [(region, since) for number, region, since in found if number == found[0][0]]
    if not well:
        return []
    fields = {"environment": earlier[-1], "region": ", ".join(region for region, _ in well), "deployment": found[0][0]}
    message = N_("{environment} {region} became healthy with the same commit, {deployment}")
    at = max(since for _, since in well)
    return [Item(f"a-{found[0][0]}", at, "check", "success", _PODO, sentence(lang, message, fields, of.project))]


def _grouped(story: Sequence[Happening]) -> Iterator[list[Happening]]:
    """Happenings that belong together: the same act of the same person on several regions."""
    group: list[Happening] = []
    for happening in story:
        if _is_echo(happening):
            continue
        if group and not _belongs(group[-1], happening):
            yield group
            group = []
        group.append(happening)
    if group:
        yield group


def _is_echo(happening: Happening) -> bool:
    """What another line says already: a rejected rollout will not start, and one that did not move is halted at once."""
    if happening.code == RolloutCancelled.code:
        return happening.facts.get("why") == "rejected"
    return happening.code == RolloutHalted.code and happening.actor_kind != "podo"


def _belongs(last: Happening, this: Happening) -> bool:
    same = (last.code, last.actor_id, last.request_id, last.cause) == (this.code, this.actor_id, this.request_id, this.cause)
    return same and this.code in _TOGETHER and (last.request_id or last.cause) is not None


def _items(of: Deployment, group: Sequence[Happening], comments: Mapping[str, Comment], lang: str, html: Html) -> Iterator[Item]:
    first = group[0]
    who = Who(first.actor_id, first.actor_name, "bot" if first.actor_kind == "podo" else "person")
    if first.code == Commented.code:
        said = comments.get(str(first.facts.get("comment")))
        if said:
            yield Item(_address(first), first.at, "comment", "", who, (), comment=html(said.text), card=True)
        return
    if first.code == DeploymentAsked.code and of.description:
        yield Item(_address(first), first.at, "rocket", "", who, (), comment=html(of.description), card=True)
        return
    icon, tone = _LOOKS.get(first.code, ("dot-fill", ""))
    regions = ", ".join(h.region for h in group if h.region)
    facts = {**first.facts, "project": first.project, "environment": first.environment, "region": regions, "actor": who.name}
    if "why" in facts:
        rollout = next((x for x in of.rollouts if x.region == first.region), None)
        facts["why"] = words.told(lang, rollout, str(facts["why"]))
    written = _said_with(of, group) or (str(first.facts.get("why") or "") if first.code == HaltAsked.code else "")
    message = _TOGETHER.get(first.code) or _OWN.get(first.code, first.sentence)
    yield Item(
        id=_address(first),
        at=first.at,
        icon=icon,
        tone=tone,
        who=who,
        pieces=sentence(lang, message, facts, of.project),
        marks=_marks(group, lang),
        comment=html(written) if written else "",
    )


def _address(happening: Happening) -> str:
    return f"e-{happening.id.removeprefix('evt_')}"


def _marks(group: Sequence[Happening], lang: str) -> list[tuple[str, str]]:
    """`kr 1 of 2` behind an approval."""
    found: list[tuple[str, str]] = []
    for h in group if group[0].code == RolloutApproved.code else ():
        given, needed = int(h.facts.get("given", 0)), int(h.facts.get("needed", 0))
        text = languages.say(lang, N_("{region} {given} of {needed}"), region=h.region, given=given, needed=needed)
        found.append((text, "success" if given >= needed else "secondary"))
    return found


def _said_with(of: Deployment, group: Sequence[Happening]) -> str:
    """What somebody wrote with a decision; kept with the rollout while the decision stands."""
    first = group[0]
    decision = _DECISIONS.get(first.code)
    regions = {h.region for h in group}
    every: list[Approval] = [a for x in of.rollouts if x.region in regions for a in x.approvals]
    same = [
        a for a in every if a.person == first.actor_id and a.decision is decision and abs((a.at - first.at).total_seconds()) < 2
    ]
    return next((a.comment for a in same if a.comment), "")


def sentence(lang: str, message: str, facts: Mapping[str, object], project: str) -> list[Piece]:
    """A sentence in the reader's language, its parts marked by what they are."""
    found: list[Piece] = []
    for literal, name, _, _ in Formatter().parse(languages.say(lang, message)):
        if literal:
            found.append(Piece(literal))
        if name:
            found.append(_piece(name, facts.get(name), project))
    return found


def _piece(name: str, value: object, project: str) -> Piece:
    text = "…" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    if name == "actor":
        return Piece(text, "who")
    if name in _NUMBERS:
        # The sign stands in most sentences; where it does not, the number brings it.
        return Piece(f"#{text}" if name == "deployment" else text, "link", f"/{project}/deployments/{text}")
    if name in _BOLD:
        return Piece(text, "bold")
    return Piece(text, "mono" if name in _MONO else "text")
