"""The section of the settings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from podo.kernel.settings import setting


@dataclass(frozen=True, slots=True)
class DeliverySettings:
    """Builds and deployments."""

    builder: str = setting(
        "auto", "`buildah`, `twin` (images are simulated), `off`, or `auto`: buildah where it is installed, else the twin"
    )
    build_on_host: bool = setting(
        False, "Build on Podo's own machine; for demo and trusted repositories alone, as a Dockerfile runs code"
    )
    trusted: list[str] = setting(
        [], "Repositories that may be built on Podo's machine, by the beginning of their address; empty: all"
    )
    logs: Path | None = setting(None, "Folder of build logs; empty: `builds` in `server.directory`. Several machines share one")
    build_seconds: int = setting(1800, "A build that runs longer is ended")
    builds_at_once: int = setting(2, "Builds that run at the same time in one process")
    registry: str = setting(
        "127.0.0.1:5000", "Registry that images are pushed to, `host[:port][/path]`; an image is called <registry>/<project>"
    )
    registry_user: str = setting("", "Login of the registry; empty: none")
    registry_password: str = setting("", "Password or token of that login", secret=True)
    webhook_secret: str = setting(
        "", "Secret of the repositories' webhooks (GitHub's X-Hub-Signature-256); empty: webhooks are refused", secret=True
    )
    poll_seconds: int = setting(10, "Pause between two looks at a repository without webhook; 0: never")
    rollout_seconds: int = setting(660, "A rollout that is not healthy after so long has failed, and is put back")
    degraded_seconds: float = setting(
        20.0, "A rollout that is Degraded for so long has failed; a pod may stumble while it starts"
    )
    unreachable_seconds: int = setting(
        1800, "A rollout whose cluster does not answer for so long is stuck, until a person decides"
    )
