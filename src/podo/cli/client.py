"""How commands speak to Podo, and how they print what it answers.

Exit codes: 0 done, 1 broken or refused by what is so (409), 2 wrong input, 3 not signed in or not allowed, 4 no such
thing, 5 Podo or something behind it does not answer, 6 what was watched ended badly.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click
import httpx

from podo.kernel import terminal

_EXITS = {401: 3, 403: 3, 404: 4, 409: 1, 422: 2, 429: 5, 503: 5}
_DEFAULT = "http://127.0.0.1:8080"


class Failed(Exception):
    """What Podo refused or could not do: what is so, what to do, and the exit code."""

    def __init__(self, so: str, do: str = "", *, exit_code: int = 1, request_id: str | None = None, code: str = "") -> None:
        super().__init__(so)
        self.so, self.do, self.exit_code, self.request_id, self.code = so, do, exit_code, request_id, code


@dataclass(frozen=True, slots=True)
class Connection:
    """Where Podo is, who asks, and how to print."""

    url: str
    token: str | None
    as_json: bool

    @classmethod
    def from_options(cls, url: str | None, token: str | None, as_json: bool) -> Connection:
        """Options win over what `podo login` stored."""
        stored = stored_login()
        address = (url or stored.get("url") or _DEFAULT).rstrip("/")
        return cls(address, token or (stored.get("token") if address == stored.get("url", address) else None), as_json)


C = TypeVar("C", bound=click.Command)


def verb(*names: str) -> Callable[[C], C]:
    """Name the verbs that a command offers, as its API routes name them; a test compares the two."""

    def mark(command: C) -> C:
        command.verbs = names  # type: ignore[attr-defined]
        return command

    return mark


def login_file() -> Path:
    """Where `podo login` keeps the address and the token, readable by its owner alone."""
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "podo" / "login.json"


def stored_login() -> dict[str, str]:
    """What was stored, empty when nothing was."""
    try:
        return json.loads(login_file().read_text())
    except (FileNotFoundError, json.JSONDecodeError):
        return {}


def store_login(url: str, token: str) -> Path:
    """Keep a login; returns where."""
    path = login_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump({"url": url, "token": token}, file)
    return path


def connection() -> Connection:
    """The connection of this command."""
    return click.get_current_context().find_object(Connection) or Connection.from_options(None, None, False)


def api(method: str, path: str, json: Any = None, params: Mapping[str, Any] | None = None) -> Any:
    """Call `/api/v1{path}` and give the JSON it answers, None for an empty answer. Raises `Failed`."""
    here = connection()
    query = {k: v for k, v in (params or {}).items() if v not in (None, "", ())}
    try:
        with _client(here) as client:
            response = client.request(method, f"/api/v1{path}", json=json, params=query)
    except httpx.HTTPError as error:
        raise _unreachable(here, error) from None
    if response.is_error:
        raise failure(response)
    return response.json() if response.content else None


def lines(path: str, params: Mapping[str, Any] | None = None) -> Iterator[str]:
    """The lines of a streamed text route, as they come."""
    here = connection()
    query = {k: v for k, v in (params or {}).items() if v not in (None, "", ())}
    try:
        with _client(here, timeout=httpx.Timeout(10, read=None)) as client:
            with client.stream("GET", f"/api/v1{path}", params=query) as response:
                if response.is_error:
                    response.read()
                    raise failure(response)
                yield from response.iter_lines()
    except httpx.HTTPError as error:
        raise _unreachable(here, error) from None


def every(path: str, params: Mapping[str, Any] | None = None, limit: int = 1000) -> list[Any]:
    """All items of a paged list, up to `limit`."""
    items: list[Any] = []
    cursor = None
    while len(items) < limit:
        page = api("GET", path, params={**(params or {}), "cursor": cursor})
        items += page["items"]
        cursor = page.get("next")
        if not cursor:
            break
    return items[:limit]


def show(value: Any, columns: Sequence[str] | None = None, *, tell: Callable[[Any], str] | None = None) -> None:
    """Print JSON with --json; else a table of `columns` (list), `tell(value)`, or one `key: value` a line."""
    if connection().as_json:
        click.echo(json.dumps(value, ensure_ascii=False, indent=2))
        return
    if tell is not None:
        click.echo(tell(value))
        return
    if isinstance(value, list):
        rows = [[_cell(item.get(c)) for c in columns or ()] for item in value]
        click.echo(terminal.table([c.upper().replace("_", " ") for c in columns or ()], rows) if rows else "Nothing here yet.")
        return
    for name in columns or list(value):
        click.echo(f"{name + ':':<16} {terminal.printable(_cell(value.get(name)))}")


def _cell(value: Any) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(_cell(v) for v in value) or "-"
        case dict():
            return " ".join(f"{k}={_cell(v)}" for k, v in value.items()) or "-"
        case _:
            return str(value)


def _client(here: Connection, timeout: httpx.Timeout | float = 60.0) -> httpx.Client:
    headers = {"accept": "application/json", "user-agent": "podo-cli"}
    if here.token:
        headers["authorization"] = f"Bearer {here.token}"
    return httpx.Client(base_url=here.url, headers=headers, timeout=timeout)


def failure(response: httpx.Response) -> Failed:
    """The problem a response tells."""
    code = _EXITS.get(response.status_code, 1)
    try:
        body = response.json()
        so, do, request_id = body["title"], body["detail"], body.get("request_id")
        if response.status_code == httpx.codes.UNAUTHORIZED:
            do = f"Make a token at {response.url.copy_with(path='/settings/tokens', query=None)}, then: podo login"
        return Failed(so, do, exit_code=code, request_id=request_id, code=body.get("code", ""))
    except (ValueError, KeyError):
        return Failed(f"Podo answered {response.status_code}.", exit_code=code)


def _unreachable(here: Connection, error: Exception) -> Failed:
    do = "Is it running? `podo up` starts one here; --url or PODO_URL names another."
    return Failed(f"Podo does not answer at {here.url} ({type(error).__name__}).", do, exit_code=5)
