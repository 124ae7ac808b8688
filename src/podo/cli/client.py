"""How commands speak to Podo, and how they print what it answers.

Exit codes are in `EXIT_CODES`; with --json, what went wrong is a JSON object on standard error.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from podo.kernel import terminal

if TYPE_CHECKING:
    import httpx

# Where rich happens to be installed httpx loads a command line of its own, a third of our start; it does without, as it says.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]

_EXITS = {401: 3, 403: 3, 404: 4, 409: 1, 422: 2, 429: 5, 503: 5}
_DEFAULT = "http://127.0.0.1:8080"
_SECONDS = 60.0

# What a script may rely on; docs/reference/commands.md shows it.
EXIT_CODES = {
    0: "Done.",
    1: "Broken, or refused by what is so (another name is taken, nothing waits); the tour and `dev` say the same of themselves.",
    2: "The command or its input is wrong.",
    3: "Not signed in, or not allowed.",
    4: "There is no such thing.",
    5: "Podo, or something behind it, does not answer; or too much was asked at once. Try again later.",
    6: "What was watched ended badly: a build without an image, a region that was put back, an operation that was not taken.",
    130: "Ended by Ctrl-C.",
}


class Failed(Exception):
    """What Podo refused or could not do: what is so, what to do, and the exit code."""

    def __init__(self, so: str, do: str = "", *, exit_code: int = 1, request_id: str | None = None, code: str = "") -> None:
        super().__init__(so)
        self.so, self.do, self.exit_code, self.request_id, self.code = so, do, exit_code, request_id, code

    def facts(self) -> dict[str, Any]:
        """The same for scripts."""
        return {"so": self.so, "do": self.do, "code": self.code, "exit_code": self.exit_code, "request_id": self.request_id}


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


def offer_json(command: click.Command) -> None:
    """Let --json stand behind every command as well as behind `podo`."""
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            offer_json(inner)
    if not any("--json" in param.opts for param in command.params):
        command.params.append(
            click.Option(["--json"], is_flag=True, expose_value=False, callback=_as_json, help="Print JSON, for scripts.")
        )


def _as_json(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        ctx.find_root().obj = ctx.obj = replace(connection(), as_json=True)


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
    return _called(connection(), method, path, json, params)


def api_as(here: Connection, token: str, path: str, params: Mapping[str, Any] | None = None, *, seconds: float = _SECONDS) -> Any:
    """What is read there in the name of whoever has this token."""
    return _called(replace(here, token=token), "GET", path, None, params, seconds)


def _called(
    here: Connection, method: str, path: str, json: Any, params: Mapping[str, Any] | None, seconds: float = _SECONDS
) -> Any:
    import httpx

    query = {k: v for k, v in (params or {}).items() if v not in (None, "", ())}
    try:
        with _client(here, seconds) as client:
            response = client.request(method, f"/api/v1{path}", json=json, params=query)
    except httpx.HTTPError as error:
        raise _unreachable(here, error) from None
    if response.is_error:
        raise failure(response)
    if not response.content:
        return None
    # JSON is escaped where it is printed; all else is printed as it is, wherever that may be.
    return response.json() if here.as_json else harmless(response.json())


def harmless(value: Any) -> Any:
    """An answer whose texts move no cursor: names, subjects and the like were written by anybody. Lines stay lines."""
    match value:
        case str():
            return "\n".join("\t".join(terminal.printable(part) for part in line.split("\t")) for line in value.split("\n"))
        case list():
            return [harmless(each) for each in value]
        case dict():
            return {harmless(name): harmless(each) for name, each in value.items()}
        case _:
            return value


def lines(path: str, params: Mapping[str, Any] | None = None) -> Iterator[str]:
    """The lines of a streamed text route, as they come."""
    import httpx

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
        click.echo(terminal.as_json(value, 2))
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


def done(sentence: str) -> None:
    """Say that it was done, where Podo answered nothing that could be shown."""
    click.echo(terminal.as_json({"said": sentence}) if connection().as_json else sentence)


def tell_line(line: str) -> None:
    """Print one line of a log; with --json as a JSON text of its own."""
    click.echo(terminal.as_json(line) if connection().as_json else terminal.printable(line))


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


def _client(here: Connection, timeout: httpx.Timeout | float) -> httpx.Client:
    import ssl

    import httpx

    headers = {"accept": "application/json", "user-agent": "podo-cli"}
    if here.token:
        headers["authorization"] = f"Bearer {here.token}"
    # Without TLS nobody is believed, so that no authorities have to be read.
    verify = True if here.url.startswith("https:") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx.Client(base_url=here.url, headers=headers, timeout=timeout, verify=verify)


def failure(response: httpx.Response) -> Failed:
    """The problem a response tells."""
    code = _EXITS.get(response.status_code, 1)
    try:
        body = harmless(response.json())
        so, do, request_id = body["title"], body["detail"], body.get("request_id")
        if response.status_code == 401:
            do = f"Make a token at {response.url.copy_with(path='/settings/tokens', query=None)}, then: podo login"
        return Failed(so, do, exit_code=code, request_id=request_id, code=body.get("code", ""))
    except (ValueError, KeyError):
        return Failed(f"Podo answered {response.status_code}.", exit_code=code)


def _unreachable(here: Connection, error: Exception) -> Failed:
    do = "Is it running? `podo up` starts one here; --url or PODO_URL names another."
    return Failed(f"Podo does not answer at {here.url} ({type(error).__name__}).", do, exit_code=5)
