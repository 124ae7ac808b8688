"""What git's verbs promise: the program on disk and over HTTP, and the twin, give the same answers."""

from __future__ import annotations

import asyncio
import os
from datetime import timedelta
from pathlib import Path

import pytest

from podo.clients.git import (
    AddressInvalid,
    AuthFailed,
    EntryKind,
    Limits,
    NoSuchPath,
    NoSuchRef,
    NotARepository,
    Remote,
    Token,
    TooLarge,
    TwinFile,
    Unreachable,
    UnsafeTree,
)
from tests.contracts.git.worlds import FIRST, World

ONE = {"Dockerfile": b"FROM scratch\n", "app/main.py": b"print('podo')\n"}


async def test_an_empty_repository_offers_nothing_and_then_what_was_pushed(world: World) -> None:
    url, author = world.made("hello")
    empty = await world.git.ls_remote(Remote(url))
    assert (empty.default, dict(empty.shas)) == (None, {})
    with pytest.raises(NoSuchRef, match="main"):
        await world.git.fetch(Remote(url), "main")
    first = author.commit(ONE, "Begin.")
    side = author.commit({"b": b"b"}, "Aside.", branch="topic/side")
    author.tag("v1", first)
    refs = await world.git.ls_remote(Remote(url))
    assert refs.default == "main"
    assert refs.shas == {"refs/heads/main": first, "refs/heads/topic/side": side, "refs/tags/v1": first}
    assert (refs.find("main"), refs.find("topic/side"), refs.find("refs/tags/v1"), refs.find("x")) == (first, side, first, None)


async def test_fetch_follows_a_branch_and_finds_tags_and_commits(world: World) -> None:
    url, author = world.made("hello")
    first = author.commit(ONE, "Begin.")
    assert await world.git.fetch(Remote(url), "main") == first
    second = author.commit({"app/main.py": b"print(2)\n"}, "Go on.")
    author.tag("v2", second)
    assert await world.git.fetch(Remote(url), first) == first
    assert await world.git.fetch(Remote(url), "main") == second
    assert await world.git.fetch(Remote(url), "v2") == second
    assert await world.git.fetch(Remote(url), "refs/heads/main") == second
    assert await world.git.fetch(Remote(url), second) == second


async def test_a_branch_that_was_rewritten_or_dropped_is_followed_and_its_old_commit_stays_readable(world: World) -> None:
    url, author = world.made("hello")
    first = author.commit(ONE, "Begin.")
    second = author.commit({"a": b"a"}, "Add.")
    author.commit({"b": b"b"}, "Aside.", branch="side")
    await world.git.fetch(Remote(url), "main")
    other = author.commit({"a": b"other"}, "Add otherwise.", start=first, at=FIRST + timedelta(hours=1))
    author.drop("side")
    assert await world.git.fetch(Remote(url), "main") == other != second
    with pytest.raises(NoSuchRef):
        await world.git.fetch(Remote(url), "side")
    assert await world.git.read(Remote(url), second, "a") == b"a"
    assert await world.git.read(Remote(url), other, "a") == b"other"


@pytest.mark.parametrize(
    "ref", ["nothing", "0" * 40, "--upload-pack=touch", "main~1", "main@{1}", "a b", "refs/heads/nothing", ""]
)
async def test_a_ref_that_is_not_there_is_named(world: World, ref: str) -> None:
    url, author = world.made("hello")
    author.commit(ONE, "Begin.")
    author.commit({"a": b"a"}, "Go on.")
    with pytest.raises(NoSuchRef) as error:
        await world.git.fetch(Remote(url), ref)
    assert error.value.data["ref"] == ref
    assert url in str(error.value)


async def test_files_are_read_at_a_commit(world: World) -> None:
    url, author = world.made("hello")
    links = {"link": TwinFile(b"app/main.py", EntryKind.link), "app/up": TwinFile(b"../Dockerfile", EntryKind.link)}
    hostile = {"out": TwinFile(b"../../etc/passwd", EntryKind.link), "loop": TwinFile(b"loop", EntryKind.link)}
    first = author.commit(ONE | links | hostile | {"한글/파일.txt": "포도".encode()}, "Begin.")
    second = author.commit({"app/main.py": b"changed"}, "Change.")
    read = world.git.read
    assert await read(Remote(url), first, "app/main.py") == ONE["app/main.py"]
    assert await read(Remote(url), second, "app/main.py") == b"changed"
    assert await read(Remote(url), second, "./app/../app/main.py") == b"changed"
    assert await read(Remote(url), first, "link") == ONE["app/main.py"]
    assert await read(Remote(url), first, "app/up") == ONE["Dockerfile"]
    assert await read(Remote(url), first, "한글/파일.txt") == "포도".encode()
    for path in ("nothing", "app", "", "..", "/etc/passwd", "../x", "out", "loop", "app/main.py/x", "*"):
        with pytest.raises(NoSuchPath) as error:
            await read(Remote(url), first, path)
        assert error.value.data == {"path": path, "sha": first[:12]}
    with pytest.raises(TooLarge, match="14 bytes"):
        await read(Remote(url), first, "app/main.py", max_bytes=13)


