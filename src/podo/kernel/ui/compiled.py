"""Templates as Python's code, kept as Python keeps its own modules: compiled by the first process, read by those after it."""

from __future__ import annotations

import contextlib
import hashlib
import pickle
import sys
from importlib.util import cache_from_source
from pathlib import Path

import jinja2
from jinja2.bccache import Bucket, FileSystemBytecodeCache

HOME = Path(cache_from_source(__file__)).parent / "templates"
"""Beside this package's own code."""


class Compiled(FileSystemBytecodeCache):
    """Keeps it in `folder`. Where that cannot be written, each process compiles for itself, and nothing else happens.

    What was kept counts for the same text, the same Jinja, and an environment made by the same text of the file `made_by`.
    """

    def __init__(self, folder: Path, made_by: Path) -> None:
        super().__init__(str(folder), f"%s.{sys.implementation.cache_tag}")
        self._salt = made_by.read_text() + jinja2.__version__

    def get_source_checksum(self, source: str) -> str:
        """Of all that its code depends on."""
        return hashlib.sha256((self._salt + source).encode()).hexdigest()

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill the bucket, where there is something for it. Whatever is wrong with what was kept: it is compiled again."""
        with contextlib.suppress(OSError, EOFError, pickle.UnpicklingError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep it, whole or not at all."""
        with contextlib.suppress(OSError):
            Path(self.directory).mkdir(parents=True, exist_ok=True)
            super().dump_bytecode(bucket)
