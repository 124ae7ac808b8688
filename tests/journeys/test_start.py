"""What a newcomer's first minutes are made of: `podo up` in a fresh HOME, again, after a kill, on real clusters; `podo serve`."""

from __future__ import annotations

import http.client
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from podo.app.demo import founding
from tests import needs
from tests.journeys import programs

pytestmark = [
    pytest.mark.serial,
    pytest.mark.timeout(900),
    pytest.mark.skipif(sys.platform != "linux", reason="what is left behind is looked up in /proc"),
]
TURN = "Now it is your turn"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


def test_the_first_start_does_the_main_job_and_the_second_keeps_it(home: Path) -> None:
    lead, member, sre = founding.lead(), founding.member(), founding.sre()
    port = programs.free_port()
    with programs.started(home, "up", port=port) as podo:
        assert lead.name in podo.page()
        resting = http.client.HTTPConnection("127.0.0.1", port)
        first = _healthy(resting)
        turn = podo.until(TURN)
        assert _healthy(resting) == first, "a connection that rests is not ended by Podo"
        resting.close()
        for words in (
            podo.address,
            lead.name,
            member.name,
            sre.name,
            "Real:",
            "Twins:",
            "clusters",
            f"{home}/.local/share/podo",
            "Ctrl-C",
        ):
            assert words in podo.text, words
        assert re.search(r"hello .*registers hello", podo.text)
        assert re.search(r"hello .*built [0-9a-f]{7} \((simulated|by buildah)", podo.text)
        assert "healthy in alpha, kr" in podo.text
        waiting = turn.partition(podo.address)[2].strip()
        with podo.signed_in(lead.id) as browser:
            assert waiting in browser.get("/").text
            page = browser.get(waiting)
            assert page.status_code == 200
            assert all(region in page.text for region in ("kr", "jp"))
        assert podo.stop() < 10
    assert programs.left_behind(home) == []

    with programs.started(home, "up", port=port) as podo:
        podo.page()
        podo.until("Stop:")
        with podo.signed_in(lead.id) as browser:
            assert waiting in browser.get("/").text
            listed = browser.get("/hello/deployments").text
        assert "/hello/deployments/3" not in listed
        assert TURN not in podo.text
        assert "registers hello" not in podo.text
        verified = programs.run(home, "audit", "verify")
        assert (verified.returncode, "fit the chain" in verified.stdout) == (0, True), verified.stdout + verified.stderr
        podo.stop()


def _healthy(line: http.client.HTTPConnection) -> object:
    """Ask for its health; the socket by which it answered."""
    line.request("GET", "/healthz")
    assert line.getresponse().read()
    return line.sock


def test_killed_in_the_middle_it_goes_on_where_it_was(home: Path) -> None:
    with programs.started(home, "up", "--empty") as podo:
        podo.until("registers hello")
        podo.kill()
    _gone(home)
    with programs.started(home, "up", "--empty") as podo:
        podo.until(TURN)
        assert "registers hello" not in podo.text
        with podo.signed_in(founding.lead().id) as browser:
            builds, deployments = browser.get("/hello/builds").text, browser.get("/hello/deployments").text
        assert [n for n in range(1, 5) if f"/hello/builds/{n}" in builds] == [1]
        assert [n for n in range(1, 5) if f"/hello/deployments/{n}" in deployments] == [1, 2]
        podo.stop()
    assert programs.left_behind(home) == []


@needs.part("kubernetes")
@needs.part("kwok")
def test_on_real_control_planes_kubectl_shows_what_podo_did(home: Path) -> None:
    with programs.started(home, "up", "--clusters", "local") as podo:
        podo.until(TURN)
        line = podo.until(r"kubectl .*local-kr")
        if shutil.which("kubectl"):
            seen = subprocess.run(shlex.split(line), capture_output=True, text=True, timeout=60, check=False)
            assert re.search(r"^hello-alpha-\S+ +1/1 +Running", seen.stdout, re.MULTILINE), seen.stdout + seen.stderr
        assert podo.stop() < 20
    assert programs.left_behind(home) == []


def test_what_fails_is_said_in_words_and_the_server_goes_on(home: Path, tmp_path: Path) -> None:
    programs_without_git = tmp_path / "bin"
    programs_without_git.mkdir()
    with programs.started(home, "up", "--empty", PATH=str(programs_without_git)) as podo:
        podo.until("git is not installed")
        podo.until("images .*is not installed")
        with podo.signed_in(founding.lead().id) as browser:
            assert browser.get("/").status_code == 200
        podo.stop()


def test_serving_begins_with_people_and_a_link_and_the_demo_stays_on_this_machine_with_its_own_data(home: Path) -> None:
    open_to_all = programs.run(home, "up", PODO_SERVER_HOST="0.0.0.0", PODO_SERVER_PORT=str(programs.free_port()))
    assert (open_to_all.returncode, "can be reached from elsewhere" in open_to_all.stderr) == (2, True), open_to_all.stderr
    people = home / "people.yaml"
    people.write_text(
        "people: [{id: prs-1, name: Kim Haneul, email: haneul@example.com, team: chat, lead: true}]\n"
        "teams: [{id: team-1, handle: chat, name: Chat}]\nadmins: [prs-1]\n"
    )
    with programs.started(home, "serve") as podo:
        assert "Nobody can sign in yet" in podo.until("sign in")
        taken = programs.run(home, "serve", PODO_SERVER_PORT=podo.address.rpartition(":")[2])
        assert (taken.returncode, "is taken by another program" in taken.stderr) == (2, True), taken.stderr
        podo.stop()
    others = programs.run(home, "up", PODO_SERVER_PORT=str(programs.free_port()))
    assert (others.returncode, "did not make" in others.stderr) == (2, True), others.stderr
    with programs.started(home, "serve", PODO_ACCESS_DIRECTORY=str(people)) as podo:
        link = podo.until("first administrator").rpartition(podo.address)[2]
        with podo.signed_in_by(link) as browser:
            assert "Kim Haneul" in browser.get("/people/prs-1").text
        assert podo.stop() < 10
    with programs.started(home, "serve", PODO_ACCESS_DIRECTORY=str(people)) as podo:
        podo.page()
        assert "first administrator" not in podo.text
        podo.stop()


def _gone(home: Path) -> None:
    """What Podo started ends after it was killed, too."""
    until = time.monotonic() + 10
    while programs.left_behind(home):
        assert time.monotonic() < until, programs.left_behind(home)
        time.sleep(0.1)