async def test_a_tree_lists_files_below_a_folder(world: World) -> None:
    url, author = world.made("hello")
    more = {
        "run": TwinFile(b"#!", EntryKind.executable),
        "app/l": TwinFile(b"main.py", EntryKind.link),
        "lib": TwinFile(b"", EntryKind.submodule),
    }
    sha = author.commit(ONE | more, "Begin.")
    tree = await world.git.tree(Remote(url), sha)
    assert [(entry.path, entry.kind.value, entry.size) for entry in tree.entries] == [
        ("Dockerfile", "file", 13),
        ("app/l", "link", 7),
        ("app/main.py", "file", 14),
        ("lib", "submodule", 0),
        ("run", "executable", 2),
    ]
    assert not tree.truncated
    below = await world.git.tree(Remote(url), sha, "app/")
    assert [entry.path for entry in below.entries] == ["app/l", "app/main.py"]
    short = await world.git.tree(Remote(url), sha, limit=2)
    assert (len(short.entries), short.truncated) == (2, True)
    for path in ("nothing", "app/main.py"):
        with pytest.raises(NoSuchPath):
            await world.git.tree(Remote(url), sha, path)


async def test_the_log_tells_commits_newest_first(world: World) -> None:
    url, author = world.made("hello")
    first = author.commit(ONE, "Begin.", at=FIRST)
    second = author.commit({"a": b"a"}, "포도: 두 번째\n\nWhy it is so,\nin two lines.", at=FIRST + timedelta(hours=2))
    log = await world.git.log(Remote(url), "main")
    assert [commit.sha for commit in log] == [second, first]
    assert (log[0].subject, log[0].body, log[0].parents) == ("포도: 두 번째", "Why it is so,\nin two lines.", (first,))
    assert (log[0].author, log[0].email, log[0].at) == ("Grape", "grape@example.com", FIRST + timedelta(hours=2))
    assert (log[1].body, log[1].parents) == ("", ())
    assert [commit.sha for commit in await world.git.log(Remote(url), second, limit=1)] == [second]


async def test_two_commits_are_compared(world: World) -> None:
    url, author = world.made("hello")
    base = author.commit(ONE, "Begin.", at=FIRST)
    one = author.commit({"a": b"1"}, "One.", at=FIRST + timedelta(hours=1))
    two = author.commit({"a": b"2"}, "Two.", at=FIRST + timedelta(hours=2))
    side = author.commit({"b": b"b"}, "Aside.", branch="side", start=base, at=FIRST + timedelta(hours=3))
    alone = author.commit({"c": b"c"}, "Alone.", branch="alone", at=FIRST)
    compare = world.git.compare
    forward = await compare(Remote(url), base, two)
    assert ([c.sha for c in forward.commits], forward.ahead, forward.behind, forward.merge_base) == ([two, one], 2, 0, base)
    back = await compare(Remote(url), two, base)
    assert (back.commits, back.ahead, back.behind, back.merge_base) == ((), 0, 2, base)
    apart = await compare(Remote(url), two, side)
    assert ([c.sha for c in apart.commits], apart.ahead, apart.behind, apart.merge_base) == ([side], 1, 2, base)
    strangers = await compare(Remote(url), two, alone, limit=1)
    assert (strangers.ahead, strangers.behind, strangers.merge_base) == (1, 3, None)
    cut = await compare(Remote(url), base, two, limit=1)
    assert ([c.sha for c in cut.commits], cut.ahead) == ([two], 2)


async def test_a_commit_is_written_out_as_it_is(world: World, tmp_path: Path) -> None:
    url, author = world.made("hello")
    attributes = {".gitattributes": b"Dockerfile export-ignore\n*.txt text eol=crlf\n", "a.txt": b"one\n"}
    more = {
        "run": TwinFile(b"#!", EntryKind.executable),
        "app/l": TwinFile(b"../run", EntryKind.link),
        "lib": TwinFile(b"", EntryKind.submodule),
    }
    sha = author.commit(ONE | attributes | more | {"empty": b""}, "Begin.", at=FIRST)
    into = tmp_path / "deep" / "out"
    written = await world.git.checkout(Remote(url), sha, into)
    assert (written.files, written.submodules) == (7, ("lib",))
    found = {str(path.relative_to(into)) for path in into.rglob("*")}
    assert found == {".gitattributes", "Dockerfile", "a.txt", "app", "app/l", "app/main.py", "empty", "lib", "run"}
    assert (into / "a.txt").read_bytes() == b"one\n"
    assert (into / "app/l").read_bytes() == b"#!"
    assert [(into / name).stat().st_mode & 0o777 for name in ("run", "a.txt")] == [0o755, 0o644]
    assert {path.lstat().st_mtime for path in into.rglob("*")} == {FIRST.timestamp()}
    with pytest.raises(FileExistsError):
        await world.git.checkout(Remote(url), sha, into)
    assert (into / "Dockerfile").exists()


