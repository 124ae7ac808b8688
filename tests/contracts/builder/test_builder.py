"""What a builder promises: buildah and the twin give the same answers."""

from __future__ import annotations

import asyncio
import os

import pytest

from podo.clients.buildah import (
    BuildFailed,
    BuildTimedOut,
    DockerfileInvalid,
    DockerfileMissing,
    FolderUnsafe,
    ImageMissing,
    PushRefused,
)
from podo.clients.registry import Login, RegistryUnreachable
from tests.contracts.builder.worlds import Work

HELLO = "FROM scratch\nCOPY hello /hello\n"


async def test_a_builder_says_who_it_is(work: Work) -> None:
    assert await work.world.builder.available()
    name, simulated = work.world.builder.name, work.world.builder.simulated
    assert (name == "twin") == simulated
    assert name == "twin" or name.startswith("buildah 1.")


async def test_an_image_is_built_and_its_digest_is_what_the_registry_answers(work: Work) -> None:
    work.has(Dockerfile=HELLO, hello="hello")
    built = await work.build()
    assert built.digest == await work.world.registry.resolve(work.image())
    assert await work.world.registry.exists(work.image().at(built.digest))
    assert (built.user, built.ports) == ("", ())
    assert built.size == (await work.world.registry.config(work.image())).size > 0
    assert "STEP 1/2: FROM scratch" in work.lines
    assert "STEP 2/2: COPY hello /hello" in work.lines
    assert work.lines[-1] == "Storing signatures"


async def test_the_same_gives_the_same_and_another_gives_another(work: Work) -> None:
    work.has(Dockerfile=HELLO, hello="hello")
    first = await work.build()
    assert (await work.build(image=work.image("v2"))).digest == first.digest
    work.has(hello="good-bye")
    assert (await work.build(image=work.image("v3"))).digest != first.digest
    assert await work.world.registry.resolve(work.image("v1")) == first.digest


async def test_what_the_dockerfile_says_is_in_the_image(work: Work) -> None:
    tricky = 'a "quoted" $HOME \\ back\nand 포도'
    work.has(
        hello="hello",
        Dockerfile='FROM scratch\nARG WHO=nobody\nENV PORT=8080\nCOPY hello /\nLABEL one=1 two="2 2"\nUSER $WHO:7\n'
        'EXPOSE ${PORT} 53/udp\nENTRYPOINT ["/hello"]\nCMD ["a", "b c"]\n',
    )
    built = await work.build(labels={"two": "zwei", "note": tricky}, args={"WHO": "grape", "UNUSED": "x"})
    config = await work.world.registry.config(work.image())
    assert (config.user, config.ports, config.entrypoint, config.command) == (
        "grape:7",
        ("53/udp", "8080/tcp"),
        ("/hello",),
        ("a", "b c"),
    )
    assert dict(config.labels) == {"one": "1", "two": "zwei", "note": tricky}
    assert (built.user, built.ports) == ("grape:7", (53, 8080))


STARTED: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ('CMD ["a"]\nENTRYPOINT ["/hello"]\n', ("/hello",), ("a",)),
    ('ENTRYPOINT ["/hello"]\nCMD\n', ("/hello",), ()),
    ('SHELL ["/hello", "-e"]\nENTRYPOINT run "it"\n', ("/hello", "-e", 'run "it"'), ()),
    ('CMD ["a", "\\\\"]\nFROM one\n', (), ("a", "\\")),
    ('CMD ["a"]\nENTRYPOINT ["b"]\nFROM one\nEXPOSE 80-82\n', ("b",), ("a",)),
    ('CMD ["a"]\nFROM one\nENTRYPOINT ["b"]\n', ("b",), ()),
)


async def test_what_is_started_is_as_docker_has_it(work: Work) -> None:
    for steps, entrypoint, command in STARTED:
        work.has(hello="hello", Dockerfile=f"FROM scratch AS one\nCOPY hello /\n{steps}")
        built = await work.build()
        config = await work.world.registry.config(work.image())
        assert (config.entrypoint, config.command) == (entrypoint, command)
        assert built.ports == ((80, 81, 82) if "EXPOSE" in steps else ())


