"""Reading a project's repository: the newest commit, any commit, its podo.yaml, its files."""

from __future__ import annotations

import pytest

from podo.clients.git import AuthFailed, EntryKind, NoSuchRef, NotARepository, Token, TwinFile
from podo.clients.git.twin import GitTwin
from podo.delivery.adapters.source import GitSources
from podo.delivery.types import PodoYamlInvalid, Source
from tests.contracts.git.worlds import FIRST
from tests.contracts.source.conftest import Place
from tests.domains.delivery.works import Schema


def source(place: Place, branch: str = "main") -> Source:
    return Source(place.url, branch)


async def test_the_head_is_the_newest_commit_of_the_branch(place: Place) -> None:
    first = place.author.commit({"a": b"a"}, "First: 안녕\n\nBody", at=FIRST)
    found = await place.sources.head(source(place))
    assert (found.sha, found.subject, found.at) == (first, "First: 안녕", FIRST)
    second = place.author.commit({"a": b"b"}, "Second")
    other = place.author.commit({"a": b"c"}, "Third", branch="feature/x")
    place.author.tag("main", first)
    assert (await place.sources.head(source(place))).sha == second
    assert (await place.sources.head(source(place, "feature/x"))).sha == other
    with pytest.raises(NoSuchRef):
        await place.sources.head(source(place, "gone"))


async def test_an_empty_or_missing_repository_is_said(place: Place) -> None:
    with pytest.raises(NoSuchRef):
        await place.sources.head(source(place))
    with pytest.raises(NotARepository):
        await place.sources.head(Source(place.url.replace("hello", "nothing"), "main"))


async def test_a_commit_is_found_by_branch_tag_and_sha(place: Place) -> None:
    first = place.author.commit({"a": b"a"}, "First")
    place.author.tag("v1", first)
    second = place.author.commit({"a": b"b"}, "Second")
    for ref, sha in (("main", second), ("v1", first), (first, first), (second, second)):
        assert (await place.sources.commit(source(place), ref)).sha == sha
    for ref in ("gone", "f" * 40, "--upload-pack=x"):
        with pytest.raises(NoSuchRef):
            await place.sources.commit(source(place), ref)


async def test_what_podo_yaml_says_at_a_commit(place: Place) -> None:
    none = place.author.commit({"a": b"a"}, "None")
    some = place.author.commit({"podo.yaml": b"port: 9000\nenvironments:\n  prod: {replicas: 3}\n"}, "Some")
    bad = place.author.commit({"podo.yaml": b"port: 9000\nreplicsa: 3\n"}, "Bad")
    assert await place.sources.values(source(place), none) == {}
    assert await place.sources.values(source(place), some) == {
        "values": {"port": 9000},
        "environments": {"prod": {"replicas": 3}},
    }
    with pytest.raises(PodoYamlInvalid) as caught:
        await place.sources.values(source(place), bad)
    assert caught.value.data["line"] == 2


async def test_a_podo_yaml_that_is_too_large_or_a_link_out_is_not_read(place: Place) -> None:
    large = place.author.commit({"podo.yaml": b"# " + b"x" * 70_000}, "Large")
    with pytest.raises(PodoYamlInvalid, match="64 KiB"):
        await place.sources.values(source(place), large)
    link = place.author.commit({"podo.yaml": TwinFile(b"../../../etc/passwd", EntryKind.link)}, "Link")
    assert await place.sources.values(source(place), link) == {}
    inside = place.author.commit(
        {"podo.yaml": TwinFile(b"deploy/podo.yaml", EntryKind.link), "deploy/podo.yaml": b"port: 1"}, "In"
    )
    assert (await place.sources.values(source(place), inside))["values"] == {"port": 1}


async def test_whether_a_commit_has_a_file(place: Place) -> None:
    sha = place.author.commit({"Dockerfile": b"FROM scratch", "deploy/Dockerfile": b"x", "big": b"x" * (2 << 20)}, "Files")
    for path, there in (
        ("Dockerfile", True),
        ("./deploy/Dockerfile", True),
        ("big", True),
        ("deploy", False),
        ("dockerfile", False),
        ("../Dockerfile", False),
        ("/etc/passwd", False),
    ):
        assert await place.sources.has(source(place), sha, path) is there, path


async def test_a_credential_is_used_and_never_shown() -> None:
    git = GitTwin()
    repository = git.made("https://git.example.com/team/secret.git", Token("t0ken"))
    sha = repository.commit({"a": b"a"}, "First")
    sources = GitSources(git, Schema())  # type: ignore[arg-type]
    let_in = Source("https://git.example.com/team/secret.git", "main", " t0ken\n")
    assert (await sources.head(let_in)).sha == sha
    assert "t0ken" not in repr(let_in)
    with pytest.raises(AuthFailed):
        await sources.head(Source("https://git.example.com/team/secret.git", "main"))
