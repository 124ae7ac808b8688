"""Where a cluster is and how it knows us: kubeconfig, service account, exec plugins. lightkube reads, aiohttp is fed."""

from __future__ import annotations

import asyncio
import base64
import os
import ssl
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import yaml
from lightkube.config.client_adapter import verify_cluster
from lightkube.config.kubeconfig import KubeConfig, SingleConfig
from lightkube.config.models import User
from lightkube.core.exceptions import ConfigError

from podo.clients import process
from podo.clients.kubernetes import errors
from podo.kernel import clock
from podo.kernel.errors import N_, Invalid

_PLUGIN_SECONDS = 30.0
_TOKEN_FILE_AGE = timedelta(minutes=1)
_EARLY = timedelta(seconds=30)


class BadKubeconfig(Invalid):
    """The kubeconfig does not say where the cluster is and how to sign in there."""

    code = "kubernetes.kubeconfig"
    so = N_("The kubeconfig cannot be used: {why}.")
    do = N_("Correct the kubeconfig, or name a context that it has.")


@dataclass(slots=True)
class Access:
    """The address, how to trust it, and how to be known there. `headers` are asked for at each call."""

    name: str
    server: str
    namespace: str
    ssl: ssl.SSLContext | bool
    user: User
    proxy: str | None = None
    server_hostname: str | None = None
    _token: str = ""
    _until: datetime | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def headers(self) -> dict[str, str]:
        """What proves who we are. Raises `Unreachable` when a plugin fails, `Unauthenticated` when it gives nothing."""
        user = self.user
        if user.token_file or user.exec:
            token = await self._fresh()
            return {"Authorization": f"Bearer {token}"} if token else {}
        if user.token:
            return {"Authorization": f"Bearer {user.token}"}
        if user.username and user.password:
            both = base64.b64encode(f"{user.username}:{user.password}".encode()).decode()
            return {"Authorization": f"Basic {both}"}
        return {}

    def forget(self) -> bool:
        """The server did not know us: get a new token next time. False when there is no other to be had."""
        self._until = None
        self._token = ""
        return bool(self.user.token_file or self.user.exec)

    async def _fresh(self) -> str:
        async with self._lock:
            if self._until is None or clock.now() >= self._until:
                await self._renew()
            return self._token

    async def _renew(self) -> None:
        if self.user.token_file:
            self._token = (await asyncio.to_thread(Path(self.user.token_file).read_text)).strip()
            self._until = clock.now() + _TOKEN_FILE_AGE
            return
        credential = await self._ask_plugin()
        status = credential.get("status") or {}
        self._token = status.get("token") or ""
        expires = status.get("expirationTimestamp")
        self._until = datetime.fromisoformat(expires) - _EARLY if expires else datetime.max.replace(tzinfo=clock.now().tzinfo)
        if status.get("clientCertificateData") and isinstance(self.ssl, ssl.SSLContext):
            _load_chain(self.ssl, status["clientCertificateData"], status["clientKeyData"])

    async def _ask_plugin(self) -> Mapping[str, Any]:
        plugin = self.user.exec
        assert plugin is not None
        spec = {"interactive": False, "cluster": {"server": self.server}}
        info = {"apiVersion": plugin.apiVersion, "kind": "ExecCredential", "spec": spec}
        env = {**os.environ, "KUBERNETES_EXEC_INFO": msgspec.json.encode(info).decode()}
        env |= {variable.name: variable.value for variable in plugin.env or ()}
        try:
            done = await process.run([plugin.command, *(plugin.args or ())], env=env, timeout=_PLUGIN_SECONDS)
        except (OSError, process.TimedOut, process.TooMuchOutput) as error:
            raise errors.unreachable(
                self.name, f"{plugin.command} gives no credentials: {error or type(error).__name__}"
            ) from None
        if done.code:
            raise errors.unreachable(self.name, f"{plugin.command} gives no credentials: {done.err.strip()[-300:]}")
        try:
            return msgspec.json.decode(done.out, type=dict[str, Any])
        except msgspec.MsgspecError:
            raise errors.unreachable(self.name, f"{plugin.command} does not answer in JSON") from None


def _load_chain(context: ssl.SSLContext, certificate: str, key: str) -> None:
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(f"{certificate}\n{key}\n")
        file.flush()
        context.load_cert_chain(file.name)


def read(kubeconfig: str | os.PathLike[str] | Mapping[str, Any] | None, context: str | None, name: str | None) -> Access:
    """The access that a kubeconfig describes: its text, its path, its content, or (None) what the surroundings offer.

    Raises `BadKubeconfig`.
    """
    try:
        loaded, path = _load(kubeconfig)
        config = (KubeConfig.from_dict(dict(loaded), fname=path) if loaded is not None else KubeConfig.from_env()).get(context)
        assert config is not None
        return _access(config, loaded or {}, name)
    except (ConfigError, msgspec.ValidationError, ssl.SSLError, OSError, yaml.YAMLError) as error:
        raise BadKubeconfig(why=str(error), fields={"kubeconfig": str(error)}) from None
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise BadKubeconfig(why=f"it lacks {error}", fields={"kubeconfig": str(error)}) from None


def _load(kubeconfig: str | os.PathLike[str] | Mapping[str, Any] | None) -> tuple[Mapping[str, Any] | None, Path | None]:
    if kubeconfig is None or isinstance(kubeconfig, Mapping):
        return kubeconfig, None
    if isinstance(kubeconfig, str) and ("\n" in kubeconfig or kubeconfig.lstrip().startswith("{")):
        return yaml.safe_load(kubeconfig), None
    path = Path(kubeconfig).expanduser()
    return yaml.safe_load(path.read_text()), path


def _access(config: SingleConfig, loaded: Mapping[str, Any], name: str | None) -> Access:
    user = config.user or User()
    if user.auth_provider:
        raise ConfigError("auth-provider is no longer a way to sign in; use an exec plugin")
    raw = _named(loaded.get("clusters") or (), config.context.cluster)
    if user.token_file:
        user.token_file = str(config.abs_file(user.token_file))
    server = config.cluster.server.rstrip("/")
    return Access(
        name=name or config.context_name,
        server=server,
        namespace=config.namespace,
        ssl=_trust(config, user) if server.startswith("https:") else True,
        user=user,
        proxy=raw.get("proxy-url"),
        server_hostname=raw.get("tls-server-name"),
    )


def _trust(config: SingleConfig, user: User) -> ssl.SSLContext:
    context = verify_cluster(config.cluster, user, config.abs_file, trust_env=False)
    if config.cluster.insecure:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def _named(entries: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    return next((entry.get("cluster") or {} for entry in entries if entry.get("name") == name), {})
