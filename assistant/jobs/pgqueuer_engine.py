"""Carries ready rows across processes with PgQueuer: a pump enqueues them, any worker fetches, takes OUR lease, runs and finishes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from datetime import datetime, timedelta

import asyncpg  # type: ignore[import-untyped]
from pgqueuer.core.qm import QueueManager
from pgqueuer.db import AsyncpgPoolDriver
from pgqueuer.models import Job as Carried
from pgqueuer.queries import Queries

from assistant.base import ids
from assistant.base.clock import stopwatch
from assistant.jobs.port import ClaimRequest, Handler, Job, claim, next_due, ready
from assistant.jobs.running import RUNNER, Performer, Watcher
from assistant.store import Store
from assistant.telemetry import log

ENTRYPOINT = "due"
POLL = 0.5
TOGETHER = 0.002
"""Seconds in which ended jobs are waited for together, so that one look of the pump serves several."""

BATCH = 500
"""How many rows the pump hands over at a time."""


class PgQueuerRunner:
    """Runs due rows on PostgreSQL with any number of processes. Same promises as EmbeddedRunner; needs a ``postgresql://`` store."""

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
        self._lease = timedelta(seconds=lease_seconds)
        self._wake = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pool: asyncpg.Pool | None = None
        self._manager: QueueManager | None = None
        self._claiming = asyncio.Lock()
        self._wanted: list[str] = []
        self._claimed: dict[str, Job] = {}
        self._handed: dict[str, float] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = False

    @property
    def alive(self) -> bool:
        """Whether pump and worker are running."""
        return bool(self._tasks) and not any(task.done() for task in self._tasks)

    async def start(self) -> None:
        """Installs PgQueuer's tables where they are missing and starts pump and worker."""
        self._loop = asyncio.get_running_loop()
        self._stopping = False
        self._manager = None
        url = self._store.url.replace("postgresql+psycopg://", "postgresql://", 1)
        self._pool = await asyncpg.create_pool(url, min_size=2, max_size=6)
        await _install(self._pool)
        self._queries = Queries(AsyncpgPoolDriver(self._pool))
        self._store.listen(self._heard)
        self._tasks = [asyncio.create_task(self._pump(), name="pump"), asyncio.create_task(self._work(), name="jobs")]

    async def stop(self, grace: float = 10.0) -> None:
        """Takes no more work, waits for running handlers, and after ``grace`` seconds cancels them (their rows run again later)."""
        self._stopping = True
        self._wake.set()
        if self._tasks:
            if self._manager is not None:
                self._manager.shutdown.set()
            _, late = await asyncio.wait(self._tasks, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._tasks = []
        self._loop = None
        if self._pool is not None:
            await self._pool.close()
            self._pool = None

    def wake(self) -> None:
        """Looks for ready rows now; from any thread."""
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._wake.set)

    def _heard(self, _earliest: datetime) -> None:
        self.wake()

    async def _pump(self) -> None:
        """Hands ready rows to PgQueuer. Any process may pump: the key of one attempt is unique there."""
        while not self._stopping:
            self._wake.clear()
            pause = POLL
            try:
                pause = await self._pause()
                if pause <= 0:
                    rows = await self._store.read(ready, BATCH, tuple(self._performer.handlers))
                    await self._enqueue(rows)
                    pause = POLL
            except Exception as error:
                log("jobs").error("pump_failed", error=repr(error))
                pause = POLL
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), min(max(pause, 0.001), POLL))

    async def _work(self) -> None:
        """Fetches and runs until the end; a lost database is waited for."""
        batch = max(1, self._concurrency // 2)
        while not self._stopping and self._pool is not None:
            self._manager = QueueManager(Queries(AsyncpgPoolDriver(self._pool)))
            self._manager.entrypoint(ENTRYPOINT, accepts_context=False)(self._carry)
            try:
                await self._manager.run(
                    batch_size=batch,
                    dequeue_timeout=timedelta(seconds=POLL),
                    max_concurrent_tasks=max(self._concurrency, 2 * batch),
                    heartbeat_timeout=self._lease,
                )
            except Exception as error:
                log("jobs").error("worker_failed", error=repr(error))
                await asyncio.sleep(POLL)

    async def _pause(self) -> float:
        instant = await self._store.read(next_due, tuple(self._performer.handlers))
        return POLL if instant is None else (instant - self._store.clock.now()).total_seconds()

    async def _enqueue(self, rows: list[tuple[str, str, int]]) -> None:
        now = stopwatch()
        self._handed = {key: at for key, at in self._handed.items() if now - at < POLL}
        new = [row for row in rows if row[1] not in self._handed]
        self._handed |= dict.fromkeys((key for _, key, _ in new), now)
        if new:
            await self._queries.enqueue(
                [ENTRYPOINT] * len(new),
                [row_id.encode() for row_id, _, _ in new],
                [priority for _, _, priority in new],
                dedupe_key=[key for _, key, _ in new],
                on_conflict="skip",
            )

    async def _carry(self, carried: Carried) -> None:
        """Takes the lease of the row that was carried here; a row that is not ready any more is left to the pump."""
        if self._stopping or carried.payload is None:
            return
        for job in await self._claimed_together(carried.payload.decode()):
            await self._performer.perform(job)
        asyncio.get_running_loop().call_later(TOGETHER, self._wake.set)

    async def _claimed_together(self, row_id: str) -> list[Job]:
        """Claims the row in one transaction with all others that were carried here meanwhile."""
        self._wanted.append(row_id)
        async with self._claiming:
            if row_id in self._wanted:
                wanted, self._wanted = tuple(dict.fromkeys(self._wanted)), []
                for job in await self._claim(wanted):
                    self._performer.running[job.id] = job
                    self._claimed[job.id] = job
        return [self._claimed.pop(row_id)] if row_id in self._claimed else []

    async def _claim(self, row_ids: tuple[str, ...]) -> list[Job]:
        request = ClaimRequest(
            len(row_ids),
            self._performer.lease_seconds,
            ids.fresh("lease"),
            tuple(self._performer.handlers),
            ids=row_ids,
            renew=self._performer.leases(),
        )
        return await self._store.write(claim, request, RUNNER)  # type: ignore[no-any-return]


async def _install(pool: asyncpg.Pool) -> None:
    """Creates or upgrades PgQueuer's schema, one process at a time."""
    async with pool.acquire() as guard, guard.transaction():
        await guard.execute("SELECT pg_advisory_xact_lock(727001)")
        queries = Queries.from_asyncpg_pool(pool)
        if await queries.schema_is_installed():
            await queries.upgrade()
        else:
            await queries.install()
