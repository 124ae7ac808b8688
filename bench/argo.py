"""A real Argo CD before a cluster, out of its part: its controller, its repo server and Redis, as their own install has them.

It has no web page and no server: applications are made by the API server. Its repository is a folder of this machine.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bench import machine
from podo.clients.kubernetes.local import parts
from podo.clients.kubernetes.real import RealCluster, connect
from podo.clients.kubernetes.types import Kind
from tools import system

NAME = "Argo CD 3.6.1"
_APPLICATION = Kind("argoproj.io/v1alpha1", "Application")
_SPACE = "argocd"
_PATIENCE, _STARTING = 300, 60
_BRANCH = "main"

Manifest = dict[str, Any]


class Missing(Exception):
    """What it needs is not on this machine; says how to get it."""


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds until all applications were synced and healthy, CPU seconds of controller and repo server, MB they then hold."""

    seconds: float
    cpu: float
    mb: float


def missing() -> str:
    """Why it cannot run here; empty when it can."""
    try:
        parts.find("argocd")
    except parts.PartMissing as missing:
        return str(missing)
    return "" if system.program("redis-server") else "redis-server is not installed"


class ArgoCD:
    """One that runs. `projects` are its applications."""

    def __init__(self, client: RealCluster, repository: Path, pids: Sequence[int], projects: Sequence[str]) -> None:
        self._client = client
        self._repository = repository
        self._pids = pids
        self._projects = projects

    async def deploy(self, manifests: Mapping[str, Sequence[Manifest]]) -> Took:
        """Commit these, by project, and wait until they are what runs. What is new to it is made an application first."""
        revision = await asyncio.to_thread(self._commit, manifests)
        begun, used = time.perf_counter(), self._used()
        there = {m["metadata"]["name"] for m in (await self._client.list(_APPLICATION, namespace=_SPACE)).items}
        await asyncio.gather(*(self._refresh(p) if p in there else self._make(p) for p in self._projects))
        async with asyncio.timeout(_PATIENCE):
            while not await self._is_done(revision):  # noqa: ASYNC110 - it is a server that is waited for
                await asyncio.sleep(0.5)
        took, cpu = time.perf_counter() - begun, self._used() - used
        return Took(took, cpu, sum(machine.resident(pid) for pid in self._pids))

    def _used(self) -> float:
        return sum(machine.cpu(pid, waited=True) for pid in self._pids)

    def _commit(self, manifests: Mapping[str, Sequence[Manifest]]) -> str:
        for project, each in manifests.items():
            folder = self._repository / project
            folder.mkdir(exist_ok=True)
            (folder / "all.yaml").write_text(yaml.safe_dump_all(each))
        _git(self._repository, "add", "-A")
        _git(self._repository, "commit", "-q", "-m", "All of them")
        return _git(self._repository, "rev-parse", "HEAD")

    async def _make(self, project: str) -> None:
        source = {"repoURL": f"file://{self._repository}", "path": project, "targetRevision": _BRANCH}
        spec = {
            "project": "default",
            "source": source,
            "destination": {"server": "https://kubernetes.default.svc", "namespace": project},
            "syncPolicy": {"automated": {"prune": True}},
        }
        await self._client.create(
            {**_of(_APPLICATION), "metadata": {"name": project, "namespace": _SPACE}, "spec": spec}, field_manager="bench"
        )

    async def _refresh(self, project: str) -> None:
        """As a webhook of the repository does, so that nobody waits for its next look."""
        body = {"metadata": {"annotations": {"argocd.argoproj.io/refresh": "normal"}}}
        await self._client.patch(_APPLICATION.ref(project, _SPACE), body, field_manager="bench")

    async def _is_done(self, revision: str) -> bool:
        found = (await self._client.list(_APPLICATION, namespace=_SPACE)).items
        return len(found) == len(self._projects) and all(_stands(m.get("status", {}), revision) for m in found)


def _stands(status: Mapping[str, Any], revision: str) -> bool:
    sync, health = status.get("sync", {}), status.get("health", {})
    return (sync.get("status"), sync.get("revision"), health.get("status")) == ("Synced", revision, "Healthy")


@contextlib.asynccontextmanager
async def running(kubeconfig: Path, folder: Path, projects: Sequence[str]) -> AsyncGenerator[ArgoCD, None]:
    """Over the cluster of `kubeconfig`, in an empty `folder`; ended at the end."""
    if why := missing():
        raise Missing(why)
    repository = folder / "repository"
    for name in ("repository", "tls", "ssh", "gnupg", "plugins", "bin", "home"):
        (folder / name).mkdir(parents=True)
    _git(repository, "init", "-q", "-b", _BRANCH)
    verify = folder / "bin" / "git-verify-wrapper.sh"
    verify.write_text("#!/bin/sh\nexit 0\n")
    verify.chmod(0o755)
    # It is the cluster that it runs in, which it knows by this file.
    (folder / "home" / ".kube").mkdir()
    shutil.copyfile(kubeconfig, folder / "home" / ".kube" / "config")
    client = connect(kubeconfig)
    try:
        await _installed(client)
        with _programs(kubeconfig, folder) as started:
            await started.listening()
            yield ArgoCD(client, repository, started.pids, projects)
            started.check()
    finally:
        await client.close()


