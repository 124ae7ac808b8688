"""`podo tour`: the whole story on a demo that runs, told and done: each step a sentence, a real command, what came of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from podo.cli.client import Connection, Failed, api_as, connection
from podo.kernel import clock, terminal

if TYPE_CHECKING:
    from podo.cli.guests import Guest, Guests

_NAME = "hello-tour"
_SOAK = 1
_PATIENCE = 120.0
_OPEN = ("queued", "waiting", "rolling", "soaking")
_EXAMPLES = (Path(__file__).parents[1] / "examples/hello", Path(__file__).parents[3] / "examples/hello")
# Pods of the twin, and of a local cluster, crash by this; everywhere else it is a plain annotation.
_CRASH = """
  prod:
    regions:
      {region}:
        podAnnotations: {{simulate.podo.dev/failure: CrashLoopBackOff}}
"""
# So that a minute is enough: pods count as soon as they are ready, and the new ones start together.
_AT_ONCE = "\nrollout:\n  minReadySeconds: 0\n  maxSurge: 100%\n"


@dataclass
class Teller:
    """Tells, or collects for `--json`, what is done."""

    here: Connection
    begun: float = field(default_factory=clock.monotonic)
    steps: list[dict[str, Any]] = field(default_factory=list)

    def say(self, sentence: str) -> None:
        """Begin a step."""
        self.steps.append({"said": sentence, "at": round(clock.monotonic() - self.begun, 1), "commands": []})
        if not self.here.as_json:
            click.secho(f"\n{len(self.steps):2}. {sentence}", bold=True)

    def run(self, who: Guest | None, *words: str, codes: tuple[int, ...] = (0,), folder: Path | None = None) -> str:
        """Run a command as somebody; what it printed. Raises `Failed` when it ends otherwise than the story wants."""
        typed = " ".join(_quoted(word) for word in words)
        if not self.here.as_json:
            click.secho(f"    {terminal.printable(who.name) + ' ' if who else ''}$ {terminal.printable(typed)}", fg="cyan")
        program = [sys.executable, "-m", "podo.cli.main", *words[1:]] if words[0] == "podo" else list(words)
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", "PODO_URL": self.here.url, "GIT_CONFIG_GLOBAL": os.devnull}
        if who is not None:
            environment |= {"PODO_TOKEN": who.secret, **_author(who)}
        shown: list[str] = []
        with subprocess.Popen(
            program,
            cwd=folder,
            env=environment,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:
            for line in process.stdout or ():
                shown.append(line)
                if not self.here.as_json:
                    click.secho(f"      {terminal.printable(line.rstrip())}", dim=True)
        ended = process.returncode
        self.steps[-1]["commands"].append(
            {"command": typed, "as": who.id if who else None, "exit_code": ended, "printed": "".join(shown)}
        )
        if ended not in codes:
            raise Failed(f"The tour ends here: `{typed}` ended with {ended}.", "What it printed says why; run the tour again.")
        return "".join(shown)


def _quoted(word: str) -> str:
    return f"'{word}'" if " " in word else word


def _author(who: Guest) -> dict[str, str]:
    said = (("NAME", who.name), ("EMAIL", who.email))
    return {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in said}


@dataclass
class Story:
    """What the steps of the tour share."""

    tell: Teller
    guests: Guests
    folder: Path
    project: str = _NAME
    is_new: bool = True
    regions: list[str] = field(default_factory=list)

    @property
    def repository(self) -> Path:
        """Where the project's source is."""
        return self.folder / self.project

    def ask(self, path: str, **params: Any) -> Any:
        """Look something up without a word."""
        return api_as(self.tell.here, self.guests.asker.secret, path, params)


@click.command("tour")
def tour() -> None:
    """The whole story, told and done in about a minute on a demo that runs: `podo up`, then `podo tour` in another terminal.

    From a git repository to three regions, one of which fails and is put back; a rollback; the timeline. It works in a project of
    its own, may be run again, and takes back what it changed elsewhere.
    """
    from podo.cli.guests import Guests

    here = connection()
    tell = Teller(here)
    with Guests.at(here.url) as guests:
        story = Story(tell, guests, _folder(here.url))
        try:
            _prepare(story)
            _to_alpha(story, f"Say hello at {clock.now():%H:%M:%S}", crash="")
            first = _to_production(story)
            _fail(story)
            _back(story, first)
        finally:
            _put_back_the_soak(story)
    _goodbye(story)


