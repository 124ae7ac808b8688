"""What only the program has: processes, secrets, servers that misbehave, mirrors on disk."""

from __future__ import annotations

import asyncio
import os
import stat
import subprocess
from pathlib import Path

import pytest

from podo.clients.git import (
    AuthFailed,
    CredentialInvalid,
    DeployKey,
    GitBinary,
    Moved,
    NotARepository,
    Remote,
    Token,
    TooLarge,
    Unreachable,
    UnsafeTree,
)
from podo.kernel import clock
from tests import needs
from tests.contracts.git.conftest import ALL
from tests.contracts.git.worlds import DiskAuthor, HttpWorld, basic

pytestmark = needs.program("git")

ONE = {"Dockerfile": b"FROM scratch\n"}
TOKEN = Token("s3cret-token", "grape")
KEY = DeployKey(
    "-----BEGIN OPENSSH PRIVATE KEY-----\r\nbm90IGEga2V5\r\n-----END OPENSSH PRIVATE KEY-----", "host ssh-ed25519 AAAA"
)


def script(path: Path, text: str) -> str:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def recorder(folder: Path) -> str:
    """Git, which writes down what it was called with."""
    return script(folder / "git-recorded", f'printf "%s\\n" "$@" >> {folder}/arguments\nexec git "$@"')


async def test_a_token_is_in_no_argument_and_no_file(http: HttpWorld, tmp_path: Path) -> None:
    url, author = http.made("private", TOKEN)
    sha = author.commit(ONE, "Begin.")
    git = GitBinary(tmp_path / "own", protocols=ALL, git=recorder(tmp_path))
    assert await git.read(Remote(url, TOKEN), sha, "Dockerfile") == ONE["Dockerfile"]
    assert basic(TOKEN) in {sent for _, sent in http.asked}
    secrets = (TOKEN.secret.encode(), basic(TOKEN).split()[1].encode())
    written = [path for path in [tmp_path / "arguments", *(tmp_path / "own").rglob("*")] if path.is_file()]
    assert len(written) > 3
    assert not [path for path in written if any(secret in path.read_bytes() for secret in secrets)]
    assert stat.S_IMODE((tmp_path / "own").stat().st_mode) == 0o700


async def test_a_server_that_sends_us_elsewhere_gets_no_token_carried_there(http: HttpWorld) -> None:
    url, author = http.made("hello")
    author.commit(ONE, "Begin.")
    moved = url.replace("/hello", "/moved/hello")
    with pytest.raises(Moved, match="moved"):
        await http.git.ls_remote(Remote(moved, TOKEN))
    assert http.asked == []


async def test_servers_that_misbehave_are_told_apart(http: HttpWorld, tmp_path: Path) -> None:
    git = GitBinary(tmp_path / "own", protocols=ALL, remote_timeout=1)
    base = f"http://127.0.0.1:{http.port}"
    with pytest.raises(Unreachable, match="502"):
        await git.ls_remote(Remote(f"{base}/broken/x.git"))
    with pytest.raises(NotARepository):
        await git.ls_remote(Remote(f"{base}/page/x.git"))
    before = clock.monotonic()
    with pytest.raises(Unreachable, match="within 1 seconds"):
        await git.ls_remote(Remote(f"{base}/slow/x.git"))
    assert clock.monotonic() - before < 5
    await http.unplug()
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1"):
        await git.ls_remote(Remote(f"{base}/hello.git"))


async def test_a_deploy_key_is_a_file_for_our_eyes_only_while_ssh_runs(tmp_path: Path) -> None:
    author = DiskAuthor(tmp_path / "hello.git")
    sha = author.commit(ONE, "Begin.")
    ssh = script(
        tmp_path / "ssh",
        f"""printf "%s\\n" "$@" > {tmp_path}/arguments
while [ $# -gt 2 ]; do
  if [ "$1" = -i ]; then cp "$2" {tmp_path}/key; stat -c %a "$2" "$(dirname "$2")" > {tmp_path}/modes; fi
  shift
done
exec sh -c "$2" """,
    )
    git = GitBinary(tmp_path / "own", ssh=ssh)
    remote = Remote(f"ssh://git@127.0.0.1{tmp_path}/hello.git", KEY)
    assert await git.read(remote, sha, "Dockerfile") == ONE["Dockerfile"]
    assert (tmp_path / "modes").read_text().split() == ["600", "700"]
    assert (tmp_path / "key").read_text() == KEY.private.replace("\r\n", "\n") + "\n"
    arguments = (tmp_path / "arguments").read_text()
    assert "StrictHostKeyChecking=yes" in arguments
    assert "bm90" not in arguments
    assert not list((tmp_path / "own").glob("key-*"))
    assert "bm90" not in repr(KEY)


