"""The pages that are made from the code: docs/words.md and docs/reference/. `--check` compares instead of writing.

Everything public is found by loading all of `podo`: nouns, errors, events, settings, permissions, ports, commands, routes.
"""

from __future__ import annotations

import enum
import importlib
import inspect
import json
import os
import pkgutil
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import yaml

import podo
from podo.delivery.rules.chart_values import OWN
from podo.kernel.errors import PodoError
from podo.kernel.events import Event
from podo.kernel.settings.load import documented
from tools import contracts

DOCS = Path(__file__).parent.parent / "docs"
_MADE = "<!-- Made from the code by `make docs`. Change the code, not this page. -->\n"


@cache
def modules() -> Sequence[ModuleType]:
    """All modules of Podo but programs and migrations, in the order of their names."""
    found = pkgutil.walk_packages(podo.__path__, "podo.")
    names = sorted(m.name for m in found if not m.name.endswith(".__main__") and ".schema." not in m.name)
    return [importlib.import_module(name) for name in names]


def domains() -> list[str]:
    """The domains that exist, the lowest floor first."""
    floors = [name for floor in reversed(contracts.FLOORS) for name in floor.split(" | ")]
    there = {module.__name__ for module in modules()}
    return [d for d in floors if d not in ("app", "cli", "clients", "kernel") and f"podo.{d}" in there]


def classes(*kinds: str) -> Iterator[type[Any]]:
    """Public classes that are written in files of these kinds (`types`, `ports`…), domain by domain."""
    for domain in domains():
        for module in modules():
            name = module.__name__.removeprefix(f"podo.{domain}.")
            if name.partition(".")[0] in kinds and module.__name__.startswith(f"podo.{domain}."):
                yield from (c for c in vars(module).values() if _is_written_in(c, module))


def _is_written_in(thing: Any, module: ModuleType) -> bool:
    return isinstance(thing, type) and thing.__module__ == module.__name__ and not thing.__name__.startswith("_")


def errors() -> list[type[PodoError]]:
    """Every error of Podo's own that has a code, by code: the kinds and what is under them."""
    found: list[type[PodoError]] = []
    queue: list[type[PodoError]] = PodoError.__subclasses__()
    for error in queue:
        queue += error.__subclasses__()
        if error.__module__.startswith("podo.") and "code" in vars(error) and error not in found:
            found.append(error)
    return sorted(found, key=lambda error: error.code)


def events() -> list[type[Event]]:
    """Every event of Podo's own, by code."""
    return sorted((e for e in Event.known.values() if e.__module__.startswith("podo.")), key=lambda event: event.code)


def sections() -> dict[str, type[Any]]:
    """Every section of the settings, the process's own first."""
    from podo.app.domains import DOMAINS
    from podo.app.settings import SECTIONS

    return dict(SECTIONS) | {name: section for domain in DOMAINS for name, section in domain.settings.items()}


def permissions() -> list[Any]:
    """Every permission that a domain's types declare."""
    from podo.access.types import Permission

    found = {id(p): p for module in modules() for p in vars(module).values() if isinstance(p, Permission)}
    return sorted(found.values(), key=lambda p: p.id)


def ports() -> list[type[Any]]:
    """Every port: what a domain needs from outside, in its own words."""
    return [c for c in classes("ports", "writers") if getattr(c, "_is_protocol", False)]


def commands() -> dict[str, click.Command]:
    """Every command, by the words that call it."""
    from podo.cli.main import main

    return dict(_commands("podo", main))


