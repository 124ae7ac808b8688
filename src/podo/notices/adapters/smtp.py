"""A mail server by SMTP (RFC 5321), with STARTTLS or TLS where it is asked for."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate
from urllib.parse import unquote, urlsplit

from podo.kernel.db import outside
from podo.kernel.errors import N_, Unavailable
from podo.notices.types import Letter, MailRefused

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
        """Hand the letter over. Raises `MailUnavailable`, or `MailRefused` when the server says that it will never take it."""
        outside()
        host = self._at.hostname or ""
        try:
            await asyncio.to_thread(self._send, letter)
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPResponseException) as error:
            code, why = _answer(error)
            # 535 and the like are about the account, not about the letter: an administrator can mend them.
            if 550 <= code < 560:
                raise MailRefused(what=host, why=f"{code} {why}") from error
            raise MailUnavailable(what=host, why=f"{code} {why}") from error
        except (OSError, smtplib.SMTPException) as error:
            raise MailUnavailable(what=host, why=str(error) or type(error).__name__) from error

    def _send(self, letter: Letter) -> None:
        host, tls = self._at.hostname or "127.0.0.1", self._at.scheme == "smtps"
        with self._connected(host, tls) as server:
            server.ehlo_or_helo_if_needed()
            if not tls and server.has_extn("starttls"):
                server.starttls(context=ssl.create_default_context())
            if self._at.username:
                server.login(unquote(self._at.username), unquote(self._at.password or ""))
            server.send_message(self._message(letter))

    def _connected(self, host: str, tls: bool) -> smtplib.SMTP:
        # Who we say we are; left out, the library would look this machine up.
        me = self._sender.rpartition("@")[2] or "localhost"
        if not tls:
            return smtplib.SMTP(host, self._at.port or 25, me, timeout=_SECONDS)
        return smtplib.SMTP_SSL(host, self._at.port or 465, me, timeout=_SECONDS, context=ssl.create_default_context())

    def _message(self, letter: Letter) -> EmailMessage:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._sender, letter.to, letter.subject
        message["Date"], message["Message-ID"] = formatdate(), f"<{letter.id}@podo>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(letter.body)
        return message


def _answer(error: smtplib.SMTPRecipientsRefused | smtplib.SMTPResponseException) -> tuple[int, str]:
    """The server's code and words; of several recipients those of the first (there is only one)."""
    code, text = (
        next(iter(error.recipients.values()))
        if isinstance(error, smtplib.SMTPRecipientsRefused)
        else (
            error.smtp_code,
            error.smtp_error,
        )
    )
    return code, text.decode(errors="replace") if isinstance(text, bytes) else str(text)