@pytest.mark.parametrize(
    "links",
    [
        {"bad": "/etc/passwd"},
        {"bad": "../outside"},
        {"a/b/up": "..", "bad": "a/b/up/../../.."},
        {"a": "b", "b": "../.."},
        {"bad": ".."},
    ],
    ids=["absolute", "up", "chain", "two", "root's parent"],
)
async def test_a_link_that_leaves_the_tree_is_refused_and_nothing_is_left(
    world: World, tmp_path: Path, links: dict[str, str]
) -> None:
    url, author = world.made("hello")
    made = {path: TwinFile(target.encode(), EntryKind.link) for path, target in links.items()}
    sha = author.commit(ONE | made, "Try.")
    with pytest.raises(UnsafeTree, match="leaves the repository"):
        await world.git.checkout(Remote(url), sha, tmp_path / "out")
    assert not (tmp_path / "out").exists()


async def test_links_that_stay_are_kept_even_when_they_lead_nowhere(world: World, tmp_path: Path) -> None:
    url, author = world.made("hello")
    links = {"self": b".", "nowhere": b"not/there", "loop": b"loop", "app/back": b"../app/main.py"}
    sha = author.commit(ONE | {path: TwinFile(to, EntryKind.link) for path, to in links.items()}, "Try.")
    await world.git.checkout(Remote(url), sha, tmp_path / "out")
    assert {path: os.readlink(tmp_path / "out" / path).encode() for path in links} == links


async def test_more_than_the_limits_is_refused_before_anything_is_written(world: World, tmp_path: Path) -> None:
    url, author = world.made("hello")
    sha = author.commit(ONE, "Begin.")
    for limits in (Limits(files=1), Limits(size=20)):
        with pytest.raises(TooLarge):
            await world.git.checkout(Remote(url), sha, tmp_path / "out", limits)
    assert not (tmp_path / "out").exists()
    assert (await world.git.checkout(Remote(url), sha, tmp_path / "out", Limits(2, 27))).size == 27


async def test_what_was_fetched_stays_readable_while_the_repository_is_away(world: World, tmp_path: Path) -> None:
    url, author = world.made("hello")
    sha = author.commit(ONE, "Begin.")
    await world.git.fetch(Remote(url), "main")
    await world.unplug()
    assert await world.git.read(Remote(url), sha, "Dockerfile") == ONE["Dockerfile"]
    assert (await world.git.log(Remote(url), sha))[0].sha == sha
    assert (await world.git.checkout(Remote(url), sha, tmp_path / "out")).files == 2
    for call in (world.git.ls_remote(Remote(url)), world.git.fetch(Remote(url), "main")):
        with pytest.raises((Unreachable, NotARepository)) as error:
            await call
        assert url in str(error.value)


async def test_what_is_no_repository_is_said_to_be_none(world: World) -> None:
    url, _ = world.made("hello")
    with pytest.raises(NotARepository, match="nothing"):
        await world.git.ls_remote(Remote(url.replace("hello", "nothing")))


async def test_many_fetches_at_once_agree(world: World) -> None:
    url, author = world.made("hello")
    sha = author.commit(ONE, "Begin.")
    assert set(await asyncio.gather(*(world.git.fetch(Remote(url), "main") for _ in range(6)))) == {sha}
    assert (await asyncio.gather(*(world.git.read(Remote(url), sha, "Dockerfile") for _ in range(6))))[5] == ONE["Dockerfile"]


async def test_a_private_repository_wants_its_token_and_does_not_leak_to_who_has_none(world: World) -> None:
    token = Token("s3cret-token", "grape")
    url, author = world.made("private", token)
    if url.startswith("file:"):
        pytest.skip("a repository on this disk asks for no token")
    sha = author.commit(ONE, "Begin.")
    assert await world.git.fetch(Remote(url, token), "main") == sha
    for wrong in (None, Token("wrong", "grape")):
        for call in (world.git.ls_remote(Remote(url, wrong)), world.git.read(Remote(url, wrong), sha, "Dockerfile")):
            with pytest.raises(AuthFailed) as error:
                await call
            assert "token" in error.value.said()[1]
            assert "s3cret" not in repr(error.value) + repr(token)


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c touch% /tmp/podo-owned",
        "--upload-pack=touch /tmp/podo-owned",
        "ftp://host/path",
        "git://host/path",
        "https://user:password@host/path",
        "https://token@host/path",
        "https://host",
        "https:///path",
        "file://host/path",
        "ext::sh",
        "relative/path",
        "ssh://-oProxyCommand=touch/x",
        "ssh://-oX@host/x",
        "https://host/a b",
        "https://host/a\nb",
        "https://host:port/a",
        "https://host/a?b=c",
        "",
        "x" * 3000,
    ],
)
async def test_an_address_that_is_none_is_refused_before_anything_runs(world: World, url: str) -> None:
    with pytest.raises(AddressInvalid) as error:
        await world.git.ls_remote(Remote(url))
    assert "password@" not in str(error.value)
    assert len(str(error.value)) < 500
