"""What stands beside a project's overview: whom to call, where to read, what it needs, how it scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from podo.access import service as access
from podo.access.types import Person
from podo.catalog import service
from podo.catalog.pages.wrong import say
from podo.catalog.rules import scorecards as rules
from podo.catalog.types import Contact, Facts, Neighbour, OnCall, OnCallSource, Project, Score
from podo.kernel.db import Reading
from podo.kernel.errors import N_
from podo.kernel.http import Web

_LIFECYCLES: Mapping[str, str] = {
    "experimental": N_("Experimental"),
    "production": N_("Production"),
    "deprecated": N_("Deprecated"),
}


@dataclass(frozen=True, slots=True)
class Who:
    """A person or a text: where it leads, what to copy, and what for."""

    id: str
    name: str
    href: str
    copy: str
    about: str


@dataclass(frozen=True, slots=True)
class Said:
    """What the project says of itself, ready to be shown; `level` is the scorecard's, in words, where there is one."""

    facts: Facts
    lifecycle: str
    contacts: Sequence[Who]
    on_call: Sequence[Who]
    needs: Sequence[Neighbour]
    needed_by: Sequence[Neighbour]
    score: Score | None
    level: str


async def said(w: Web, r: Reading, project: Project) -> Said:
    """In a few questions, whatever the project says."""
    facts = await service.facts(r, project.slug)
    around = await service.neighbours(r, project.slug)
    called = (await service.on_call(r, w.house.slots[OnCallSource], [project.slug])).get(project.slug, [])
    people = await access.people(r, {c.person for c in facts.contacts if c.person} | {o.person for o in called if o.person})
    score = await service.score(r, project.slug)
    return Said(
        facts=facts,
        lifecycle=say(w, _LIFECYCLES[facts.lifecycle]) if facts.lifecycle else "",
        contacts=[_contact(c, people) for c in facts.contacts],
        on_call=[_on_call(o, people) for o in called],
        needs=around.needs,
        needed_by=around.needed_by,
        score=score,
        level=say(w, rules.LEVELS[score.level]) if score else "",
    )


def _contact(contact: Contact, people: Mapping[str, Person]) -> Who:
    if contact.person in people:
        person = people[contact.person]
        return Who(person.id, person.name, f"/people/{person.id}", person.email, contact.about)
    text = contact.text or contact.person
    href = text if text.startswith(("https://", "http://")) else ""
    return Who("", text, href, "" if href else text, contact.about)


def _on_call(of: OnCall, people: Mapping[str, Person]) -> Who:
    if of.person in people:
        person = people[of.person]
        return Who(person.id, person.name, f"/people/{person.id}", person.email, "")
    if of.link:
        return Who("", of.text or of.link.removeprefix("https://").removeprefix("http://"), of.link, "", "")
    return Who("", of.text, "", of.text, "")