def _commands(words: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        yield words, command
        return
    for name, inner in sorted(command.commands.items()):
        yield from _commands(f"{words} {name}", inner)


def routes() -> list[tuple[str, Any, str]]:
    """Every route of every domain: domain, what it declared, the first sentence of its docstring."""
    from podo.app.domains import DOMAINS

    found = []
    for domain in DOMAINS:
        for group in domain.routes:
            said = {(method, r.path): said_by(r.endpoint) for r in group.router.routes for method in r.methods}  # type: ignore[attr-defined]
            found += [(domain.name, d, said.get((d.method, d.path), "")) for d in group.declared]
    return found


def said_by(thing: Any) -> str:
    """The first paragraph of a docstring, on one line; "" for one that Python made up."""
    text = inspect.cleandoc(thing.__doc__ or "").split("\n\n")[0].replace("\n", " ").strip()
    made_up = is_dataclass(thing) and text.startswith(f"{thing.__name__}(")  # type: ignore[union-attr]
    return "" if made_up else text


def _words(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(
        "| " + " | ".join(str(cell).replace("|", "\\|").replace("\n", " ") for cell in line) + " |\n" for line in lines
    )


def _page(title: str, about: str, *parts: str) -> str:
    return "\n".join((f"# {title}\n", _MADE, f"{about}\n", *parts))


def words_page() -> str:
    """docs/words.md."""
    parts = []
    for domain in domains():
        nouns = [
            c for c in classes("types") if c.__module__.startswith(f"podo.{domain}.") and not issubclass(c, (Exception, Event))
        ]
        if nouns:
            parts.append(f"## {domain}\n\n" + _table(("word", "meaning"), ((_words(n.__name__), _meaning(n)) for n in nouns)))
    about = "What each noun means, by the domain it belongs to: the docstrings of the `types.py` files."
    return _page("Words", about, *parts)


def _meaning(noun: type[Any]) -> str:
    if issubclass(noun, enum.Enum):
        return f"{said_by(noun)} One of: {', '.join(str(member.value) for member in noun)}."
    return said_by(noun)


def errors_page() -> str:
    """docs/reference/errors.md."""
    rows = ((f"`{e.code}`", e.kind, e.so, e.do) for e in errors())
    about = "Each error has a code that does not change, one sentence that says what is so and one that says what to do."
    return _page("Errors", about, _table(("code", "kind", "what is so", "what to do"), rows))


def events_page() -> str:
    """docs/reference/events.md."""
    places = {f.name for f in fields(Event)}
    rows = (
        (f"`{e.code}`", e.sentence, ", ".join(f"`{f.name}`" for f in fields(e) if f.name not in places), said_by(e))
        for e in events()
    )
    about = (
        "What is said when something changes. Each event also has an id, a position, a time, an actor, the event that caused it, "
        "a request id and, where they apply, project, environment, region and subject."
    )
    return _page("Events", about, _table(("code", "sentence", "facts", "said when"), rows))


def settings_page() -> str:
    """docs/reference/settings.md."""
    parts = []
    for name, section in sections().items():
        rows = (
            (f"`{key.partition('.')[2]}`", f"`PODO_{key.replace('.', '_').upper()}`", kind, _shown(default), doc)
            for key, kind, default, doc in documented(name, section)
        )
        parts.append(f"## {name}\n\n{said_by(section)}\n\n" + _table(("key", "variable", "type", "default", "meaning"), rows))
    about = "One TOML file, named by `PODO_CONFIG`; a variable wins over the file. A key that is not here is refused."
    return _page("Settings", about, *parts)


def _shown(default: object) -> str:
    if isinstance(default, Path):
        text = str(default).replace(os.environ.get("XDG_DATA_HOME") or "\0", "~/.local/share")
        return f"`{text.replace(str(Path.home()), '~')}`"
    return f"`{default}`" if default not in ("", [], None) else ""


def permissions_page() -> str:
    """docs/reference/permissions.md."""
    rows = ((f"`{p.id}`", p.group, p.doc) for p in permissions())
    about = "What somebody can be allowed to do. Which role may do it is written in the Cedar policies."
    return _page("Permissions", about, _table(("permission", "group", "what it allows"), rows))


def ports_page() -> str:
    """docs/reference/ports.md."""
    parts = []
    for port in ports():
        verbs = [(n, f) for n, f in vars(port).items() if inspect.isfunction(f) and not n.startswith("_")]
        rows = ((f"`{name}{_signature(verb)}`", said_by(verb)) for name, verb in verbs)
        domain = port.__module__.split(".")[1]
        parts.append(f"## {domain}: {port.__name__}\n\n{said_by(port)}\n\n" + _table(("verb", "promise"), rows))
    return _page("Ports", "What each domain needs from outside, in its own words. An adapter answers a port.", *parts)


def _signature(verb: Callable[..., Any]) -> str:
    text = str(inspect.signature(verb)).replace("(self, ", "(").replace("(self)", "()")
    return text.replace("'", "")


def commands_page() -> str:
    """docs/reference/commands.md."""
    from podo.cli.client import EXIT_CODES

    codes = "## Exit codes\n\n" + _table(("code", "meaning"), [(str(code), said) for code, said in EXIT_CODES.items()])
    parts = [_command(words, command) for words, command in commands().items()]
    about = (
        "Every command of `podo`; `--help` behind any of them says the same. `--json` may stand behind each: its answer is then "
        "JSON, on standard output, and what went wrong is a JSON object on standard error. `podo completion` lets a "
        "shell complete commands, options and projects."
    )
    return _page("Commands", about, codes, *parts)


def _command(words: str, command: click.Command) -> str:
    usage = " ".join((words, *command.collect_usage_pieces(click.Context(command))))
    rows = [
        (f"`{', '.join((*p.opts, *p.secondary_opts))}`", p.help or "")
        for p in command.params
        if isinstance(p, click.Option) and not p.hidden and "--json" not in p.opts
    ]
    said = inspect.cleandoc(command.help or "")
    return f"## {words}\n\n`{usage}`\n\n{said}\n" + (f"\n{_table(('option', 'meaning'), rows)}" if rows else "")


def routes_page() -> str:
    """docs/reference/routes.md."""
    parts = []
    for face, title in (("api", "JSON, under /api/v1"), ("page", "Pages"), ("form", "Forms of the pages")):
        rows = (
            (domain, d.method, f"`{d.path}`", f"`{d.verb}`" if d.verb else "", f"`{d.permission}`", said)
            for domain, d, said in routes()
            if d.face == face
        )
        parts.append(f"## {title}\n\n" + _table(("domain", "method", "path", "verb", "permission", "what it does"), rows))
    return _page(
        "Routes", "Every route and the permission that it asks for. The JSON's shapes are in OpenAPI at `/api/docs`.", *parts
    )


def podo_yaml_page() -> str:
    """docs/reference/podo-yaml.md, from the paved-road chart's own schema and defaults."""
    chart = DOCS.parent / "charts/service"
    schema, defaults = json.loads((chart / "values.schema.json").read_text()), yaml.safe_load((chart / "values.yaml").read_text())
    rows = [row for row in _values(schema, defaults) if row[0].strip("`").partition(".")[0] not in OWN]
    lists = [
        f"Each of `{name}` has\n\n" + _table(("key", "takes", "default", "what it is"), _values(inner["items"], {}))
        for name, inner in schema["properties"].items()
        if inner.get("items", {}).get("properties")
    ]
    about = (
        "What a `podo.yaml` at the root of a repository may say. Every key is a value of the paved road; what is not said stays "
        "as it is. Under `environments` stand further ones for one environment, and under its `regions` for one region. The "
        "narrowest wins, and Settings win over the file. The image, names and secrets are Podo's own.\n\n"
        "```yaml\nport: 8080\nhealth: {http: /healthz}\nreplicas: 2\nenvironments:\n  prod:\n    replicas: 4\n    regions:\n"
        "      jp: {replicas: 6}\n```"
    )
    return _page("podo.yaml", about, _table(("key", "takes", "default", "what it is"), rows), *lists)


def _values(schema: Mapping[str, Any], defaults: Any, path: str = "") -> Iterator[tuple[str, ...]]:
    for name, inner in schema["properties"].items():
        default = defaults.get(name) if isinstance(defaults, dict) else None
        if "properties" in inner:
            yield from _values(inner, default, f"{path}{name}.")
            continue
        kind = inner.get("type", inner.get("enum", "any"))
        takes = (
            ", ".join(map(str, inner["enum"])) if "enum" in inner else " or ".join(kind) if isinstance(kind, list) else str(kind)
        )
        yield f"`{path}{name}`", takes, "" if default is None else f"`{json.dumps(default)}`", inner.get("description", "")


PAGES: Mapping[str, Callable[[], str]] = {
    "words.md": words_page,
    "reference/errors.md": errors_page,
    "reference/events.md": events_page,
    "reference/settings.md": settings_page,
    "reference/podo-yaml.md": podo_yaml_page,
    "reference/permissions.md": permissions_page,
    "reference/ports.md": ports_page,
    "reference/commands.md": commands_page,
    "reference/routes.md": routes_page,
}


def stale() -> dict[str, str]:
    """The pages that are not what the code says, with the text they should have."""
    modules()
    pages = {name: make().rstrip() + "\n" for name, make in PAGES.items()}
    return {name: text for name, text in pages.items() if not (DOCS / name).exists() or (DOCS / name).read_text() != text}


def main(arguments: Sequence[str]) -> int:
    """Write the pages, or with `--check` say which are stale (exit code 1)."""
    pages = stale()
    if "--check" in arguments:
        if pages:
            print(f"Not what the code says: {', '.join(f'docs/{name}' for name in pages)}. Run `make docs`.")
        return int(bool(pages))
    for name, text in pages.items():
        (DOCS / name).parent.mkdir(parents=True, exist_ok=True)
        (DOCS / name).write_text(text)
        print(f"docs/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
