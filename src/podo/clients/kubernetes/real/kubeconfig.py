"""Reads a kubeconfig: where a cluster is, how to trust it, how it knows us. Runs nothing, whatever the file says.

A kubeconfig that came as text or content may be anybody's, so it may name no files of this machine: a `tokenFile` would send
their content to whatever `server` says. One that lies here as a file may. Programs (`exec`, `auth-provider`) are never run.
"""

from __future__ import annotations

import base64
import binascii
import os
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import msgspec
import yaml

from podo.clients.kubernetes.real.access import Access, Login
from podo.kernel.errors import N_, Invalid

Kubeconfig = str | os.PathLike[str] | Mapping[str, Any]

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
# Far more than any needs: certificates of a few KiB, five levels.
_MOST = 1 << 20
_DEEPEST = 20


class BadKubeconfig(Invalid):
    """The kubeconfig does not say where the cluster is and how to sign in there."""

    code = "kubernetes.kubeconfig"
    so = N_("The kubeconfig cannot be used: {why}.")
    do = N_("Correct the kubeconfig, or name a context that it has.")


class _Cluster(msgspec.Struct, rename="kebab"):
    server: str = ""
    certificate_authority: str = ""
    certificate_authority_data: str = ""
    insecure_skip_tls_verify: bool = False
    tls_server_name: str | None = None
    proxy_url: str | None = None


class _User(msgspec.Struct, rename="kebab"):
    token: str = ""
    token_file: str = msgspec.field(name="tokenFile", default="")
    username: str = ""
    password: str = ""
    client_certificate: str = ""
    client_certificate_data: str = ""
    client_key: str = ""
    client_key_data: str = ""
    exec: Any = None
    auth_provider: Any = None
    as_: str = msgspec.field(name="as", default="")


class _Context(msgspec.Struct):
    cluster: str
    user: str = ""
    namespace: str = ""


class _NamedCluster(msgspec.Struct):
    name: str
    cluster: _Cluster


class _NamedUser(msgspec.Struct):
    name: str
    user: _User | None = None


class _NamedContext(msgspec.Struct):
    name: str
    context: _Context


class _Config(msgspec.Struct, rename="kebab"):
    clusters: tuple[_NamedCluster, ...] = ()
    contexts: tuple[_NamedContext, ...] = ()
    users: tuple[_NamedUser, ...] | None = ()
    current_context: str = ""


def read(kubeconfig: Kubeconfig | None, context: str | None, name: str | None, *, account: Path = ACCOUNT) -> Access:
    """The access that a kubeconfig describes: its text, its path (a `Path`), its content, or (None) what the surroundings offer.

    The latter is the service account whose files a pod finds in `account`, else `$KUBECONFIG`, else ~/.kube/config.
    Raises `BadKubeconfig`.
    """
    try:
        loaded, folder = _load(kubeconfig) if kubeconfig is not None else _surroundings(account)
        config = msgspec.convert(loaded, _Config)
    except msgspec.ValidationError as error:
        raise _bad(str(error)) from None
    except yaml.YAMLError as error:
        # The whole error quotes the text, in which there may be secrets.
        mark = getattr(error, "problem_mark", None)
        raise _bad(f"it is no YAML{f' in line {mark.line + 1}' if mark else ''}") from None
    except OSError as error:
        raise _bad(f"{error.filename}: {error.strerror}") from None
    called, chosen = _chosen(config, context)
    cluster = next((c.cluster for c in config.clusters if c.name == chosen.cluster), None)
    if cluster is None:
        raise _bad(f"its context “{called}” means a cluster “{chosen.cluster}” that it does not have")
    return _access(name or called, cluster, _user(config, called, chosen.user), folder)


def _bad(why: str) -> BadKubeconfig:
    return BadKubeconfig(why=why, fields={"kubeconfig": why})


def _load(kubeconfig: Kubeconfig) -> tuple[Any, Path | None]:
    """What it says, and the folder from which it may name files; None where it may name none."""
    match kubeconfig:
        case str():
            return _parsed(kubeconfig), None
        case Mapping():
            return kubeconfig, None
        case _:
            path = Path(kubeconfig).expanduser().absolute()
            return yaml.safe_load(path.read_text()), path.parent


def _parsed(text: str) -> Any:
    """A text that may be anybody's: without what makes a small one large (aliases), and not endlessly deep."""
    if len(text) > _MOST:
        raise _bad(f"it is longer than {_MOST >> 10} KiB")
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise _bad(f"it stands deeper than {_DEEPEST} levels")
        if isinstance(event, yaml.AliasEvent):
            raise _bad(f"it has an alias (*) in line {event.start_mark.line + 1}; write the value out")
    return yaml.safe_load(text)


