"""What stands over every tab of a deployment: title, state, who asked, tabs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from podo.catalog import service as catalog
from podo.delivery import service
from podo.delivery.pages import words
from podo.delivery.pages.words import Who, say
from podo.delivery.types import Deployment, DeploymentKind
from podo.kernel.db import Reading
from podo.kernel.errors import N_
from podo.kernel.http import Routes, Web
from podo.kernel.ui import Head, Tab

routes = Routes("delivery", tag="Deployments")


@dataclass(frozen=True, slots=True)
class Top:
    """Of one deployment. `path` is its address, `topics` what its pieces follow."""

    project: str
    number: int
    path: str
    environment: str
    commit: str
    ref: str
    build: int
    title: str
    state: str
    word: str
    back: bool
    author: Who
    regions: Sequence[tuple[str, str]]
    release: str
    tabs: Sequence[Tab]
    topics: str


async def top(w: Web, r: Reading, of: Deployment, current: str) -> Top:
    """The title with its tabs, `current` being the one that is open."""
    comments = await service.deployments.comment_counts(r, [of])
    path = f"/{of.project}/deployments/{of.number}"
    tabs = (
        ("conversation", N_("Conversation"), "comment-discussion", path, comments.get((of.project, of.number), 0)),
        ("checks", N_("Checks"), "checklist", f"{path}/checks", 0),
        ("changes", N_("Changes"), "file-diff", f"{path}/changes", 0),
        ("manifests", N_("Manifests"), "file-code", f"{path}/manifests", 0),
        ("logs", N_("Logs"), "log", f"{path}/logs", 0),
    )
    word = words.state(w.lang, of)
    return Top(
        project=of.project,
        number=of.number,
        path=path,
        environment=of.environment,
        commit=of.commit[:7],
        ref=of.ref,
        build=of.build,
        title=of.title,
        state=of.state.value,
        word=word[:1].upper() + word[1:] if w.lang == "en" else word,
        back=of.kind is DeploymentKind.rollback,
        author=(await words.people(r, [of.by]))[of.by],
        regions=words.chips(of.rollouts),
        release=of.release,
        tabs=[Tab(label, href, icon, count, key == current) for key, label, icon, href, count in tabs],
        topics=f"{of.subject} observed:{of.project}",
    )


async def head(w: Web, r: Reading, project: str) -> Head:
    """The project's head with Deployments open."""
    return await catalog.head(r, w.house.slots, project, "deployments", w.lang)


def title(w: Web, of: Deployment) -> str:
    """What the browser's tab says."""
    return f"{say(w, N_('Deployment #{number}'), number=of.number)} · {of.project}"
