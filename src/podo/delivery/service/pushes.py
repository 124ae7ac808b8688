"""Pushes: seen by a webhook or by asking the repository, and when each repository is asked."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from datetime import timedelta

from podo.catalog import service as catalog
from podo.catalog.types import Project
from podo.delivery.rules import commits, webhooks
from podo.delivery.service import builds
from podo.delivery.store import builds as locks
from podo.delivery.store import heads as rows
from podo.delivery.types import Build, Commit, Pushed, PushSeen
from podo.kernel import clock
from podo.kernel.db import Reading, Tx
from podo.kernel.nouns import PODO

# A webhook may be lost: where one was heard the repository is still asked, seldom.
_HOOKED = 30
_LONGEST_PAUSE = 600.0
_KEEP_HOOKS = timedelta(days=30)
_PAGE = 500


def webhook(body: bytes, signature: str, secret: str) -> Pushed:
    """What a webhook of GitHub's shape says, once its signature fits. Raises `WebhookForged`, `WebhookUnreadable`."""
    return webhooks.read(body, signature, secret)


async def take_push(tx: Tx, pushed: Pushed) -> list[Build]:
    """What a webhook told: the builds that follow, one for each project with this repository and branch.

    The same webhook again does nothing; so does a branch that nobody deploys, a deleted one, and a ping.
    """
    if await hook_taken(tx, pushed.id):
        return []
    known = {webhooks.same_repository(address) for address in pushed.addresses}
    mine = [p async for p in _projects(tx) if webhooks.same_repository(p.repository.url) in known]
    if not mine:
        return []
    for project in mine:
        await rows.want(tx, project.slug, clock.now())
    await rows.hooked(tx, [p.slug for p in mine], clock.now())
    commit = pushed.commit
    if commit is None:
        return []
    wanted = [p.slug for p in mine if p.repository.branch == pushed.branch]
    found = [await seen_push(tx, slug, commit, pushed.branch, "webhook") for slug in wanted]
    return [build for build in found if build]


async def seen_push(tx: Tx, project: str, commit: Commit, ref: str, how: str) -> Build | None:
    """A commit is the newest of the project's branch: it is built, by Podo. The same one again does nothing: None."""
    await locks.lock(tx, project)
    await rows.want(tx, project, clock.now())
    sha, _, _ = await rows.seen(tx, project)
    await rows.see(tx, project, commit.sha)
    if sha == commit.sha:
        return None
    told = commits.storable(commit)
    tx.say(
        PushSeen(
            project=project,
            subject=f"push/{project}/{told.short}",
            sha=told.sha,
            short=told.short,
            ref=ref,
            title=told.subject,
            author=told.author,
            how=how,
        )
    )
    return await builds.queue(tx, project, commit, ref, PODO.id)


async def hook_taken(tx: Tx, id_: str) -> bool:
    """Whether a webhook was taken before; it is now."""
    return not await rows.take_hook(tx, id_, clock.now(), _KEEP_HOOKS)


async def watch(tx: Tx, project: str) -> None:
    """Ask the project's repository from now on; one that is asked already goes on."""
    await rows.want(tx, project, clock.now())


async def watch_anew(tx: Tx, project: str) -> None:
    """The project has another repository or branch: what is known of the old one is forgotten."""
    await rows.anew(tx, project, clock.now())


async def watch_soon(tx: Tx, project: str) -> None:
    """There is reason to think that the repository answers now: it is asked at once."""
    await rows.soon(tx, project, clock.now())


async def due_heads(r: Reading, limit: int = 100) -> list[str]:
    """Projects whose repository is to be asked now, the longest overdue first; none whose `polled` is off."""
    return await rows.due(r, clock.now(), limit)


async def head_asked(tx: Tx, projects: Collection[str], pause: float) -> None:
    """Their repositories are being asked, and again after `pause` seconds (seldom, where a webhook was heard)."""
    hooked = min(pause * _HOOKED, max(pause, _LONGEST_PAUSE))
    await rows.asked(tx, projects, clock.now(), timedelta(seconds=pause), timedelta(seconds=hooked))


async def head_failed(tx: Tx, project: str, why: str, pause: float) -> None:
    """The repository did not answer, or not as it should: each time in a row doubles the pause, up to ten minutes."""
    _, failures, _ = await rows.seen(tx, project)
    wait = min(pause * 2 ** min(failures + 1, 16), max(pause, _LONGEST_PAUSE))
    await rows.failed(tx, project, why, failures + 1, clock.now() + timedelta(seconds=wait))


async def newest_seen(r: Reading, project: str) -> str:
    """The sha that was seen last; empty before the first look, and while looks fail."""
    sha, failures, _ = await rows.seen(r, project)
    return "" if failures else sha


async def head_trouble(r: Reading, project: str) -> str:
    """Why the last look at the repository failed, in words; empty when it did not."""
    _, _, why = await rows.seen(r, project)
    return why


async def _projects(r: Reading) -> AsyncIterator[Project]:
    cursor: str | None = None
    while True:
        page = await catalog.projects(r, cursor=cursor, limit=_PAGE)
        for project in page.items:
            yield project
        if (cursor := page.next) is None:
            return