async def test_where_there_is_no_ssh_that_is_said(tmp_path: Path) -> None:
    git = GitBinary(tmp_path / "own", ssh=str(tmp_path / "none"))
    with pytest.raises(Unreachable, match="ssh is not installed"):
        await git.ls_remote(Remote("git@127.0.0.1:team/hello.git", KEY))


async def test_ssh_that_is_refused_is_said_to_be_refused(tmp_path: Path) -> None:
    ssh = script(tmp_path / "ssh", 'echo "git@127.0.0.1: Permission denied (publickey)." >&2; exit 255')
    with pytest.raises(AuthFailed, match=r"Permission denied \(publickey\)"):
        await GitBinary(tmp_path / "own", ssh=ssh).ls_remote(Remote("git@127.0.0.1:team/hello.git", KEY))


@pytest.mark.parametrize(
    ("url", "credential"),
    [
        ("https://127.0.0.1/a", KEY),
        ("ssh://git@127.0.0.1/a", TOKEN),
        ("https://127.0.0.1/a", Token("a\nX-Header: b")),
        ("https://127.0.0.1/a", Token("  ")),
        ("ssh://git@127.0.0.1/a", DeployKey("ssh-ed25519 AAAA a public key")),
    ],
)
async def test_a_credential_that_cannot_be_one_is_refused(tmp_path: Path, url: str, credential: Token | DeployKey) -> None:
    with pytest.raises(CredentialInvalid, match="cannot be used"):
        # Also where nothing could be done with a good one.
        await GitBinary(tmp_path / "own", ssh=str(tmp_path / "none")).ls_remote(Remote(url, credential))


async def test_a_protocol_that_is_not_allowed_is_not_spoken(tmp_path: Path) -> None:
    DiskAuthor(tmp_path / "hello.git").commit(ONE, "Begin.")
    assert (await GitBinary(tmp_path / "own", protocols=ALL).ls_remote(Remote(f"{tmp_path}/hello.git"))).default == "main"
    with pytest.raises(Exception, match="protocol file is not allowed"):
        await GitBinary(tmp_path / "own").ls_remote(Remote(f"{tmp_path}/hello.git"))


async def test_nobodys_configuration_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    DiskAuthor(tmp_path / "hello.git").commit(ONE, "Begin.")
    (tmp_path / ".gitconfig").write_text('[url "file:///nowhere"]\n  insteadOf = file://\n')
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    assert (await GitBinary(tmp_path / "own", protocols=ALL).ls_remote(Remote(f"file://{tmp_path}/hello.git"))).default == "main"


async def test_a_call_that_may_not_go_out_does_not(tmp_path: Path) -> None:
    def refuse() -> None:
        raise RuntimeError("a transaction is open")

    author = DiskAuthor(tmp_path / "hello.git")
    author.commit(ONE, "Begin.")
    git = GitBinary(tmp_path / "own", protocols=ALL, before_call=refuse)
    for call in (git.ls_remote(Remote(f"{tmp_path}/hello.git")), git.fetch(Remote(f"{tmp_path}/hello.git"), "main")):
        with pytest.raises(RuntimeError, match="transaction"):
            await call
    assert not list((tmp_path / "own").glob("*.git"))


async def test_a_cancelled_fetch_leaves_no_process_and_the_next_one_works(http: HttpWorld, tmp_path: Path) -> None:
    git = GitBinary(tmp_path / "own", protocols=ALL, git=script(tmp_path / "git", f'echo $$ >> {tmp_path}/pids; exec git "$@"'))
    slow = Remote(f"http://127.0.0.1:{http.port}/slow/x.git")
    task = asyncio.create_task(git.fetch(slow, "main"))
    # git init, then git fetch
    while len(_lines(tmp_path / "pids")) < 2:  # noqa: ASYNC110 - the file is written by another process
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not [pid for pid in _lines(tmp_path / "pids") if os.path.exists(f"/proc/{pid}")]  # noqa: ASYNC240
    url, author = http.made("hello")
    sha = author.commit(ONE, "Begin.")
    assert await git.fetch(Remote(url), "main") == sha


async def test_locks_that_a_killed_git_left_behind_are_removed(tmp_path: Path) -> None:
    author = DiskAuthor(tmp_path / "hello.git")
    author.commit(ONE, "Begin.")
    git, remote = GitBinary(tmp_path / "own", protocols=ALL), Remote(f"{tmp_path}/hello.git")
    await git.fetch(remote, "main")
    (mirror,) = (tmp_path / "own").glob("*.git")
    for name in ("packed-refs.lock", "HEAD.lock", "refs/heads/main.lock", "shallow.lock"):
        (mirror / name).touch()
    sha = author.commit({"a": b"a"}, "Go on.")
    assert await git.fetch(remote, "main") == sha