def _folder(url: str) -> Path:
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local/state")
    return state / "podo" / "tour" / "".join(c if c.isalnum() else "-" for c in url.partition("//")[2])


def _prepare(story: Story) -> None:
    served = {c["region"] for c in story.ask("/clusters") if "prod" in c["environments"]}
    story.regions = [r["code"] for r in sorted(story.ask("/regions"), key=lambda r: r["order"]) if r["code"] in served][:3]
    if len(story.regions) < 2:
        raise Failed("This Podo has production in fewer than two regions.", "The tour wants the demo's own clusters: podo up")
    number = 1
    while (there := _registered(story)) and (there["repository"] != str(story.repository) or not story.repository.exists()):
        number += 1
        story.project = f"{_NAME}-{number}"
    _soak_shortly(story)
    if there:
        story.is_new = False
        _go_on(story)
        return
    story.tell.say("A project is a git repository with a Dockerfile. Here is one, made on the spot.")
    shutil.rmtree(story.repository, ignore_errors=True)
    story.folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(next(at for at in _EXAMPLES if at.is_dir()), story.repository, ignore=shutil.ignore_patterns(".git"))
    story.tell.run(story.guests.asker, "git", "init", "--quiet", "--initial-branch", "main", folder=story.repository)
    _commit(story, "Say hello", crash="")
    team, regions = story.guests.team, ",".join(story.regions)
    story.tell.say(f"{story.guests.asker.name} registers it for the team {team}: from now on it has an owner, and namespaces.")
    words = ["--title", "Hello, tour", "--team", team, "--repo", str(story.repository)]
    story.tell.run(
        story.guests.asker, "podo", "project", "register", story.project, *words, "--alpha", story.regions[0], "--prod", regions
    )


def _registered(story: Story) -> Any:
    try:
        return story.ask(f"/projects/{story.project}")
    except Failed as failed:
        if failed.exit_code == 4:
            return None
        raise


def _go_on(story: Story) -> None:
    """An earlier tour was here; what it left half-way is halted."""
    story.tell.say(f"{story.project} is registered since an earlier tour: this one goes on with it.")
    for d in _deployments(story, "prod"):
        if any(x["state"] in _OPEN for x in d["rollouts"]):
            words = ("--why", "An earlier tour was ended half-way")
            # It may end by itself just now.
            story.tell.run(story.guests.asker, "podo", "halt", story.project, str(d["number"]), *words, codes=(0, 1))


def _commit(story: Story, subject: str, *, crash: str) -> None:
    road = next(at for at in _EXAMPLES if at.is_dir()) / "podo.yaml"
    (story.repository / "podo.yaml").write_text(
        road.read_text().rstrip("\n") + (_CRASH.format(region=crash) if crash else "\n") + _AT_ONCE
    )
    (story.repository / "greeting.txt").write_text(f"{subject.removeprefix('Say ')}\n")
    story.tell.run(story.guests.asker, "git", "add", "--all", folder=story.repository)
    story.tell.run(story.guests.asker, "git", "commit", "--quiet", "--message", subject, folder=story.repository)


def _to_alpha(story: Story, subject: str, *, crash: str) -> None:
    tell, asker = story.tell, story.guests.asker
    if crash or not story.is_new:
        tell.say("A new commit." if not crash else f"The next commit crashes in {crash}, and there alone. Nobody knows yet.")
        _commit(story, subject, crash=crash)
    tell.say("The commit becomes an image, once, and never again.")
    tell.run(asker, "podo", "build", story.project, "--watch")
    build = _builds(story)[0]["number"]
    tell.say("What was built goes to alpha by itself.")
    number = _wait(story, lambda: next((d["number"] for d in _deployments(story, "alpha") if d["build"] == build), None))
    tell.run(asker, "podo", "deployment", "show", story.project, str(number), "--watch")


def _builds(story: Story) -> list[Any]:
    return story.ask(f"/projects/{story.project}/builds", limit=1)["items"]


def _deployments(story: Story, environment: str) -> list[Any]:
    return story.ask(f"/projects/{story.project}/deployments", q=f"env:{environment}", limit=5)["items"]


def _wait(story: Story, look: Callable[[], Any]) -> Any:
    until = clock.monotonic() + _PATIENCE
    while (found := look()) is None:
        if clock.monotonic() > until:
            raise Failed(f"{story.project} did not get on within two minutes.", f"See {story.tell.here.url}/{story.project}")
        time.sleep(0.3)
    return found


