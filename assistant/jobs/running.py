"""One claimed job from start to end: the handler under a heartbeat, then finish, retry or hold."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from assistant.base.errors import LaoyouError, Transient
from assistant.base.principal import system
from assistant.jobs.port import NOT_OPENED, Failure, Finish, Finished, Handler, Job, Lease, Opening, fail, finish, renew
from assistant.store import Store, Undone, Work
from assistant.telemetry import log

RUNNER = system("jobs")
TRIES = 3
"""How often the end of a job is written before it is left to its lease."""

Watcher = Callable[[Job, Finished, BaseException | None], None]
"""Told of every ended job: its outcome and the error, if any. For logs and figures."""


async def opened(store: Store, handler: Opening, job: Job) -> Any:
    """What the first step of the handler answers: taken with the claim already, or by a commit of its own now."""
    return await store.write(handler.open, job, RUNNER) if job.opened is NOT_OPENED else job.opened


def open_claimed(work: Work, handlers: Mapping[str, Opening], jobs: Sequence[Job]) -> list[Job]:
    """Takes the first step of those jobs that have one, each by itself; where it fails the handler takes it again and fails."""
    return [_open_claimed(work, handlers[job.kind], job) if job.kind in handlers else job for job in jobs]


def _open_claimed(work: Work, handler: Opening, job: Job) -> Job:
    try:
        return replace(job, opened=work.part(lambda part: handler.open(part, job)))
    except Undone:
        return job


class Performer:
    """Runs claimed jobs of one store. ``running`` are the leases this process holds now; ``end`` writes down that a job is done."""

    def __init__(
        self,
        store: Store,
        handlers: Mapping[str, Handler],
        lease_seconds: float,
        watcher: Watcher | None = None,
        end: Callable[[Finish], Awaitable[Finished]] | None = None,
    ) -> None:
        self.store = store
        self.handlers = dict(handlers)
        self.lease_seconds = lease_seconds
        self.running: dict[str, Job] = {}
        self._watcher = watcher
        self._done = end or _Ends(store).write

    def leases(self) -> tuple[Lease, ...]:
        return tuple(Lease(job.id, job.lease_token, job.lease_until) for job in self.running.values())

    async def perform(self, job: Job) -> Finished:
        """Runs the handler of the job and writes how it ended. Never raises for the handler's errors."""
        self.running[job.id] = job
        error: BaseException | None = None
        try:
            error = await self._handle(job)
            outcome = await self._end(job, error)
        finally:
            # The row may have been asked for again and be claimed anew by now.
            if self.running.get(job.id) is job:
                del self.running[job.id]
        if self._watcher is not None:
            self._watcher(job, outcome, error)
        return outcome

    async def _handle(self, job: Job) -> BaseException | None:
        handler = self.handlers.get(job.kind)
        if handler is None:
            return LookupError(f"no handler for {job.kind}")
        work = asyncio.ensure_future(handler(job))
        beating = asyncio.create_task(self._beat(job, work))
        try:
            await work
        except asyncio.CancelledError as stopped:
            return stopped
        except Exception as error:
            return error
        finally:
            beating.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await beating
        return None

    async def _beat(self, job: Job, work: asyncio.Future[None]) -> None:
        """Renews the lease while the handler runs; stops the handler when the lease has been lost."""
        while True:
            await asyncio.sleep(self.lease_seconds / 3)
            try:
                kept = await self.store.write(_renew, (Lease(job.id, job.lease_token), self.lease_seconds), RUNNER)
            except Exception:  # noqa: S112  A database that is away now may be back at the next beat.
                continue
            if not kept:
                work.cancel()
                return

    async def _end(self, job: Job, error: BaseException | None) -> Finished:
        for attempt in range(TRIES):
            try:
                if error is None:
                    return await self._done(Finish(job.id, job.lease_token, job.generation))
                return (await self.store.write(fail, [failure_of(job, error)], RUNNER))[0]  # type: ignore[no-any-return]
            except Exception as trouble:
                log("jobs").error("end_not_written", kind=job.kind, id=job.id, error=repr(trouble))
                if attempt == TRIES - 1:
                    return "lost"
                await asyncio.sleep(self.lease_seconds / 10)
        return "lost"


Ending = tuple[Finish, asyncio.Future[Finished]]
"""A job that is done, and who waits until that is on disk."""


def tell(ended: Sequence[Ending], outcomes: Sequence[Finished]) -> None:
    """Says to those who wait how each end was taken."""
    for (_ending, told), outcome in zip(ended, outcomes, strict=True):
        if not told.done():
            told.set_result(outcome)


def refuse(ended: Sequence[Ending], error: Exception) -> None:
    """Says to those who wait that nothing was written."""
    for _ending, told in ended:
        if not told.done():
            told.set_exception(error)


class _Ends:
    """Jobs that end while a commit is under way share the next one, as one set."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._waiting: list[Ending] = []
        self._working: asyncio.Task[None] | None = None

    async def write(self, ending: Finish) -> Finished:
        """How the end was taken, once it is on disk; raises what the store raised for its set."""
        told: asyncio.Future[Finished] = asyncio.get_running_loop().create_future()
        self._waiting.append((ending, told))
        if self._working is None or self._working.done():
            self._working = asyncio.create_task(self._work(), name="ends")
        return await told

    async def _work(self) -> None:
        while self._waiting:
            taken, self._waiting = self._waiting, []
            try:
                outcomes: list[Finished] = await self._store.write(finish, [ending for ending, _told in taken], RUNNER)
            except Exception as error:
                refuse(taken, error)
                continue
            tell(taken, outcomes)


def failure_of(job: Job, error: BaseException) -> Failure:
    """How an error of a handler is written down: transient ones and a stopped process are not the job's fault."""
    passing = isinstance(error, (Transient, asyncio.CancelledError))
    retry_at = error.retry_at if isinstance(error, Transient) else None
    text = f"{error.code}: {error.say}" if isinstance(error, LaoyouError) else f"{type(error).__name__}: {error}"
    return Failure(job.id, job.lease_token, job.generation, text, passing, retry_at)


def _renew(work: Work, request: tuple[Lease, float]) -> list[str]:
    return renew(work, [request[0]], request[1])
