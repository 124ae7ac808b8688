"""Local clusters come up, are shared, heal, and leave nothing behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from podo.cli.client import Failed
from podo.cli.dev import dev
from podo.clients.kubernetes import local
from podo.clients.kubernetes.local import cluster, control_plane, processes
from tests import needs
from tests.contracts.cluster_local.api import PODS, Api, eventually

pytestmark = [needs.part("kubernetes"), needs.part("kwok"), pytest.mark.serial]
PROGRAMS = {"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"}
OWNER = """
import sys
from pathlib import Path
from podo.clients.kubernetes import local
with local.started("orphan", Path(sys.argv[1])):
    print("up", flush=True)
    sys.stdin.read()
"""


def mentioning(folder: Path) -> list[str]:
    """The command lines of all processes of this machine that name `folder`."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
        except OSError:
            continue
        if str(folder) in command:
            found.append(command)
    return found


def run(*arguments: str) -> str:
    result = CliRunner().invoke(dev, ["cluster", *arguments])
    if result.exception is not None:
        raise result.exception
    return result.stdout


def test_running_cluster_is_given_again_and_listed(seoul: local.LocalCluster) -> None:
    assert set(seoul.pids) == PROGRAMS
    again = local.up("seoul", seoul.directory.parent)
    assert again.pids == seoul.pids
    assert (again.started_at, again.api_url) == (seoul.started_at, seoul.api_url)
    assert [each.name for each in local.list(seoul.directory.parent)] == ["seoul"]


def test_only_its_owner_may_use_it(seoul: local.LocalCluster) -> None:
    assert seoul.kubeconfig.stat().st_mode & 0o777 == 0o600
    assert seoul.directory.stat().st_mode & 0o777 == 0o700
    anybody = ssl.create_default_context(cafile=seoul.directory / "ca.crt")
    assert httpx.get(f"{seoul.api_url}/api/v1/secrets", verify=anybody).status_code == 401
    with pytest.raises(httpx.ConnectError):
        httpx.get(seoul.api_url)


def test_kubelet_answers_the_api_server_alone(seoul: local.LocalCluster, api: Api) -> None:
    (port, *_) = {n["status"]["daemonEndpoints"]["kubeletEndpoint"]["Port"] for n in api.get("/api/v1/nodes")["items"]}
    address = f"https://127.0.0.1:{port}/healthz"
    stranger = ssl.create_default_context(cafile=seoul.directory / "ca.crt")
    with pytest.raises(httpx.TransportError):
        httpx.get(address, verify=stranger)
    known = ssl.create_default_context(cafile=seoul.directory / "ca.crt")
    known.load_cert_chain(seoul.directory / "apiserver-kubelet-client.crt", seoul.directory / "apiserver-kubelet-client.key")
    assert httpx.get(address, verify=known).text == "ok\n"


def test_life_of_a_cluster_by_command(tmp_path: Path) -> None:
    where = ("--directory", str(tmp_path))
    assert "There is no local cluster" in run("list", *where)
    kubeconfig, hint = run("up", "tokyo", "--nodes", "1", *where).splitlines()
    assert hint == f"kubectl --kubeconfig {kubeconfig} get nodes"
    (found,) = local.list(tmp_path)
    head, row = run("list", *where).splitlines()
    assert head.split()[:3] == ["NAME", "STATE", "NODES"]
    assert row.split()[:3] == ["tokyo", "running", "1"]
    assert 0 < found.memory < 1e9

    os.kill(found.pids["kube-scheduler"], signal.SIGKILL)
    eventually(lambda: local.list(tmp_path)[0].dead == ["kube-scheduler"])
    assert "dead (kube-scheduler)" in run("list", *where)
    fresh = local.up("tokyo", tmp_path, nodes=1)
    assert fresh.dead == []
    assert not set(found.pids.values()) & set(fresh.pids.values())
    assert len(mentioning(tmp_path)) == len(PROGRAMS)

    run("down", "tokyo", *where)
    assert mentioning(tmp_path) == []
    assert not fresh.directory.exists()
    with pytest.raises(Failed) as failed:
        run("down", "tokyo", *where)
    assert failed.value.exit_code == 4


async def test_what_was_half_started_is_cleared_away_and_all_ends_with_its_context(tmp_path: Path) -> None:
    folder = tmp_path / "half"
    folder.mkdir()
    processes.launch(folder, "etcd", ["tail", "-f", "/dev/null", f"{folder}/pids/etcd"])
    (left,) = processes.alive(folder).values()
    assert local.list(tmp_path) == []

    async def refuse() -> None:
        async with local.running("half", tmp_path, nodes=1) as found:
            assert left not in found.pids.values()
            assert set(found.pids) == PROGRAMS
            raise LookupError

    with pytest.raises(LookupError):
        await refuse()
    assert mentioning(tmp_path) == []