def _to_production(story: Story) -> int:
    tell, asker, approver = story.tell, story.guests.asker, story.guests.approver
    tell.say(f"Production is asked for in {_listed(story.regions)}. Each region waits for an approval of its own.")
    tell.run(asker, "podo", "deploy", story.project, "--env", "prod")
    number = _deployments(story, "prod")[0]["number"]
    tell.say("Whoever asks does not approve.")
    tell.run(asker, "podo", "approve", story.project, str(number), "--yes", codes=(3,))
    tell.say(f"{approver.name}, of the same team, looks at what it changes, and approves.")
    tell.run(approver, "podo", "changes", story.project, str(number))
    tell.run(approver, "podo", "approve", story.project, str(number), "--yes", "--comment", "Looks right")
    tell.say("It rolls from region to region: the next begins when the one before is healthy and has soaked.")
    tell.run(asker, "podo", "deployment", "show", story.project, str(number), "--watch")
    return number


def _fail(story: Story) -> None:
    tell, asker, approver = story.tell, story.guests.asker, story.guests.approver
    _to_alpha(story, f"Say good day at {clock.now():%H:%M:%S}", crash=story.regions[1])
    tell.say("It was healthy in alpha, so it is asked for, and approved, in production.")
    tell.run(asker, "podo", "deploy", story.project, "--env", "prod")
    number = _deployments(story, "prod")[0]["number"]
    tell.run(approver, "podo", "approve", story.project, str(number), "--yes")
    tell.say(f"In {story.regions[1]} its pods crash. Podo puts back there what ran before, and stops the train (exit code 6).")
    tell.run(asker, "podo", "deployment", "show", story.project, str(number), "--watch", codes=(6,))
    after = f", {_listed(story.regions[2:])} never saw it" if story.regions[2:] else ""
    tell.say(f"{story.regions[0]} keeps the new release, {story.regions[1]} has the old one again{after}.")
    tell.run(asker, "podo", "places", story.project)


def _back(story: Story, first: int) -> None:
    tell, asker = story.tell, story.guests.asker
    tell.say(f"One command brings {story.regions[0]} back to #{first} as well: no build, no git, no approval.")
    tell.run(asker, "podo", "rollback", story.project, "--env", "prod", "--region", story.regions[0], "--watch")
    tell.say("All of it is in the timeline: by whom, when, in which order. The same log is the audit log.")
    tell.run(asker, "podo", "activity", "--project", story.project, "--limit", "14")


def _soak_shortly(story: Story) -> None:
    kept = story.folder / "soak.json"
    prod = next((e for e in story.ask("/environments") if e["name"] == "prod"), None)
    if prod is None:
        raise Failed("This Podo has no environment prod.", "The tour wants the demo's own: podo up")
    if prod["soak_seconds"] > _SOAK:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(prod))
        seconds = prod["soak_seconds"]
        story.tell.say(
            f"Production soaks {seconds} seconds after each region. For the tour an SRE makes that {_SOAK}, and puts it back."
        )
        _set(story, {**prod, "soak_seconds": _SOAK})


def _put_back_the_soak(story: Story) -> None:
    kept = story.folder / "soak.json"
    if kept.exists():
        story.tell.say("What the SRE changed for the tour is put back.")
        _set(story, json.loads(kept.read_text()))
        kept.unlink()


def _set(story: Story, e: dict[str, Any]) -> None:
    words = ["--order", str(e["order"]), "--approvals", str(e["approvals"]), "--soak-seconds", str(e["soak_seconds"])]
    words += ["--self-approval"] if e["self_approval"] else []
    story.tell.run(story.guests.sre, "podo", "environment", "set", e["name"], *words)


def _goodbye(story: Story) -> None:
    tell, took = story.tell, clock.monotonic() - story.tell.begun
    if tell.here.as_json:
        click.echo(
            json.dumps({"project": story.project, "seconds": round(took, 1), "steps": tell.steps}, ensure_ascii=False, indent=2)
        )
        return
    click.secho(f"\n{took:.0f} seconds. See it in the browser: {tell.here.url}/{story.project}", bold=True)
    click.echo(
        f"The tour's tokens are revoked. {story.project} stays, as all that ran in production does; run the tour again to go on"
    )
    click.echo(f"with it. Its repository is {story.repository}.")


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
