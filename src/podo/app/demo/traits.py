"""What a project of the example is like: the values of its podo.yaml, its variables and secrets, and what goes wrong with it."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from podo.app.demo.organisation import ExampleProject

Values = dict[str, Any]

_REPLICAS = {1: 4, 2: 3, 3: 2}
_MEMORY = {
    "kotlin": "512Mi",
    "java": "512Mi",
    "ruby": "384Mi",
    "python": "256Mi",
    "typescript": "192Mi",
    "go": "96Mi",
    "rust": "64Mi",
}
_SECONDS = {"kotlin": 210, "java": 230, "ruby": 150, "python": 90, "typescript": 120, "go": 60, "rust": 260}

# The red things that a newcomer finds, by project: what is simulated in its last region; and whose cron job rests.
_FAILURE = "simulate.podo.dev/failure"
BROKEN: Mapping[str, str] = {
    "sticker-indexer": "CrashLoopBackOff",
    "invoice-api": "OOMKilled",
    "photo-api": "ImagePullBackOff",
    "keyword-worker": "Unready",
}
RESTING = frozenset({"query-batch", "transfer-batch"})

_VARIABLES: Sequence[tuple[str, Sequence[str]]] = (
    ("LOG_LEVEL", ("info", "debug", "warning")),
    ("CACHE_SECONDS", ("30", "60", "300", "600")),
    ("DATABASE_POOL", ("10", "20", "40")),
    ("REQUEST_TIMEOUT_MS", ("800", "1500", "3000")),
    ("MAX_IN_FLIGHT", ("64", "128", "256")),
    ("FEATURE_NEW_RANKING", ("off", "on")),
    ("SAMPLE_RATE", ("0.01", "0.05", "0.1")),
    ("RETRY_ATTEMPTS", ("1", "2", "3")),
)
_SECRETS = ("DATABASE_URL", "PAYMENT_API_KEY", "SENTRY_DSN", "KAFKA_PASSWORD", "SIGNING_KEY")

FAILED_BUILDS = (
    "STEP 6/9: the tests failed (exit code 1)",
    "STEP 4/9: the lock file does not fit the manifest (exit code 1)",
    "STEP 3/9: no space left on device",
    "STEP 7/9: cannot find module 'protobuf' (exit code 2)",
)
FAILED_ROLLOUTS = (
    "1 of {wanted} pods crash-loops: app ended with exit code 1",
    "{wanted} of {wanted} pods do not become ready: /healthz answers 503",
    "1 of {wanted} pods was killed: it wanted more memory than it may have",
)
REMARKS = (
    "Watched the error rate while kr soaked: flat.",
    "이번 배포는 트래픽이 적은 시간에 나갔으면 합니다.",
    "The migration ran yesterday, this only reads the new column.",
    "대시보드 확인했습니다. 진행해도 됩니다.",
    "Please keep an eye on `p99` of the list; it was the reason for the last rollback.",
    "Talked to @sre: fine from their side.",
    "캐시 비우는 작업은 배포 뒤에 따로 합니다.",
)
QUESTIONS = ("Can we have the flag off by default first?", "알파에서 하루 더 보고 싶어요.", "Which dashboard shows this?")


@dataclass(frozen=True, slots=True)
class Traits:
    """What follows from a project's name. `variables` and `secrets` are what it is configured with at first."""

    values: Values
    variables: Mapping[str, str]
    secrets: Mapping[str, str]
    pods: int
    seconds: int
    commits: int


def of(project: ExampleProject, chance: random.Random) -> Traits:
    """What a project is like."""
    is_worker = project.slug.endswith(("-worker", "-stream", "-indexer", "-relay"))
    pods = _REPLICAS[project.tier]
    values: Values = {
        "replicas": pods,
        "resources": {"cpu": "100m", "memory": _MEMORY[project.stack]},
        "health": {"http": "/healthz"},
    }
    if project.tier == 1:
        values["autoscaling"] = {"enabled": True, "min": pods, "max": pods * 4}
    if is_worker:
        values["workers"] = [{"name": "consumer", "command": ["/app", "consume"], "replicas": 1}]
    if project.slug.endswith("-batch") or chance.random() < 0.12:
        values["cron"] = [_job(project, chance)]
    stages: Values = {"alpha": {"replicas": 1, "autoscaling": {"enabled": False}}}
    if project.slug in BROKEN:
        stages["prod"] = {"regions": {project.regions[-1]: {"podAnnotations": {_FAILURE: BROKEN[project.slug]}}}}
    chosen = sorted(chance.sample(_VARIABLES, chance.randint(2, 5)))
    return Traits(
        values={"values": values, "environments": stages},
        variables={key: values[0] for key, values in chosen},
        secrets={key: f"invented-{chance.getrandbits(64):016x}" for key in sorted(chance.sample(_SECRETS, chance.randint(1, 2)))},
        pods=pods,
        seconds=_SECONDS[project.stack],
        commits={1: 11, 2: 6, 3: 3}[project.tier] + chance.randint(0, 3),
    )


def _job(project: ExampleProject, chance: random.Random) -> Values:
    job: Values = {
        "name": chance.choice(("tidy", "report", "rebuild")),
        "schedule": f"{chance.randrange(60)} {chance.randrange(1, 6)} * * *",
        "timeZone": "Asia/Seoul",
        "command": ["/app", "job"],
    }
    return job | ({"suspend": True} if project.slug in RESTING else {})


def other(key: str, now: str, chance: random.Random) -> str:
    """Another value of a variable."""
    return chance.choice([v for v in dict(_VARIABLES)[key] if v != now])
