"""Start, stop and list local clusters. Synchronous: each call returns when what it says is so."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import re
import shutil
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import httpx
import yaml

from podo.clients.kubernetes.local import control_plane, nodes, parts, processes
from podo.kernel import clock
from podo.kernel.errors import N_, Invalid, Missing, Unavailable

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")
_PATIENCE = 60.0
_ATTEMPTS = 3
_FACTS = "cluster.json"


class ClusterNameInvalid(Invalid):
    """A cluster's name becomes a folder and part of its nodes' names."""

    code = "kubernetes.local_name"
    so = N_("“{name}” cannot be a local cluster's name.")
    do = N_("Use 1 to 40 small letters, digits and dashes, with a letter or digit at both ends.")


class ClusterMissing(Missing):
    """There is no local cluster of this name."""

    code = "kubernetes.local_missing"
    so = N_("There is no local cluster “{name}”.")
    do = N_("“podo dev cluster list” shows those that are there.")


class ClusterNotStarted(Unavailable):
    """A part of the control plane ended, or did not answer in time. What was started is ended; the logs stay."""

    code = "kubernetes.local_not_started"
    so = N_("The local cluster “{name}” did not start: {why}.")
    do = N_("Look into {logs}, then start it again.")


@dataclass(frozen=True, slots=True)
class LocalCluster:
    """A control plane on this machine. `pids` are its running processes by name, `dead` those that run no more.

    `kubeconfig` is an administrator's. `nodes` is how many it was started with. It works as long as `dead` is empty.
    """

    name: str
    directory: Path
    kubeconfig: Path
    api_url: str
    region: str
    nodes: int
    started_at: datetime
    pids: dict[str, int]
    dead: Sequence[str] = ()

    @property
    def memory(self) -> int:
        """Bytes that its processes hold now."""
        return processes.memory(list(self.pids.values()))


def home(directory: Path | None = None) -> Path:
    """The folder that holds a folder for each cluster; `directory` wins over `$XDG_STATE_HOME`."""
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    return (directory or state / "podo" / "clusters").resolve()


def up(name: str, directory: Path | None = None, *, nodes: int = 3, region: str | None = None) -> LocalCluster:
    """Start the cluster `name`, or give the one that runs; one that is dead or half started is started afresh, empty.

    Returns when its nodes are ready. Raises `PartMissing`, `ClusterNameInvalid`, `ClusterNotStarted`.
    """
    folder = _folder(name, directory)
    for part in ("kubernetes", "kwok"):
        parts.find(part)
    with _alone(folder):
        running = _read(folder)
        if running is not None and not running.dead:
            return running
        for attempt in range(_ATTEMPTS):
            _clear(folder)
            try:
                return _start(folder, nodes, region or name)
            except PortTaken:
                if attempt == _ATTEMPTS - 1:
                    raise ClusterNotStarted(name=name, why="its ports were taken by others", logs=folder / "logs") from None
            except BaseException:
                processes.end(folder)
                raise
    raise AssertionError("every attempt returns or raises")


def down(name: str, directory: Path | None = None) -> None:
    """End the processes of the cluster `name` and remove all it wrote. Raises `ClusterMissing`."""
    folder = _folder(name, directory)
    if not folder.is_dir():
        raise ClusterMissing(name=name)
    with _alone(folder):
        _clear(folder)


def clusters(directory: Path | None = None) -> list[LocalCluster]:
    """All local clusters, by name; those that died are among them."""
    found = (_read(folder) for folder in sorted(home(directory).glob("*")) if folder.is_dir())
    return [cluster for cluster in found if cluster is not None]


class PortTaken(Exception):
    """Somebody else began to listen on a port that was free a moment ago."""


def _folder(name: str, directory: Path | None) -> Path:
    if not _NAME.fullmatch(name):
        raise ClusterNameInvalid(name=name, fields={"name": name})
    return home(directory) / name


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One at a time starts or stops a cluster. The lock lies beside the folder, since the folder comes and goes."""
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder.parent / f".{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _read(folder: Path) -> LocalCluster | None:
    """The cluster in `folder`; None when it was never up."""
    try:
        facts = json.loads((folder / _FACTS).read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return LocalCluster(
        name=folder.name,
        directory=folder,
        kubeconfig=control_plane.kubeconfig(folder),
        api_url=facts["api_url"],
        region=facts["region"],
        nodes=facts["nodes"],
        started_at=datetime.fromisoformat(facts["started_at"]),
        pids=processes.alive(folder),
        dead=processes.dead(folder),
    )


def _clear(folder: Path) -> None:
    processes.end(folder)
    shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path, count: int, region: str) -> LocalCluster:
    folder.mkdir(mode=0o700)
    ports = control_plane.free_ports()
    control_plane.write(folder, folder.name, ports)
    _launch(folder, control_plane.store(folder))
    wait(folder, "etcd to listen", control_plane.store_socket(folder).exists)
    _launch(folder, control_plane.api_server(folder, ports))
    api_url = f"https://127.0.0.1:{ports.api}"
    with _client(folder, api_url) as api:
        # It serves a second before it is ready: enough for the others to begin.
        wait(folder, "the API server to listen", lambda: _answers(api, "/version"))
        for program in (*control_plane.controllers(folder), control_plane.kubelets(folder, ports)):
            _launch(folder, program)
        wait(folder, "the API server to be ready", lambda: _answers(api, "/readyz"))
        for number in range(count):
            api.post("/api/v1/nodes", json=nodes.node(number, region, ports.kubelet)).raise_for_status()
        wait(folder, "its nodes to be ready", lambda: _ready_nodes(api) == count)
        # Without it, the first pods of a cluster are refused.
        wait(folder, "its controllers", lambda: _answers(api, "/api/v1/namespaces/default/serviceaccounts/default"))
    facts = {"api_url": api_url, "region": region, "nodes": count, "started_at": clock.now().isoformat()}
    unfinished = folder / f".{_FACTS}"
    unfinished.write_text(json.dumps(facts))
    unfinished.rename(folder / _FACTS)
    started = _read(folder)
    assert started is not None
    return started


