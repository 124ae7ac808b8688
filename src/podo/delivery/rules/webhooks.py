"""Webhooks of GitHub's shape: whether one is genuine, what it says, and which repository it is about."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from podo.delivery.types import Commit, Pushed, WebhookForged, WebhookUnreadable

_SHA = re.compile(r"[0-9a-f]{40}")
_NOTHING = "0" * 40
_BRANCH = "refs/heads/"
_ADDRESSES = ("clone_url", "ssh_url", "html_url", "git_url")
_MOST = 25 << 20
_URL = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?:[^/@]*@)?(?P<host>\[[^]/]+\]|[^/:]*)(?::(?P<port>\d*))?(?P<path>/.*)", re.IGNORECASE
)
_SCP = re.compile(r"(?:[^/@:]+@)?(?P<host>[^/@:]{2,}):(?P<path>(?!//).+)")
_PORTS = {"https": "443", "http": "80", "ssh": "22", "git": "9418"}


def read(body: bytes, signature: str, secret: str) -> Pushed:
    """What a webhook says, once its `X-Hub-Signature-256` fits. A ping and a push of a tag name no branch.

    Raises `WebhookForged`, also where no secret is set, and `WebhookUnreadable`.
    """
    check(body, signature, secret)
    said = _object(body)
    repository = _map(said, "repository")
    addresses = tuple(dict.fromkeys(str(repository[name]) for name in _ADDRESSES if repository.get(name)))
    # The body is what was signed; a delivery's number in a header can be anybody's.
    id_ = hashlib.sha256(body).hexdigest()
    ref = said.get("ref")
    if not addresses or (ref is None and "zen" not in said):
        raise WebhookUnreadable(why="it is neither a push nor a ping that names its repository")
    if not isinstance(ref, str) or not ref.startswith(_BRANCH):
        return Pushed(addresses, "", None, id_)
    return Pushed(addresses, ref.removeprefix(_BRANCH), _commit(said), id_)


def check(body: bytes, signature: str, secret: str) -> None:
    """Raises `WebhookForged` unless `sha256=…` is the body's under the secret."""
    fitting = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    if not secret or not hmac.compare_digest(fitting.encode(), signature.strip().encode(errors="replace")):
        raise WebhookForged()


def same_repository(address: str) -> str:
    """What the addresses of one repository have in common: `host/path`, whether it is asked by https, ssh or git."""
    text = address.strip()
    if found := _URL.fullmatch(text):
        scheme = found["scheme"].lower()
        host = (found["host"] or "").lower()
        port = found["port"] or ""
        # Behind ssh is another port than behind https; it tells nothing of the repository.
        shown = "" if scheme in ("ssh", "git") or port == _PORTS.get(scheme) else port
        return _joined(f"{host}:{shown}" if shown else host, found["path"])
    if not text.startswith("/") and (scp := _SCP.fullmatch(text)):
        return _joined(scp["host"].lower(), scp["path"])
    return _joined("", text)


def _joined(host: str, path: str) -> str:
    return f"{host}/{path.strip('/').removesuffix('.git').rstrip('/')}"


def _object(body: bytes) -> Mapping[str, Any]:
    if len(body) > _MOST:
        raise WebhookUnreadable(why="it is too long")
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        raise WebhookUnreadable(why="it is no JSON") from None
    if not isinstance(said, dict):
        raise WebhookUnreadable(why="it is no JSON object")
    return said  # pyright: ignore[reportUnknownVariableType]


def _map(said: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = said.get(key)
    if not isinstance(found, dict):
        raise WebhookUnreadable(why=f"it has no {key}")
    return found  # pyright: ignore[reportUnknownVariableType]


def _commit(said: Mapping[str, Any]) -> Commit | None:
    sha = said.get("after")
    if said.get("deleted") or sha == _NOTHING:
        return None
    if not isinstance(sha, str) or not _SHA.fullmatch(sha):
        raise WebhookUnreadable(why="“after” is no commit's full name")
    head = _map(said, "head_commit")
    if head.get("id") != sha:
        raise WebhookUnreadable(why="“after” and “head_commit” are two commits")
    author = _map(head, "author")
    name = str(author.get("name") or author.get("username") or "")
    return Commit(sha, str(head.get("message") or "").partition("\n")[0], name, _time(head.get("timestamp")))


def _time(text: Any) -> datetime:
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        raise WebhookUnreadable(why="its commit has no time") from None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
