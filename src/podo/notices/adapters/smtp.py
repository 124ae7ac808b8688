"""A mail server by SMTP (RFC 5321), with STARTTLS or TLS where it is asked for."""

from __future__ import annotations

import asyncio
import smtplib
from email.message import EmailMessage
from email.utils import formatdate
from urllib.parse import unquote, urlsplit

from podo.kernel.db import outside
from podo.kernel.errors import N_, Unavailable
from podo.notices.types import Letter

_SECONDS = 15


class MailUnavailable(Unavailable):
    """The mail server does not take the letter now."""

    code = "notices.mail_unavailable"
    so = N_("The mail server {what} does not take mail: {why}.")


class SmtpMail:
    """`url` is `smtp://user:password@host:port` (STARTTLS when offered) or `smtps://…`; `sender` is the From address."""

    def __init__(self, url: str, sender: str) -> None:
        self._at = urlsplit(url)
        self._sender = sender

    def sends(self) -> bool:
        """It does."""
        return True

    async def send(self, letter: Letter) -> None:
        """Hand the letter over. Raises `MailUnavailable`."""
        outside()
        try:
            await asyncio.to_thread(self._send, letter)
        except (OSError, smtplib.SMTPException) as error:
            raise MailUnavailable(what=self._at.hostname or "", why=str(error) or type(error).__name__) from error

    def _send(self, letter: Letter) -> None:
        host, tls = self._at.hostname or "127.0.0.1", self._at.scheme == "smtps"
        connect = smtplib.SMTP_SSL if tls else smtplib.SMTP
        with connect(host, self._at.port or (465 if tls else 25), timeout=_SECONDS) as server:
            if not tls and server.has_extn("starttls"):
                server.starttls()
            if self._at.username:
                server.login(unquote(self._at.username), unquote(self._at.password or ""))
            server.send_message(self._message(letter))

    def _message(self, letter: Letter) -> EmailMessage:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._sender, letter.to, letter.subject
        message["Date"], message["Message-ID"] = formatdate(), f"<{letter.id}@podo>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(letter.body)
        return message
