"""Settings of a project that are delivery's: how it is deployed, and values of the paved road."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from podo.catalog import service as catalog
from podo.delivery import service
from podo.delivery.pages import words
from podo.delivery.pages.config import scope_of, scope_text, scope_words, scopes
from podo.delivery.pages.rights import Refusal, rights
from podo.delivery.pages.words import say
from podo.delivery.ports import ChartReader
from podo.delivery.rules import texts, values
from podo.delivery.types import CONFIGURE, READ, DeliverySettings, Scope
from podo.kernel.errors import N_, PodoError, SignIn
from podo.kernel.http import Routes, Web
from podo.kernel.http.routes import form
from podo.kernel.http.web import WebIn
from podo.kernel.ui import Tab, page

routes = Routes("delivery", tag="Configuration")
# The values with a field of their own.
_COMMON = ("replicas", "resources.cpu", "resources.memory", "health.http")


@dataclass(frozen=True, slots=True)
class Common:
    """A common value: its path, what is typed, what the paved road does without it, and the name of its field."""

    path: str
    name: str
    label: str
    value: str
    default: str


@dataclass(frozen=True, slots=True)
class Hook:
    """How a repository tells Podo of pushes: where to, and whether a secret is set and one was heard."""

    address: str
    has_secret: bool
    heard: bool
    poll_seconds: int


@page("delivery/choices.html")
@dataclass(frozen=True, slots=True)
class ChoicesPage:
    """Manners, and the values of one scope; `set_scopes` are those for which something is chosen."""

    project: str
    menu: Sequence[Tab]
    branch: str
    first: str
    auto_alpha: bool
    polled: bool
    hook: Hook
    scope: str
    scope_name: str
    scopes: Sequence[tuple[str, str, bool]]
    common: Sequence[Common]
    others: str
    set_scopes: Sequence[tuple[str, str, int]]
    refusal: Refusal | None
    may_change: bool
    trouble: str


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed for a scope and refused."""

    scope: Scope
    common: Mapping[str, str]
    others: str


async def _shown(w: Web, project: str, scope: Scope, typed: Typed | None = None, error: PodoError | None = None) -> Response:
    settings = w.house.settings[DeliverySettings]
    defaults = await w.house.ports[ChartReader].defaults()
    async with w.reading() as r:
        about = await catalog.project(r, project)
        head = await catalog.head(r, w.house.slots, project, "settings", w.lang)
        chosen = await service.config.choices(r, project)
        may = await rights(w, r, project)
        known = await scopes(w, r, project)
        stages = [e.name for e in await catalog.environments(r)]
    here = chosen.values.get(scope, {})
    path = f"/{project}/settings/delivery"
    made = ChoicesPage(
        project=project,
        menu=catalog.settings_menu(w.house.slots, project, "delivery"),
        branch=about.repository.branch,
        first=next((name for name in stages if any(e == name for e, _ in about.places)), ""),
        auto_alpha=chosen.auto_alpha,
        polled=chosen.polled,
        hook=Hook(
            f"{w.house.url.rstrip('/')}/webhooks/github", bool(settings.webhook_secret), chosen.hooked, settings.poll_seconds
        ),
        scope=scope_text(scope),
        scope_name=scope_words(w, scope),
        scopes=[(text, f"{path}?scope={value}#values", value == scope_text(scope)) for value, text in known],
        common=_common(w, here, defaults, typed),
        others=typed.others if typed else texts.lines_of(here, without=frozenset(_COMMON)),
        set_scopes=[(scope_words(w, s), f"{path}?scope={scope_text(s)}#values", _count(v)) for s, v in chosen.values.items()],
        refusal=may.refusal,
        may_change=may.configure,
        trouble=words.sentence(w, error) if error else "",
    )
    title = f"{say(w, N_('Delivery'))} · {project}"
    return await w.page(made, title=title, head=head, status=422 if error else 200)


def _count(values_: Mapping[str, Any]) -> int:
    return len(list(texts.leaves(values_)))


def _common(w: Web, here: Mapping[str, Any], defaults: Mapping[str, Any], typed: Typed | None) -> list[Common]:
    labels = {
        "replicas": N_("Pods"),
        "resources.cpu": N_("CPU reserved for each pod"),
        "resources.memory": N_("Memory for each pod"),
        "health.http": N_("Path that answers when it is healthy"),
    }
    found: list[Common] = []
    for path in _COMMON:
        now = values.get(here, path)
        value = typed.common[path] if typed else "" if now is None else str(now)
        default = values.get(defaults, path)
        shown = say(w, N_("the port accepts connections")) if path == "health.http" and not default else str(default)
        found.append(Common(path, path.replace(".", "-"), say(w, labels[path]), value, shown))
    return found


@routes.page("/{project}/settings/delivery", permission=READ.id)
async def choices(project: str, scope: str = "", w: Web = WebIn) -> Response:
    """How the project is deployed."""
    return await _shown(w, project, scope_of(scope))


@routes.form("/{project}/settings/delivery", verb="delivery.choose", permission=CONFIGURE.id)
async def manners(project: str, w: Web = WebIn) -> Response:
    """What comes by itself: alpha after a build, looks at the repository."""
    f = await form(w)
    async with w.transaction() as tx:
        await service.config.choose(tx, project, auto_alpha=bool(f["auto_alpha"]), polled=bool(f["polled"]))
    return w.go(f"/{project}/settings/delivery", said=say(w, N_("Saved.")))


@routes.form("/{project}/settings/delivery/values", verb="delivery.choose", permission=CONFIGURE.id)
async def choose(project: str, w: Web = WebIn) -> Response:
    """Values of the paved road for one scope."""
    f = await form(w)
    typed = Typed(scope_of(f["scope"]), {path: f[path.replace(".", "-")] for path in _COMMON}, f["others"])
    schema = await w.house.ports[ChartReader].schema()
    try:
        wanted = _wanted(typed)
        async with w.transaction() as tx:
            await service.config.choose(tx, project, values=wanted, scope=typed.scope, schema=schema)
    except PodoError as error:
        if isinstance(error, SignIn):
            raise
        return await _shown(w, project, typed.scope, typed, error)
    said = say(w, N_("Saved for {scope}; it holds from the next deployment on."), scope=scope_words(w, typed.scope))
    return w.go(f"/{project}/settings/delivery?scope={f['scope']}", said=said)


def _wanted(typed: Typed) -> dict[str, Any]:
    found = texts.values_of(typed.others)
    for path, text in typed.common.items():
        if text:
            # A number of pods is a number; everything else here is text, also where it looks like a number.
            texts.put(found, path, texts.value_of(text) if path == "replicas" else text)
    return found
