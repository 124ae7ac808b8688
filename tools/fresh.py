"""Do what the README says, as a stranger would: in a Debian 12 that has Python, git and make alone, with a stopwatch. Needs root.

`python tools/fresh.py [--root FOLDER] [--as-root] [--test WORDS]`: makes the root (or takes one that `--root` left), clones the
last commit into a new HOME, does `make run` until the page is there and the demo says whose turn it is, stops it, starts it
again, and does `make test` with `WORDS` as its ARGS. Each step is told with its seconds; 1 as soon as one fails. Ten minutes.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from tools import debian  # noqa: E402 - this runs before anything is installed

# What the README asks for, and nothing else. (Certificates: the index is asked by https.)
PACKAGES = ("python3", "python3-venv", "git", "make", "ca-certificates")
SMALL = "-k 'test_command_line or test_locks or test_network or rules' -q"
PATIENCE = 900.0
# All tests take a quarter of an hour where much else is done.
WHOLE = 3600.0
TURN = "Now it is your turn"


class Wrong(Exception):
    """A step did not do what the README promises."""


class Machine:
    """The root, and the stranger in it, who is `root` there or somebody else."""

    def __init__(self, root: Path, user: str = "newcomer") -> None:
        self.root = root
        self.user = user
        self.home = Path("/root" if user == "root" else f"/home/{user}")
        self.log: list[str] = []

    def command(self, line: str, **variables: str) -> tuple[list[str], dict[str, str]]:
        """How the stranger types `line` in the clone."""
        # Make is not the first process of its namespace: it would inherit children that it does not know.
        typed = ["sh", "-c", f"trap : INT; cd {self.home}/podo && {line}; exit $?"]
        entered = debian.entering(self.root, f"{self.user}:{self.user}", typed)
        return entered, {**debian.surroundings(self.root, str(self.home)), **variables}

    def do(self, line: str, *, patience: float = PATIENCE, **variables: str) -> str:
        """Type `line` and wait for its end, `patience` seconds at most."""
        command, environment = self.command(line, **variables)
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=patience, check=False, stdin=subprocess.DEVNULL
        )
        self.log += [f"$ {line}", done.stdout, done.stderr]
        if done.returncode:
            raise Wrong(f"`{line}` ended with {done.returncode}:\n{(done.stdout + done.stderr)[-4000:]}")
        return done.stdout + done.stderr


class Running:
    """A program that speaks, as somebody at the terminal sees it."""

    def __init__(self, machine: Machine, line: str, **variables: str) -> None:
        command, environment = machine.command(line, **variables)
        self.said: list[str] = []
        self.process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        machine.log.append(f"$ {line}")
        self._listening = threading.Thread(target=self._listen, args=(machine,), daemon=True)
        self._listening.start()

    def _listen(self, machine: Machine) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            machine.log.append(line)

    def until(self, words: str) -> str:
        """The first line with these words."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            for line in list(self.said):
                if words in line:
                    return line
            self._check()
            time.sleep(0.05)
        raise Wrong(f"“{words}” was not said within {PATIENCE:.0f} s, but:\n{''.join(self.said)}")

    def page(self, address: str) -> str:
        """The page at `address`, as soon as somebody answers."""
        asked = urllib.request.Request(address, headers={"Accept": "text/html"})
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                with urllib.request.urlopen(asked, timeout=60) as answer:
                    return answer.read().decode()
            except urllib.error.HTTPError as error:
                raise Wrong(f"{address} answers {error.code}") from None
            except OSError:
                self._check()
                time.sleep(0.05)
        raise Wrong(f"{address} does not answer")

    def stop(self) -> None:
        """Ctrl-C: an interrupt for all that runs in the terminal."""
        os.killpg(self.process.pid, signal.SIGINT)
        self.process.wait(30)
        self._listening.join(10)
        if "Traceback" in "".join(self.said):
            raise Wrong(f"it did not end calmly:\n{''.join(self.said)[-3000:]}")

    def end(self) -> None:
        """Whatever happens, nothing is left."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(30)

    def _check(self) -> None:
        if self.process.poll() is not None:
            self._listening.join(10)
            raise Wrong(f"it ended with {self.process.returncode}:\n{''.join(self.said)[-4000:]}")


@contextmanager
def step(what: str) -> Iterator[None]:
    """Tell how long `what` took."""
    begun = time.monotonic()
    yield
    print(f"{time.monotonic() - begun:7.1f} s  {what}", flush=True)


def main() -> int:
    """All of it; 1 with a sentence when a step fails, or when this machine cannot do it."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--root", type=Path, help="A root that is there already, or where to make one and keep it.")
    words.add_argument("--as-root", action="store_true", help="The stranger is root: `make test` installs what it can use, too.")
    words.add_argument("--test", default=SMALL, help="ARGS of `make test`; empty: no test.")
    given = words.parse_args()
    if reason := debian.obstacle():
        print(f"The README cannot be tried in a fresh Debian here: {reason}.", file=sys.stderr)
        return 1
    root = given.root.absolute() if given.root else Path(tempfile.mkdtemp(prefix="podo-fresh-"))
    machine = Machine(root, "root" if given.as_root else "newcomer")
    try:
        follow(machine, given.test)
    except (Wrong, subprocess.SubprocessError, OSError) as error:
        print(f"Failed: {error}", file=sys.stderr)
        return 1
    finally:
        if given.root:
            (root.parent / f"{root.name}.log").write_text("\n".join(machine.log))
        if not given.root:
            shutil.rmtree(root, ignore_errors=True)
    return 0