async def _installed(client: RealCluster) -> None:
    """What its own install brings to a cluster, and the project that its server makes."""
    there = parts.find("argocd")
    empty: Manifest = {"data": {"auth": base64.b64encode(b"").decode()}}
    given: list[Manifest] = [yaml.safe_load(path.read_text()) for path in sorted(there.glob("*.yaml"))]
    given.sort(key=lambda m: m["kind"] != "CustomResourceDefinition")
    await client.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": _SPACE}}, field_manager="bench")
    for manifest in given:
        if manifest["kind"] != "CustomResourceDefinition":
            manifest["metadata"]["namespace"] = _SPACE
        await client.apply(manifest, field_manager="bench")
    await client.apply(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "argocd-redis", "namespace": _SPACE}, **empty},
        field_manager="bench",
    )
    anything = {"group": "*", "kind": "*"}
    spec = {
        "sourceRepos": ["*"],
        "destinations": [{"server": "*", "namespace": "*"}],
        "clusterResourceWhitelist": [anything],
    }
    project = {"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": {"name": "default", "namespace": _SPACE}}
    async with asyncio.timeout(60):
        while True:
            with contextlib.suppress(Exception):
                await client.discover()
                await client.apply({**project, "spec": spec}, field_manager="bench")
                return
            await asyncio.sleep(0.5)


@dataclass(slots=True)
class _Started:
    """The programs, by name; each writes `<name>.log` in `folder`, and answers at its port."""

    folder: Path
    processes: dict[str, subprocess.Popen[bytes]]
    ports: Mapping[str, int]

    @property
    def pids(self) -> list[int]:
        """Of those that count: Redis does not."""
        return [self.processes[name].pid for name in ("repo", "controller")]

    def check(self) -> None:
        """Raise what one said that has ended."""
        for name, process in self.processes.items():
            if process.poll() is not None:
                raise RuntimeError(f"{name} ended:\n{(self.folder / f'{name}.log').read_text()[-2000:]}")

    async def listening(self) -> None:
        """Until all do."""
        async with asyncio.timeout(_STARTING):
            for port in self.ports.values():
                while True:
                    self.check()
                    with contextlib.suppress(OSError):
                        _, writer = await asyncio.open_connection("127.0.0.1", port)
                        writer.close()
                        break
                    await asyncio.sleep(0.2)


@contextlib.contextmanager
def _programs(kubeconfig: Path, folder: Path) -> Iterator[_Started]:
    ports = {name: machine.free_port() for name in ("redis", "repo", "controller")}
    commands = _commands(kubeconfig, ports)
    with contextlib.ExitStack() as undone:
        started = _Started(folder, {}, ports)
        for name, command in commands.items():
            log = undone.enter_context((folder / f"{name}.log").open("wb"))
            process = subprocess.Popen(
                command, cwd=folder, env=_environment(folder), stdout=log, stderr=log, start_new_session=True
            )
            undone.callback(_end, process)
            started.processes[name] = process
        yield started


def _commands(kubeconfig: Path, ports: Mapping[str, int]) -> dict[str, list[str]]:
    there = parts.find("argocd")
    redis, repo = (f"127.0.0.1:{ports[name]}" for name in ("redis", "repo"))
    cache = ["--redis", redis, "--loglevel", "warn"]
    return {
        "redis": [str(system.program("redis-server")), "--port", str(ports["redis"]), "--bind", "127.0.0.1", "--save", ""],
        "repo": [
            *(str(there / "argocd-repo-server"), *cache, "--disable-tls", "--client-ca-path", ""),
            *("--address", "127.0.0.1", "--port", str(ports["repo"])),
            *("--metrics-address", "127.0.0.1", "--metrics-port", str(machine.free_port())),
        ],
        "controller": [
            *(str(there / "argocd-application-controller"), *cache, "--kubeconfig", str(kubeconfig), "--namespace", _SPACE),
            *("--repo-server", repo, "--repo-server-plaintext", "--metrics-port", str(ports["controller"])),
        ],
    }


def _environment(folder: Path) -> dict[str, str]:
    path = [str(folder / "bin"), os.environ["PATH"]]
    with contextlib.suppress(parts.PartMissing):
        path.insert(0, str(parts.find("helm")))
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(("ARGOCD_", "PODO_"))},
        "PATH": os.pathsep.join(path),
        "HOME": str(folder / "home"),
        # Or the controller looks for a service account.
        "ARGOCD_FAKE_IN_CLUSTER": "true",
        "ARGOCD_GPG_ENABLED": "false",
        "ARGOCD_TLS_DATA_PATH": str(folder / "tls"),
        "ARGOCD_SSH_DATA_PATH": str(folder / "ssh"),
        "ARGOCD_GNUPGHOME": str(folder / "gnupg"),
        "ARGOCD_PLUGINSOCKFILEPATH": str(folder / "plugins"),
    }


def _end(process: subprocess.Popen[bytes]) -> None:
    """With what it started: the session is its own."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _git(folder: Path, *arguments: str) -> str:
    known = ["-c", "user.name=Bench", "-c", "user.email=bench@podo.example"]
    done = subprocess.run(["git", *known, *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _of(kind: Kind) -> Manifest:
    return {"apiVersion": kind.api_version, "kind": kind.kind}