async def test_stages_build_on_each_other_and_on_images_of_a_private_registry(work: Work) -> None:
    work.has(hello="hello", Dockerfile=f'{HELLO}USER 5\nEXPOSE 9000\nLABEL by=base\nCMD ["/hello"]\n')
    await work.build(image=work.image("1", "team/base"))
    base = f"{work.world.host}/team/base:1"
    work.has(
        Dockerfile=f"ARG BASE\nFROM $BASE AS one\nFROM scratch AS unused\nCOPY nothing /\n"
        f"FROM one\nEXPOSE 9001\nCOPY --from=one /hello /copied\nCOPY --from={base} /hello /again\n"
    )
    built = await work.build(args={"BASE": base})
    config = await work.world.registry.config(work.image())
    assert (built.user, built.ports, config.command) == ("5", (9000, 9001), ("/hello",))
    assert config.labels["by"] == "base"
    assert f"[1/3] STEP 1/1: FROM {base} AS one" in work.lines
    assert not any("COPY nothing" in line for line in work.lines)


async def test_a_run_that_fails_is_named_and_its_log_is_kept(work: Work) -> None:
    work.with_shell("RUN \\\n  echo one && sleep 1 && \\\n  exit 3", "USER 7")
    with pytest.raises(BuildFailed) as error:
        await work.build()
    assert (error.value.data["line"], error.value.data["exit"], error.value.data["why"]) == (3, 3, "exit code 3, after “one”")
    assert "line 3 of the Dockerfile (RUN" in str(error.value)
    assert "one" in work.lines
    assert work.lines[-1].startswith("Error: building at STEP")
    assert not await work.world.registry.exists(work.image())
    work.write("Dockerfile", "FROM scratch AS unused\n" + (work.folder / "Dockerfile").read_text())
    with pytest.raises(BuildFailed, match=r"line 4 of the Dockerfile \(RUN"):
        await work.build()


async def test_a_source_that_is_not_there_fails_at_its_line(work: Work) -> None:
    (work.folder.parent / "outside").write_text("not ours")
    work.has(hello="hello", hidden="x")
    work.write(".dockerignore", "# a comment\n**/hid*\n")
    for source in ("hello nothing", "*.jar", "hidden", "../outside", "*.jar hidden"):
        work.has(Dockerfile=f"{HELLO}COPY {source} /there/\n")
        with pytest.raises(BuildFailed, match="no such file or directory") as error:
            await work.build()
        assert (error.value.data["line"], error.value.data["exit"]) == (3, 125)
        assert str(work.folder) not in f"{error.value} {work.lines}"


async def test_sources_are_paths_and_patterns(work: Work) -> None:
    sources = ("hello", "h*o", "src/", "src/*.txt", ".", "/hello", "s?c/a.txt", "./hello", "hello *.jar", "src/[^b].txt")
    work.has(hello="hello", Dockerfile="FROM scratch\n" + "".join(f"COPY {source} /there/\n" for source in sources))
    work.write("src/a.txt", "a")
    await work.build()


MALFORMED = (
    ("", 1, "no instruction"),
    ("FROM scratch\n\nFORM scratch\n", 3, "FORM"),
    ("# nothing\nRUN true\n", 2, "before the first FROM"),
    ("ARG X\nFROM $X\n", 2, "no value"),
    ("FROM scratch\nCOPY --from=3 /a /b\n", 2, "stage 3"),
    ("FROM Not/An.Image:\n", 1, "names no image"),
)


async def test_a_malformed_dockerfile_is_refused_with_its_line(work: Work) -> None:
    for text, line, why in MALFORMED:
        work.has(Dockerfile=text)
        with pytest.raises(DockerfileInvalid) as error:
            await work.build()
        assert error.value.data["line"] == line
        assert why in error.value.data["why"]
        assert work.lines == []


async def test_the_dockerfile_is_in_the_folder_or_nowhere(work: Work) -> None:
    work.write("deploy/Dockerfile.in", f'#include "/etc/hostname"\n{HELLO}')
    work.has(hello="hello")
    await work.build(dockerfile="deploy/Dockerfile.in")
    with pytest.raises(DockerfileMissing):
        await work.build()
    with pytest.raises(DockerfileMissing):
        await work.build(dockerfile="deploy")
    (work.folder.parent / "Dockerfile").write_text(HELLO)
    for path in ("../Dockerfile", str(work.folder.parent / "Dockerfile"), "deploy/../../Dockerfile", ""):
        with pytest.raises(FolderUnsafe):
            await work.build(dockerfile=path)


