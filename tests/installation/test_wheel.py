"""The wheel holds all that Podo is made of: installed elsewhere, it runs, and asks the tree for nothing."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from podo import __version__
from tests.house import tree
from tests.installation import served
from tests.installation.conftest import ROOT, build
from tests.journeys.programs import free_port

pytestmark = [pytest.mark.serial, pytest.mark.timeout(240)]
# Put into the new environment: every file of the tree that a process there opens or lists is written down.
SPY = """
import os, sys
_TREE, _BESIDE, _NOTED = {tree!r}, {beside!r}, {noted!r}
def _spy(event, arguments):
    if event in ("open", "os.listdir", "os.scandir", "subprocess.Popen") and arguments and isinstance(arguments[0], (str, bytes)):
        path = os.path.realpath(os.fsdecode(arguments[0]))
        if path.startswith(_TREE) and not path.startswith(_BESIDE):
            note = os.open(_NOTED, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.write(note, f"{{event}} {{path}}\\n".encode())
            os.close(note)
sys.addaudithook(_spy)
"""


class Place:
    """A new environment with the wheel in it, somewhere else."""

    def __init__(self, folder: Path) -> None:
        self.venv, self.home, self.noted = folder / "venv", folder / "home", folder / "noted"
        self.home.mkdir()

    def environment(self, **more: str) -> dict[str, str]:
        """Somebody else's, who has nothing of ours."""
        return {"PATH": f"{self.venv}/bin:{os.environ['PATH']}", "HOME": str(self.home), "LANG": "C.UTF-8", **more}

    def seen_of_the_tree(self) -> list[str]:
        """What its processes opened there."""
        return self.noted.read_text().splitlines() if self.noted.exists() else []

    def run(self, *words: str) -> str:
        """What a command says."""
        done = subprocess.run(
            words, env=self.environment(), cwd=self.home, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def place(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A new environment: the wheel, beside it the locked packages of this one, and nothing that names the tree."""
    made = Place(tmp_path_factory.mktemp("elsewhere"))
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(made.venv)], check=True)
    pip = [sys.executable, "-m", "pip", "--python", str(made.venv), "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run([*pip, str(wheel)], check=True)
    site = made.venv / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
    locked = sysconfig.get_path("purelib")
    # A folder that is named in a .pth is looked into; the .pth files in it, and so our editable tree, are not.
    (site / "locked.pth").write_text(f"{locked}\n")
    spy = SPY.format(tree=f"{ROOT}/", beside=f"{os.path.realpath(sys.prefix)}/", noted=str(made.noted))
    # (Not sitecustomize: Debian's Python has one of its own, which comes first.)
    (site / "tree_spy.py").write_text(spy)
    (site / "tree_spy.pth").write_text("import tree_spy\n")
    return made


def test_it_holds_every_file_and_is_the_same_when_built_again(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
        about = packed.read(f"podo-{__version__}.dist-info/METADATA").decode()
        manifest = packed.read("podo/kernel/ui/assets/manifest.json").decode()
    wanted = {path.removeprefix("src/") for path in tree.tracked() if path.startswith("src/podo/") and (ROOT / path).exists()}
    wanted |= {f"podo/{path}" for path in tree.tracked() if path.startswith(("charts/service/", "examples/"))}
    assert wanted - names == set()
    for needed in (
        "access/policies/",
        "app/schema/versions/",
        "kernel/ui/locale/ko/LC_MESSAGES/podo.po",
        "examples/hello/Dockerfile",
    ):
        assert any(name.startswith(f"podo/{needed}") for name in names), needed
    made = re.findall(r"site-[0-9a-f]+\.(?:css|js)", manifest)
    assert {Path(name).suffix for name in made} == {".css", ".js"}
    assert {f"podo/kernel/ui/assets/{name}" for name in [*made, "octicons.json", "licenses.txt"]} <= names
    assert not [name for name in names if "__pycache__" in name or name.startswith(("tests/", "tools/"))]
    assert "License-Expression: Apache-2.0" in about
    assert build(tmp_path).read_bytes() == wheel.read_bytes()


def test_what_the_wheel_asks_for_is_locked(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        about = packed.read(f"podo-{__version__}.dist-info/METADATA").decode()
    locked = set(re.findall(r"^([a-z0-9-]+)==", tree.text("requirements/run.txt"), re.MULTILINE))
    asked = {re.sub(r"[-_.]+", "-", name).lower() for name in re.findall(r"^Requires-Dist: ([\w.-]+)", about, re.MULTILINE)}
    assert len(asked) > 20
    assert asked - locked == set()


@contextlib.contextmanager
def up(place: Place, *words: str, **variables: str) -> Iterator[tuple[str, Path, subprocess.Popen[bytes]]]:
    """`podo …` from the new environment; its address and what it says."""
    port, said = free_port(), place.home / "said"
    environment = place.environment(PODO_SERVER_PORT=str(port), **variables)
    with said.open("wb") as out:
        process = subprocess.Popen(["podo", *words], env=environment, cwd=place.home, stdout=out, stderr=subprocess.STDOUT)
    try:
        yield f"http://127.0.0.1:{port}", said, process
    finally:
        process.kill()
        process.wait(30)


def test_installed_elsewhere_it_starts_and_does_the_main_job_without_the_tree(place: Place) -> None:
    assert __version__ in place.run("podo", "--version")
    where = place.run("python", "-c", "import podo; print(podo.__file__)").strip()
    assert where.startswith(str(place.venv))
    with up(place, "up", "--empty", PODO_DELIVERY_BUILDER="twin") as (address, said, process):
        page = served.page(f"{address}/", process, said)
        assert "<h1" in page
        style = re.search(r'href="(/-/assets/site-[0-9a-f]+\.css)"', page)
        assert style is not None
        assert httpx.get(address + style[1], trust_env=False).status_code == 200
        korean = {**served.HTML, "accept-language": "ko"}
        assert "로그인" in httpx.get(f"{address}/", headers=korean, follow_redirects=True, trust_env=False).text
        # The example's repository, the chart, Helm's engine, the policies and the migrations all came out of the wheel.
        served.until("Now it is your turn", process, said)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, said.read_text()
    assert place.seen_of_the_tree() == []


def test_a_look_at_the_tree_would_have_been_seen(place: Place) -> None:
    place.run("python", "-c", f"open({str(ROOT / 'charts/service/Chart.yaml')!r}).close()")
    assert place.seen_of_the_tree() == [f"open {ROOT}/charts/service/Chart.yaml"]
