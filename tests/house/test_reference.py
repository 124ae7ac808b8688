"""Law 12: what is public is documented, and the pages made from the code are what the code says."""

from __future__ import annotations

import inspect
import string
from collections import Counter
from dataclasses import fields

from podo.kernel.events import Event
from tests.house import tree
from tools import reference


def test_the_pages_are_what_the_code_says() -> None:
    assert list(reference.stale()) == [], "run `make docs`"


def test_every_error_says_what_is_so_and_what_to_do() -> None:
    errors = reference.errors()
    assert [name for name, times in Counter(e.code for e in errors).items() if times > 1] == []
    assert [e.code for e in errors if not (e.so.strip() and e.do.strip() and e.__doc__)] == []
    assert [e.code for e in errors if e.kind not in {k.kind for k in reference.PodoError.__subclasses__()} | {"broken"}] == []


def test_every_event_can_be_told_from_its_own_fields() -> None:
    reference.modules()
    untold = {}
    for event in reference.events():
        known = {f.name for f in fields(event)} | {"actor"}
        used = {name for _, name, _, _ in string.Formatter().parse(event.sentence) if name}
        if not event.sentence or "sentence" not in vars(event) or used - known or not reference.said_by(event):
            untold[event.code] = sorted(used - known)
    assert untold == {}
    assert all(event.code.count(".") >= 1 for event in Event.known.values())


def test_every_setting_says_what_it_is_for() -> None:
    settings = [row for name, section in reference.sections().items() for row in reference.documented(name, section)]
    assert [key for key, _, _, doc in settings if not doc.strip()] == []


def test_every_port_promises_something_with_two_to_seven_verbs() -> None:
    wrong = {}
    for port in reference.ports():
        verbs = {name: verb for name, verb in vars(port).items() if inspect.isfunction(verb) and not name.startswith("_")}
        silent = [name for name, verb in verbs.items() if not verb.__doc__]
        if silent or not port.__doc__ or len(verbs) > 7:
            wrong[port.__qualname__] = silent or f"{len(verbs)} verbs"
    assert wrong == {}


def test_every_route_and_command_says_what_it_does() -> None:
    assert [f"{d.method} {d.path}" for _, d, said in reference.routes() if not said] == []
    assert [words for words, command in reference.commands().items() if not command.help] == []


def test_every_domain_has_a_page_about_itself() -> None:
    assert [domain for domain in tree.domains() if not (tree.SOURCE / domain / "README.md").is_file()] == []
