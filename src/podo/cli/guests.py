"""Signing in as people of the demo, as a browser does, for a token each that is revoked in the end."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from podo.cli.client import Failed

_SECONDS = 30
_SCOPES = {"asker": ["read", "operate", "approve"], "approver": ["read", "approve"], "sre": ["read", "govern"]}
_CHOICE = re.compile(r'name="person" value="([^"]+)"')
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody of the demo, and the secret of a token."""

    id: str
    name: str
    email: str
    secret: str


@dataclass(frozen=True, slots=True)
class Guests:
    """Who tells the story: two of one team (`team` is its handle), and an SRE."""

    asker: Guest
    approver: Guest
    sre: Guest
    team: str

    @staticmethod
    @contextlib.contextmanager
    def at(url: str) -> Iterator[Guests]:
        """Let them in; in the end they are out again. Raises `Failed` where Podo is no demo."""
        with contextlib.ExitStack() as inside:
            choices = _choices(url)
            first = inside.enter_context(_session(url, choices[0]))
            people = [first.get(f"/api/v1/people/{who}").json() for who in choices]
            sre = next((p for p in people if "sre" in p["roles"]), None)
            team, asker, approver = _two(first, people)
            if sre is None:
                raise Failed("This demo has no SRE to pick.", "Start the demo's own organisation: podo up")
            chosen = {"asker": asker, "approver": approver, "sre": sre}
            let_in = {part: inside.enter_context(_guest(url, part, person)) for part, person in chosen.items()}
            yield Guests(**let_in, team=team)


def _choices(url: str) -> list[str]:
    try:
        found = _CHOICE.findall(httpx.get(f"{url}/sign-in", timeout=_SECONDS, headers={"accept": "text/html"}).text)
    except httpx.HTTPError as error:
        raise Failed(
            f"Podo does not answer at {url} ({type(error).__name__}).",
            "`podo up` starts a demo here; run it in another terminal.",
            exit_code=5,
        ) from None
    if not found:
        raise Failed(
            "The tour is for a demo on this machine: it acts as people of the example, and changes things.",
            "Start one with `podo up`, or name it with --url.",
        )
    return list(dict.fromkeys(found))


def _two(client: httpx.Client, people: list[dict[str, Any]]) -> tuple[str, dict[str, Any], dict[str, Any]]:
    """A team in which somebody may ask, and somebody else approve."""
    for handle in dict.fromkeys(t["handle"] for p in people if "sre" not in p["roles"] for t in p["teams"]):
        members = client.get(f"/api/v1/teams/{handle}").json()["members"]
        plain = [m for m in members if m["role"] != "lead"]
        leads = [m for m in members if m["role"] == "lead"]
        if plain and len(members) > 1:
            return handle, plain[0], (leads or plain[1:])[0]
    raise Failed("No team of this demo has two people.", "Start the demo's own organisation: podo up")


@contextlib.contextmanager
def _session(url: str, who: str) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=url, timeout=_SECONDS, headers={"accept": "application/json", "user-agent": "podo tour"}
    ) as client:
        answer = client.post("/sign-in/as", data={"person": who})
        if answer.status_code != 303:
            raise Failed(f"Podo does not let the tour in as {who} ({answer.status_code}).", "Is it the demo, on this machine?")
        found = _CSRF.search(client.get("/settings/tokens", headers={"accept": "text/html"}).text)
        client.headers["x-csrf-token"] = found[1] if found else ""
        try:
            yield client
        finally:
            client.post("/sign-out", data={"csrf": client.headers["x-csrf-token"]})


@contextlib.contextmanager
def _guest(url: str, part: str, person: dict[str, Any]) -> Iterator[Guest]:
    with _session(url, person["id"]) as client:
        made = client.post("/api/v1/tokens", json={"name": "podo tour", "scopes": _SCOPES[part], "days": 1})
        if made.is_error:
            raise Failed(f"The tour got no token for {person['name']} ({made.status_code}).")
        token = made.json()
        try:
            yield Guest(person["id"], person["name"], person["email"], token["secret"])
        finally:
            client.delete(f"/api/v1/tokens/{token['id']}")
