"""Runs due rows in this process: woken by commits, by the next due instant, and by a short poll since a clock may be stepped."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from datetime import datetime

from assistant.base import ids
from assistant.jobs.port import ClaimRequest, Handler, Job, claim, next_due
from assistant.jobs.running import RUNNER, Performer, Watcher
from assistant.store import Store
from assistant.telemetry import log

POLL = 0.5
"""Seconds of real time after which the runner looks again, whatever the clock says."""


TOGETHER = 0.002
"""Seconds in which ended jobs are waited for together, so that one claim serves several."""


class EmbeddedRunner:
    """Runs up to ``concurrency`` jobs of ``handlers`` (kind → coroutine function) at a time, on SQLite or PostgreSQL."""

    def __init__(
        self,
        store: Store,
        handlers: Mapping[str, Handler],
        *,
        concurrency: int = 32,
        lease_seconds: float = 30.0,
        watcher: Watcher | None = None,
    ) -> None:
        self._store = store
        self._performer = Performer(store, handlers, lease_seconds, watcher)
        self._concurrency = concurrency
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._jobs: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._ripe = False
        store.listen(self._heard)

    @property
    def alive(self) -> bool:
        """Whether the loop is running."""
        return self._task is not None and not self._task.done()

    async def start(self) -> None:
        """Starts the loop in the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._stopping = False
        self._task = asyncio.create_task(self._run(), name="jobs")

    async def stop(self, grace: float = 10.0) -> None:
        """Takes no more work, waits for running handlers, and after ``grace`` seconds cancels them (their rows run again later)."""
        self._stopping = True
        self._wake.set()
        if self._task is not None:
            await self._task
        if self._jobs:
            _, late = await asyncio.wait(self._jobs, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        self._loop = None

    def wake(self) -> None:
        """Looks for ready rows now; from the event loop's thread or any other."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._wake.set)

    async def run_until_idle(self, most: int = 100_000) -> int:
        """Runs everything that is due now, one job after another in due order, until nothing is; returns how many ran."""
        count = 0
        while jobs := await self._claim(self._concurrency):
            for job in jobs:
                await self._performer.perform(job)
            count += len(jobs)
            if count >= most:
                raise RuntimeError(f"still not idle after {count} jobs, the last was {jobs[-1].kind} {jobs[-1].key}")
        return count

    def _heard(self, earliest: datetime) -> None:
        # What this very commit made due needs no look at what is due.
        self._ripe = self._ripe or earliest <= self._store.clock.now()
        self.wake()

    async def _run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            found = 0
            pause = POLL
            try:
                free = self._concurrency - len(self._jobs)
                ripe, self._ripe = self._ripe, False
                pause = 0.0 if ripe else await self._pause()
                if free > 0 and pause <= 0:
                    jobs = await self._claim(free)
                    found = len(jobs)
                    for job in jobs:
                        self._launch(job)
                    pause = await self._pause() if ripe and not found else POLL
                if found and found == free:
                    continue
            except Exception as error:
                log("jobs").error("claim_failed", error=repr(error))
                pause = POLL
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), min(max(pause, 0.001), POLL))

    async def _pause(self) -> float:
        """Seconds until something may be ready."""
        instant = await self._store.read(next_due, tuple(self._performer.handlers))
        return POLL if instant is None else (instant - self._store.clock.now()).total_seconds()

    async def _claim(self, limit: int) -> list[Job]:
        request = ClaimRequest(
            limit, self._performer.lease_seconds, ids.fresh("lease"), tuple(self._performer.handlers), renew=self._performer.leases()
        )
        return await self._store.write(claim, request, RUNNER)  # type: ignore[no-any-return]

    def _launch(self, job: Job) -> None:
        self._performer.running[job.id] = job
        task = asyncio.create_task(self._perform(job))
        self._jobs.add(task)

        def ended(done: asyncio.Task[None]) -> None:
            self._jobs.discard(done)
            done.get_loop().call_later(TOGETHER, self._wake.set)

        task.add_done_callback(ended)

    async def _perform(self, job: Job) -> None:
        await self._performer.perform(job)