async def test_a_mirror_that_was_deleted_comes_back(tmp_path: Path) -> None:
    author = DiskAuthor(tmp_path / "hello.git")
    sha = author.commit(ONE, "Begin.")
    git, remote = GitBinary(tmp_path / "own", protocols=ALL), Remote(f"{tmp_path}/hello.git")
    await git.fetch(remote, "main")
    (mirror,) = (tmp_path / "own").glob("*.git")
    mirror.rename(tmp_path / "gone")
    assert await git.read(remote, sha, "Dockerfile") == ONE["Dockerfile"]


async def test_two_processes_may_share_the_folder(tmp_path: Path) -> None:
    author = DiskAuthor(tmp_path / "hello.git")
    sha = author.commit(ONE, "Begin.")
    gits = [GitBinary(tmp_path / "own", protocols=ALL) for _ in range(4)]
    assert set(await asyncio.gather(*(git.fetch(Remote(f"{tmp_path}/hello.git"), "main") for git in gits))) == {sha}


async def test_a_commit_that_no_branch_leads_to_is_brought_by_its_name(tmp_path: Path) -> None:
    author = DiskAuthor(tmp_path / "hello.git")
    author.commit(ONE, "Begin.")
    sha = author.commit({"a": b"a"}, "Aside.", branch="side")
    author.drop("side")
    git = GitBinary(tmp_path / "own", protocols=ALL)
    assert await git.read(Remote(f"{tmp_path}/hello.git"), sha, "a") == b"a"


async def test_a_repository_that_is_too_large_is_refused_while_it_comes(tmp_path: Path) -> None:
    author = DiskAuthor(tmp_path / "hello.git")
    author.commit({"large": os.urandom(3 << 20)}, "Begin.")
    with pytest.raises(TooLarge, match="1 MiB"):
        await GitBinary(tmp_path / "own", protocols=ALL, max_file=1 << 20).fetch(Remote(f"{tmp_path}/hello.git"), "main")


def _lines(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []


def literal(bare: Path, *entries: tuple[str, str, str]) -> str:
    """A commit of a hand-made tree of (mode, name, content), with names that git itself would not write."""

    def store(kind: str, content: bytes) -> str:
        command = ["git", "--git-dir", str(bare), "hash-object", "-t", kind, "--literally", "-w", "--stdin"]
        return subprocess.run(command, input=content, capture_output=True, check=True).stdout.decode().strip()

    def tree(*lines: tuple[str, str, str]) -> bytes:
        return b"".join(f"{mode} {name}\0".encode() + bytes.fromhex(oid) for mode, name, oid in lines)

    stored = []
    for mode, name, content in entries:
        inner = tree(("100644", "inner", store("blob", b"inner"))) if mode == "40000" else content.encode()
        stored.append((mode, name, store("tree" if mode == "40000" else "blob", inner)))
    who = "Grape <grape@example.com> 1770000000 +0000"
    text = f"tree {store('tree', tree(*stored))}\nauthor {who}\ncommitter {who}\n\nTry.\n"
    sha = store("commit", text.encode())
    subprocess.run(["git", "--git-dir", str(bare), "update-ref", "refs/heads/main", sha], check=True)
    return sha


@pytest.mark.parametrize(
    "entries",
    [
        [("40000", "..", "")],
        [("40000", ".git", "")],
        [("40000", ".GIT", "")],
        [("100644", "..", "x")],
        [("100644", "a", "x"), ("100644", "a", "y")],
        [("120000", "a", "/tmp"), ("40000", "a", "")],
    ],
    ids=["up", "git", "GIT", "file-up", "twice", "link-and-folder"],
)
async def test_a_hostile_tree_is_refused(tmp_path: Path, entries: list[tuple[str, str, str]]) -> None:
    bare = tmp_path / "hello.git"
    DiskAuthor(bare)
    sha = literal(bare, *entries)
    git, remote = GitBinary(tmp_path / "own", protocols=ALL), Remote(f"{bare}")
    assert await git.fetch(remote, "main") == sha
    with pytest.raises(UnsafeTree):
        await git.checkout(remote, sha, tmp_path / "out")
    assert not (tmp_path / "out").exists()


async def test_a_cancelled_checkout_leaves_nothing(tmp_path: Path) -> None:
    author = DiskAuthor(tmp_path / "hello.git")
    sha = author.commit({f"file-{n}": os.urandom(1 << 20) for n in range(8)}, "Begin.")
    git, remote = GitBinary(tmp_path / "own", protocols=ALL), Remote(f"{tmp_path}/hello.git")
    await git.fetch(remote, "main")
    task = asyncio.create_task(git.checkout(remote, sha, tmp_path / "out"))
    while not (tmp_path / "out").exists():  # noqa: ASYNC110 - the file is written by another thread
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not (tmp_path / "out").exists()
