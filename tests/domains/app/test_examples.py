"""The examples are what their READMEs say: they can be built and deployed, and the program in them answers."""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from podo.app.demo import founding, repository
from podo.clients.buildah import dockerfile
from podo.clients.helm import chart_folder
from podo.delivery.adapters import podo_yaml as reading
from podo.delivery.rules import podo_yaml
from tests.journeys.programs import free_port

NAMES = ("hello", "letters")
MACHINE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), "")
runs_here = pytest.mark.skipif(
    sys.platform != "linux" or not MACHINE, reason="the program is made for Linux on amd64 and arm64, and this is neither"
)


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_a_repository_that_podo_takes(name: str, tmp_path: Path) -> None:
    made = repository.make(tmp_path, name, founding.member())
    assert repository.make(tmp_path, name, founding.lead()) == made
    log = subprocess.run(["git", "log", "--format=%an %s"], cwd=made, capture_output=True, text=True, check=True).stdout
    assert log == f"{founding.member().name} Say hello\n"
    assert subprocess.run(["git", "status", "--short"], cwd=made, capture_output=True, text=True, check=True).stdout == ""
    file = dockerfile.read((made / "Dockerfile").read_text(), {})
    assert (file.user, file.ports, file.images) == ("65532", (8080,), ())
    schema = json.loads((chart_folder() / "values.schema.json").read_text())
    document, lines = reading.read((made / "podo.yaml").read_bytes())
    values = podo_yaml.checked(document, lines, schema)
    assert values["values"]["port"] == 8080
    assert bool(values["values"].get("workers")) == (name == "letters")
    assert bool(values["values"].get("cron")) == (name == "letters")


def test_both_hold_the_same_small_programs() -> None:
    programs = {name: {p.name: p.read_bytes() for p in (repository.example(name) / "bin").iterdir()} for name in NAMES}
    assert programs["hello"] == programs["letters"]
    assert programs["hello"].keys() == {"hello-amd64.elf", "hello-arm64.elf"}
    assert all(len(content) < 5_000 for content in programs["hello"].values())


@runs_here
def test_the_program_answers_and_ends_when_it_is_told() -> None:
    port = free_port()
    about = {"PORT": str(port), "NAME": "neighbour", "PODO_REGION": "kr", "SECRET": "not to be seen"}
    with subprocess.Popen([_program()], env=about, stdout=subprocess.PIPE, text=True) as process:
        try:
            page = _answer(port, "/").text
            assert all(words in page for words in ("neighbour", "kr", "secret       is set"))
            assert "not to be seen" not in page
            assert (_answer(port, "/healthz").text, _answer(port, "/elsewhere").status_code) == ("ok\n", 404)
        finally:
            process.terminate()
        assert process.wait(5) == 0
        assert process.stdout is not None
        assert process.stdout.read().splitlines() == [
            f"Listening on port {port}",
            "200 OK GET / HTTP/1.1",
            "404 Not Found GET /elsewhere HTTP/1.1",
        ]


@runs_here
def test_it_says_its_words_once_or_again_and_again() -> None:
    said = subprocess.run([_program(), "say", "counted", "the", "letters"], capture_output=True, text=True, check=True)
    assert said.stdout == "counted the letters\n"
    with subprocess.Popen([_program(), "work", "0", "sent", "a", "letter"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(3)] == ["sent a letter\n"] * 3
        process.terminate()
        process.stdout.close()
        assert process.wait(5) in (0, -13)


def _program() -> str:
    return str(repository.example("hello") / "bin" / f"hello-{MACHINE}.elf")


def _answer(port: int, path: str) -> httpx.Response:
    until = time.monotonic() + 10
    while True:
        try:
            return httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False)
        except httpx.TransportError:
            assert time.monotonic() < until
            time.sleep(0.02)
