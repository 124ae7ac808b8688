"""Settings of a project that are delivery's: variables and secrets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response

from podo.catalog import service as catalog
from podo.delivery import service
from podo.delivery.pages import words
from podo.delivery.pages.rights import Refusal, rights
from podo.delivery.pages.words import Who, say
from podo.delivery.service import views
from podo.delivery.types import CONFIGURE, READ, ConfigEntry, ConfigKind, Scope
from podo.kernel.db import Reading
from podo.kernel.errors import N_, PodoError, SignIn
from podo.kernel.http import Routes, Web
from podo.kernel.http.routes import Form, form
from podo.kernel.http.web import WebIn
from podo.kernel.ui import Tab, languages, page

routes = Routes("delivery", tag="Configuration")
_HISTORY = 20


@dataclass(frozen=True, slots=True)
class Entry:
    """A variable with its value, or a secret with its fingerprint; `scope` is what a form sends back."""

    key: str
    value: str
    scope: str
    where: str
    author: Who
    at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """A line of the history."""

    sentence: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent before and refused; a secret's value is never shown again."""

    kind: str = "variable"
    key: str = ""
    value: str = ""
    scope: str = ""


@page("delivery/config.html")
@dataclass(frozen=True, slots=True)
class ConfigPage:
    """Both lists, the form and the history; `trouble` says why the last wish was not taken."""

    project: str
    menu: Sequence[Tab]
    variables: Sequence[Entry]
    secrets: Sequence[Entry]
    scopes: Sequence[tuple[str, str]]
    history: Sequence[Told]
    refusal: Refusal | None
    may_change: bool
    sent: Sent
    trouble: str
    used: Sequence[str]


def scope_of(text: str) -> Scope:
    """`prod/kr` as it stands in a form."""
    environment, _, region = text.partition("/")
    return Scope(environment, region)


def scope_text(scope: Scope) -> str:
    """A scope for a form."""
    return "/".join(filter(None, (scope.environment, scope.region)))


def scope_words(w: Web, scope: Scope) -> str:
    """A scope for people."""
    return str(scope) if scope.environment else say(w, N_("everywhere"))


async def scopes(w: Web, r: Reading, project: str) -> list[tuple[str, str]]:
    """Everywhere, and each environment and region in which the project runs."""
    found = [("", say(w, N_("everywhere")))]
    for target in await catalog.targets(r, project):
        stage = (target.environment, target.environment)
        if stage not in found:
            found.append(stage)
        found.append((f"{target.environment}/{target.region}", f"{target.environment} {target.region}"))
    return found


async def _shown(w: Web, project: str, sent: Sent = Sent(), error: PodoError | None = None) -> Response:
    translate = languages.translator(w.lang)
    async with w.reading() as r:
        head = await catalog.head(r, w.house.slots, project, "settings", w.lang)
        found = await service.config.entries(r, project)
        history = await views.config_history(r, project, _HISTORY)
        may = await rights(w, r, project)
        authors = await words.people(r, {e.by for e in found})
        known = await scopes(w, r, project)
    made = ConfigPage(
        project=project,
        menu=catalog.settings_menu(w.house.slots, project, "config"),
        variables=[_entry(w, e, authors) for e in found if e.kind is ConfigKind.variable],
        secrets=[_entry(w, e, authors) for e in found if e.kind is ConfigKind.secret],
        scopes=known,
        history=[Told(h.told(translate), h.at) for h in history],
        refusal=may.refusal,
        may_change=may.configure,
        sent=sent,
        trouble=words.sentence(w, error) if error else "",
        used=sorted({e.key for e in found}),
    )
    title = f"{say(w, N_('Configuration'))} · {project}"
    return await w.page(made, title=title, head=head, status=422 if error else 200)


def _entry(w: Web, e: ConfigEntry, authors: dict[str, Who]) -> Entry:
    return Entry(e.key, e.value, scope_text(e.scope), scope_words(w, e.scope), authors[e.by], e.at)


@routes.page("/{project}/settings/config", permission=READ.id)
async def config(project: str, w: Web = WebIn) -> Response:
    """Variables and secrets."""
    return await _shown(w, project)


@routes.form("/{project}/settings/config/variable", verb="delivery.set_variable", permission=CONFIGURE.id)
async def set_variable(project: str, w: Web = WebIn) -> Response:
    """Set a variable."""
    f = await form(w)
    try:
        async with w.transaction() as tx:
            await service.config.set_variable(tx, project, f["key"], scope_of(f["scope"]), await _value(w))
    except PodoError as error:
        return await _refused(w, project, f, error, ConfigKind.variable)
    return _back(w, project, N_("{key} is set; it reaches pods with the next deployment."), f["key"])


@routes.form("/{project}/settings/config/secret", verb="delivery.set_secret", permission=CONFIGURE.id)
async def set_secret(project: str, w: Web = WebIn) -> Response:
    """Seal a secret."""
    f = await form(w)
    try:
        async with w.transaction() as tx:
            await service.config.set_secret(tx, w.house.seal, project, f["key"], scope_of(f["scope"]), await _value(w))
    except PodoError as error:
        return await _refused(w, project, f, error, ConfigKind.secret)
    return _back(w, project, N_("{key} is sealed; it reaches pods with the next deployment."), f["key"])


async def _value(w: Web) -> str:
    """The value as it was typed: blanks at its ends may be meant; a browser sends line ends as CRLF."""
    sent = (await w.request.form()).get("value")
    return sent.replace("\r\n", "\n") if isinstance(sent, str) else ""


@routes.form("/{project}/settings/config/unset-variable", verb="delivery.unset_variable", permission=CONFIGURE.id)
async def unset_variable(project: str, w: Web = WebIn) -> Response:
    """Remove a variable."""
    return await _unset(w, project, ConfigKind.variable)


@routes.form("/{project}/settings/config/unset-secret", verb="delivery.unset_secret", permission=CONFIGURE.id)
async def unset_secret(project: str, w: Web = WebIn) -> Response:
    """Remove a secret."""
    return await _unset(w, project, ConfigKind.secret)


async def _unset(w: Web, project: str, kind: ConfigKind) -> Response:
    f = await form(w)
    async with w.transaction() as tx:
        await service.config.unset(tx, project, kind, f["key"], scope_of(f["scope"]))
    return _back(w, project, N_("{key} is removed; it leaves pods with the next deployment."), f["key"])


async def _refused(w: Web, project: str, f: Form, error: PodoError, kind: ConfigKind) -> Response:
    if isinstance(error, SignIn):
        raise error
    value = f["value"] if kind is ConfigKind.variable else ""
    return await _shown(w, project, Sent(kind.value, f["key"], value, f["scope"]), error)


def _back(w: Web, project: str, message: str, key: str) -> Response:
    return w.go(f"/{project}/settings/config", said=say(w, message, key=key))
