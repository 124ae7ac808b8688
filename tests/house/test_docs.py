"""What the docs tell people to type works, and what they point to is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from tests.house import commands, tree


def test_commands_are_taken_from_a_block_as_a_reader_would() -> None:
    text = "$ podo up \\\n    --empty   # starts\n$ podo project list\nNAME      OWNER\nchat-…    Chat\n\n"
    assert list(commands.commands(text)) == [
        commands.Command("podo up --empty"),
        commands.Command("podo project list", ("NAME      OWNER", "chat-…    Chat")),
    ]


def test_a_command_that_fails_or_shows_something_else_is_noticed(tmp_path: Path) -> None:
    def block(*typed: commands.Command) -> commands.Block:
        return commands.Block("here.md", 1, "server", typed)

    commands.run(block(commands.Command("echo one; echo two 2026", ("two …",))), tmp_path, {})
    with pytest.raises(AssertionError, match="ended with 3"):
        commands.run(block(commands.Command("exit 3")), tmp_path, {})
    with pytest.raises(AssertionError, match="did not show"):
        commands.run(block(commands.Command("echo one", ("two",))), tmp_path, {})


def test_every_block_says_who_runs_it() -> None:
    assert [str(block) for block in commands.blocks() if block.runner is None] == []
    assert [str(block) for block in commands.blocks() if not block.commands] == []


def test_what_ci_runs_are_targets_of_make() -> None:
    targets = set(re.findall(r"^([a-z]+):", tree.text("Makefile"), re.MULTILINE))
    typed = [c.line for block in commands.blocks() if block.runner == "ci" for c in block.commands]
    assert [line for line in typed if not re.match(r"make (\w+)", line) or line.split()[1] not in targets] == []


def test_links_lead_to_files() -> None:
    broken = []
    for path in (p for p in tree.tracked() if p.endswith(".md")):
        for target in links(tree.text(path)):
            file = target.partition("#")[0]
            if file and not re.match(r"[a-z]+:", file) and not (tree.ROOT / path).parent.joinpath(file).exists():
                broken.append(f"{path}: {target}")
    assert broken == []


def links(text: str) -> list[str]:
    """Addresses of links and pictures in a Markdown text."""
    inline = [child for token in MarkdownIt().parse(text) for child in token.children or ()]
    found = [child.attrGet("href") or child.attrGet("src") for child in inline]
    return [str(address) for address in found if address]
