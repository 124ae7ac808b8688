"""The sentences of mails. `{podo}` and `{link}` are filled where the mail is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from podo.access.types import FeedTrouble, Removal
from podo.catalog.types import Offer, OfferKind
from podo.kernel.errors import N_
from podo.kernel.ui import languages
from podo.notices.types import Line, Message, Webhook

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
TAKES_AWAY = N_("The directory takes more away than may go in a day, {name} first: it waits until you decide")
MAY_BE_YOURS = N_("{count} assets of which nobody is known may be your teams’: take them, or let them be")
STILL_MAY_BE = N_("{count} assets that may be your teams’ are still nobody’s, until {due}")
OFFERS_DUE = N_("{count} offers to {team_name} are still unanswered, the first until {due}")
CLAIMS = "/assets/orphans?mine=1"
_SOME = 3
LAPSED = N_("Nobody answered for {project}; it stays with {holder_name}")
KEPT = N_("{name} is no more: {to_name} keeps {custody} of its projects until somebody takes them")
GOT = N_("{name} is no more: {count} of its projects are {to_name}’s now")
_WEBHOOK_OFF = N_("Podo switched the webhook “{title}” to {host} off: {why}")


def of_owners(code: str, sentence: str, link: str, facts: Mapping[str, Any], project: str | None = None) -> Message:
    """A message about who owns what; `facts` are those of the event."""
    return Message(code.removeprefix("catalog."), sentence, link, {k: v for k, v in facts.items() if k != "why"}, project)


def webhook_off(found: Webhook, why: str) -> Message:
    """A message about a webhook that sends no more."""
    facts = {"title": found.title, "host": found.host, "why": why}
    return Message("webhook_off", _WEBHOOK_OFF, f"/webhooks/{found.id}", facts, found.place.project or None)


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


def removals_line(waiting: Sequence[Removal], lang: str) -> Line:
    """What waits of what the directory takes away: one line, however many there are."""
    say = languages.translator(lang)
    names, more = ", ".join(x.name for x in waiting[:_SOME]), len(waiting) - _SOME
    away = N_("The directory takes more away than may go in a day: {names}")
    away_and = N_("The directory takes more away than may go in a day: {names} and {more} more")
    return Line(
        icon="people",
        tone="attention",
        project="",
        title=say(N_("Removals wait for you")),
        sentence=say(away_and if more > 0 else away).format(names=names, more=more),
        link="/-/directory",
        at=waiting[0].asked_at,
        action=say(N_("Decide")),
    )


def trouble_line(trouble: FeedTrouble, lang: str) -> Line:
    """The directory is not taken over."""
    say = languages.translator(lang)
    return Line(
        icon="alert",
        tone="danger",
        project="",
        title=say(N_("The directory is not taken over")),
        sentence=of_trouble(trouble).told(say),
        link="/-/directory",
        at=trouble.since,
        action=say(N_("Look")),
    )


def claims_line(count: int, since: datetime, lang: str) -> Line:
    """Assets that may be the reader's teams'."""
    say = languages.translator(lang)
    return Line(
        icon="law",
        tone="severe",
        project="",
        title=say(N_("Are they yours?")),
        sentence=say(N_("{count} assets of which nobody is known may be your teams’")).format(count=count),
        link=CLAIMS,
        at=since,
        action=say(N_("Decide")),
    )


def of_trouble(trouble: FeedTrouble) -> Message:
    """Why the directory is not taken over, as its error says it."""
    return Message("directory_refused", trouble.so, "/-/directory", trouble.data)


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
