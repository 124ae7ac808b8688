"""Templates as Python's code, kept as Python keeps its own modules: compiled by the first process, read by those after it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pickle
import sys
import tempfile
from importlib.util import cache_from_source
from pathlib import Path

import jinja2
from jinja2.bccache import Bucket, BytecodeCache

HOME = Path(cache_from_source(__file__)).parent / "templates"
"""Beside this package's own code."""


class Compiled(BytecodeCache):
    """Keeps it in `folder`. Where that cannot be written, each process compiles for itself, and nothing else happens.

    What was kept counts for the same text, the same Jinja, and an environment made by the same text of the file `made_by`.
    """

    def __init__(self, folder: Path, made_by: Path) -> None:
        self._folder = folder
        self._salt = made_by.read_text() + jinja2.__version__

    def get_cache_key(self, name: str, filename: str | None = None) -> str:
        """Where it is kept; empty for what comes from no file."""
        if not filename:
            return ""
        where = hashlib.sha256(f"{name}\n{filename}".encode()).hexdigest()
        return str(self._folder / f"{where}.{sys.implementation.cache_tag}")

    def get_source_checksum(self, source: str) -> str:
        """Of all that its code depends on."""
        return hashlib.sha256((self._salt + source).encode()).hexdigest()

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill the bucket, where there is something for it."""
        if not bucket.key:
            return
        # Whatever is wrong with what was kept: it is compiled again.
        with contextlib.suppress(OSError, EOFError, pickle.UnpicklingError), Path(bucket.key).open("rb") as kept:
            bucket.load_bytecode(kept)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it, whole or not at all."""
        if not bucket.key or sys.dont_write_bytecode:
            return
        path = Path(bucket.key)
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, unfinished = tempfile.mkstemp(dir=path.parent)
            with os.fdopen(handle, "wb") as fresh:
                bucket.write_bytecode(fresh)
            Path(unfinished).replace(path)