def _launch(folder: Path, program: control_plane.Program) -> None:
    processes.launch(folder, program.name, program.command, program.environment)


def _client(folder: Path, api_url: str) -> httpx.Client:
    token = yaml.safe_load(control_plane.kubeconfig(folder).read_text())["users"][0]["user"]["token"]
    return httpx.Client(
        base_url=api_url,
        headers={"Authorization": f"Bearer {token}"},
        verify=ssl.create_default_context(cafile=folder / "ca.crt"),
        timeout=10,
        trust_env=False,
    )


def wait(folder: Path, what: str, done: Callable[[], bool]) -> None:
    """Return once `done`. Raises as soon as a process of the cluster has ended, or when it takes too long."""
    until = clock.monotonic() + _PATIENCE
    while not done():
        if gone := processes.dead(folder):
            _explain(folder, gone[0])
        if clock.monotonic() > until:
            raise ClusterNotStarted(name=folder.name, why=f"waited {_PATIENCE:.0f} s for {what}", logs=folder / "logs")
        time.sleep(0.05)


def _explain(folder: Path, gone: str) -> None:
    log = (folder / "logs" / f"{gone}.log").read_text(errors="replace")
    if "address already in use" in log:
        raise PortTaken
    last = log.strip().splitlines()[-1:] or ["it said nothing"]
    raise ClusterNotStarted(name=folder.name, why=f"{gone} ended: {last[0][:300]}", logs=folder / "logs")


def _answers(api: httpx.Client, path: str) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return api.get(path).is_success
    return False


def _ready_nodes(api: httpx.Client) -> int:
    found = api.get("/api/v1/nodes").raise_for_status().json()["items"]
    conditions = (c for node in found for c in node["status"].get("conditions", ()))
    return sum(c["type"] == "Ready" and c["status"] == "True" for c in conditions)
