"""The commands that the docs tell people to type, taken from their fenced blocks.

A block says behind `console` who runs it: `server` (a test, against a running Podo), `cluster` (a test, on a real control plane)
or `ci` (make's own targets, which .ci/run runs). In a block `$ ` begins a command, `\\` at the end of a line continues it; any
other line is output that must be seen, with `…` for what differs from day to day.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

from tests.house import tree

RUNNERS = ("server", "cluster", "ci")


@dataclass(frozen=True)
class Command:
    """What to type, and lines that must be seen."""

    line: str
    seen: tuple[str, ...] = ()


@dataclass(frozen=True)
class Block:
    """A fenced block of commands: where it stands and who runs it (`None`: it does not say)."""

    path: str
    at: int
    runner: str | None
    commands: tuple[Command, ...]

    def __str__(self) -> str:
        return f"{self.path}:{self.at}"


def blocks(paths: list[str] | None = None) -> Iterator[Block]:
    """All blocks of commands in these Markdown files; in all that are tracked when none are named."""
    for path in paths if paths is not None else [p for p in tree.tracked() if p.endswith(".md")]:
        for token in MarkdownIt().parse(tree.text(path)):
            language, _, runner = token.info.partition(" ")
            if token.type == "fence" and language == "console" and token.map:
                yield Block(path, token.map[0] + 1, runner if runner in RUNNERS else None, tuple(commands(token.content)))


def commands(text: str) -> Iterator[Command]:
    """The commands of one block."""
    joined = re.sub(r"\\\n\s*", "", text)
    for part in re.split(r"^\$ ", joined, flags=re.MULTILINE)[1:]:
        line, *seen = part.splitlines()
        yield Command(line.partition("  #")[0].strip(), tuple(s for s in seen if s.strip()))


def run(block: Block, folder: Path, environment: Mapping[str, str]) -> None:
    """Type the block's commands into one shell in `folder`; asserts that each works and shows what the block shows."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    home = {"HOME": str(folder), "PATH": path, "LC_ALL": "C.UTF-8", **environment}
    for command in block.commands:
        typed = ["bash", "-euo", "pipefail", "-c", command.line]
        done = subprocess.run(
            typed, cwd=folder, env=home, capture_output=True, text=True, timeout=120, check=False, stdin=subprocess.DEVNULL
        )
        shown = done.stdout + done.stderr
        assert done.returncode == 0, f"{block}: `{command.line}` ended with {done.returncode}:\n{shown}"
        unseen = [line for line in command.seen if not re.search(re.escape(line.strip()).replace("…", ".*"), shown)]
        assert unseen == [], f"{block}: `{command.line}` did not show {unseen}, but:\n{shown}"
