"""What scripts rely on: JSON of every command, exit codes that mean what is written, completion in three shells."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import pytest_asyncio
from click.testing import CliRunner

from podo.access import service as access
from podo.access.types import Role
from podo.cli.client import EXIT_CODES
from podo.cli.main import main
from tests import needs
from tests.company import Terminal, serving, token_of
from tests.domains.delivery.shops import PROJECT, Shop, shop

# These start a server, run for as long as somebody watches, or make and end what is on this machine; each prints no answer.
NOT_HERE = {
    "podo up": "it is the demo itself",
    "podo serve": "it is the server itself",
    "podo tour": "tests/journeys/test_tour.py takes it",
    "podo dev cluster up": "tests/contracts/cluster_local starts clusters",
    "podo dev cluster down": "tests/contracts/cluster_local ends them",
}
# Those that run the server's program on its own settings, which this house has not.
LOCAL = {
    *("podo audit verify", "podo link", "podo backup", "podo restore", "podo database migrate", "podo database move"),
    "podo doctor",
}
# What must be given one of several things.
EITHER = {"podo asset undo": ["none"], "podo project import": ["--repo", "/nowhere"]}
WORDS: dict[str, str] = {
    "project": PROJECT,
    "slug": PROJECT,
    "number": "1",
    "environment": "alpha",
    "region": "kr",
    "cluster": "alpha-kr",
    "permission": "delivery.approve",
    "role": "sre",
    "days": "1",
    "scopes": "read",
    "team": "chat",
    "replicas": "1",
    "shell": "bash",
    "code": "kr",
    "repository": "/nowhere",
    "text": "Hello",
    "pairs": "LEVEL=info",
    "values": "replicas=2",
    "url": "postgresql://nowhere",
    "choice": "everything",
}


def leaves(command: click.Command = main, path: str = "podo") -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by the words that call it."""
    if not isinstance(command, click.Group):
        yield path, command
        return
    if command.invoke_without_command and path != "podo":
        yield path, command
    for name, inner in command.commands.items():
        yield from leaves(inner, f"{path} {name}")


def words_for(command: click.Command, folder: Path) -> list[str]:
    """Samples for what a command must be given."""
    words: list[str] = []
    for param in command.params:
        asks = isinstance(param, click.Option) and param.prompt is not None
        if not (param.required or asks or param.name == "days"):
            continue
        value = WORDS.get(param.name or "", "none")
        if isinstance(param.type, click.Path):
            value = str(folder / "some.file")
        if isinstance(param.type, click.Choice) and value not in param.type.choices:
            value = str(param.type.choices[0])
        if param.type.name == "integer" and not value.isdigit():
            value = "1"
        words += [value] if isinstance(param, click.Argument) else [max(param.opts, key=len), value]
    return words


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def terminal(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Terminal]:
    folder = Path(tmp_path_factory.mktemp("scripts"))
    async with shop(folder, PODO_CATALOG_LOCAL_REPOSITORIES="true") as made:
        await _furnish(made)
        async with serving(made.living) as url:
            yield Terminal(url, await token_of(made.living, "oliver"))


async def _furnish(made: Shop) -> None:
    async with made.living.transaction() as tx:
        await access.grant(tx, "oliver", Role.admin)
    await made.ask(await made.healthy_alpha(), "prod")
    await made.settled()


@pytest.mark.asyncio(loop_scope="module")
async def test_every_command_answers_in_json(terminal: Terminal, tmp_path: Path) -> None:
    (tmp_path / "some.file").write_text("x")
    found = dict(leaves())
    assert NOT_HERE.keys() <= found.keys()
    wrong: dict[str, object] = {}
    said = 0
    # What takes away comes last.
    order = sorted(found, key=lambda path: (any(w in path for w in ("delete", "remove", "revoke", "deactivate", "end")), path))
    for path in order:
        if path in NOT_HERE or path in LOCAL:
            continue
        words = [*path.split()[1:], *words_for(found[path], tmp_path), *EITHER.get(path, ()), "--json"]
        if "--yes" in {o for p in found[path].params for o in p.opts}:
            words.append("--yes")
        called = await asyncio.to_thread(_call, terminal, words)
        lines = called.stdout.strip() if called.exit_code == 0 else called.stderr.strip()
        said += called.exit_code == 0
        if called.exit_code == 2 and "Usage:" in called.stderr:
            wrong[path] = (words, called.stderr)
        elif not _is_json(lines) or (called.exit_code and called.stdout.strip() and not _is_json(called.stdout)):
            wrong[path] = (called.exit_code, called.stdout[-300:], called.stderr[-300:], called.exception)
        elif called.exit_code not in EXIT_CODES:
            wrong[path] = called.exit_code
    assert wrong == {}
    assert said > 50, said


