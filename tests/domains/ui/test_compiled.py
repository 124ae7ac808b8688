"""Templates are compiled once for all processes, and never shown as they were."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, FileSystemLoader

from podo.kernel.ui.compiled import Compiled


class Reading(Environment):
    """Compiles nothing."""

    def _generate(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("compiled again")


def shown(folder: Path, kept: Path, kind: type[Environment] = Environment, made_by: Path = Path(__file__)) -> str:
    """What a new process shows."""
    loader = FileSystemLoader(folder)
    return kind(loader=loader, autoescape=True, bytecode_cache=Compiled(kept, made_by)).get_template("x.html").render(name="<b>")


def test_what_one_process_compiled_the_next_one_reads(tmp_path: Path) -> None:
    (tmp_path / "x.html").write_text("One {{ name }}")
    kept = tmp_path / "kept"
    assert shown(tmp_path, kept) == "One &lt;b&gt;"
    assert shown(tmp_path, kept, Reading) == "One &lt;b&gt;"
    (tmp_path / "x.html").write_text("Two {{ name }}")
    assert shown(tmp_path, kept) == "Two &lt;b&gt;"
    assert shown(tmp_path, kept, Reading) == "Two &lt;b&gt;"
    # Another environment makes other code of the same text.
    other = tmp_path / "other.py"
    other.write_text("trim_blocks=True")
    with pytest.raises(AssertionError, match="compiled again"):
        shown(tmp_path, kept, Reading, other)


def test_what_is_broken_or_cannot_be_kept_is_compiled(tmp_path: Path) -> None:
    (tmp_path / "x.html").write_text("{{ name }}")
    kept = tmp_path / "kept"
    shown(tmp_path, kept)
    (file,) = kept.iterdir()
    whole = file.read_bytes()
    for broken in (b"", b"j2", whole[:20], whole[:-9], b"no code at all"):
        file.write_bytes(broken)
        assert shown(tmp_path, kept) == "&lt;b&gt;", broken
        assert file.read_bytes() == whole
    assert shown(tmp_path, tmp_path / "x.html") == "&lt;b&gt;"
