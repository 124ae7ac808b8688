"""How a Dockerfile is read: as BuildKit and buildah do, and never with a crash."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from podo.clients.buildah import DockerfileInvalid, read
from podo.kernel import clock


def test_stages_have_names_and_bases_and_the_last_is_built() -> None:
    file = read(
        "# syntax=docker/dockerfile:1\n\nARG VERSION=3.11\nFROM --platform=$BUILDPLATFORM python:${VERSION}-slim AS Build\n"
        "RUN pip install x\nfrom build\nCOPY --from=nginx:1 /a /b\nCOPY --from=0 /c /d\n"
        "RUN --mount=type=bind,from=golang,target=/go true\n"
    )
    assert [(stage.name, stage.base, stage.line, stage.parent) for stage in file.stages] == [
        ("build", "python:3.11-slim", 4, None),
        ("", "build", 6, 0),
    ]
    assert file.images == (("python:3.11-slim", 4), ("nginx:1", 7), ("golang", 9))


def test_what_is_not_needed_is_not_fetched() -> None:
    file = read("FROM a AS one\nFROM b AS two\nFROM c\nCOPY --from=one /x /x\n")
    assert [stage.base for stage in file.needed] == ["a", "c"]
    assert file.images == (("a", 1), ("c", 3))


@pytest.mark.parametrize(
    ("text", "user", "ports"),
    [
        ("FROM a\n", None, ()),
        ("FROM a\nUSER app\nEXPOSE 8080\n", "app", (8080,)),
        ("FROM a\nUSER 1000:1000\nUSER 7\nEXPOSE 80 53/udp 80/tcp 9000-9002/TCP\n", "7", (80, 53, 9000, 9001, 9002)),
        ("FROM a AS b\nUSER x\nEXPOSE 1\nFROM b\nEXPOSE 2\n", "x", (1, 2)),
        ("FROM a AS b\nUSER x\nEXPOSE 1\nFROM a\n", None, ()),
        ("FROM a\nARG P=1\nENV P=2 Q=$P\nEXPOSE $P $Q\n", None, (2, 1)),
        ("ARG P=7\nFROM a\nEXPOSE ${P:-5}\nARG P\nEXPOSE $P\n", None, (5, 7)),
        ("FROM a\nENV P 80 81\nEXPOSE $P $UNKNOWN\nUSER $UNKNOWN\n", "$UNKNOWN", (80, 81)),
        ('FROM a\nUSER "the user"\nENV X=\'$Y\' Z="a \\"b\\" c"\nUSER ${NONE:-${Z}}\n', 'a "b" c', ()),
        ("FROM a\nUSER \\$x\nUSER ${Q+no}${Q:-yes}\n", "yes", ()),
        ("# escape=`\nFROM a\nRUN dir `\n  c:\\\nUSER x`\n\n# a comment\ny\n", "xy", ()),
        ("FROM a\r\nUSER x\\\r\n # comment\r\n\r\ny\r\n", "xy", ()),
        ("\ufeffFROM a\nUSER x", "x", ()),
        ("FROM a\nRUN <<EOF\nUSER no\nFROM no\nEOF\nUSER yes\n", "yes", ()),
        ("FROM a\nRUN <<-'A' cat <<B\n\tA\nUSER no\nB\nCOPY <<x /y\nUSER no\nx\nUSER yes\n", "yes", ()),
        ('FROM a\nRUN echo "<<EOF" $((1 << 2))\nUSER yes\n', "yes", ()),
        ("FROM a\nONBUILD USER no\nRUN true\\\\\nUSER yes\n", "yes", ()),
    ],
)
def test_user_and_ports_are_the_final_stages(text: str, user: str | None, ports: tuple[int, ...]) -> None:
    file = read(text)
    assert (file.user, file.ports) == (user, ports)
    assert read(text.encode()) == file


@pytest.mark.parametrize(
    ("text", "entrypoint", "command"),
    [
        ("FROM a\n", None, None),
        ('FROM a\nENTRYPOINT ["a", "b"]\nCMD ["c"]\n', ("a", "b"), ("c",)),
        ("FROM a\nCMD run it\n", None, ("/bin/sh", "-c", "run it")),
        ('FROM a\nSHELL ["bash", "-c"]\nENTRYPOINT [not json]\n', ("bash", "-c", "[not json]"), None),
        ('FROM a AS b\nCMD ["x"]\nFROM b\nENTRYPOINT ["y"]\n', ("y",), None),
        ('FROM a\nCMD ["x"]\nENTRYPOINT ["y"]\n', ("y",), ("x",)),
        ("FROM a\nCMD []\nENTRYPOINT\n", (), ()),
    ],
)
def test_what_is_started(text: str, entrypoint: tuple[str, ...] | None, command: tuple[str, ...] | None) -> None:
    file = read(text)
    assert (file.entrypoint, file.command) == (entrypoint, command)


@pytest.mark.parametrize(
    ("args", "base", "user"),
    [(None, "a:${V}", "$W"), ({}, "a:", None), ({"V": "1", "W": "x"}, "a:1", "x"), ({"V": "1", "NOT": "declared"}, "a:1", None)],
)
def test_arguments_fill_what_was_declared(args: Mapping[str, str] | None, base: str, user: str | None) -> None:
    file = read("ARG V\nFROM a:${V}\nARG W\nUSER $W\n", args)
    assert (file.final.base, file.user) == (base, user)
    assert read("FROM a\nUSER $NOT\n", {"NOT": "x"}).user is None


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("", 1, "no instruction"),
        ("\n\n# only a comment\n", 1, "no instruction"),
        ("ARG A=1\n", 1, "no FROM"),
        ("\nRUN a\nFROM b\n", 2, "RUN stands before the first FROM"),
        ("FROM a\nRUN \\\n b\nFOO c\n", 4, "“FOO” is no instruction"),
        ("FROM\n", 1, "says nothing"),
        ("FROM a b\n", 1, "has the form"),
        ("FROM a AS 9b\n", 1, "stage's name"),
        ("FROM a\nUSER\n", 2, "says nothing"),
        ("FROM a\nUSER a b\n", 2, "one user"),
        ("FROM a\nEXPOSE 80 http\n", 2, "“http” is no port"),
        ("FROM a\nEXPOSE 0\n", 2, "no port"),
        ("FROM a\nEXPOSE 65536\n", 2, "no port"),
        ("FROM a\nEXPOSE 9-8\n", 2, "no port"),
        ("FROM a\nENV A\n", 2, "“A” has no value"),
        ("FROM a\nENV A=1 B\n", 2, "name=value"),
        ('FROM a\nLABEL A="x\n', 2, "closing"),
        ("FROM a\nLABEL A=${x\n", 2, "closing }"),
        ("FROM a\nENV A=${}\n", 2, "no variable"),
        ("FROM a\nUSER ${A:?none}\n", 2, "A: none"),
        ("FROM a\nCOPY a\n", 2, "a source and a destination"),
        ("FROM a\nCOPY --from=0 a b\n", 2, "stage 0"),
        ("FROM a AS x\nCOPY --from=x a b\n", 2, "stage x"),
        ("FROM a\nSHELL bash\n", 2, "JSON"),
        ("FROM a\nHEALTHCHECK --interval=5s curl\n", 2, "CMD or NONE"),
        ("FROM a\nONBUILD FROM b\n", 2, "ONBUILD"),
        ("FROM a\nRUN <<EOF\necho\n", 2, "does not end"),
        ("# escape=x\nFROM a\n", 1, "escape"),
        ("# escape=`\n# escape=`\nFROM a\n", 2, "twice"),
        ("FROM a\n" + "ENV A=1\n" * 2000, 2001, "instructions"),
        ("FROM a\n" + "x" * (1 << 18), 1, "longer"),
        ("FROM a\nENV A=" + "x" * 1000 + "\n" + "ENV A=$A$A\n" * 30, 9, "grows"),
        ("FROM a\n" + "EXPOSE 1-65535\n" * 100, 17, "without bounds"),
        ("FROM a\nENV A=" + "${A:-" * 30 + "}" * 30, 2, "too deep"),
        ("FROM a\nCMD " + "[" * 100_000 + "\nFOO", 3, "no instruction"),
    ],
)
def test_what_cannot_be_built_is_refused_with_its_line(text: str, line: int, why: str) -> None:
    with pytest.raises(DockerfileInvalid) as error:
        read(text)
    assert why in error.value.data["why"]
    assert error.value.data["line"] == line
    assert f"line {line}:" in str(error.value)


_WORDS = st.sampled_from(
    [
        *(
            "FROM a",
            "FROM scratch AS b",
            "ARG X=1",
            "ENV",
            "USER",
            "EXPOSE",
            "RUN",
            "COPY --from=",
            "LABEL",
            "CMD [",
            "ONBUILD ",
            "SHELL ",
        ),
        *(
            " ",
            "\n",
            "\\\n",
            "\r\n",
            "#",
            "# escape=`\n",
            "`",
            "$X",
            "${",
            "}",
            ":-",
            '"',
            "'",
            "=",
            "<<EOF",
            "\nEOF\n",
            "a",
            "1-9",
            "[",
        ),
    ]
)


def refused(content: str | bytes, args: Mapping[str, str] | None) -> DockerfileInvalid | None:
    """Why a file is refused. One that is read makes sense."""
    try:
        file = read(content, args)
    except DockerfileInvalid as error:
        return error
    assert file.stages
    assert file.stages[-1] in file.needed
    assert all(0 < port < 65536 for port in file.ports)
    return None


def check(content: str | bytes) -> None:
    """It is read, or refused with one of its lines."""
    text = content if isinstance(content, str) else content.decode(errors="replace")
    for args in (None, {}, {"X": "$X"}):
        if error := refused(content, args):
            assert 1 <= error.data["line"] <= text.count("\n") + 1
            assert error.data["why"] in str(error)


@given(st.binary(max_size=400))
@example(b"\x00")
@example(b"FROM \xff\xfe\n")
@example(b"\xef\xbb\xbf")
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    check(content)


@given(st.lists(_WORDS, max_size=40).map("".join))
def test_anything_like_a_dockerfile_is_read_or_refused(content: str) -> None:
    check(f"FROM a\n{content}")


@pytest.mark.parametrize(
    "text",
    [
        "FROM a\nRUN " + "--mount=x " * 25_000,
        "FROM a\nENV " + "A=1 " * 60_000,
        "FROM a\n" + "\\\n" * 130_000,
        "FROM a\nUSER " + "${" * 100_000,
        "FROM a\nUSER " + "\\ " * 100_000 + "x",
        "FROM a\nRUN " + "<<a " * 60_000,
        "FROM a AS b\nENV " + "".join(f"A{n}=1 " for n in range(20_000)) + "\n" + "FROM b AS b\n" * 1900,
        "# " * 130_000,
    ],
)
def test_no_file_takes_long(text: str) -> None:
    begun = clock.monotonic()
    refused(text, {})
    assert clock.monotonic() - begun < 5
