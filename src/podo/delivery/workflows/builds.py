"""The order of steps for a build."""

from __future__ import annotations

from podo.delivery.service import builds as service
from podo.delivery.steps import builds as steps
from podo.kernel.db import Tx
from podo.kernel.durable import workflow
from podo.kernel.errors import PodoError

_ENDS = {
    "succeeded": "Succeeded.",
    "cancelled": "Cancelled.",
    "failed": "Failed.",
    "gone": "The project is gone.",
}


async def _stuck(tx: Tx, build_id: str, why: str) -> None:
    await service.failed(tx, build_id, why)


async def _stuck_cancelling(tx: Tx, build_id: str, why: str) -> None:
    # The build looks for itself whether it was cancelled: there is nothing to mark.
    return


@workflow("build_v1", stuck=_stuck)
async def build(build_id: str) -> str:
    """Build a commit: succeeded, failed with a reason, or cancelled; or `ended`. The log is kept."""
    planned = await steps.plan_build(build_id)
    if planned is None:
        await _end_log(build_id, "It ended before it began.")
        return "ended"
    project, sha, dockerfile = planned["project"], planned["sha"], planned["dockerfile"]
    try:
        read = await steps.read_commit(build_id, project, sha, dockerfile)
        if not await steps.build_begins(build_id, read):
            await _end_log(build_id, _ENDS["cancelled"])
            return "cancelled"
        made = await steps.make_image(build_id, project, sha, dockerfile, read["image"])
    except PodoError as error:
        so, do = error.said()
        state = await steps.build_has_failed(build_id, so)
        await _end_log(build_id, f"Failed: {so} {do}" if state == "failed" else _ENDS[state])
        return state
    state = await steps.build_has_succeeded(build_id, made)
    await _end_log(build_id, _ENDS[state])
    return state


async def _end_log(build_id: str, said: str) -> None:
    """What has been decided stays so, even where the log cannot be ended."""
    try:
        await steps.end_log(build_id, said)
    except PodoError:
        return


@workflow("build_cancel_v1", stuck=_stuck_cancelling)
async def cancel(build_id: str) -> str:
    """Tell the builder that nobody wants it any more."""
    await steps.stop_building(build_id)
    return "told"
