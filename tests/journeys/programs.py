"""Podo as a program: started in a HOME of its own on a free port, read while it speaks, stopped as people stop it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from podo.app.demo import kept

PATIENCE = 240.0


@dataclass
class Podo:
    """A running program. `said` is what it printed so far."""

    process: subprocess.Popen[str]
    address: str
    home: Path
    said: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All of it."""
        return "\n".join(self.said)

    def until(self, pattern: str) -> str:
        """The first line with this in it, as soon as it is printed."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            for line in list(self.said):
                if re.search(pattern, line):
                    return line
            assert self.process.poll() is None, f"it ended with {self.process.returncode}:\n{self.text}"
            time.sleep(0.05)
        raise AssertionError(f"“{pattern}” was not said, but:\n{self.text}")

    def page(self, path: str = "/sign-in") -> str:
        """A page that anybody may see, as soon as somebody answers."""
        end = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(httpx.TransportError):
                answer = httpx.get(self.address + path, timeout=60, trust_env=False)
                assert answer.status_code == 200, answer.text
                return answer.text
            assert self.process.poll() is None, self.text
            assert time.monotonic() < end, self.text
            time.sleep(0.05)

    def signed_in(self, person: str) -> contextlib.AbstractContextManager[httpx.Client]:
        """A browser of this person, by the demo's way."""
        return self._signed_in("/sign-in/as", person=person)

    def signed_in_by(self, link: str) -> contextlib.AbstractContextManager[httpx.Client]:
        """A browser of whom this sign-in link is for."""
        assert "key" in self.page(link)
        return self._signed_in("/sign-in/link", key=link.partition("key=")[2])

    @contextlib.contextmanager
    def _signed_in(self, path: str, **fields: str) -> Iterator[httpx.Client]:
        with httpx.Client(base_url=self.address, timeout=60, trust_env=False, headers={"accept": "text/html"}) as client:
            answer = client.post(path, data=fields)
            assert answer.status_code == 303, answer.text
            yield client

    def stop(self) -> float:
        """SIGTERM; the seconds until it has ended."""
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60) == 0, self.text
        return time.monotonic() - begun

    def kill(self) -> None:
        """As a crash does."""
        self.process.kill()
        self.process.wait(30)


def environment(home: Path, **more: str) -> dict[str, str]:
    """A fresh HOME, and nothing else of ours but the example that was made before."""
    taken = {k: v for k, v in os.environ.items() if k in ("PATH", "PYTHONPATH", "LANG", "PODO_PARTS")}
    return {**taken, "HOME": str(home), "XDG_CACHE_HOME": str(kept.home().parent.parent), **more}


@contextlib.contextmanager
def started(home: Path, *words: str, port: int = 0, **variables: str) -> Iterator[Podo]:
    """`podo <words>`; killed at the end, should it still run."""
    chosen = port or free_port()
    command = [sys.executable, "-m", "podo.cli.main", *words]
    process = subprocess.Popen(
        command,
        env=environment(home, PODO_SERVER_PORT=str(chosen), **variables),
        cwd=home,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    podo = Podo(process, f"http://127.0.0.1:{chosen}", home)
    listening = threading.Thread(target=_listen, args=(podo,), daemon=True)
    listening.start()
    try:
        yield podo
    finally:
        process.kill()
        process.wait(30)
        listening.join(10)
        assert process.stdout is not None
        process.stdout.close()


def _listen(podo: Podo) -> None:
    assert podo.process.stdout is not None
    for line in podo.process.stdout:
        podo.said.append(line.rstrip("\n"))


def run(home: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """`podo <words>` to its end."""
    command = [sys.executable, "-m", "podo.cli.main", *words]
    return subprocess.run(
        command, env=environment(home, **variables), cwd=home, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def free_port() -> int:
    """One that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return found.getsockname()[1]


def left_behind(home: Path) -> Sequence[str]:
    """Command lines of processes that still name the folder."""
    found: list[str] = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = path.read_bytes().decode(errors="replace").replace("\0", " ").strip()
            if str(home) in words and path.parent.name != str(os.getpid()):
                found.append(words)
    return found
