"""The manners of docs/architecture.md, section 9, as far as a program can see them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.house import tree

LONGEST_FILE = 500
# Written by a program from the models, and read by none of us.
MIGRATIONS = "src/podo/app/schema/versions/"
LONGEST_FUNCTION = 60
LARGEST_FILE = 600_000
DOORS = ("types", "service", "reads")
# In pieces, so that this file does not find itself.
PATCHES = re.compile(
    "|".join(("mock" + r"\.patch", r"monkeypatch\." + "setattr", "unittest" + r"\.mock", "from unittest import " + "mock"))
)
LATER = re.compile(
    "|".join(
        ("TO" + "DO", "FIX" + "ME", "XX" + r"X\b", "NotImplemented" + "Error", "not yet " + "implemented", "coming " + "soon")
    )
)
HERE = re.compile("|".join((r"(?<![\w.$}])/wo" + "rk/", r"(?<![\w.])/ro" + "ot/", "/opt/" + "wheels", r"\.\./" + "shared")))
INDEX = re.compile(
    "|".join((r'"resolved": *"' + "http", r"--(extra-)?" + "index-url[ =]", "GOPROXY" + r"=\S", "^registry *" + "= *http")),
    re.MULTILINE,
)
NAMELESS = re.compile(r"(^|/)(helpers?|utils?|common|misc|managers?|base|impl)(\.py|/)")
VAGUE = re.compile(r"(Manager|Helper|Util|Utils|Impl)$|^Base[A-Z]")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(module: ast.Module) -> Iterator[Function]:
    return (node for node in ast.walk(module) if isinstance(node, Function))


def found(pattern: re.Pattern[str], paths: list[str]) -> list[str]:
    """`path:line` of every match."""
    return [
        f"{path}:{tree.text(path)[: match.start()].count(chr(10)) + 1}: {match[0]}"
        for path in paths
        for match in pattern.finditer(tree.text(path))
    ]


def readable() -> list[str]:
    """Tracked files that are text and ours."""
    return [
        path
        for path in tree.tracked()
        if not path.endswith((".png", ".jpg", ".ico", ".woff2", ".gz", ".zst", ".db", ".bundle", ".elf"))
    ]


def test_no_file_is_too_long() -> None:
    lengths = {path: len(tree.text(path).splitlines()) for path in tree.python("") if not path.startswith(MIGRATIONS)}
    assert {path: lines for path, lines in lengths.items() if lines > LONGEST_FILE} == {}


def test_no_function_is_too_long() -> None:
    lengths = {
        f"{path}: {function.name}": (function.end_lineno or 0) - function.lineno + 1
        for path in tree.python("src/", "tools/", "bench/", "tests/")
        if not path.startswith(MIGRATIONS)
        for function in functions(tree.syntax(path))
    }
    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FUNCTION} == {}


def test_nothing_large_is_in_the_tree() -> None:
    sizes = {path: (tree.ROOT / path).stat().st_size for path in tree.tracked()}
    assert {path: size for path, size in sizes.items() if size > LARGEST_FILE} == {}


def test_tests_give_twins_and_patch_nothing() -> None:
    assert found(PATCHES, tree.python("")) == []


def test_nothing_is_left_for_later() -> None:
    assert found(LATER, [path for path in readable() if path.startswith("src/")]) == []


def test_no_path_of_a_machine_and_no_address_of_an_index() -> None:
    assert found(HERE, readable()) == []
    assert found(INDEX, readable()) == []


def test_every_room_and_every_class_has_a_name() -> None:
    assert [path for path in tree.tracked() if NAMELESS.search(path)] == []
    classes = [
        f"{path}: {node.name}"
        for path in tree.python("src/", "tools/")
        for node in ast.walk(tree.syntax(path))
        if isinstance(node, ast.ClassDef) and VAGUE.search(node.name)
    ]
    assert classes == []


def test_no_yes_or_no_goes_through_a_door_unnamed() -> None:
    """A `True` at the place of a call says nothing: a verb takes a noun, or there are two verbs."""
    flags = [
        f"{path}:{function.lineno}: {function.name}({argument.arg})"
        for path in tree.python("src/podo/")
        if tree.kind(path) in DOORS
        for function in functions(tree.syntax(path))
        if not function.name.startswith("_") and tree.kind(path) != "types"
        for argument in (*function.args.posonlyargs, *function.args.args)
        if isinstance(argument.annotation, ast.Name) and argument.annotation.id == "bool"
    ]
    assert flags == []


def test_nouns_take_from_the_database_the_reading_alone() -> None:
    """A slot's function may take a Reading or a Tx; rows, models and engines are no nouns."""
    names = [
        f"{path}: {alias.name}"
        for path in tree.python("src/podo/")
        if tree.kind(path) == "types"
        for node in ast.walk(tree.syntax(path))
        if isinstance(node, ast.ImportFrom) and node.module == "podo.kernel.db"
        for alias in node.names
        if alias.name not in ("Reading", "Tx")
    ]
    assert names == []


def test_only_stores_use_the_session() -> None:
    """Law 4 beyond imports: `tx.session` is the store's."""
    used = [
        f"{path}:{node.lineno}"
        for path in tree.python("src/podo/")
        if tree.kind(path) not in (None, "store")
        for node in ast.walk(tree.syntax(path))
        if isinstance(node, ast.Attribute)
        and node.attr == "session"
        and isinstance(node.value, ast.Name)
        and node.value.id in ("tx", "r", "reading")
    ]
    assert used == []


def test_every_skip_has_a_reason() -> None:
    silent = [
        f"{path}:{call.lineno}"
        for path in tree.python("tests/")
        for call in ast.walk(tree.syntax(path))
        if isinstance(call, ast.Call)
        and ast.unparse(call.func)
        in ("pytest.skip", "pytest.xfail", "pytest.mark.skip", "pytest.mark.skipif", "pytest.mark.xfail")
        and not any(keyword.arg == "reason" for keyword in call.keywords)
        and not (ast.unparse(call.func) in ("pytest.skip", "pytest.xfail") and call.args)
    ]
    assert silent == []


def test_public_things_say_what_they_promise() -> None:
    """Modules everywhere; functions, classes and methods in doors and ports."""
    silent = [
        path for path in tree.python("src/", "tools/") if not ast.get_docstring(tree.syntax(path)) and tree.text(path).strip()
    ]
    for path in tree.python("src/podo/"):
        if tree.kind(path) in (*DOORS, "ports", "writers", "rules"):
            silent += [f"{path}:{node.lineno}: {node.name}" for node in _public(tree.syntax(path)) if not ast.get_docstring(node)]
    assert silent == []


def _public(node: ast.Module | ast.ClassDef) -> Iterator[Function | ast.ClassDef]:
    for child in node.body:
        if isinstance(child, (*Function.__args__, ast.ClassDef)) and not child.name.startswith("_"):
            yield child
            if isinstance(child, ast.ClassDef):
                yield from _public(child)
