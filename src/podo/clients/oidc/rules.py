"""What is accepted of an issuer: pure decisions."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

# Signatures with a public key alone: `none` proves nothing, and HS… would make our secret, or a public key, the signer's.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
_NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_OPTIONAL = ("userinfo_endpoint", "end_session_endpoint")


def is_safe(url: str) -> bool:
    """Whether an address is https, or on this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    if parts.scheme == "https":
        return bool(host)
    return parts.scheme == "http" and _is_loopback(host)


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def wrong_with(metadata: Mapping[str, Any], url: str, *, anywhere: bool) -> str:
    """Why a discovery document is not that of the issuer `url`, empty when it is; `anywhere` also allows plain http."""
    said = metadata.get("issuer")
    if said != url:
        return f"its discovery document is that of “{str(said)[:200]}”"
    for name in (*_NEEDED, *_OPTIONAL):
        address = metadata.get(name)
        if address is None and name in _OPTIONAL:
            continue
        if not isinstance(address, str) or not (is_safe(address) or (anywhere and address.startswith("http://"))):
            return f"its discovery document has no safe {name}"
    return ""


def algorithms(metadata: Mapping[str, Any]) -> list[str]:
    """Those that the issuer uses and we accept; RS256, which every issuer must know, when it names none."""
    said = metadata.get("id_token_signing_alg_values_supported")
    return [name for name in ALGORITHMS if name in said] if isinstance(said, list) else ["RS256"]


def proof(metadata: Mapping[str, Any], secret: str) -> str:
    """How to show the token endpoint who we are."""
    said = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
    if not secret:
        return "none"
    return "client_secret_post" if "client_secret_basic" not in said and "client_secret_post" in said else "client_secret_basic"
