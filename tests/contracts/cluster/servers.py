"""API servers that answer what a test tells them to, and certificates for them."""

from __future__ import annotations

import base64
import contextlib
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from podo.clients.kubernetes.types import Manifest
from podo.kernel import clock
from tests.contracts.cluster.world import eventually

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Canned:
    """A server whose `answer` may be changed at any time.

    `seen` are the requests, `open` how many are not answered yet, `most` how many at once there ever were.
    """

    answer: Answer
    url: str = ""
    seen: list[web.Request] = field(default_factory=list)
    open: int = 0
    most: int = 0

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer, and keep count."""
        self.seen.append(request)
        self.open += 1
        self.most = max(self.most, self.open)
        try:
            return await self.answer(request)
        finally:
            self.open -= 1

    async def all_closed(self, seconds: float = 10) -> None:
        """Wait until nobody has a request open."""

        async def none_open() -> bool:
            return self.open == 0

        await eventually(none_open, seconds)

    @property
    def tokens(self) -> list[str]:
        """The tokens that came with the requests."""
        return [request.headers.get("Authorization", "").removeprefix("Bearer ") for request in self.seen]


@contextlib.asynccontextmanager
async def serving(answer: Answer, context: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> AsyncIterator[Canned]:
    """A server on a free port."""
    canned = Canned(answer)
    app = web.Application(client_max_size=1 << 26)
    app.router.add_route("*", "/{path:.*}", canned.handle)
    # A request whose caller is gone is cancelled, so that what is left behind is seen.
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    port = runner.addresses[0][1]
    canned.url = f"{'https' if context else 'http'}://{host}:{port}"
    try:
        yield canned
    finally:
        await runner.cleanup()


def status(code: int, message: str = "no", reason: str = "", **headers: str) -> web.Response:
    """A `v1.Status` of failure."""
    body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "reason": reason, "code": code}
    return web.json_response(body, status=code, headers={name.replace("_", "-"): value for name, value in headers.items()})


def always(make: Callable[[], web.StreamResponse]) -> Answer:
    """The same answer to everybody."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return make()

    return answer


def in_turn(*answers: Callable[[], web.StreamResponse]) -> Answer:
    """One answer after the other; the last one stays."""
    left = list(answers)

    async def answer(_: web.Request) -> web.StreamResponse:
        return (left.pop(0) if len(left) > 1 else left[0])()

    return answer


def kubeconfig(url: str, user: Manifest | None = None, **cluster: Any) -> Manifest:
    """The content of a kubeconfig."""
    return {
        "clusters": [{"name": "c", "cluster": {"server": url, **{k.replace("_", "-"): v for k, v in cluster.items()}}}],
        "users": [{"name": "u", "user": user or {"token": "secret-token"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "c",
    }


@dataclass(frozen=True)
class Signed:
    """A certificate with its key, as PEM."""

    certificate: bytes
    key: bytes

    def written(self, folder: Path, name: str) -> tuple[Path, Path]:
        """Both as files."""
        made = folder / f"{name}.crt", folder / f"{name}.key"
        for path, content in zip(made, (self.certificate, self.key), strict=True):
            path.write_bytes(content)
        return made


class Authority:
    """Signs certificates."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "an authority")])
        self._certificate = self._signed(self._name, self._key.public_key(), 1).add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        )
        usage = x509.KeyUsage(
            digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False, key_encipherment=False,
            data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        signed = self._certificate.add_extension(usage, critical=True).sign(self._key, hashes.SHA256())
        self.pem = signed.public_bytes(serialization.Encoding.PEM)

    @property
    def data(self) -> str:
        """Its certificate as a kubeconfig has it."""
        return base64.b64encode(self.pem).decode()

    def sign(self, *names: str, days: int = 1) -> Signed:
        """A certificate for hosts, addresses or a person; with negative `days` one that has ended."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        alternatives = x509.SubjectAlternativeName([_alternative(name) for name in names])
        made = self._signed(subject, key.public_key(), days).add_extension(alternatives, critical=False)
        certificate = made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        return Signed(certificate, key.private_bytes(serialization.Encoding.PEM, _PKCS8, serialization.NoEncryption()))

    def _signed(self, subject: x509.Name, key: ec.EllipticCurvePublicKey, days: int) -> x509.CertificateBuilder:
        now = clock.now()
        made = x509.CertificateBuilder().subject_name(subject).issuer_name(self._name).public_key(key)
        return (
            made.serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=2))
            .not_valid_after(now + timedelta(days=days))
        )


_PKCS8 = serialization.PrivateFormat.PKCS8


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def server_side(signed: Signed, folder: Path, callers: Authority | None = None) -> ssl.SSLContext:
    """TLS for a server; with `callers` it wants a certificate that they signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*signed.written(folder, "server"))
    if callers:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=callers.pem.decode())
    return context
