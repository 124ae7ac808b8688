"""Where Podo can be sent by what people type in: not to itself, its link, or a cloud's metadata, whatever names say later."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from podo.catalog.adapters.repository import FarAway
from podo.catalog.types import RepositoryForbidden
from podo.clients.addresses import resolve
from podo.clients.git import DeployKey, GitBinary, Remote, Unreachable
from podo.clients.kubernetes.real.kubeconfig import BadKubeconfig, read
from podo.kernel import clock
from tests import needs
from tests.company import LEAD, api_of, company
from tests.contracts.cluster.servers import kubeconfig

NEAR = [
    *("http://127.0.0.1:8080/x", "http://localhost/x", "https://[::1]/x", "https://[::ffff:127.0.0.1]/x", "http://0/x"),
    *(
        "http://169.254.169.254/latest/meta-data",
        "http://[::ffff:169.254.169.254]/x",
        "http://2852039166/x",
        "http://0xa9fea9fe/x",
    ),
    *("http://0251.0376.0251.0376/x", "http://[fe80::1]/x", "http://[fd00:ec2::254]/x", "http://[64:ff9b::a9fe:a9fe]/x"),
    *("ssh://git@127.0.0.1/x", "git@localhost:x/y", "ssh://git@[::1]:2222/x", "/etc", "file:///etc", "http://100.100.100.200/x"),
]
KEY = DeployKey("-----BEGIN OPENSSH PRIVATE KEY-----\nbm90IGEga2V5\n-----END OPENSSH PRIVATE KEY-----")


async def test_no_project_is_registered_or_looked_at_there(tmp_path: Path) -> None:
    async with company(tmp_path) as house, api_of(house, LEAD) as api:
        for url in NEAR:
            looked = await api.post("/api/v1/repositories/look", json={"repository": url})
            made = await api.post("/api/v1/projects", json={"slug": "ours", "team": "chat", "repository": url})
            for answer in (looked, made):
                assert answer.status_code in (403, 422), (url, answer.status_code, answer.text)
                assert answer.json()["code"] in ("catalog.repository_forbidden", "git.address_invalid"), (url, answer.text)


class Rebinding:
    """A name server of an attacker: what it answers changes with each question."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, host: str) -> Sequence[str]:
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def recorded(folder: Path, guard: FarAway) -> GitBinary:
    """With a git that writes down what it was called with into `git-called`, and fails."""
    path = folder / "git"
    path.write_text(f'#!/bin/sh\nprintf "%s\\n" "$GIT_SSH_COMMAND" "$@" > {folder}/git-called\nexit 1\n')
    path.chmod(0o755)
    return GitBinary(folder / "own", git=str(path), ssh="true", guard=guard)


@pytest.mark.parametrize(
    "url", ["https://git.example/team/x.git", "ssh://git@git.example/team/x.git", "git@git.example:team/x.git"]
)
async def test_a_name_that_means_this_machine_a_moment_later_is_held_to_what_was_checked(tmp_path: Path, url: str) -> None:
    names = Rebinding(["140.82.112.3"], ["127.0.0.1"])
    git = recorded(tmp_path, FarAway(names))
    with pytest.raises(Exception, match="git"):
        await git.ls_remote(Remote(url))
    called = (tmp_path / "git-called").read_text()
    assert names.asked == 1
    assert ("Hostname=140.82.112.3" if "@" in url else "http.curloptResolve=git.example:443:140.82.112.3") in called
    if "@" in url:
        assert "HostKeyAlias=git.example" in called, "whose key it is, is asked by the name all the same"
    with pytest.raises(RepositoryForbidden):
        await git.ls_remote(Remote(url))


async def test_a_port_of_its_own_is_part_of_the_name_that_an_ssh_key_is_known_by(tmp_path: Path) -> None:
    git = recorded(tmp_path, FarAway(Rebinding(["2606:50c0::1"])))
    with pytest.raises(Exception, match="git"):
        await git.ls_remote(Remote("ssh://git@git.example:2222/x.git", KEY))
    called = (tmp_path / "git-called").read_text()
    assert "Hostname=2606:50c0::1" in called
    assert "HostKeyAlias=[git.example]:2222" in called


@needs.program("git")
@needs.program("ssh")
async def test_ssh_itself_goes_where_it_is_held_to(tmp_path: Path) -> None:
    """A real ssh: the name is one that nobody knows, and it connects (and is refused) all the same."""

    async def here(url: str) -> Sequence[str]:
        return ["nobody.invalid:9:127.0.0.1"]

    git = GitBinary(tmp_path / "own", guard=here)
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1"):
        await git.ls_remote(Remote("ssh://git@nobody.invalid:9/x.git"))


async def test_a_name_that_nobody_knows_yet_is_not_asked_for_again_by_git(tmp_path: Path) -> None:
    for url in ("https://later.example/x.git", "ssh://git@later.example/x.git"):
        git = recorded(tmp_path, FarAway(Rebinding([])))
        with pytest.raises(Unreachable, match="nobody knows"):
            await git.ls_remote(Remote(url))
        assert not (tmp_path / "git-called").exists()


async def test_one_near_address_among_others_is_enough() -> None:
    for answer in (["140.82.112.3", "169.254.169.254"], ["::ffff:7f00:1"], ["2002:a9fe:a9fe::"]):
        with pytest.raises(RepositoryForbidden):
            await FarAway(Rebinding(answer))("https://git.example/x.git")
    assert await resolve("2130706433") == ["127.0.0.1"]


def test_a_kubeconfig_is_no_bomb_and_asks_nobody_without_tls() -> None:
    lists = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" if n else "a0: &a0 [x, x]" for n in range(9))
    merged = "\n".join(f"b{n}: &b{n} {{<<: [{', '.join([f'*b{n - 1}'] * 9)}]}}" if n else "b0: &b0 {k: v}" for n in range(9))
    begun = clock.monotonic()
    for bomb in (lists, merged, "a: " + "[" * 50_000, "{a: " * 30_000, "x: " + "y" * (2 << 20)):
        with pytest.raises(BadKubeconfig):
            read(bomb, None, None)
    assert clock.monotonic() - begun < 10
    for server in ("http://169.254.169.254", "http://10.0.0.1:6443", "file:///etc/passwd", "gopher://x"):
        with pytest.raises(BadKubeconfig):
            read(kubeconfig(server), None, None)
