"""A worker process for kill tests: runs due rows until it is killed; a job of kind ``slow`` writes its start to a file and never ends."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from assistant.base.clock import SystemClock
from assistant.jobs import EmbeddedRunner, Job
from assistant.store import Store


def _kind(engine: str) -> Any:
    if engine == "embedded":
        return EmbeddedRunner
    from assistant.jobs.pgqueuer_engine import PgQueuerRunner

    return PgQueuerRunner


async def main(engine: str, url: str, folder: Path, mode: str) -> None:
    store = Store(url, SystemClock())

    async def slow(job: Job) -> None:
        (folder / f"started-{job.key}").write_text(str(job.attempts))
        if mode == "hang":
            await asyncio.sleep(3600)

    async def count(job: Job) -> None:
        flag = folder / f"running-{job.order_key or job.key}"
        with flag.open("x"):
            await asyncio.sleep(0.005)
        flag.unlink()
        with (folder / "log").open("a") as log:
            log.write(f"{job.key} {os.getpid()}\n")

    runner = _kind(engine)(store, {"slow": slow, "count": count}, lease_seconds=0.6, concurrency=4)
    await runner.start()
    (folder / f"ready-{os.getpid()}").touch()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4]))
