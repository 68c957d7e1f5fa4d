"""The handlers of due plan work, and the preview awaited to its end."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from assistant.base.errors import Refused
from assistant.base.principal import Principal, system
from assistant.jobs import Handler, Job
from assistant.operations.executing import hold_up, run_chunk
from assistant.operations.previewing import preview
from assistant.operations.values import Preview
from assistant.store import Store, Work

ME = system("plans")
MOST_STEPS = 10_000


def handlers(store: Store, stage: Callable[[str], None]) -> dict[str, Handler]:
    """The handlers of plan.chunk and plan.preview jobs; ``stage`` is told of each step (fault tests)."""

    async def chunk(job: Job) -> None:
        def run(work: Work, payload: Mapping[str, Any]) -> object:
            return run_chunk(work, payload, stage)

        plan_id = str(job.payload["plan"])
        try:
            await store.write(run, job.payload, ME, cause=plan_id)
        except Refused as error:
            await store.write(hold_up, (plan_id, error.say), ME, cause=plan_id)
        stage("plan.chunk_committed")

    async def look(job: Job) -> None:
        await store.write(step_preview, job.payload, ME, cause=str(job.payload["plan"]))

    return {"plan.chunk": chunk, "plan.preview": look}


def step_preview(work: Work, payload: Mapping[str, Any]) -> None:
    """One step of a preview that is due; one that was overtaken by a revision ends quietly."""
    try:
        preview(work, str(payload["plan"]))
    except Refused:
        return


async def preview_all(store: Store, plan_id: str, principal: Principal) -> Preview:
    """The whole preview, in as many short transactions as it takes."""
    for _ in range(MOST_STEPS):
        found: Preview | None = await store.write(preview, plan_id, principal, cause=plan_id)
        if found is not None:
            return found
    raise Refused("人群太大，预览没有完成", code="preview_too_long")