def _call(terminal: Terminal, words: list[str]) -> Any:
    return CliRunner().invoke(main, ["--url", terminal.url, "--token", terminal.secret, *words], input="")


def _is_json(text: str) -> bool:
    """One JSON document, or one a line (logs); nothing at all is an empty log."""
    try:
        json.loads(text)
    except ValueError:
        try:
            return all(json.loads(line) is not None for line in text.splitlines())
        except ValueError:
            return False
    return True


@pytest.mark.asyncio(loop_scope="module")
async def test_exit_codes_mean_what_is_written(terminal: Terminal) -> None:
    async def code(*words: str, secret: str = terminal.secret, url: str = terminal.url) -> int:
        called = await asyncio.to_thread(_call, Terminal(url, secret), list(words))
        return called.exit_code

    assert await code("whoami") == 0
    # A demo, in which anybody may sign in as anybody, is odd and not broken.
    assert await code("doctor", "--running") == 1
    assert await code("project", "register", PROJECT, "--team", "chat", "--repo", "/nowhere") in (1, 2)
    assert await code("approve", PROJECT, "1", "--yes") == 1
    assert await code("deployments", "--nonsense") == 2
    assert await code("whoami", secret="podo_nonsense") == 3
    assert await code("project", "show", "nowhere") == 4
    assert await code("whoami", url="http://127.0.0.1:9") == 5


@pytest.mark.asyncio(loop_scope="module")
async def test_names_of_projects_are_offered_and_remembered(terminal: Terminal, tmp_path: Path) -> None:
    def complete(url: str) -> str:
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PODO_URL": url, "PODO_TOKEN": terminal.secret}
        environment |= {"_PODO_COMPLETE": "bash_complete", "COMP_WORDS": "podo deploy chat", "COMP_CWORD": "2"}
        done = subprocess.run(
            [sys.executable, "-c", "from podo.cli.main import main; main(prog_name='podo')"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.stdout

    assert await asyncio.to_thread(complete, terminal.url) == f"plain,{PROJECT}\n"
    kept = tmp_path / ".cache/podo/projects.json"
    assert terminal.secret not in kept.read_text()
    # From what is remembered, although nothing answers there any more.
    nowhere = "http://127.0.0.1:9"
    kept.write_text(json.dumps({nowhere: json.loads(kept.read_text())[terminal.url] | {"at": 0}}))
    assert await asyncio.to_thread(complete, nowhere) == f"plain,{PROJECT}\n"


def test_commands_about_an_installation_answer_in_json_too(tmp_path: Path) -> None:
    def call(*words: str) -> subprocess.CompletedProcess[str]:
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PODO_SERVER_DIRECTORY": str(tmp_path)}
        program = [sys.executable, "-m", "podo.cli.main", *words, "--json"]
        return subprocess.run(program, env=environment, capture_output=True, text=True, timeout=90, check=False)

    nothing = call("audit", "verify")
    assert (nothing.returncode, nothing.stdout) == (2, "")
    assert "There is no Podo in" in json.loads(nothing.stderr)["so"]
    made = call("database", "migrate")
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["exit_code"] == 0


@pytest.mark.parametrize(
    "shell", ["bash", pytest.param("zsh", marks=needs.program("zsh")), pytest.param("fish", marks=needs.program("fish"))]
)
def test_a_shell_takes_the_completion(shell: str, tmp_path: Path) -> None:
    script = CliRunner().invoke(main, ["completion", shell]).output
    assert "_PODO_COMPLETE" in script
    file = tmp_path / f"podo.{shell}"
    file.write_text(script)
    assert shutil.which(shell)
    assert subprocess.run([shell, "-n", str(file)], capture_output=True, text=True, timeout=30, check=False).stderr == ""


def test_the_reference_shows_the_exit_codes() -> None:
    from tools import reference

    page = reference.commands_page()
    for number, meaning in EXIT_CODES.items():
        assert f"| {number} | {meaning} |" in page
