"""The words that have a look: states, health, tones; and the icons. Words are messages, translated when shown."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from markupsafe import Markup, escape

from podo.kernel.errors import N_
from podo.kernel.ui import bundle


@dataclass(frozen=True, slots=True)
class Look:
    """How a word looks: its message, its tone (a Primer colour role), its icon, and its icon in a small chip."""

    word: str
    tone: str
    icon: str
    small: str


STATES = {
    look.word.replace(" ", "_"): look
    for look in (
        Look(N_("waiting"), "attention", "clock", "clock"),
        Look(N_("queued"), "secondary", "dot", "dot"),
        Look(N_("running"), "accent", "sync", "sync"),
        Look(N_("rolling"), "accent", "sync", "sync"),
        Look(N_("soaking"), "accent", "hourglass", "hourglass"),
        Look(N_("healthy"), "success", "check-circle-fill", "check"),
        Look(N_("succeeded"), "success", "check-circle-fill", "check"),
        Look(N_("failed"), "danger", "x-circle-fill", "x"),
        Look(N_("halted"), "severe", "stop", "stop"),
        Look(N_("stuck"), "severe", "alert-fill", "alert"),
        Look(N_("rolled back"), "secondary", "undo", "undo"),
        Look(N_("cancelled"), "secondary", "skip", "skip"),
        Look(N_("inactive"), "secondary", "circle-slash", "dash"),
    )
}

HEALTH = (N_("Healthy"), N_("Progressing"), N_("Degraded"), N_("Suspended"), N_("Missing"), N_("Unknown"))

_WORD = re.compile(r"[^\s:]+:(?:\"[^\"]*\"?|[^\s]+)")


def look(state: str) -> Look:
    """The look of a state; `rolled_back` and `rolled back` are the same. An unknown word is neutral."""
    return STATES.get(state.replace(" ", "_"), Look(state, "secondary", "dot", "dot"))


@lru_cache(4096, typed=True)
def icon(name: str, tone: str = "", px: int = 16, label: str = "") -> Markup:
    """An octicon, `px` wide. `tone` is a class such as `fg-success` or `muted`; without a `label` it is decoration."""
    height = 24 if px >= 20 else 16
    said = Markup(' role="img" aria-label="{}"').format(label) if label else Markup(' aria-hidden="true"')
    return Markup('<svg class="octicon octicon-{}{}" viewBox="0 0 {} {}" width="{}" height="{}"{}>{}</svg>').format(
        *(name, f" {tone}" if tone else "", height, height, px, px, said),
        Markup(bundle.icon_path(name, height)),  # noqa: S704 - from octicons' own file
    )


def paint(query: str) -> Markup:
    """A query with its `word:value` parts marked, for the copy that is shown behind the input."""
    out, at = Markup(), 0
    for part in _WORD.finditer(query):
        out += escape(query[at : part.start()]) + Markup("<b>{}</b>").format(part[0])
        at = part.end()
    return out + escape(query[at:])
