"""The files and command lines of a control plane: who it trusts, where it listens, which programs it is made of.

etcd listens on a socket in the cluster's own folder, which its owner alone can enter; the API server and the kubelets listen
on 127.0.0.1, and ask for a token or a certificate of this cluster.
"""

from __future__ import annotations

import base64
import csv
import json
import secrets
import socket
import subprocess
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import yaml

from podo.clients.kubernetes.local import parts, stages

ADMIN = "admin"
_CONTROLLERS = "kube-controller-manager"
_SCHEDULER = "kube-scheduler"
# Who signs in with a token. All are administrators, so that none has to wait for the roles that the API server makes first.
_USERS = {
    ADMIN: ADMIN,
    "kwok": "kwok",
    _CONTROLLERS: "system:kube-controller-manager",
    _SCHEDULER: "system:kube-scheduler",
}
_CALLS = {"qps": 2000, "burst": 4000}
# Their heaps are small, and looking for garbage in them whenever they double took a quarter of all CPU of a busy control plane.
_GARBAGE = {"GOGC": "400", "GOMEMLIMIT": "2GiB"}


@dataclass(frozen=True, slots=True)
class Ports:
    """Ports on 127.0.0.1."""

    api: int
    kubelet: int


@dataclass(frozen=True, slots=True)
class Program:
    """A program to start in the cluster's folder."""

    name: str
    command: list[str]
    environment: Mapping[str, str]


def free_ports() -> Ports:
    """Two ports that nobody listens on now; another may take them before we do."""
    with ExitStack() as held:
        found = [held.enter_context(socket.socket()) for _ in range(2)]
        for each in found:
            each.bind(("127.0.0.1", 0))
        return Ports(*(each.getsockname()[1] for each in found))


def write(folder: Path, name: str, ports: Ports) -> None:
    """Write keys, tokens, a kubeconfig for each user and the programs' configuration into `folder`."""
    certificates = parts.program("kubernetes", "cluster-certificates")
    subprocess.run([certificates, folder], check=True, capture_output=True, timeout=60)
    tokens = {user: secrets.token_urlsafe(32) for user in _USERS}
    for user, token in tokens.items():
        _keep(kubeconfig(folder, user), yaml.safe_dump(_kubeconfig(folder, name, user, token, ports), sort_keys=False))
    with _private(folder / "tokens.csv").open("w", newline="") as file:
        csv.writer(file).writerows((tokens[user], login, login, "system:masters") for user, login in _USERS.items())
    scheduler = {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "clientConnection": {"kubeconfig": str(kubeconfig(folder, _SCHEDULER)), **_CALLS},
        "leaderElection": {"leaderElect": False},
    }
    _keep(folder / "scheduler.json", json.dumps(scheduler))
    _keep(folder / "stages.yaml", stages.documents())


def kubeconfig(folder: Path, user: str = ADMIN) -> Path:
    """Where the kubeconfig of `user` lies."""
    return folder / ("kubeconfig" if user == ADMIN else f"{user}.kubeconfig")


def store(folder: Path) -> Program:
    """The store. What it holds goes away with the cluster, so it never waits for the disk."""
    return _program(
        folder,
        "etcd",
        **{
            "data-dir": folder / "etcd",
            "unsafe-no-fsync": "true",
            "log-level": "warn",
            "name": "local",
            "listen-client-urls": f"unix://{_SOCKET}",
            "advertise-client-urls": f"unix://{_SOCKET}:0",
            "listen-peer-urls": "unix://peer.sock",
            # It is alone: nobody ever calls this address.
            "initial-advertise-peer-urls": "http://127.0.0.1:2380",
            "initial-cluster": "local=http://127.0.0.1:2380",
        },
    )


# Relative, since a socket's path may not be longer than about 100 characters.
_SOCKET = "etcd.sock"


def store_socket(folder: Path) -> Path:
    """Where etcd answers; it is there once etcd listens."""
    return folder / _SOCKET


def api_server(folder: Path, ports: Ports) -> Program:
    """kube-apiserver, with the admission plugins that are on by default."""
    return _program(
        folder,
        "kube-apiserver",
        **{
            "etcd-servers": f"unix://{_SOCKET}",
            "bind-address": "127.0.0.1",
            "advertise-address": "127.0.0.1",
            "secure-port": ports.api,
            "tls-cert-file": "apiserver.crt",
            "tls-private-key-file": "apiserver.key",
            "anonymous-auth": "false",
            "token-auth-file": folder / "tokens.csv",
            "authorization-mode": "RBAC",
            "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
            "service-account-key-file": "service-accounts.key",
            "service-account-signing-key-file": "service-accounts.key",
            "service-cluster-ip-range": "10.96.0.0/16",
            "endpoint-reconciler-type": "none",
            "kubelet-preferred-address-types": "InternalDNS",
            "kubelet-certificate-authority": "ca.crt",
            "kubelet-client-certificate": "apiserver-kubelet-client.crt",
            "kubelet-client-key": "apiserver-kubelet-client.key",
            "profiling": "false",
        },
    )


def controllers(folder: Path) -> list[Program]:
    """What acts on the API server: the controllers, the scheduler, and kwok as all nodes."""
    return [
        _program(
            folder,
            _CONTROLLERS,
            **{
                "kubeconfig": kubeconfig(folder, _CONTROLLERS),
                "service-account-private-key-file": "service-accounts.key",
                "root-ca-file": "ca.crt",
                "leader-elect": "false",
                "secure-port": 0,
                "profiling": "false",
                # A person watches: they need not wait a quarter of a minute.
                "horizontal-pod-autoscaler-sync-period": "1s",
                "kube-api-qps": _CALLS["qps"],
                "kube-api-burst": _CALLS["burst"],
            },
        ),
        _program(folder, _SCHEDULER, **{"config": folder / "scheduler.json", "secure-port": 0, "profiling": "false"}),
    ]


def kubelets(folder: Path, ports: Ports) -> Program:
    """kwok, which is the kubelet of every node."""
    return _program(
        folder,
        "kwok",
        part="kwok",
        environment={"KUBELET_ADDRESS": f"127.0.0.1:{ports.kubelet}", "KUBELET_FOLDER": str(folder)},
        **{
            "kubeconfig": kubeconfig(folder, "kwok"),
            "config": folder / "stages.yaml",
            "manage-all-nodes": "true",
            "node-lease-duration-seconds": 40,
        },
    )


def _program(
    folder: Path, name: str, /, part: str = "kubernetes", environment: Mapping[str, str] | None = None, **flags: object
) -> Program:
    command = [str(parts.program(part, name)), *(f"--{flag}={value}" for flag, value in flags.items())]
    # `processes` knows a process of this cluster by the folder on its command line.
    assert any(f"{folder}/" in argument for argument in command), name
    return Program(name, command, {**_GARBAGE, **(environment or {})})


def _kubeconfig(folder: Path, name: str, user: str, token: str, ports: Ports) -> dict[str, object]:
    # It stands alone, so that its text can be given to whoever is to use the cluster.
    authority = base64.b64encode((folder / "ca.crt").read_bytes()).decode()
    cluster = {"server": f"https://127.0.0.1:{ports.api}", "certificate-authority-data": authority}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": cluster}],
        "users": [{"name": user, "user": {"token": token}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": user, "namespace": "default"}}],
        "current-context": name,
    }


def _keep(path: Path, text: str) -> None:
    _private(path).write_text(text)


def _private(path: Path) -> Path:
    """`path`, made empty, for its owner alone before anything is in it."""
    path.touch(mode=0o600)
    return path
