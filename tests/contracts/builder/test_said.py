"""What buildah's complaints mean. They are its own words, written down from buildah 1.28 unless a line says otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from podo.clients.buildah import BuildFailed, DiskFull, ImageMissing, PushRefused, read
from podo.clients.buildah.said import Log, build_failed, push_failed
from podo.clients.registry import Reference, RegistryBroken, RegistryUnreachable
from podo.kernel.errors import PodoError

FILE = read("FROM alpine\nCOPY a /a\nRUN make \\\n  all\nFROM registry.example.com/team/timeout:1\nRUN true\n")
IMAGE = Reference("127.0.0.1:5000", "team/denied", "v1")
PUSHING = f'Error: pushing image "sha256:bd96" to "docker://{IMAGE}": trying to reuse blob sha256:c3f2 at destination: '
BLOB = f"checking whether a blob sha256:c3f2 exists in {IMAGE.repository}: "
OTHER = "registry.example.com/team/timeout"
PULLING = "Error: creating build container: initializing source docker://"


def log(*lines: str, free: int = 1 << 40) -> Log:
    made = Log(lambda line: None, ["/builds"], lambda: free, 1000)
    for line in lines:
        made.take(line)
    return made


@pytest.mark.parametrize(
    ("complaint", "kind", "why"),
    [
        (f"{PUSHING}{BLOB}unauthorized: authentication required", PushRefused, "unauthorized: authentication required"),
        # Docker Hub's words.
        (f"{PUSHING}requested access to the resource is denied", PushRefused, "requested access to the resource is denied"),
        (
            f'{PUSHING}pinging container registry 127.0.0.1:5000: Get "http://127.0.0.1:5000/v2/": dial tcp 127.0.0.1:5000: '
            "connect: connection refused",
            RegistryUnreachable,
            "connect: connection refused",
        ),
        (f"{PUSHING}dial tcp: lookup registry.invalid on 192.0.2.1:53: no such host", RegistryUnreachable, "no such host"),
        (f"{PUSHING}http: server gave HTTP response to HTTPS client", RegistryUnreachable, "HTTP response"),
        (f"{PUSHING}received unexpected HTTP status: 503 Service Unavailable", RegistryUnreachable, "503"),
        (f"{PUSHING}invalid status code from registry 404 (Not Found)", RegistryBroken, "404 (Not Found)"),
        ("panic: runtime error", RegistryBroken, "runtime error"),
    ],
)
def test_what_a_failed_push_means(complaint: str, kind: type[PodoError], why: str) -> None:
    error = push_failed(log("Copying blob sha256:c3f2", complaint), 125, IMAGE)
    assert type(error) is kind
    assert why in error.data["why"]
    assert "127.0.0.1:5000" in str(error)


@pytest.mark.parametrize(
    ("step", "complaint", "kind", "data"),
    [
        (
            "[1/2] STEP 1/3: FROM alpine",
            f"{PULLING}alpine:latest: reading manifest: toomanyrequests: slow down",
            RegistryUnreachable,
            {},
        ),
        (
            "[2/2] STEP 1/2: FROM registry.example.com/team/timeout:1",
            f"{PULLING}{OTHER}:1: reading manifest 1 in {OTHER}: manifest unknown: manifest unknown",
            ImageMissing,
            {"line": 5, "image": f"{OTHER}:1", "why": "manifest unknown"},
        ),
        (
            "[1/2] STEP 1/3: FROM alpine",
            f"{PULLING}alpine:latest: reading manifest latest in docker.io/library/alpine: unauthorized: authentication required",
            ImageMissing,
            {"line": 1, "why": "unauthorized: authentication required"},
        ),
        (
            "[1/2] STEP 1/3: FROM alpine",
            "Error: creating build container: invalid reference format",
            ImageMissing,
            {"line": 1},
        ),
        (
            "[1/2] STEP 2/3: COPY a /a",
            'Error: building at STEP "COPY a /a": checking on sources under "/builds": copier: stat: "/a": no such file',
            BuildFailed,
            {"line": 2, "why": '"/a": no such file'},
        ),
        (
            "[1/2] STEP 3/3: RUN make   all",
            'Error: building at STEP "RUN make   all": exit status 7',
            BuildFailed,
            {"line": 3, "exit": 7, "why": "exit code 7"},
        ),
        (
            "[1/2] STEP 3/3: RUN make   all",
            "Error: committing container for step {Env:[A={}] Original:RUN make   all}: copying layers: it broke.",
            BuildFailed,
            {"line": 3, "why": "copying layers: it broke"},
        ),
        (
            "[1/2] STEP 2/3: COPY a /a",
            "Error: committing container for step {Env:[] Original:COPY a /a}: writing blob: write /a: no space left on device",
            DiskFull,
            {},
        ),
        ('[2/2] STEP 9/9: LABEL "a"="b"', "panic: runtime error: index out of range", BuildFailed, {"line": 6}),
        ("", "panic: runtime error: index out of range", BuildFailed, {"line": 1}),
    ],
)
def test_what_a_failed_build_means(step: str, complaint: str, kind: type[PodoError], data: dict[str, Any]) -> None:
    error = build_failed(log(step, complaint), data.get("exit", 125), FILE)
    assert type(error) is kind
    assert {name: error.data[name] for name in data} == data
    assert "/builds" not in str(error)


def test_a_disk_was_full_when_it_was_seen_to_be() -> None:
    said = (
        "[1/2] STEP 3/3: RUN make   all",
        "dd: /x: No space left on device",
        'Error: building at STEP "RUN make   all": exit status 1',
    )
    assert type(build_failed(log(*said), 1, FILE)) is BuildFailed
    assert type(build_failed(log(*said, free=1 << 20), 1, FILE)) is DiskFull
    cut = (
        "[1/2] STEP 2/3: COPY a /a",
        "Error: committing container for step {Original:COPY a /a}: io: read/write on closed pipe",
    )
    assert type(build_failed(log(*cut), 1, FILE)) is BuildFailed
    seen = log(*cut)
    seen.full = True
    assert type(build_failed(seen, 1, FILE)) is DiskFull
