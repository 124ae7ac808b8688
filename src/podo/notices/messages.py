"""The sentences of mails. `{podo}` and `{link}` are filled where the mail is sent."""

from __future__ import annotations

from podo.kernel.errors import N_
from podo.kernel.ui import languages
from podo.notices.types import Message

_SIGN_IN = N_(
    """Hello {name},

with this address you sign in to Podo. It works once, for {minutes} minutes:

{link}

If you did not ask for it, throw this mail away: without it, nobody signs in as you."""
)
_TOLD = N_(
    """{sentence}

{link}

You get this because you asked for mails: {settings}"""
)


def sign_in(name: str, minutes: int, lang: str) -> tuple[str, str]:
    """Subject and body of the mail with a sign-in link."""
    body = languages.say(lang, _SIGN_IN, name=name, minutes=minutes, link="{podo}{link}")
    return languages.say(lang, N_("Your link to sign in to Podo")), body


def told(message: Message, lang: str) -> tuple[str, str]:
    """Subject and body of a notice that comes by mail."""
    sentence = message.told(languages.translator(lang))
    # What people wrote may hold braces; they must not be taken for places to fill.
    plain = sentence.replace("{", "(").replace("}", ")")
    settings = "{podo}/settings/notifications"
    return sentence, languages.say(lang, _TOLD, sentence=plain, link="{podo}" + message.link, settings=settings)


def filled(body: str, podo: str, link: str) -> str:
    """The body with its places filled."""
    return body.replace("{podo}", podo).replace("{link}", link)