def test_pid_that_was_given_to_another_is_left_alone(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as stranger:
        (tmp_path / "old" / "pids").mkdir(parents=True)
        (tmp_path / "old" / "pids" / "etcd").write_text(str(stranger.pid))
        (tmp_path / "old" / "cluster.json").write_text(
            json.dumps({"api_url": "https://127.0.0.1:1", "region": "old", "nodes": 1, "started_at": "2026-01-01T00:00:00+00:00"})
        )
        assert [(each.name, each.dead) for each in local.list(tmp_path)] == [("old", ["etcd"])]
        local.down("old", tmp_path)
        assert stranger.poll() is None
        stranger.kill()
    assert not (tmp_path / "old").exists()


def test_cluster_ends_when_its_owner_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", OWNER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "up\n"
        assert set(local.list(tmp_path)[0].pids) == PROGRAMS
        owner.kill()
    eventually(lambda: mentioning(tmp_path) == [])
    assert local.list(tmp_path) == []


@pytest.mark.parametrize("seconds", [0.1, 0.5, 1.5])
def test_nothing_is_left_of_a_start_that_is_killed(tmp_path: Path, seconds: float) -> None:
    """Whenever that is: between two programs, or while the API server gets ready."""
    command = [sys.executable, "-c", OWNER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as owner:
        eventually(lambda: mentioning(tmp_path / "orphan" / "etcd"))
        time.sleep(seconds)
        owner.kill()
    eventually(lambda: mentioning(tmp_path) == [])
    assert not (tmp_path / "orphan").exists()


def test_two_run_side_by_side(seoul: local.LocalCluster, api: Api, tmp_path: Path) -> None:
    with local.started("tokyo", tmp_path, nodes=1, region="ap-northeast-1") as tokyo:
        other = Api(tokyo)
        other.pod("only-in-tokyo")
        eventually(lambda: other.ready("only-in-tokyo"))
        names = [[pod["metadata"]["name"] for pod in each.get(PODS)["items"]] for each in (api, other)]
        assert "only-in-tokyo" not in names[0]
        assert names[1] == ["only-in-tokyo"]
        # A stranger's token is worth nothing, nor is the other's authority.
        there = other.http.headers["Authorization"]
        assert api.http.get(PODS, headers={"Authorization": there}).status_code == 401
        with pytest.raises(httpx.ConnectError):
            httpx.get(tokyo.api_url, verify=ssl.create_default_context(cafile=seoul.directory / "ca.crt"))
        other.http.close()
        assert seoul.api_url != tokyo.api_url
        assert not set(seoul.pids.values()) & set(tokyo.pids.values())
    assert mentioning(tmp_path) == []
    assert not local.list(seoul.directory.parent)[0].dead


def test_port_that_was_taken_meanwhile_is_told_from_a_failure(tmp_path: Path) -> None:
    folder = tmp_path / "unlucky"
    folder.mkdir(mode=0o700)
    with socket.create_server(("127.0.0.1", 0)) as other:
        ports = control_plane.Ports(other.getsockname()[1], control_plane.free_ports().kubelet)
        control_plane.write(folder, "unlucky", ports)
        processes.launch(folder, "etcd", control_plane.store(folder).command)
        processes.launch(folder, "kube-apiserver", control_plane.api_server(folder, ports).command)
        try:
            with pytest.raises(cluster.PortTaken):
                cluster.wait(folder, "the API server", lambda: False)
        finally:
            processes.end(folder)


def test_program_that_ends_is_named_with_its_last_words(tmp_path: Path) -> None:
    processes.launch(tmp_path, "etcd", [*control_plane.store(tmp_path).command, "--no-such-flag"])
    with pytest.raises(local.ClusterNotStarted) as failed:
        cluster.wait(tmp_path, "etcd to listen", lambda: False)
    assert "etcd ended: " in str(failed.value)
    assert str(tmp_path / "logs") in str(failed.value)
    assert "no-such-flag" in (tmp_path / "logs" / "etcd.log").read_text()


@pytest.mark.parametrize("name", ["", "Seoul", "-a", "a-", "../up", "a/b", "a" * 41])
def test_name_that_cannot_be_a_folder_is_refused(tmp_path: Path, name: str) -> None:
    for act in (local.up, local.down):
        with pytest.raises(local.ClusterNameInvalid):
            act(name, tmp_path)
