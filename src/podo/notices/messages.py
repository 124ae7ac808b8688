"""The sentences of mails. `{podo}` and `{link}` are filled where the mail is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from podo.catalog.types import Offer, OfferKind
from podo.kernel.errors import N_
from podo.kernel.ui import languages
from podo.notices.types import Line, Message

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
OFFERED = N_("{project} is offered to {team_name}: accept or decline")
OFFERED_MANY = N_("{count} projects of {name} are offered to your team: accept or decline")
HANDED_UP = N_("{team_name} keeps {project} now: the team below could not")
ACCEPTED = N_("{team_name} took {project}")
DECLINED = N_("{team_name} declined {project}")
LAPSED = N_("Nobody answered for {project}; it stays with {holder_name}")
KEPT = N_("{name} is no more: {to_name} keeps {custody} of its projects until somebody takes them")
GOT = N_("{name} is no more: {count} of its projects are {to_name}’s now")


def of_owners(code: str, sentence: str, link: str, facts: Mapping[str, Any], project: str | None = None) -> Message:
    """A message about who owns what; `facts` are those of the event."""
    return Message(code.removeprefix("catalog."), sentence, link, {k: v for k, v in facts.items() if k != "why"}, project)


def offer_line(offer: Offer, holder: str, team: str, lang: str) -> Line:
    """What waits at home: an offer to a team, by the team that holds the project."""
    kept = offer.kind is OfferKind.custody
    say = languages.translator(lang)
    sentence = say(N_("kept by {holder} for now; {team} is asked") if kept else N_("{holder} offers it to {team}"))
    facts = {"holder": holder, "team": team}
    return Line(
        icon="gift",
        tone="accent",
        project=offer.project,
        title=say(N_("Whose is it?") if kept else N_("An offer")),
        sentence=sentence.format(**facts),
        link=f"/{offer.project}/owners",
        at=offer.offered_at,
        action=say(N_("Answer")),
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
