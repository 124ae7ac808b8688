"""What is installed beside Podo: known by the lock, under licences that an Apache-2.0 project may bring along."""

from __future__ import annotations

import re
from importlib.metadata import Distribution, distributions

import pytest
from packaging.utils import canonicalize_name

from tests.house.test_locks import locked

# Licences that ask for their own text to be kept and for nothing else, or (MPL) for changes of the file itself alone.
ALLOWED = {
    *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CNRI-Python", "ISC", "MIT", "MIT-0", "MPL-2.0", "PSF-2.0"),
    *("Python-2.0", "Unlicense", "Zlib", "CC0-1.0"),
}
# How older packages say the same.
SAID = {
    "apache": "Apache-2.0",
    "apache 2": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache license": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "apache software license 2.0": "Apache-2.0",
    "bsd": "BSD-3-Clause",
    "bsd license": "BSD-3-Clause",
    "3-clause bsd license": "BSD-3-Clause",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "psfl": "PSF-2.0",
    "python software foundation license": "PSF-2.0",
    "the unlicense (unlicense)": "Unlicense",
}
# Made with Podo, and what every environment of Python begins with.
OURS = {"podo", "pip", "setuptools"}
INSTALLED = {canonicalize_name(d.name): d for d in distributions() if d.name and canonicalize_name(d.name) not in OURS}


def licences(found: Distribution) -> set[str]:
    """The licences a distribution names, as SPDX writes them, by the newest kind of statement that it has; maybe none."""
    about = found.metadata
    if expression := about.get("License-Expression"):
        return {word for word in re.split(r"\s+(?:AND|OR|WITH)\s+|[()\s]+", expression) if word}
    named = [
        c.rpartition(" :: ")[2] for c in about.get_all("Classifier") or () if c.startswith("License :: ") and c.count("::") > 1
    ]
    texts = named or [line for line in (about.get("License") or "").strip().splitlines()[:1] if line]
    return {SAID.get(text.lower().strip(), text) for text in texts}


def refused(found: Distribution) -> set[str]:
    """Licences that keep it out; that of a package which says nothing is `unknown`."""
    return (licences(found) or {"unknown"}) - ALLOWED


def test_every_licence_is_allowed() -> None:
    assert len(INSTALLED) > 50
    wrong = {name: refused(found) for name, found in INSTALLED.items() if name not in KNOWN and refused(found)}
    assert wrong == {}, "read its licence; allow it here, or leave the package out"


# What is allowed one by one, and why.
KNOWN = {
    "cedarpy": "Apache-2.0 by the LICENSE file in it; its metadata says nothing",
    "psycopg": "LGPL-3.0: brought by dbos, imported unchanged, replaceable by whoever installs Podo",
    "psycopg-binary": "as psycopg",
}


def test_what_is_allowed_one_by_one_is_still_there_and_would_not_be_allowed_else() -> None:
    assert {name for name in KNOWN if name in INSTALLED and not refused(INSTALLED[name])} == set()
    assert KNOWN.keys() <= locked("dev").keys() | locked("build").keys()


def test_nothing_is_installed_that_the_lock_does_not_know_and_nothing_in_another_version() -> None:
    pins = locked("dev") | locked("build")
    assert {name: d.version for name, d in INSTALLED.items() if pins.get(name) != d.version} == {}, "make clean dev"


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("License-Expression: GPL-3.0-only", {"GPL-3.0-only"}),
        ("License-Expression: MIT AND (Apache-2.0 OR AGPL-3.0-only)", {"AGPL-3.0-only"}),
        ("License-Expression: MIT", set()),
        (
            "Classifier: License :: OSI Approved :: GNU General Public License v3 (GPLv3)",
            {"GNU General Public License v3 (GPLv3)"},
        ),
        ("License: Proprietary", {"Proprietary"}),
        ("Summary: x", {"unknown"}),
    ],
)
def test_what_is_not_allowed_is_noticed(said: str, wrong: set[str]) -> None:
    class Made(Distribution):
        def read_text(self, filename: str) -> str | None:
            return f"Metadata-Version: 2.4\nName: x\nVersion: 1\n{said}\n" if filename == "METADATA" else None

        def locate_file(self, path: object) -> object:  # type: ignore[override]
            raise NotImplementedError

    assert refused(Made()) == wrong
