"""What the reader may do here, and why not."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from podo.access import service as access
from podo.access.types import On, Permission
from podo.catalog import service as catalog
from podo.delivery.pages.words import say
from podo.delivery.service import views
from podo.delivery.types import APPROVE, BUILD, CONFIGURE, DEPLOY, HALT, ROLL_BACK, Deployment
from podo.kernel.db import Reading
from podo.kernel.errors import N_
from podo.kernel.http import Web

# What access says in English, marked here so that it is in the catalogue.
_KNOWN = (
    N_("Whoever asked for a deployment does not approve it, unless the environment allows self-approval."),
    N_("a member of the owning team, or an SRE"),
    N_("another member of the owning team, or an SRE"),
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something may not be done: a sentence, the policy's name (empty: none allows it), and where more is said."""

    text: str
    policy: str
    link: str


@dataclass(frozen=True, slots=True)
class Rights:
    """What the reader may do in a project. `refusal` says why not to operate it; None where that is allowed."""

    build: bool
    configure: bool
    deploy: bool
    halt: bool
    roll_back: bool
    refusal: Refusal | None


async def rights(w: Web, r: Reading, project: str) -> Rights:
    """Of the reader in a project."""
    return await rights_on(w, r, On(project=project, team=(await catalog.owner(r, project)).team))


async def rights_on(w: Web, r: Reading, on: On) -> Rights:
    """Of the reader, the person being read once."""
    asked = [(p, on) for p in (BUILD, CONFIGURE, DEPLOY, HALT, ROLL_BACK)]
    build, configure, deploy, halt, roll_back = await access.allowed_many(r, asked)
    return Rights(build, configure, deploy, halt, roll_back, await refused(w, r, DEPLOY, on))


async def to_approve(w: Web, r: Reading, of: Deployment, here: views.Around) -> Refusal | None:
    """Why the reader may not decide on a deployment; None where that is allowed."""
    return await refused(w, r, APPROVE, views.to_approve(of, here))


async def refused(w: Web, r: Reading, permission: Permission, on: On) -> Refusal | None:
    """Why the reader may not; None where that is allowed."""
    text, policy, could = await views.refusal(r, permission, on)
    if not could:
        return None
    link = f"/-/why?{urlencode({'permission': permission.id, 'project': on.project or '', 'team': on.team or ''})}"
    if text:
        return Refusal(say(w, text), policy, link)
    return Refusal(say(w, N_("Only {who} may do this."), who=say(w, could)), "", link)
