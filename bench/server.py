"""Podo as a program of its own: started, waited for, ended."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench import machine

_PATIENCE = 120.0


@dataclass(slots=True)
class Server:
    """A running `python -m podo.app …`; `began` is when it was started, by `time.perf_counter`."""

    process: subprocess.Popen[bytes]
    port: int
    began: float
    log: Path

    @property
    def pid(self) -> int:
        """Its process."""
        return self.process.pid

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def seconds(self) -> float:
        """Since it was started."""
        return time.perf_counter() - self.began

    def wait(self) -> float:
        """Until the first page is there; seconds since the start."""
        with httpx.Client(headers={"accept": "text/html"}) as client:
            while True:
                with contextlib.suppress(httpx.TransportError):
                    answer = client.get(f"{self.url}/sign-in", timeout=_PATIENCE)
                    if answer.status_code == 200:
                        return self.seconds()
                if self.process.poll() is not None or self.seconds() > _PATIENCE:
                    raise RuntimeError(f"Podo did not start:\n{self.log.read_text()[-3000:]}")
                time.sleep(0.01)

    def sign_in(self, person: str) -> str:
        """The session's cookie of a person, by picking the name in the demo."""
        answer = httpx.post(f"{self.url}/sign-in/as", data={"person": person}, timeout=_PATIENCE)
        assert answer.status_code == 303, (answer.status_code, answer.text[-500:])
        return answer.cookies["podo_session"]


@contextlib.contextmanager
def serving(folder: Path, verb: str = "serve", **settings: str) -> Iterator[Server]:
    """`podo serve` (or `up`) over the server's folder `folder`; ended, and waited for, at the end."""
    port = machine.free_port()
    known = {"PODO_SERVER_DIRECTORY": str(folder), "PODO_SERVER_PORT": str(port), "PODO_ACCESS_DEMO": "true"}
    log = folder.parent / f"{folder.name}.log"
    with log.open("wb") as said:
        began = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "podo.app", verb],
            env=_environment({**known, **settings}),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
        )
        try:
            yield Server(process, port, began, log)
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()
            process.wait()


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    # What a person set for their own Podo is not measured here.
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PODO_") or k == "PODO_PARTS"}
    return {**kept, **settings}
