"""Runs due rows in this process: woken by commits, by the next due instant, and by a short poll, since other processes make rows due too
and a clock may be stepped. Jobs that have ended, the claim of what follows them and, on SQLite, its first step share one commit."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from datetime import datetime

from assistant.base import ids
from assistant.jobs.port import ClaimRequest, Finish, Finished, Handler, Job, Opening, claim, finish, next_due
from assistant.jobs.running import RUNNER, Ending, Performer, Watcher, open_claimed, refuse, tell
from assistant.store import Store, Work
from assistant.telemetry import log

POLL = 0.5
"""Seconds of real time after which the runner looks again, whatever the clock says."""

ROUNDS = 8
"""So many rounds of the event loop are waited for the end of a job."""


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
        self._performer = Performer(store, handlers, lease_seconds, watcher, self._end)
        self._kinds = tuple(self._performer.handlers)
        # Where many write at once, a row that one of these waits for would hold up the claim of all the others.
        openings = {kind: handler for kind, handler in handlers.items() if isinstance(handler, Opening)}
        self._openings: Mapping[str, Opening] = openings if store.one_writer else {}
        self._concurrency = concurrency
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._jobs: set[asyncio.Task[None]] = set()
        self._ended: list[Ending] = []
        self._soonest: datetime | None = None
        self._stopping = False
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
        self._heard(self._store.clock.now())

    async def run_until_idle(self, most: int = 100_000) -> int:
        """Runs everything that is due now, one job after another in due order, until nothing is; returns how many ran."""
        count = 0
        while jobs := await self._store.write(claim, self._request(self._concurrency), RUNNER):
            for job in jobs:
                await self._performer.perform(job)
            count += len(jobs)
            if count >= most:
                raise RuntimeError(f"still not idle after {count} jobs, the last was {jobs[-1].kind} {jobs[-1].key}")
        return count

    def _heard(self, earliest: datetime) -> None:
        """A commit of this process has made something due; called from the writer's thread."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._expect, earliest)

    def _expect(self, instant: datetime | None) -> None:
        if instant is not None and (self._soonest is None or instant < self._soonest):
            self._soonest = instant
            self._wake.set()

    async def _run(self) -> None:
        look = True
        while not self._stopping:
            self._wake.clear()
            pause = POLL
            try:
                if look:
                    self._expect(await self._store.read(next_due, self._kinds))
                if await self._anything():
                    await self._turn_over()
                pause = self._pause()
            except Exception as error:
                log("jobs").error("claim_failed", error=repr(error))
            try:
                await asyncio.wait_for(self._wake.wait(), min(max(pause, 0.001), POLL))
                look = False
            except TimeoutError:
                look = self._pause() > 0
        while self._ended:
            with contextlib.suppress(Exception):  # Each job writes its own end then.
                await self._turn_over()

    async def _anything(self) -> bool:
        """Whether a look is worth its commit. What a running job has just made due mostly waits for this job's end, which is a few rounds
        of the loop away."""
        for _ in range(ROUNDS):
            if self._ended or not self._jobs or self._pause() > 0:
                break
            await asyncio.sleep(0)
        return bool(self._ended) or self._pause() <= 0

    def _pause(self) -> float:
        """Seconds until something is due, as far as we know."""
        return POLL if self._soonest is None else (self._soonest - self._store.clock.now()).total_seconds()

    async def _turn_over(self) -> None:
        """One commit: what has ended is written down, and what is ready now is taken and begun."""
        ended, self._ended = self._ended, []
        free = 0 if self._stopping else self._concurrency - len(self._performer.running) + len(ended)
        # What is made due from here on is heard of; what was there before, this very commit sees.
        self._soonest = None
        try:
            request = ([ending for ending, _told in ended], self._request(free), self._openings)
            outcomes, jobs, instant = await self._store.write(_turned_over, request, RUNNER)
        except Exception as error:
            refuse(ended, error)
            raise
        for ending, _told in ended:
            self._performer.running.pop(ending.id, None)
        tell(ended, outcomes)
        for job in jobs:
            self._launch(job)
        if not self._stopping:
            self._expect(instant)

    def _request(self, limit: int) -> ClaimRequest:
        leases = self._performer.leases()
        return ClaimRequest(limit, self._performer.lease_seconds, ids.fresh("lease"), self._kinds, renew=leases)

    async def _end(self, ending: Finish) -> Finished:
        """Ends a job with the next commit of the loop; where no loop runs, with one of its own."""
        if not self.alive or self._stopping:
            return (await self._store.write(finish, [ending], RUNNER))[0]  # type: ignore[no-any-return]
        told: asyncio.Future[Finished] = asyncio.get_running_loop().create_future()
        self._ended.append((ending, told))
        self._wake.set()
        return await told

    def _launch(self, job: Job) -> None:
        self._performer.running[job.id] = job
        task = asyncio.create_task(self._perform(job))
        self._jobs.add(task)
        task.add_done_callback(self._jobs.discard)

    async def _perform(self, job: Job) -> None:
        if await self._performer.perform(job) != "done":
            self.wake()


def _turned_over(
    work: Work, request: tuple[list[Finish], ClaimRequest, Mapping[str, Opening]]
) -> tuple[list[Finished], list[Job], datetime | None]:
    endings, wanted, openings = request
    outcomes = finish(work, endings) if endings else []
    jobs = open_claimed(work, openings, claim(work, wanted))
    instant = next_due(work, wanted.kinds)
    # What was due already and was not taken waits for something that runs, and is seen when that has ended. By the time of the claim: what
    # has become due since was not looked at.
    return outcomes, jobs, instant if instant is not None and instant > work.now else None
