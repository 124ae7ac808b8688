"""Pages, API and command line offer the same verbs, and every route names a permission that exists."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import click

from podo.access.types import Permission
from podo.app.domains import DOMAINS
from podo.cli.main import main
from podo.kernel.http import ANYONE, SIGNED_IN
from podo.kernel.http.routes import Declared

# Verbs that one face alone can have, and why.
ONLY_ON_PAGES = {
    "access.sign_in": "a browser asks for a link",
    "access.sign_in_as": "a browser picks a person, in the demo",
    "access.finish_sign_in": "a browser follows the link",
    "access.sign_out": "a browser has a session; a token is revoked instead",
}
ONLY_BY_MACHINES = {
    "delivery.webhook": "a git server calls it, signed, and nobody else",
    **{f"access.scim_{word}": "an HR system speaks SCIM" for word in ("read", "create", "replace", "change", "delete")},
    "access.logged_out": "an issuer says, signed, who has signed out there",
}


def declared() -> list[Declared]:
    """Every route of every domain."""
    return [row for domain in DOMAINS for routes in domain.routes for row in routes.declared]


def readable(known: Mapping[str, str]) -> list[str]:
    """The addresses of what only reads, but for the way out to an issuer; `known` says what stands for parameters, else 1."""
    paths = [row.path for row in declared() if row.method == "GET" and not row.path.endswith("/out")]
    return [re.sub(r"\{([^}]+)\}", lambda m: known.get(m[1], "1"), path) for path in paths]


def commands(command: click.Command = main, path: str = "podo") -> Iterator[tuple[str, str]]:
    """(verb, command) of the whole command line."""
    for verb in getattr(command, "verbs", ()):
        yield verb, path
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from commands(inner, f"{path} {name}")


def test_pages_api_and_podo_offer_the_same_verbs() -> None:
    rows = declared()
    api = {row.verb for row in rows if row.face == "api"}
    changing = {row.verb for row in rows if row.face == "api" and row.method != "GET"}
    pages = {row.verb for row in rows if row.face == "form"}
    podo = {verb for verb, _ in commands()}
    assert pages - ONLY_ON_PAGES.keys() <= api
    assert changing - ONLY_BY_MACHINES.keys() == pages - ONLY_ON_PAGES.keys()
    assert api - ONLY_BY_MACHINES.keys() == podo
    assert len(api) > 80


def test_every_route_names_a_permission_that_exists_and_faces_of_a_verb_agree() -> None:
    known: dict[str, Any] = {p.id: p for domain in DOMAINS for p in domain.permissions if isinstance(p, Permission)}
    asked: dict[str, set[str]] = {}
    for row in declared():
        assert row.permission in known or row.permission in (ANYONE, SIGNED_IN), row
        if row.verb:
            asked.setdefault(row.verb, set()).add(row.permission)
    differing = {verb: names for verb, names in asked.items() if len(names) > 1}
    # A stranger may choose the language before signing in; the settings page looks into a repository for those who may change it.
    assert differing.keys() == {"access.prefer", "catalog.look"}


def test_every_verb_is_a_domain_and_a_word_and_no_two_routes_share_an_address() -> None:
    seen: set[tuple[str, str]] = set()
    for row in declared():
        assert (row.method, row.path) not in seen, row
        seen.add((row.method, row.path))
        if row.verb:
            domain, _, word = row.verb.partition(".")
            assert domain in {d.name for d in DOMAINS}
            assert word.replace("_", "").isalpha()
