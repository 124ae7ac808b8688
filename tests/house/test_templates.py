"""Law 9: a template's top-level names and its page object's fields are the same set. And what else holds for all templates."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import ChoiceLoader, DictLoader, Environment, meta, nodes
from jinja2.runtime import Macro

import podo
from podo.kernel.ui import ASSETS, PAGES
from podo.kernel.ui.environment import MACROS, environment, folders, make, reserved

UI = Path(inspect.getfile(podo)).parent / "kernel/ui"
IN_EVERY_FRAME = {"csrf", "keyboard", "logo", "mark"}
_INLINE = re.compile(r"<style|<script(?![^>]*\bsrc=)|\sstyle\s*=|\son[a-z]+\s*=|javascript:|hx-on|hx-vals='js|hx-vals=\"js")


def _load_pages() -> list[str]:
    """Import what may register pages; what cannot be imported is told, so that the others are checked nevertheless."""
    broken: list[str] = []
    for module in pkgutil.walk_packages(podo.__path__, "podo.", onerror=broken.append):
        if not re.search(r"\.pages(\.|$)|\.face$|^podo\.kernel\.(ui|http)\b", module.name):
            continue
        try:
            importlib.import_module(module.name)
        except ImportError as error:
            broken.append(f"{module.name}: {error}")
    return broken


_BROKEN = _load_pages()


def test_every_module_of_pages_can_be_imported() -> None:
    assert _BROKEN == []


def _source(made: Environment, name: str) -> nodes.Template:
    assert made.loader
    return made.parse(made.loader.get_source(made, name)[0], name)


def _stored(tree: nodes.Node) -> set[str]:
    return {name.name for name in tree.find_all(nodes.Name) if name.ctx in ("store", "param")}


def _on_top(tree: nodes.Template) -> set[str]:
    found: set[str] = set()
    for node in tree.body:
        match node:
            case nodes.Macro(name=name) | nodes.Import(target=name):
                found.add(name)
            case nodes.FromImport(names=names):
                found |= {n if isinstance(n, str) else n[1] for n in names}
            case nodes.Assign() | nodes.AssignBlock():
                found |= _stored(node)
            case _:
                pass
    return found


def _others(tree: nodes.Template) -> Iterator[tuple[str, nodes.Node]]:
    for node in tree.find_all((nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)):
        constant = node.template  # pyright: ignore[reportAttributeAccessIssue]
        assert isinstance(constant, nodes.Const), f"line {node.lineno}: say which template by name, so that it can be checked"
        for name in [constant.value] if isinstance(constant.value, str) else constant.value:
            yield name, node


def names(made: Environment, template: str) -> set[str]:
    """The names that a template wants from its page object, with those of what it extends and includes."""
    tree = _source(made, template)
    found = meta.find_undeclared_variables(tree) - _on_top(tree)
    for other, node in _others(tree):
        if isinstance(node, nodes.Extends):
            found |= names(made, other)
            continue
        if node.with_context:  # pyright: ignore[reportAttributeAccessIssue]
            found |= names(made, other) - _stored(tree)
    return found - set(reserved())


def differences(made: Environment, page: type, template: str) -> dict[str, set[str]]:
    """What the template wants and the page lacks, and the other way round."""
    fields = {f.name for f in dataclasses.fields(page)}
    wanted = names(made, template)
    return {"not in the page object": wanted - fields, "not in the template": fields - wanted}


def _every_template() -> list[str]:
    return sorted(
        f"{domain}/{path.relative_to(folder)}" for domain, folder in folders().items() for path in folder.rglob("*.html")
    )


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.__module__}.{page.__name__}")
def test_a_template_and_its_page_object_have_the_same_names(page: type) -> None:
    assert differences(environment("en"), page, PAGES[page]) == {"not in the page object": set(), "not in the template": set()}


@dataclasses.dataclass(frozen=True)
class Sample:
    """A page to break in with."""

    title: str
    rows: list[str]


_GOOD = (
    "{% extends 'base' %}{% macro m(x) %}{{ x }}{% endmacro %}"
    "{% block b %}{{ m(title) }}{% for row in rows %}{% include 'row' %}{% endfor %}{% endblock %}"
)


@pytest.mark.parametrize(
    ("template", "missing", "idle"),
    [
        (_GOOD, set(), set()),
        (_GOOD + "{{ owner }}", {"owner"}, set()),
        (_GOOD.replace("{{ m(title) }}", "{{ m(owner) }}"), {"owner"}, {"title"}),
        (_GOOD.replace("m(title)", "m(_('Title'))"), set(), {"title"}),
        (_GOOD.replace("'row'", "'strange'"), {"owner"}, set()),
        (_GOOD.replace("in rows", "in others"), {"others"}, {"rows"}),
        ("{% import 'row' as r with context %}{{ title }}{{ rows }}", {"row"}, set()),
        ("{% import 'row' as r %}{{ title }}{{ rows }}", set(), set()),
    ],
)
def test_a_break_in_is_seen(template: str, missing: set[str], idle: set[str]) -> None:
    pieces = {"base": "{{ frame.title }}{% block b %}{% endblock %}", "row": "{{ row }}", "strange": "{{ row }}{{ owner }}"}
    made = Environment(loader=DictLoader({**pieces, "page": template}), extensions=["jinja2.ext.i18n"])
    assert differences(made, Sample, "page") == {"not in the page object": missing, "not in the template": idle}


def test_a_template_that_is_named_by_a_variable_is_refused() -> None:
    made = Environment(loader=DictLoader({"page": "{% include which %}"}))
    with pytest.raises(AssertionError, match="by name"):
        names(made, "page")


def misfits(made: Environment, template: str) -> list[str]:
    """Calls of `ui.…` that no such function or macro would take."""
    ui = vars(made.globals["ui"])
    asked = [n for n in _source(made, template).find_all(nodes.Getattr) if isinstance(n.node, nodes.Name) and n.node.name == "ui"]
    found = [f"line {n.lineno}: there is no ui.{n.attr}" for n in asked if n.attr not in ui]
    asked = [n for n in asked if callable(ui.get(n.attr))]
    for call in _source(made, template).find_all(nodes.Call):
        macro = inspect.unwrap(ui[call.node.attr]) if isinstance(call.node, nodes.Getattr) and call.node in asked else None
        if not isinstance(macro, Macro):
            continue
        strange = {word.key for word in call.kwargs} - set(macro.arguments)
        if strange or len(call.args) + len(call.kwargs) > len(macro.arguments):
            found.append(f"line {call.lineno}: ui.{macro.name} takes {macro.arguments}")
    return found


@pytest.mark.parametrize("template", _every_template())
def test_a_template_compiles_and_calls_what_is_there(template: str) -> None:
    environment("en").get_template(template)
    assert misfits(environment("en"), template) == []


def test_calls_that_do_not_fit_are_seen() -> None:
    loader = environment("en").loader
    assert loader
    wrong = DictLoader(
        {"page": "{{ ui.icon('x') }}{{ ui.nothing() }}\n{{ ui.key('a', 'b') }}\n{{ ui.key(nme='a') }}{{ ui.key(name='a') }}"}
    )
    made = make("en", ChoiceLoader([wrong, loader]))
    assert [line.split(":")[0] for line in misfits(made, "page")] == ["line 1", "line 2", "line 3"]


def test_every_template_is_used_by_a_page() -> None:
    made, used = environment("en"), {f"ui/macros/{name}.html" for name in MACROS}
    waiting = list(PAGES.values())
    while waiting:
        template = waiting.pop()
        used.add(template)
        waiting += [name for name, _ in _others(_source(made, template)) if name not in used]
    assert set(_every_template()) == used


@pytest.mark.parametrize("template", _every_template())
def test_nothing_is_inline_that_the_content_security_policy_forbids(template: str) -> None:
    source, *_ = environment("en").loader.get_source(environment("en"), template)  # pyright: ignore[reportOptionalMemberAccess]
    assert _INLINE.findall(source) == []


@pytest.mark.parametrize(
    "line", ["<b style='x'>", "<style>", "<script>x", "<a onclick = 'x'>", "<a href='javascript:x'>", "<a hx-on:click='x'>"]
)
def test_what_is_inline_is_seen(line: str) -> None:
    assert _INLINE.search(line)
    assert not _INLINE.search('<script defer src="/x.js"></script> <a href="/on">')


def _macros() -> set[str]:
    ui = environment("en").globals["ui"]
    return {m for name in MACROS for m in vars(environment("en").get_template(f"ui/macros/{name}.html").module) if m in vars(ui)}


def test_every_macro_is_documented_and_shown() -> None:
    document, shown = (UI / "README.md").read_text(), (UI / "templates/patterns.html").read_text()
    for macro in sorted(_macros()):
        assert re.search(rf"\b{macro}\b", document), f"README.md does not tell of ui.{macro}"
        assert f"ui.{macro}(" in shown or macro in IN_EVERY_FRAME, f"/-/patterns does not show ui.{macro}"


@pytest.mark.skipif(not (ASSETS / "octicons.json").exists(), reason="the assets are not built: `python tools/assets.py`")
def test_every_icon_that_is_named_exists() -> None:
    import json

    icons = json.loads((ASSETS / "octicons.json").read_text())
    wrong = []
    for template in _every_template():
        source, *_ = environment("en").loader.get_source(environment("en"), template)  # pyright: ignore[reportOptionalMemberAccess]
        wrong += [(template, name) for name in re.findall(r"ui\.icon\('([a-z-]+)'", source) if f"{name}-16" not in icons]
    assert wrong == []
