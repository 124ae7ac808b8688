"""A Podo that was installed and started: wait for a page of it, or for what it says."""

from __future__ import annotations

import contextlib
import subprocess
import time
from pathlib import Path

import httpx

HTML = {"accept": "text/html"}
_PATIENCE = 150.0


def page(address: str, process: subprocess.Popen[bytes], said: Path) -> str:
    """What `address` answers, once it does."""
    end = time.monotonic() + _PATIENCE
    while True:
        with contextlib.suppress(httpx.TransportError):
            answer = httpx.get(address, headers=HTML, follow_redirects=True, timeout=60, trust_env=False)
            assert answer.status_code == 200, answer.text
            return answer.text
        assert process.poll() is None, said.read_text()
        assert time.monotonic() < end, said.read_text()
        time.sleep(0.05)


def until(words: str, process: subprocess.Popen[bytes], said: Path) -> None:
    """Wait for these words."""
    end = time.monotonic() + _PATIENCE
    while words not in said.read_text():
        assert process.poll() is None, said.read_text()
        assert time.monotonic() < end, said.read_text()
        time.sleep(0.1)
