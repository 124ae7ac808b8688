"""What else Podo talks to: the registry, the mail server, those who vouch for people."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

from podo.access.types import AccessSettings, IssuerSettings
from podo.app.doctor.findings import Finding, Text, bad, looked, odd, well
from podo.clients.oidc import Issuer, Registration, is_safe
from podo.clients.registry.http import RegistryHttp
from podo.clients.registry.reference import parse
from podo.clients.registry.types import Login
from podo.delivery.types import DeliverySettings
from podo.kernel.errors import N_
from podo.kernel.settings import Settings
from podo.notices.types import NoticesSettings

_SECONDS = 10


async def registry(settings: Settings) -> Sequence[Finding]:
    """Whether it answers, takes Podo's login, and lets Podo push. Nothing stays there."""
    chosen = settings[DeliverySettings]
    if chosen.builder in ("off", "twin") or not chosen.build_on_host:
        return [well("registry", N_("Nothing is pushed from this machine (delivery.builder, delivery.build_on_host)."))]
    image = parse(f"{chosen.registry}/podo-doctor")
    logins = {image.host: Login(chosen.registry_user, chosen.registry_password)} if chosen.registry_user else {}
    client = RegistryHttp(logins, timeout=_SECONDS)
    try:
        await client.ping(image.host)
        await client.may_push(image)
    finally:
        await client.close()
    if not chosen.registry_user:
        return [well("registry", Text(N_("{host} lets Podo push without a login."), host=image.host))]
    return [well("registry", Text(N_("{host} lets Podo push as {who}."), host=image.host, who=chosen.registry_user))]


async def mail(settings: Settings) -> Sequence[Finding]:
    """Whether the mail server answers and takes the login. No mail is sent."""
    chosen = settings[NoticesSettings]
    if not chosen.smtp:
        do = N_("Set notices.smtp, unless people read their mails under Notices (demo), or sign in by an issuer.")
        return [odd("mail", N_("No mail server is set: mails stay in the outbox."), do)]
    at = urlsplit(chosen.smtp)
    if at.scheme not in ("smtp", "smtps") or not at.hostname:
        do = N_("It reads smtp://user:password@host:port, or smtps://…")
        return [bad("mail", N_("notices.smtp is no address of a mail server."), do)]
    try:
        said = await asyncio.to_thread(_greet, chosen.smtp, chosen.sender)
    except smtplib.SMTPAuthenticationError as error:
        return [
            bad(
                "mail",
                Text(N_("{host} does not take the login ({code})."), host=at.hostname, code=error.smtp_code),
                N_("Correct user and password in notices.smtp."),
            )
        ]
    except (OSError, smtplib.SMTPException) as error:
        return [
            bad(
                "mail",
                Text(N_("{host} does not answer: {why}."), host=at.hostname, why=str(error) or type(error).__name__),
                N_("Correct notices.smtp; is the port open?"),
            )
        ]
    return [
        well("mail", Text(N_("{host} answers{how}; mails come from {sender}."), host=at.hostname, how=said, sender=chosen.sender))
    ]


def _greet(url: str, sender: str) -> Text:
    at = urlsplit(url)
    host, me = at.hostname or "", sender.rpartition("@")[2] or "localhost"
    context = ssl.create_default_context()
    tls = at.scheme == "smtps"
    server = (
        smtplib.SMTP_SSL(host, at.port or 465, me, timeout=_SECONDS, context=context)
        if tls
        else smtplib.SMTP(host, at.port or 25, me, timeout=_SECONDS)
    )
    with server:
        server.ehlo_or_helo_if_needed()
        if not tls and server.has_extn("starttls"):
            server.starttls(context=context)
            tls = True
        if at.username:
            server.login(unquote(at.username), unquote(at.password or ""))
        server.noop()
    who = unquote(at.username or "")
    if who:
        return (
            Text(N_(", and takes the login {who}"), who=who)
            if tls
            else Text(N_(", unencrypted, and takes the login {who}"), who=who)
        )
    return Text("") if tls else Text(N_(", unencrypted"))


async def issuers(settings: Settings) -> Sequence[Finding]:
    """Whether each issuer of the settings says who it is, as it must."""
    chosen = settings[AccessSettings]
    if chosen.demo:
        do = N_("Set access.demo to false, unless this is a demo on your own machine.")
        return [odd("sign-in", N_("Anybody on this machine may sign in as anybody (access.demo)."), do)]
    if not chosen.issuers and not chosen.links:
        so = N_("Nobody can sign in: there is no issuer, and access.links is false.")
        return [bad("sign-in", so, N_("Set one of them."))]
    if not chosen.issuers:
        return [well("sign-in", N_("By links that are mailed; no issuer is set (access.issuers)."))]
    found = await asyncio.gather(*(looked(f"issuer {n}", lambda n=n, i=i: _issuer(n, i)) for n, i in chosen.issuers.items()))
    return [finding for findings in found for finding in findings]


async def _issuer(name: str, chosen: IssuerSettings) -> Sequence[Finding]:
    about = f"issuer {name}"
    if not chosen.url or not chosen.client_id:
        do = Text(N_("Set them under [access.issuers.{name}]."), name=name)
        return [bad(about, N_("Its settings lack url or client_id."), do)]
    if not is_safe(chosen.url):
        do = N_("An issuer's address is https, as it names itself.")
        return [bad(about, Text(N_("{url} is not https."), url=chosen.url), do)]
    if (path := chosen.client_secret_file) and not await asyncio.to_thread(_is_readable, path):
        do = N_("client_secret_file names a file that Podo's account may read.")
        return [bad(about, Text(N_("{path} cannot be read."), path=path), do)]
    metadata = await Issuer(name, Registration(chosen.url, chosen.client_id, chosen.client_secret, chosen.scopes)).metadata()
    return [well(about, Text(N_("{issuer} says who it is."), issuer=metadata["issuer"]))]


def _is_readable(path: Path) -> bool:
    try:
        return bool(path.read_text())
    except OSError:
        return False
