"""Repositories to ask: in process, on disk, and behind HTTP with a password."""

from __future__ import annotations

import asyncio
import base64
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from aiohttp import web

from podo.clients.git import EntryKind, Git, GitBinary, GitTwin, Remote, Token, TwinFile, TwinRepository

FIRST = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
Files = Mapping[str, bytes | TwinFile | None]


class Author(Protocol):
    """Who pushes to a repository."""

    def commit(
        self, files: Files, message: str, *, branch: str = ..., start: str | None = ..., at: datetime | None = ...
    ) -> str: ...
    def tag(self, name: str, sha: str) -> None: ...
    def drop(self, branch: str) -> None: ...


class World(Protocol):
    """Where repositories are."""

    git: Git

    def made(self, name: str, token: Token | None = None) -> tuple[str, Author]: ...
    async def unplug(self) -> None: ...


@dataclass
class TwinWorld:
    git: GitTwin = field(default_factory=GitTwin)
    repositories: list[TwinRepository] = field(default_factory=list)

    def made(self, name: str, token: Token | None = None) -> tuple[str, Author]:
        repository = self.git.made(f"https://git.example.com/team/{name}.git", token)
        self.repositories.append(repository)
        return f"https://git.example.com/team/{name}.git", repository

    async def unplug(self) -> None:
        for repository in self.repositories:
            repository.up = False


class DiskAuthor:
    """Commits by git itself, in a work tree beside the bare repository."""

    def __init__(self, bare: Path) -> None:
        self.bare = bare
        self._tree = bare.with_suffix(".work")
        self._tree.mkdir()
        self._git("init", "--quiet", "--bare", "--initial-branch=main", str(bare))

    def commit(
        self, files: Files, message: str, *, branch: str = "main", start: str | None = None, at: datetime | None = None
    ) -> str:
        parent = start or self._git("for-each-ref", "--format=%(objectname)", f"refs/heads/{branch}", at=at)
        index = {"GIT_INDEX_FILE": str(self._tree / "index")}
        self._git("read-tree", *([parent] if parent else ["--empty"]), env=index)
        for path, file in files.items():
            self._place(path, TwinFile(file) if isinstance(file, bytes) else file, index)
        tree = self._git("write-tree", env=index)
        above = ["-p", parent] if parent else []
        sha = self._git("commit-tree", tree, *above, "-F", "-", stdin=message.encode(), at=at)
        self._git("update-ref", f"refs/heads/{branch}", sha)
        return sha

    def tag(self, name: str, sha: str) -> None:
        self._git("tag", "--annotate", "--message", name, name, sha)

    def drop(self, branch: str) -> None:
        self._git("update-ref", "-d", f"refs/heads/{branch}")

    def _place(self, path: str, file: TwinFile | None, index: dict[str, str]) -> None:
        if file is None:
            self._git("rm", "--quiet", "--cached", "--", path, env=index)
            return
        modes = {
            EntryKind.file: "100644",
            EntryKind.executable: "100755",
            EntryKind.link: "120000",
            EntryKind.submodule: "160000",
        }
        oid = "1" * 40 if file.kind is EntryKind.submodule else self._git("hash-object", "-w", "--stdin", stdin=file.content)
        self._git("update-index", "--add", "--cacheinfo", f"{modes[file.kind]},{oid},{path}", env=index)

    def _git(self, *arguments: str, stdin: bytes = b"", env: dict[str, str] | None = None, at: datetime | None = None) -> str:
        when = f"{int((at or FIRST).timestamp())} +0900"
        names = {f"GIT_{who}_{what}": text for who in ("AUTHOR", "COMMITTER") for what, text in _PERSON.items()}
        dates = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when, "GIT_CONFIG_GLOBAL": os.devnull}
        command = ["git", "--git-dir", str(self.bare), *arguments]
        if arguments[0] == "init":
            command = ["git", *arguments]
        done = subprocess.run(
            command, input=stdin, capture_output=True, check=True, cwd=self._tree, env=os.environ | names | dates | (env or {})
        )
        return done.stdout.decode().strip()


_PERSON = {"NAME": "Grape", "EMAIL": "grape@example.com"}


@dataclass
class FileWorld:
    folder: Path
    git: GitBinary
    bares: list[Path] = field(default_factory=list)

    def made(self, name: str, token: Token | None = None) -> tuple[str, Author]:
        bare = self.folder / f"{name}.git"
        self.bares.append(bare)
        return f"file://{bare}", DiskAuthor(bare)

    async def unplug(self) -> None:
        for bare in self.bares:
            bare.rename(bare.with_suffix(".gone"))


class HttpWorld:
    """Git's own smart HTTP backend behind a small server, with a password where one is wanted."""

    def __init__(self, folder: Path, git: Git) -> None:
        self.folder = folder
        self.git = git
        self.wanted: dict[str, Token] = {}
        self.asked: list[tuple[str, str | None]] = []
        self.port = 0
        self._runner: web.AppRunner | None = None

    def made(self, name: str, token: Token | None = None) -> tuple[str, Author]:
        if token:
            self.wanted[name] = token
        return f"http://127.0.0.1:{self.port}/{name}.git", DiskAuthor(self.folder / f"{name}.git")

    async def start(self) -> None:
        app = web.Application(client_max_size=1 << 30)
        app.router.add_route("*", "/moved/{rest:.*}", self._moved)
        app.router.add_route("*", "/slow/{rest:.*}", self._slow)
        app.router.add_route("*", "/broken/{rest:.*}", self._broken)
        app.router.add_route("*", "/page/{rest:.*}", self._page)
        app.router.add_route("*", "/{name}.git/{rest:.*}", self._backend)
        self._runner = web.AppRunner(app, shutdown_timeout=1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def unplug(self) -> None:
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    async def _moved(self, request: web.Request) -> web.StreamResponse:
        raise web.HTTPMovedPermanently(str(request.rel_url).replace("/moved", "", 1))

    async def _slow(self, request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(60)
        return web.Response()

    async def _broken(self, request: web.Request) -> web.StreamResponse:
        return web.Response(status=502)

    async def _page(self, request: web.Request) -> web.StreamResponse:
        return web.Response(
            text="<html>\n" + "<p>A page, and no repository at all.</p>\n" * 20 + "</html>\n", content_type="text/html"
        )

    async def _backend(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        self.asked.append((request.path, request.headers.get("Authorization")))
        if (token := self.wanted.get(name)) and request.headers.get("Authorization") != basic(token):
            return web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="git"'})
        process = await asyncio.create_subprocess_exec(
            *("git", "http-backend"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self._cgi(request)
        )
        out, _ = await process.communicate(await request.read())
        head, _, body = out.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        status = int(headers.pop("Status", "200 OK").split()[0])
        return web.Response(status=status, headers=headers, body=body)

    def _cgi(self, request: web.Request) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": request.method,
            "PATH_INFO": request.path,
            "QUERY_STRING": request.query_string,
            "CONTENT_TYPE": request.headers.get("Content-Type", ""),
            "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        }


def basic(token: Token) -> str:
    return "Basic " + base64.b64encode(f"{token.user}:{token.secret}".encode()).decode()


def remote(url: str, token: Token | None = None) -> Remote:
    return Remote(url, token)
