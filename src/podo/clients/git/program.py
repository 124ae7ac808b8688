"""Run the `git` program so that nothing of this machine, the repository or the person leaks into it.

No configuration of user or system, no hooks, no submodules, no prompt, only the allowed protocols, no redirects (a token goes
to the host that it was given for and nowhere else). A credential is in the child's environment or in a file of mode 0600 that
lives as long as the call: never in arguments, addresses or the mirror's configuration.
"""

from __future__ import annotations

import base64
import contextlib
import os
import re
import resource
import shlex
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from podo.clients import process
from podo.clients.git import said
from podo.clients.git.address import origin
from podo.clients.git.errors import CredentialInvalid, TooLarge, Unreachable
from podo.clients.git.types import Credential, DeployKey, Token
from podo.kernel.errors import N_

# Takes the address in its normal form; answers `host:port:address` (curl's form) to hold git to, or raises to refuse it.
Guard = Callable[[str], Awaitable[Sequence[str]]]

# What a guard answers for a name: where to go, and under which name its keys are known.
_HELD = re.compile(r"(?P<host>[^:]+):(?P<port>\d+):\[?(?P<address>[^],]+)")
_KEPT = ("PATH", "TMPDIR", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy")
_KEPT_TLS = ("SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO")
_CONFIG = {
    "core.hooksPath": os.devnull,
    "core.fsmonitor": "false",
    "credential.helper": "",
    "fetch.recurseSubmodules": "false",
    "gc.autoDetach": "false",
    "gc.pruneExpire": "never",
    "http.followRedirects": "false",
    "http.lowSpeedLimit": "1000",
    "http.lowSpeedTime": "30",
    "maintenance.autoDetach": "false",
    "log.showSignature": "false",
    "i18n.logOutputEncoding": "UTF-8",
    "transfer.credentialsInUrl": "die",
    "advice.detachedHead": "false",
}


@dataclass(frozen=True, slots=True)
class Program:
    """The git program with its home: a folder of ours, mode 0700, that holds no configuration.

    `timeout` bounds a local call, `remote_timeout` one that reaches out (seconds); `max_file` a single file of a mirror (bytes).
    `guard` is asked before each call that reaches out: see `GitBinary`.
    """

    home: Path
    protocols: frozenset[str]
    git: str = "git"
    ssh: str = "ssh"
    timeout: float = 30
    remote_timeout: float = 300
    max_file: int = 4 << 30
    before_call: Callable[[], None] | None = None
    guard: Guard | None = None

    async def local(self, mirror: Path, *arguments: str, max_output: int = 1 << 26) -> process.Finished:
        """Run git on a mirror; the exit code is the caller's business. Raises `TooLarge`, or `Unreachable` on a timeout."""
        command = self._command("--git-dir", str(mirror), *arguments)
        return await self._run(command, self._env(), self.timeout, mirror.name, max_output)

    async def remote(self, url: str, credential: Credential | None, *arguments: str) -> bytes:
        """Run git towards `url` and return what it printed. Raises what its complaint means."""
        held = await self.guard(url) if self.guard else ()
        command = self._command(*(part for to in held for part in ("-c", f"http.curloptResolve={to}")), *arguments)
        with self.credentials(url, credential, held) as secret:
            if url.startswith("ssh:") and shutil.which(self.ssh) is None:
                raise Unreachable(url=url, what="git", why=N_("ssh is not installed on Podo's machine (Debian: openssh-client)"))
            finished = await self._run(command, self._env() | secret, self.remote_timeout, url, 1 << 26)
        if finished.code:
            raise said.complaint(url, finished.code, finished.err, self.max_file)
        return finished.out

    def batch(self, mirror: Path) -> tuple[list[str], dict[str, str]]:
        """The command and environment that print the content of objects named on stdin."""
        return self._command("--git-dir", str(mirror), "cat-file", "--batch"), self._env()

    @contextlib.contextmanager
    def credentials(self, url: str, credential: Credential | None, held: Sequence[str] = ()) -> Iterator[dict[str, str]]:
        """The environment that carries `credential`, while needed; ssh goes where `held` says. Raises `CredentialInvalid`."""
        match credential:
            case None:
                yield {"GIT_SSH_COMMAND": self._ssh(None, "", held)}
            case Token():
                yield _header(url, credential)
            case DeployKey():
                with _kept(url, credential, self.home) as folder:
                    yield {"GIT_SSH_COMMAND": self._ssh(folder, credential.known_hosts, held)}

    async def _run(self, command: list[str], env: Mapping[str, str], timeout: float, what: str, most: int) -> process.Finished:
        if self.before_call:
            self.before_call()
        limits = {resource.RLIMIT_FSIZE: self.max_file}
        try:
            return await process.run(command, env=env, timeout=timeout, cwd=self.home, max_output=most, limits=limits)
        except process.TimedOut:
            raise Unreachable(url=what, what="git", why=f"git did not finish within {timeout:g} seconds") from None
        except process.TooMuchOutput:
            raise TooLarge(what=what, size="more", limit=f"{most >> 20} MiB") from None
        except OSError as error:
            raise Unreachable(
                url=what, what="git", why=N_("git could not be started ({strerror})").format(strerror=error.strerror)
            ) from None

    def _command(self, *arguments: str) -> list[str]:
        config = [part for key, value in _CONFIG.items() for part in ("-c", f"{key}={value}")]
        return [shutil.which(self.git) or self.git, *config, *arguments]

    def _env(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in (*_KEPT, *_KEPT_TLS) if name in os.environ}
        return kept | {
            "HOME": str(self.home),
            "XDG_CONFIG_HOME": str(self.home),
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ASKPASS": "",
            "GIT_ALLOW_PROTOCOL": ":".join(sorted(self.protocols)),
            "GIT_PROTOCOL_FROM_USER": "0",
            "GIT_LITERAL_PATHSPECS": "1",
            "GIT_NO_REPLACE_OBJECTS": "1",
            "GIT_OPTIONAL_LOCKS": "0",
        }

    def _ssh(self, key_folder: Path | None, known_hosts: str, held: Sequence[str]) -> str:
        seen = key_folder / "known_hosts" if key_folder and known_hosts else self.home / "known_hosts"
        strict = "yes" if known_hosts else "accept-new"
        options = [
            *("BatchMode=yes", "IdentitiesOnly=yes", "IdentityAgent=none", "ForwardAgent=no", "PermitLocalCommand=no"),
            *("ConnectTimeout=15", "ServerAliveInterval=15", f"StrictHostKeyChecking={strict}", f"UserKnownHostsFile={seen}"),
            *_held_to(held),
        ]
        identity = ["-i", str(key_folder / "key")] if key_folder else []
        return shlex.join([self.ssh, "-F", os.devnull, *(part for option in options for part in ("-o", option)), *identity])


def _held_to(held: Sequence[str]) -> Iterator[str]:
    """Options by which ssh asks nobody again where the host is, and knows its key by the name all the same."""
    found = _HELD.match(held[0]) if held else None
    if found:
        name = found["host"] if found["port"] == "22" else f"[{found['host']}]:{found['port']}"
        yield from (f"Hostname={found['address']}", f"HostKeyAlias={name}", "CheckHostIP=no")


def _header(url: str, token: Token) -> dict[str, str]:
    secret = token.secret.strip()
    if not secret or not (secret + token.user).isprintable() or ":" in token.user:
        raise CredentialInvalid(url=url, why=N_("the token is empty or has line breaks in it"))
    if not url.startswith(("https:", "http:")):
        raise CredentialInvalid(url=url, why=N_("a token is for https: addresses, this one wants a deploy key or nothing"))
    basic = base64.b64encode(f"{token.user}:{secret}".encode()).decode()
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"http.{origin(url)}.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Basic {basic}",
    }


@contextlib.contextmanager
def _kept(url: str, key: DeployKey, home: Path) -> Iterator[Path]:
    """A folder with the key's file, both for our eyes only, gone afterwards."""
    text = key.private.replace("\r\n", "\n").strip()
    if not text.startswith("-----BEGIN ") or not text.endswith("-----"):
        raise CredentialInvalid(url=url, why=N_("the deploy key is no private key in PEM or OpenSSH form"))
    if not url.startswith("ssh:"):
        raise CredentialInvalid(url=url, why=N_("a deploy key is for ssh: addresses, this one wants a token or nothing"))
    with tempfile.TemporaryDirectory(prefix="key-", dir=home) as folder:
        _write(Path(folder) / "key", f"{text}\n")
        _write(Path(folder) / "known_hosts", f"{key.known_hosts.strip()}\n")
        yield Path(folder)


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