def follow(machine: Machine, test: str) -> None:
    """The README, step by step."""
    if not (machine.root / "usr/bin/python3").exists():
        with step(f"Debian {debian.RELEASE} with {', '.join(PACKAGES)}"):
            debian.make(machine.root, PACKAGES)
    settle(machine)
    # The machine's loopback is shared, and so are its ports.
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = str(found.getsockname()[1])
    _first_start(machine, port)
    with step("podo --version, as any command afterwards"):
        machine.do(".venv/bin/podo --version")
    _second_start(machine, port)
    if test:
        with step(f"make test ARGS=… {test}"):
            said = machine.do('make test ARGS="$WANTED"', patience=WHOLE, WANTED=test)
        print("           " + (re.findall(r"^=*.*\d+ passed.*$", said, re.MULTILINE) or ["no test ran"])[-1].strip("= "))


def settle(machine: Machine) -> None:
    """A new person with an empty HOME, and a clone of the last commit in it."""
    home = machine.root / machine.home.relative_to("/")
    if home.exists():
        shutil.rmtree(home)
    if f"\n{machine.user}:" not in "\n" + (machine.root / "etc/passwd").read_text():
        subprocess.run(
            ["chroot", str(machine.root), "useradd", "--no-create-home", "--home-dir", str(machine.home), machine.user],
            check=True,
        )
    home.mkdir(parents=True)
    with step("git clone"):
        subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(home / "podo")], check=True)
    subprocess.run(["chroot", str(machine.root), "chown", "-R", f"{machine.user}:{machine.user}", str(machine.home)], check=True)


def _first_start(machine: Machine, port: str) -> None:
    address = f"http://127.0.0.1:{port}"
    begun = time.monotonic()
    running = Running(machine, "make run", PODO_SERVER_PORT=port)
    try:
        with step("make run: everything is installed and made"):
            running.until("Starting Podo")
        with step("from “Starting Podo” to the first page"):
            if "<h1" not in running.page(f"{address}/"):
                raise Wrong("the first page is no page of Podo")
        with step("until the demo says whose turn it is"):
            running.until(TURN)
        print(f"{time.monotonic() - begun:7.1f} s  in all, from `make run` to the first click")
        with step("Ctrl-C"):
            running.stop()
    finally:
        running.end()
    print("".join(f"           | {line}" for line in running.said))


def _second_start(machine: Machine, port: str) -> None:
    running = Running(machine, "make run", PODO_SERVER_PORT=port)
    try:
        with step("make run again, to the first page"):
            running.page(f"http://127.0.0.1:{port}/")
        running.until("Stop:")
        running.stop()
    finally:
        running.end()


if __name__ == "__main__":
    sys.exit(main())
