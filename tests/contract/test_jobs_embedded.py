"""The embedded runner: nothing that becomes due is overlooked, and the first step of a handler that may be part of the claim."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from assistant.base.clock import ManualClock
from assistant.base.principal import system
from assistant.jobs import EmbeddedRunner, Job, embedded, opened
from assistant.store import Due, Fact, Store, View, Work, fact
from tests.conftest import NOON

ME = system("test")


class Walking(ManualClock):
    """A clock on which a millisecond passes with every look."""

    def now(self) -> datetime:
        self.advance(timedelta(milliseconds=1))
        return super().now()


class Counted:
    """A handler whose first step records a fact and makes more work due; what it does and in which order is noted."""

    def __init__(self, store: Store, troubles: int = 0) -> None:
        self._store = store
        self._troubles = troubles
        self.given: list[str] = []
        self.done = asyncio.Event()

    def open(self, work: Work, job: Job) -> str:
        work.record(Fact("step.taken", f"step:{job.key}"))
        if self._troubles:
            self._troubles -= 1
            raise RuntimeError("the step fails")
        work.due(Due("after", job.key, work.now))
        return f"opened {job.key}"

    async def __call__(self, job: Job) -> None:
        self.given.append(await opened(self._store, self, job))

    async def after(self, _job: Job) -> None:
        self.done.set()


def ask(store: Store, *items: Due) -> None:
    store.do(lambda work, _: work.due(*items), None, ME)


def steps(view: View) -> list[str]:
    return [row.subject for row in view.all(sa.select(fact.c.subject).where(fact.c.name == "step.taken").order_by(fact.c.id))]


async def test_what_becomes_due_while_a_claim_is_written_does_not_wait_for_the_next_look(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "POLL", 60.0)
    store = Store(database, Walking(NOON))
    ran: list[str] = []
    enough = asyncio.Event()

    async def handle(job: Job) -> None:
        ran.append(job.key)
        if len(ran) == 30:
            enough.set()

    # Growing gaps, so that one of them ends in each of the instants between two looks at the clock.
    ask(store, *(Due("note", f"{n:02}", NOON + timedelta(milliseconds=50 + n * (n + 9) // 2)) for n in range(30)))
    runner = EmbeddedRunner(store, {"note": handle})
    await runner.start()
    await asyncio.wait_for(enough.wait(), 20)
    await runner.stop()
    store.close()
    assert sorted(ran) == [f"{n:02}" for n in range(30)]


@pytest.mark.parametrize("troubles", [0, 1])
async def test_the_first_step_of_a_job_is_taken_once_whether_with_its_claim_or_after_it(
    store: Store, clock: ManualClock, troubles: int
) -> None:
    handler = Counted(store, troubles)
    runner = EmbeddedRunner(store, {"step": handler, "after": handler.after})
    await runner.start()
    ask(store, Due("step", "a", NOON))
    while not handler.done.is_set():
        clock.advance(timedelta(seconds=1))
        await asyncio.sleep(0.05)
    await runner.stop()
    assert (handler.given, store.look(steps)) == (["opened a"], ["step:a"])


async def test_a_step_that_fails_undoes_nothing_of_its_neighbours_and_is_tried_again_as_its_own_job(
    store: Store, clock: ManualClock
) -> None:
    class Refusing(Counted):
        def open(self, work: Work, job: Job) -> str:
            told = super().open(work, job)
            if job.key == "bad":
                raise RuntimeError("never")
            return told

    handler = Refusing(store)
    ask(store, *(Due("step", key, NOON) for key in ("a", "bad", "c")))
    runner = EmbeddedRunner(store, {"step": handler, "after": handler.after})
    await runner.start()
    await asyncio.wait_for(handler.done.wait(), 20)
    await runner.stop()
    await runner.run_until_idle()
    assert sorted(handler.given) == ["opened a", "opened c"]
    assert sorted(store.look(steps)) == ["step:a", "step:c"]
    clock.advance(timedelta(hours=1))
    assert await runner.run_until_idle() == 1