async def test_a_link_out_of_the_folder_is_refused(work: Work) -> None:
    work.has(Dockerfile=HELLO, hello="hello")
    work.write("sub/file", "x")
    (work.folder / "inner").symlink_to("sub/file")
    await work.build()
    for target in ("/etc/passwd", "../../outside", "../sub/../../outside"):
        (work.folder / "sub" / "link").symlink_to(target)
        with pytest.raises(FolderUnsafe, match="sub/link"):
            await work.build()
        (work.folder / "sub" / "link").unlink()
    os.mkfifo(work.folder / "pipe")
    with pytest.raises(FolderUnsafe, match="pipe"):
        await work.build()


async def test_a_registry_that_is_away_is_told_before_anything_is_built(work: Work) -> None:
    work.has(Dockerfile=HELLO, hello="hello")
    await work.world.unplug()
    with pytest.raises(RegistryUnreachable, match=work.world.host):
        await work.build()
    assert work.lines == []


async def test_a_login_that_is_not_taken_is_told_without_its_secret(work: Work) -> None:
    work.has(Dockerfile=HELLO, hello="hello")
    for login in (None, Login("podo", "wr0ng-s3cret")):
        with pytest.raises(PushRefused) as error:
            await work.build(builder=work.world.other(login))
        assert work.world.host in str(error.value)
        assert "wr0ng" not in f"{error.value!r} {work.lines}"


async def test_a_base_image_that_cannot_be_had_is_named(work: Work) -> None:
    missing = f"{work.world.host}/team/none:1"
    for text, line in ((f"FROM scratch AS a\nFROM {missing}\n", 2), (f"FROM scratch\nCOPY --from={missing} /a /b\n", 2)):
        work.has(Dockerfile=text)
        with pytest.raises(ImageMissing) as error:
            await work.build()
        assert (error.value.data["image"], error.value.data["line"]) == (missing, line)
    work.has(Dockerfile="FROM 127.0.0.1:9/team/none:1\n")
    with pytest.raises(RegistryUnreachable, match=r"127\.0\.0\.1:9 cannot be reached"):
        await work.build()


async def test_a_build_that_takes_too_long_is_ended(work: Work) -> None:
    work.with_shell("RUN echo begun && sleep 60")
    with pytest.raises(BuildTimedOut, match="5 seconds"):
        await work.build(timeout=5)
    assert "STEP 1/3: FROM scratch" in work.lines
    work.with_shell("RUN echo again")
    await work.build()


async def test_a_build_that_is_cancelled_ends_and_leaves_the_way_free(work: Work) -> None:
    work.with_shell("RUN echo begun && sleep 60")
    task = work.begin()
    await work.until("begun")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not await work.world.registry.exists(work.image())
    assert await work.world.builder.tidy()
    work.with_shell("RUN echo again")
    await work.build()


async def test_two_are_built_at_once(work: Work) -> None:
    work.has(Dockerfile=HELLO, hello="hello")
    builds = [work.build(image=work.image(f"v{n}"), labels={"n": str(n)}) for n in range(2)]
    first, second = await asyncio.gather(*builds)
    assert first.digest != second.digest
    assert await work.world.registry.tags(work.image(None)) == ("v0", "v1")


async def test_a_call_that_may_not_go_out_does_not(work: Work) -> None:
    def refuse() -> None:
        raise RuntimeError("a transaction is open")

    work.has(Dockerfile=HELLO, hello="hello")
    with pytest.raises(RuntimeError, match="transaction"):
        await work.build(builder=work.world.other(before_call=refuse))
    assert not await work.world.registry.exists(work.image())


async def test_an_image_to_push_bears_a_tag(work: Work) -> None:
    work.has(Dockerfile=HELLO, hello="hello")
    with pytest.raises(ValueError, match="tag"):
        await work.build(image=work.image(None))
    with pytest.raises(ValueError, match="label"):
        await work.build(labels={"a=b": "c"})
