"""Repositories: what is found in them, and addresses that Podo does not go to."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from pathlib import Path

import pytest

from podo.catalog.adapters.repository import FarAway, GitRepositories
from podo.catalog.types import NoRepository, RepositoryForbidden
from podo.clients.addresses import is_near, resolve
from podo.clients.git import AddressInvalid, GitBinary, GitTwin, NoSuchRef, Remote
from podo.clients.git.program import Program
from tests.domains.catalog.town import repository

DOCKERFILE = "FROM scratch AS build\nCOPY . /src\nFROM scratch\nUSER 10001\nEXPOSE 9000 9001\n"


def far(*addresses: str) -> FarAway:
    """A guard for which every name has these addresses."""

    async def answer(host: str) -> Sequence[str]:
        return addresses

    return FarAway(answer)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.8.8.8", "0.0.0.0", "0.1.2.3", "169.254.169.254", "224.0.0.1", "100.100.100.200", "168.63.129.16"),
        *("::1", "::", "fe80::1", "ff02::1", "fd00:ec2::254", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1"),
        "2002:7f00:1::",
    ],
)
def test_addresses_of_this_machine_its_link_and_metadata_are_near(address: str) -> None:
    assert is_near(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address", ["10.0.0.8", "192.168.1.4", "172.16.0.1", "140.82.112.3", "fd12::1", "2606:50c0::1", "::ffff:10.0.0.8"]
)
def test_git_servers_of_an_organisation_and_of_the_world_are_far(address: str) -> None:
    assert not is_near(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "https://innocent.example/team/name.git",
        "http://innocent.example:8080/team/name.git",
        "ssh://git@innocent.example/team/name.git",
        "git@innocent.example:team/name.git",
    ],
)
async def test_a_name_that_means_this_machine_is_refused_whatever_the_protocol(url: str) -> None:
    reader = GitRepositories(GitTwin(), guard=far("140.82.112.3", "169.254.169.254"))
    with pytest.raises(RepositoryForbidden):
        await reader.check(url)
    with pytest.raises(RepositoryForbidden):
        await reader.look(url, "")
    await GitRepositories(GitTwin(), guard=far("140.82.112.3")).check(url)


@pytest.mark.parametrize(
    "url", ["/etc", "file:///etc", "http://localhost:8080/x", "http://127.1/x", "http://2130706433/x", "http://[::1]/x"]
)
async def test_this_machines_own_addresses_are_refused_in_every_spelling(url: str, tmp_path: Path) -> None:
    guard = FarAway(resolve)
    reader = GitRepositories(GitBinary(tmp_path, guard=guard), guard=guard)
    with pytest.raises(RepositoryForbidden):
        await reader.look(url, "")


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("", NoRepository),
        ("  ", NoRepository),
        ("ftp://git.example/x", AddressInvalid),
        ("https://user:pw@host/x", AddressInvalid),
    ],
)
async def test_what_is_no_address_is_said(url: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        await GitRepositories(GitTwin(), guard=far("140.82.112.3")).check(url)


async def test_git_itself_asks_before_every_call_and_is_held_to_the_address_that_was_checked(tmp_path: Path) -> None:
    git = GitBinary(tmp_path / "mirrors", guard=far("127.0.0.1"))
    with pytest.raises(RepositoryForbidden):
        await git.ls_remote(Remote("https://innocent.example/x.git"))
    with pytest.raises(RepositoryForbidden):
        await git.fetch(Remote("https://innocent.example/x.git"), "main")
    seen = tmp_path / "seen"
    fake = tmp_path / "git"
    fake.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {seen}\n')
    fake.chmod(0o755)
    program = Program(tmp_path, frozenset({"https"}), str(fake), guard=far("140.82.112.3", "2606:50c0::1"))
    await program.remote("https://innocent.example/x.git", None, "ls-remote", "--", "https://innocent.example/x.git")
    assert "http.curloptResolve=innocent.example:443:140.82.112.3,[2606:50c0::1]" in seen.read_text().splitlines()


async def test_a_real_repository_is_looked_into(tmp_path: Path) -> None:
    files = {
        "README.md": "# Hello\n",
        "Dockerfile": DOCKERFILE,
        "tools/Dockerfile": "FROM scratch\n",
        "bad/Dockerfile": "COPY x\n",
    }
    at = repository(tmp_path / "hello", files, branch="trunk")
    git = GitBinary(tmp_path / "mirrors", protocols=frozenset({"file"}))
    reader = GitRepositories(git, guard=None)
    found = await reader.look(str(at), "")
    assert (found.branch, found.subject, found.author) == ("trunk", "Answer hello", "Grape")
    assert len(found.commit) == 40
    assert [(d.path, d.stages, d.user, d.ports, d.is_root) for d in found.dockerfiles if not d.trouble] == [
        ("Dockerfile", 2, "10001", (9000, 9001), False),
        ("tools/Dockerfile", 1, "", (), True),
    ]
    assert [d.path for d in found.dockerfiles if d.trouble] == ["bad/Dockerfile"]
    assert found.readme == "# Hello\n"
    assert await reader.readme(str(at), "", "trunk") == "# Hello\n"
    with pytest.raises(NoSuchRef):
        await reader.look(str(at), "", "main")