def _surroundings(account: Path) -> tuple[Any, Path | None]:
    if (account / "token").exists() and "KUBERNETES_SERVICE_HOST" in os.environ:
        return _in_cluster(os.environ["KUBERNETES_SERVICE_HOST"], os.environ.get("KUBERNETES_SERVICE_PORT", "443")), account
    named = [Path(p) for p in os.environ.get("KUBECONFIG", "").split(os.pathsep) if p]
    return _load(next((p for p in named if p.exists()), Path("~/.kube/config")))


def _in_cluster(host: str, port: str) -> dict[str, Any]:
    at = f"[{host}]" if ":" in host else host
    cluster = {"server": f"https://{at}:{port}", "certificate-authority": "ca.crt"}
    return {
        "clusters": [{"name": "in-cluster", "cluster": cluster}],
        "users": [{"name": "account", "user": {"tokenFile": "token"}}],
        "contexts": [{"name": "in-cluster", "context": {"cluster": "in-cluster", "user": "account"}}],
        "current-context": "in-cluster",
    }


def _chosen(config: _Config, context: str | None) -> tuple[str, _Context]:
    wanted = context or config.current_context
    if not wanted:
        raise _bad("it says no current-context")
    found = next((c.context for c in config.contexts if c.name == wanted), None)
    if found is None:
        raise _bad(f"it has no context “{wanted}”")
    return wanted, found


def _user(config: _Config, context: str, name: str) -> _User:
    if not name:
        return _User()
    found = next((u for u in config.users or () if u.name == name), None)
    if found is None:
        raise _bad(f"its context “{context}” means a user “{name}” that it does not have")
    return found.user or _User()


def _access(name: str, cluster: _Cluster, user: _User, folder: Path | None) -> Access:
    if user.exec or user.auth_provider:
        how = "exec" if user.exec else "auth-provider"
        raise _bad(f"it signs in by a program ({how}), and Podo runs none; use the token of a service account")
    if user.as_:
        raise _bad("it acts as somebody else (as), which Podo does not; use an account that has just the rights needed")
    server = _server(cluster)
    files = _Files(folder)
    token_file = files.path(user.token_file, "tokenFile") if user.token_file else None
    login = Login("".join(user.token.split()), token_file, (user.username, user.password) if user.username else None)
    return Access(
        name=name,
        server=server.geturl(),
        ssl=_trust(cluster, user, files) if server.scheme == "https" else True,
        login=login,
        proxy=_proxy(cluster),
        server_hostname=cluster.tls_server_name,
    )


def _server(cluster: _Cluster) -> SplitResult:
    server = urlsplit(cluster.server.rstrip("/"))
    if server.scheme not in ("https", "http") or not server.hostname:
        raise _bad(f"“{cluster.server}” is no address of a server")
    if server.scheme == "http" and server.hostname not in _LOOPBACK:
        raise _bad("its server is asked without TLS, which only one on this machine may be")
    return server


def _proxy(cluster: _Cluster) -> str | None:
    if cluster.proxy_url and urlsplit(cluster.proxy_url).scheme not in ("http", "https"):
        raise _bad("its proxy-url is neither http nor https")
    return cluster.proxy_url


class _Files:
    """Files that a kubeconfig names, relative to its own folder."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def path(self, named: str, entry: str) -> Path:
        """Where the file is; `BadKubeconfig` when it may name none."""
        if self._folder is None:
            raise _bad(f"it names a file of another machine ({entry}); put the content itself in")
        return self._folder / named

    def content(self, data: str, named: str, entry: str) -> bytes:
        """The content that is there as `…-data`, else that of the file; empty where there is neither."""
        try:
            if data:
                return base64.b64decode("".join(data.split()), validate=True)
            return self.path(named, entry).read_bytes() if named else b""
        except binascii.Error:
            raise _bad(f"its {entry}-data is no base64") from None
        except OSError as error:
            raise _bad(f"{error.filename}: {error.strerror}") from None


def _trust(cluster: _Cluster, user: _User, files: _Files) -> ssl.SSLContext:
    authority = files.content(cluster.certificate_authority_data, cluster.certificate_authority, "certificate-authority")
    certificate = files.content(user.client_certificate_data, user.client_certificate, "client-certificate")
    key = files.content(user.client_key_data, user.client_key, "client-key")
    try:
        context = ssl.create_default_context(cadata=authority.decode("ascii") or None)
        if cluster.insecure_skip_tls_verify:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if certificate:
            with _on_disk(certificate + b"\n" + key) as path:
                # A password is never asked for: nobody is there to give one.
                context.load_cert_chain(path, password=lambda: b"")
    except (ssl.SSLError, ValueError) as error:
        raise _bad(f"its certificates cannot be read: {getattr(error, 'reason', None) or error}") from None
    return context


@contextmanager
def _on_disk(content: bytes) -> Iterator[str]:
    """A file for its owner alone, gone afterwards: Python's TLS takes a certificate from nowhere else."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        yield file.name
