"""Registering a project: everything typed is kept, and what is wrong stands beside its field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from starlette.responses import Response

from podo.access import service as access
from podo.access.types import On
from podo.catalog import reads, rules, service
from podo.catalog.pages import parts
from podo.catalog.pages.parts import Option, Source, Stage
from podo.catalog.pages.wrong import by_field, say, sentence, so
from podo.catalog.ports import NamespaceReader, RepositoryReader
from podo.catalog.types import READ, REGISTER, Found, NamespaceForeign, NoTargets
from podo.kernel.db import Reading
from podo.kernel.errors import N_, PodoError
from podo.kernel.http import Routes, Web
from podo.kernel.http.routes import form
from podo.kernel.http.web import WebIn
from podo.kernel.ui import page

routes = Routes("catalog", tag="Projects")


@dataclass(frozen=True, slots=True)
class Typed:
    """What stands in the form. `credential` is what was pasted now or kept from before; it is never shown."""

    repository: str = ""
    credential: str = ""
    branch: str = ""
    dockerfile: str = ""
    port: str = ""
    slug: str = ""
    title: str = ""
    description: str = ""
    team: str = ""
    tier: str = "3"
    slack: str = ""
    places: tuple[tuple[str, str], ...] = ()

    @property
    def number(self) -> int:
        """The port; 8080 where none is typed, 0 for what is no number."""
        return (int(self.port) if self.port.isdecimal() else 0) if self.port else 8080

    @property
    def grade(self) -> int:
        """The tier; 0 for what is no number."""
        return int(self.tier) if self.tier.isdecimal() else 0


@dataclass(frozen=True, slots=True)
class Name:
    """What is known of a name: `kind` as `ui.note` takes it (empty: nothing), a sentence, and a name that would do."""

    kind: str = ""
    text: str = ""
    better: str = ""


@page("catalog/register.html")
@dataclass(frozen=True, slots=True)
class RegisterPage:
    """The form, and what registering would make. `wrong` maps fields to sentences."""

    typed: Typed
    source: Source
    name: Name
    wrong: Mapping[str, str]
    teams: Sequence[Option]
    allowed: Sequence[str]
    stages: Sequence[Stage]
    command: str
    clusters: int


@page("catalog/_register.html")
@dataclass(frozen=True, slots=True)
class RegisterPiece(RegisterPage):
    """The same without its frame, for a script that looks into the repository."""


@page("catalog/_name.html")
@dataclass(frozen=True, slots=True)
class NamePiece:
    """What is known of a name, while one types."""

    name: Name


@routes.page("/new", permission=READ.id)
async def new(repository: str = "", team: str = "", w: Web = WebIn) -> Response:
    """The form, with the default places ticked."""
    async with w.reading() as r:
        at = tuple(await service.default_places(r))
        _, allowed = await parts.teams(w, r, REGISTER)
        chosen = (await access.team(r, team)).id if team else next(iter(allowed), "")
    return await _show(w, Typed(repository=repository, team=chosen, places=at), {}, None)


@routes.page("/new/name", permission=READ.id)
async def name(slug: str = "", w: Web = WebIn) -> Response:
    """Whether a name is free, as a note; the ticked places are asked, all where none is ticked."""
    ticked = parts.places(w.request.query_params.getlist("at"))
    return await w.fragment(NamePiece(await _name(w, slug.strip(), ticked)))


@routes.form("/new/look", verb="catalog.look", permission=READ.id)
async def look(w: Web = WebIn) -> Response:
    """Look into the repository and fill in what it says; or take the better name."""
    typed = await _typed(w)
    better = (await form(w))["better"]
    found, wrong = await _look(w, typed)
    typed = _filled(replace(typed, slug=better or typed.slug), found)
    return await _show(w, typed, wrong, found)


@routes.form("/new", verb="catalog.register", permission=REGISTER.id)
async def register(w: Web = WebIn) -> Response:
    """Register, or show the form again with what is wrong."""
    typed = await _typed(w)
    async with w.reading() as r:
        errors = await _errors(r, typed)
        targets = [(await service.resolve(r, *place)).cluster for place in typed.places] if not errors else []
    if errors:
        return await _again(w, typed, errors)
    try:
        branch = await reads.branch_of_new(
            w.house.ports[NamespaceReader],
            w.house.ports[RepositoryReader],
            slug=typed.slug,
            clusters=targets,
            repository=typed.repository,
            credential=typed.credential,
            branch=typed.branch,
        )
        async with w.transaction() as tx:
            made = await service.register(
                tx,
                w.house.seal,
                slug=typed.slug,
                title=typed.title or typed.slug,
                team=typed.team,
                repository=typed.repository,
                branch=branch,
                places=typed.places,
                credential=typed.credential,
                dockerfile=typed.dockerfile or "Dockerfile",
                port=typed.number,
                tier=typed.grade,
                description=typed.description,
                slack=typed.slack,
            )
    except PodoError as error:
        return await _again(w, typed, [error])
    return w.go(
        f"/{made.slug}", said=say(w, N_("{project} is registered. Its place in each region is being made."), project=made.slug)
    )


async def _typed(w: Web) -> Typed:
    f = await form(w)
    fields = ("repository", "branch", "dockerfile", "port", "slug", "title", "description", "team", "tier", "slack")
    credential = f["credential"] or parts.kept(w, f["kept"])
    return Typed(**{name: f[name] for name in fields}, credential=credential, places=tuple(parts.places(f.every("at"))))


async def _errors(r: Reading, typed: Typed) -> list[PodoError]:
    """All that can be said without asking outside."""
    found: list[PodoError] = [
        *rules.wrong_facts(
            title=typed.title or "–",
            tier=typed.grade,
            port=typed.number,
            dockerfile=typed.dockerfile or "Dockerfile",
            repository=typed.repository,
            branch=typed.branch or "main",
            slack=typed.slack.removeprefix("#"),
        )
    ]
    if not typed.places:
        found.append(NoTargets())
    for check in (_check_name(r, typed), _check_team(r, typed), _check_places(r, typed)):
        try:
            await check
        except PodoError as error:
            found.append(error)
    return found


async def _check_name(r: Reading, typed: Typed) -> None:
    await service.free_name(r, typed.slug)


async def _check_team(r: Reading, typed: Typed) -> None:
    team = await access.team(r, typed.team)
    await access.require(r, REGISTER, On(team=team.id))


async def _check_places(r: Reading, typed: Typed) -> None:
    for place in typed.places:
        await service.resolve(r, *place)


async def _again(w: Web, typed: Typed, errors: Sequence[PodoError]) -> Response:
    wrong = by_field(w, errors)
    found: Found | None = None
    if typed.repository and not {"repository", "credential"} & set(wrong):
        found, _ = await _look(w, typed)
    return await _show(w, typed, wrong, found)


async def _look(w: Web, typed: Typed) -> tuple[Found | None, dict[str, str]]:
    try:
        return await reads.look(w.house.ports[RepositoryReader], typed.repository, typed.credential, typed.branch), {}
    except PodoError as error:
        field = "branch" if typed.branch and error.code == "git.no_such_ref" else ""
        return None, {field: sentence(w, error)} if field else by_field(w, [error])


def _filled(typed: Typed, found: Found | None) -> Typed:
    """What the repository says, where nothing was typed."""
    if found is None:
        return typed
    paths = [d.path for d in found.dockerfiles]
    dockerfile = typed.dockerfile if typed.dockerfile in paths or not paths else paths[0]
    ports = next((d.ports for d in found.dockerfiles if d.path == dockerfile), ())
    return replace(
        typed,
        branch=found.branch,
        dockerfile=dockerfile,
        port=typed.port or str(ports[0] if ports else 8080),
        slug=typed.slug or rules.name_of_repository(typed.repository),
    )


async def _name(w: Web, slug: str, ticked: Sequence[tuple[str, str]]) -> Name:
    if not slug:
        return Name()
    try:
        async with w.reading() as r:
            await service.free_name(r, slug)
            served = await service.served(r)
        clusters = sorted({served[p] for p in ticked if p in served} or set(served.values()))
        taken, silent = await reads.foreign(w.house.ports[NamespaceReader], clusters, slug)
        if taken:
            raise NamespaceForeign(cluster=", ".join(taken), project=slug)
    except PodoError as error:
        better = error.data.get("better", "")
        return Name("bad", so(w, error) if better else sentence(w, error), better)
    if silent:
        text = N_("Free in Podo. No answer from {clusters}: whether it is free there is seen when the namespace is made.")
        return Name("warn", say(w, text, clusters=", ".join(silent)))
    return Name("ok", say(w, N_("Free in Podo and in {clusters}."), clusters=", ".join(clusters)))


async def _show(w: Web, typed: Typed, wrong: Mapping[str, str], found: Found | None) -> Response:
    name = Name()
    if typed.slug:
        name = await _name(w, typed.slug, typed.places)
    if name.kind in ("", "ok", "warn") and "slug" in wrong:
        name = Name("bad", wrong["slug"])
    async with w.reading() as r:
        teams, allowed = await parts.teams(w, r, REGISTER)
        stages = await parts.grid(w, r, typed.places)
        served = await service.served(r)
        handle = next((t.handle for t in await access.teams(r) if t.id == typed.team), "TEAM")
    source = Source(typed.repository, typed.branch, typed.dockerfile, typed.port, parts.keep(w, typed.credential), found)
    made = (RegisterPiece if w.wants_fragment else RegisterPage)(
        typed=typed,
        source=source,
        name=name,
        wrong=wrong,
        teams=teams,
        allowed=allowed,
        stages=stages,
        command=_command(typed, handle),
        clusters=len({served[p] for p in typed.places if p in served}),
    )
    if w.wants_fragment:
        return await w.fragment(made)
    return await w.page(made, title=N_("Register a project"), status=422 if wrong else 200)


def _command(typed: Typed, team: str) -> str:
    """The same in a terminal."""
    words = ["podo project register", typed.slug or "NAME", f"--team {team}", f"--repo {typed.repository or 'ADDRESS'}"]
    for environment in dict.fromkeys(e for e, _ in typed.places):
        regions = [region for e, region in typed.places if e == environment]
        if environment in ("alpha", "prod"):
            words.append(f"--{environment} {','.join(regions)}")
        else:
            words += [f"--at {environment}:{region}" for region in regions]
    return " ".join(words)
