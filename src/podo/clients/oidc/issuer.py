"""One issuer: discovery, the way there and back, its keys, and the way out."""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import httpx2
from authlib.common.urls import add_params_to_uri
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oauth2.claims import JWTClaims
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from podo.clients.oidc import rules
from podo.clients.oidc.errors import IssuerRefused, IssuerUnreachable, IssuerUntrusted
from podo.clients.oidc.types import LoggedOut, Registration, Signed
from podo.kernel import clock

LEEWAY = 60
_FRESH = timedelta(hours=1)
_AGAIN = timedelta(minutes=1)
_PAUSE = timedelta(seconds=3)
_PATIENCE = 10.0
_RECENT = 300
_LOGOUT = "http://schemas.openid.net/event/backchannel-logout"
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,60}")
# What a hostile token makes the libraries raise.
_MALFORMED = (JoseError, ValueError, TypeError, KeyError, AttributeError)


class Issuer:
    """Speaks OpenID Connect with one issuer. Every verb may raise `IssuerUnreachable` and `IssuerUntrusted`.

    `anywhere` also allows plain http to other machines, for a demo. `before_call` is called before each request.
    """

    def __init__(
        self, title: str, registration: Registration, *, anywhere: bool = False, before_call: Callable[[], None] = lambda: None
    ) -> None:
        self.title = title
        self._we = registration
        self._anywhere = anywhere
        self._before_call = before_call
        self._metadata: tuple[Mapping[str, Any], datetime] | None = None
        self._keys: tuple[KeySet, datetime] | None = None
        self._down: tuple[IssuerUnreachable, datetime] | None = None
        self._asking = asyncio.Lock()

    async def address(self, *, back: str, state: str, nonce: str, verifier: str) -> str:
        """Where to send a browser to; it comes back to `back` with the `state` and a code."""
        metadata = await self.metadata()
        async with self._client(metadata, back) as client:
            there, _ = client.create_authorization_url(
                metadata["authorization_endpoint"], state=state, nonce=nonce, code_verifier=verifier
            )
        return str(there)

    async def signed(self, *, back: str, code: str, said_by: str, nonce: str, verifier: str, wants: Sequence[str] = ()) -> Signed:
        """Who came back with this code. `said_by` is the answer's `iss` (RFC 9207), empty without; `wants` are names of claims.

        Raises `IssuerRefused` when the issuer does not take the code.
        """
        metadata = await self.metadata()
        self._check_sender(metadata, said_by)
        token = await self._exchanged(metadata, back, code, verifier)
        id_token, access_token = token.get("id_token"), token.get("access_token")
        if not isinstance(id_token, str):
            raise self._untrusted("there is no ID token")
        claims = await self._claims(id_token, nonce, access_token if isinstance(access_token, str) else "")
        found = dict(claims)
        if any(name not in claims for name in wants) and "userinfo_endpoint" in metadata and isinstance(access_token, str):
            found = await self._userinfo(metadata, access_token, claims["sub"]) | found
        session = claims.get("sid")
        return Signed(claims["sub"], session if isinstance(session, str) else "", found, id_token)

    async def end_address(self, *, back: str, hint: str) -> str | None:
        """Where a browser signs out at the issuer, to come back to `back`; None where it has no such place."""
        metadata = await self.metadata()
        place = metadata.get("end_session_endpoint")
        if not isinstance(place, str):
            return None
        said = {"client_id": self._we.client_id, "post_logout_redirect_uri": back} | ({"id_token_hint": hint} if hint else {})
        return add_params_to_uri(place, list(said.items()))

    async def logged_out(self, token: str) -> LoggedOut:
        """What a logout token (back-channel logout) says, checked."""
        options: Any = {"iat": {"essential": True}, "jti": {"essential": True}, **self._ours()}
        claims = await self._checked(token, lambda t: JWTClaims(t.claims, t.header, options))
        events, subject, session = claims.get("events"), claims.get("sub", ""), claims.get("sid", "")
        if not isinstance(events, dict) or _LOGOUT not in events or "nonce" in claims:
            raise self._untrusted("it is no logout token")
        if claims["iat"] < clock.now().timestamp() - _RECENT:
            raise self._untrusted("the logout token is old")
        if not isinstance(subject, str) or not isinstance(session, str) or not (subject or session):
            raise self._untrusted("the logout token names nobody")
        return LoggedOut(subject, session)

    async def metadata(self) -> Mapping[str, Any]:
        """The discovery document, read once an hour."""
        async with self._asking:
            if self._metadata is None or clock.now() - self._metadata[1] > _FRESH:
                found = await self._discovered()
                if why := rules.wrong_with(found, self._we.url, anywhere=self._anywhere):
                    raise self._untrusted(why)
                self._metadata = (found, clock.now())
            return self._metadata[0]

    async def _discovered(self) -> dict[str, Any]:
        # Who queued while an issuer was found to be down gets the same answer, not a turn of waiting.
        if self._down is not None and clock.now() - self._down[1] < _PAUSE:
            raise IssuerUnreachable(**self._down[0].data)
        try:
            return await self._read(f"{self._we.url.rstrip('/')}/.well-known/openid-configuration")
        except IssuerUnreachable as error:
            self._down = (error, clock.now())
            raise

    def _check_sender(self, metadata: Mapping[str, Any], said_by: str) -> None:
        if said_by != self._we.url and (said_by or metadata.get("authorization_response_iss_parameter_supported") is True):
            raise self._untrusted("the answer names another issuer" if said_by else "the answer does not name its issuer")

    async def _exchanged(self, metadata: Mapping[str, Any], back: str, code: str, verifier: str) -> Mapping[str, Any]:
        async with self._client(metadata, back) as client:
            try:
                return await client.fetch_token(
                    metadata["token_endpoint"], grant_type="authorization_code", code=code, code_verifier=verifier
                )
            except OAuthError as error:
                said = str(error.error)
                raise IssuerRefused(issuer=self.title, error=said if _WORD.fullmatch(said) else "error") from None
            except ValueError:
                raise self._untrusted("its answer is no JSON object") from None

    async def _userinfo(self, metadata: Mapping[str, Any], access_token: str, subject: str) -> dict[str, Any]:
        found = await self._read(metadata["userinfo_endpoint"], {"authorization": f"Bearer {access_token}"})
        if found.get("sub") != subject:
            raise self._untrusted("its userinfo is about somebody else")
        return found

    # -- tokens and keys

    async def _claims(self, text: str, nonce: str, access_token: str) -> CodeIDToken:
        options: Any = {"sub": {"essential": True}, "nonce": {"essential": True, "value": nonce}, **self._ours()}
        params = {"nonce": nonce, "client_id": self._we.client_id, "access_token": access_token}
        return await self._checked(text, lambda t: CodeIDToken(t.claims, t.header, options, params))

    def _ours(self) -> dict[str, Any]:
        return {
            "iss": {"essential": True, "value": self._we.url},
            "aud": {"essential": True, "value": self._we.client_id},
        }

    async def _checked(self, text: str, claims_of: Callable[[jwt.Token], Any]) -> Any:
        """The claims of a token, when its signature and they hold."""
        registry = JWSRegistry(algorithms=rules.algorithms(await self.metadata()), strict_check_header=False)
        if not registry.allowed:
            raise self._untrusted("it signs with nothing that Podo accepts")
        try:
            try:
                token = jwt.decode(text, await self._key_set(), registry=registry)
            except InvalidKeyIdError:
                token = jwt.decode(text, await self._key_set(unknown=True), registry=registry)
            claims = claims_of(token)
            claims.validate(now=int(clock.now().timestamp()), leeway=LEEWAY)
        except _MALFORMED as error:
            # What a JoseError says names the claim and never its value.
            why = (error.description or error.error) if isinstance(error, JoseError) else "the token is malformed"
            raise self._untrusted(why.rstrip(".")) from None
        return claims

    async def _key_set(self, *, unknown: bool = False) -> KeySet:
        """The issuer's keys, read once an hour, and again for a key that is unknown, but not twice a minute."""
        metadata = await self.metadata()
        async with self._asking:
            age = clock.now() - self._keys[1] if self._keys else _FRESH * 2
            if self._keys is None or age > _FRESH or (unknown and age >= _AGAIN):
                found = await self._read(metadata["jwks_uri"])
                try:
                    self._keys = (KeySet.import_key_set(found), clock.now())  # pyright: ignore[reportArgumentType]
                except _MALFORMED:
                    raise self._untrusted("its keys cannot be read") from None
            return self._keys[0]

    # -- the wire

    async def _read(self, address: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        async with self._client({}, "") as client:
            answer = await client.request("GET", address, withhold_token=True, headers=headers)
            if answer.status_code != httpx2.codes.OK:
                raise IssuerUnreachable(issuer=self.title, why=f"HTTP {answer.status_code}")
            try:
                found = answer.json()
            except ValueError:
                raise self._untrusted("its answer is no JSON") from None
        if not isinstance(found, dict):
            raise self._untrusted("its answer is no JSON object")
        return found

    @contextlib.asynccontextmanager
    async def _client(self, metadata: Mapping[str, Any], back: str) -> AsyncIterator[Any]:
        """A client for one exchange: Authlib's keeps the token it got, and people must not share one."""
        self._before_call()
        client: Any = AsyncOAuth2Client(
            client_id=self._we.client_id,
            client_secret=self._we.client_secret or None,
            token_endpoint_auth_method=rules.proof(metadata, self._we.client_secret),
            scope=" ".join(self._we.scopes),
            redirect_uri=back,
            code_challenge_method="S256",
            verify=self._tls,
            timeout=_PATIENCE,
            follow_redirects=False,
        )
        try:
            async with asyncio.timeout(2 * _PATIENCE), client:
                yield client
        except (httpx2.HTTPError, OSError) as error:
            raise IssuerUnreachable(issuer=self.title, why=type(error).__name__) from None

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        return httpx2.create_ssl_context()

    def _untrusted(self, why: str) -> IssuerUntrusted:
        return IssuerUntrusted(issuer=self.title, why=why)
