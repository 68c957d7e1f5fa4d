"""One suite over the engines that run due work: in this process on both databases, and PgQueuer on PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from assistant.base.clock import ManualClock, stopwatch
from assistant.base.errors import Refused, Transient
from assistant.base.principal import system
from assistant.jobs import EmbeddedRunner, Handler, Job, held, release
from assistant.jobs.pgqueuer_engine import PgQueuerRunner
from assistant.jobs.port import claimable
from assistant.store import Due, Store, View, due
from tests.support import databases

ME = system("test")
Start = Callable[..., Any]


async def until(true: Callable[[], bool], seconds: float = 15.0) -> None:
    """Waits for an outcome; the bound only ends a broken run."""
    deadline = stopwatch() + seconds
    while not true():
        assert stopwatch() < deadline, "it did not happen in time"
        await asyncio.sleep(0.005)


def at_rest(view: View) -> bool:
    """Nothing is ready and nothing is claimed; one statement, since on PostgreSQL two see two moments."""
    return view.one(due.select().where(claimable(view.now) | (due.c.lease_token != ""))) is None


@pytest.fixture(params=["embedded-sqlite", "embedded-postgresql", "pgqueuer-postgresql"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param).split("-")[0]


@pytest.fixture
def database(request: pytest.FixtureRequest, engine: str, tmp_path: Path) -> str:
    """The database that belongs to the engine's parameter."""
    on_sqlite = request.node.callspec.params["engine"].endswith("sqlite")
    return databases.sqlite(tmp_path) if on_sqlite else databases.postgresql()


class Bench:
    """One engine under test: ``start`` it, make work ``due``, wait until it is ``idle``."""

    def __init__(self, engine: str, store: Store) -> None:
        self._kind: Any = EmbeddedRunner if engine == "embedded" else PgQueuerRunner
        self.store = store
        self.runners: list[Any] = []
        self.log: list[str] = []

    async def start(self, handlers: dict[str, Handler] | None = None, **options: Any) -> Any:
        async def note(job: Job) -> None:
            self.log.append(job.key)

        runner = self._kind(self.store, {"note": note} | (handlers or {}), **{"lease_seconds": 5.0} | options)
        await runner.start()
        self.runners.append(runner)
        return runner

    def due(self, *items: Due) -> None:
        self.store.do(lambda work, _: work.due(*items), None, ME)

    def after(self, seconds: float) -> Any:
        return self.store.clock.now() + timedelta(seconds=seconds)

    def rows(self) -> int:
        return len(self.store.look(lambda view: view.all(due.select())))

    async def idle(self) -> None:
        for runner in self.runners:
            runner.wake()
        await until(lambda: self.store.look(at_rest))


@pytest.fixture
async def bench(engine: str, store: Store) -> AsyncIterator[Bench]:
    made = Bench(engine, store)
    yield made
    for runner in made.runners:
        await runner.stop(grace=1.0)


async def test_work_runs_when_it_is_due_and_not_before(bench: Bench, clock: ManualClock) -> None:
    await bench.start()
    bench.due(Due("note", "later", bench.after(60)), Due("note", "now", bench.after(0)))
    await bench.idle()
    assert bench.log == ["now"]
    clock.advance(timedelta(seconds=60))
    await bench.idle()
    assert bench.log == ["now", "later"]
    assert bench.rows() == 0


async def test_moving_the_due_time_moves_the_work(bench: Bench, clock: ManualClock) -> None:
    await bench.start()
    bench.due(Due("note", "a", bench.after(10)))
    bench.due(Due("note", "a", bench.after(30)))
    clock.advance(timedelta(seconds=10))
    await bench.idle()
    assert bench.log == []
    bench.due(Due("note", "a", bench.after(0)))
    await bench.idle()
    assert bench.log == ["a"]


async def test_work_asked_for_again_while_it_runs_runs_again_and_never_twice_at_once(bench: Bench, clock: ManualClock) -> None:
    runs, running, most, go_on = 0, 0, 0, asyncio.Event()

    async def again(_job: Job) -> None:
        nonlocal runs, running, most
        runs, running = runs + 1, running + 1
        most = max(most, running)
        if runs == 1:
            bench.due(Due("again", "a", bench.after(0)))
        else:
            await go_on.wait()
        running -= 1

    await bench.start({"again": again})
    bench.due(Due("again", "a", bench.after(0)))
    await until(lambda: runs == 2)
    await asyncio.sleep(0.05)
    clock.advance(timedelta(days=1))
    bench.due(Due("note", "later", bench.after(0)))
    await until(lambda: bench.log == ["later"])
    go_on.set()
    await bench.idle()
    assert (runs, most) == (2, 1)


async def test_one_order_key_runs_in_due_order_and_never_two_at_once(bench: Bench) -> None:
    running: set[str | None] = set()
    seen: dict[str | None, list[int]] = {"x": [], "y": []}

    async def careful(job: Job) -> None:
        assert job.order_key not in running
        running.add(job.order_key)
        await asyncio.sleep(0)
        seen[job.order_key].append(job.payload["n"])
        running.discard(job.order_key)

    items = [Due("careful", f"{key}{n}", bench.after(-60 + n), {"n": n}, order_key=key) for n in range(12) for key in "xy"]
    bench.due(*reversed(items))
    await bench.start({"careful": careful})
    await bench.idle()
    assert seen == {"x": list(range(12)), "y": list(range(12))}
    assert bench.rows() == 0


async def test_a_supplier_that_is_away_is_retried_when_it_says_and_never_held(bench: Bench, clock: ManualClock) -> None:
    tries: list[int] = []

    async def away(job: Job) -> None:
        tries.append(job.attempts)
        if len(tries) < 8:
            raise Transient("稍后再试", retry_at=bench.after(30))

    await bench.start({"away": away})
    bench.due(Due("away", "a", bench.after(0)))
    for _ in range(8):
        await bench.idle()
        clock.advance(timedelta(seconds=30))
    assert tries == [1] * 8
    assert bench.rows() == 0


async def test_poison_is_held_with_its_reason_and_others_go_on(bench: Bench, clock: ManualClock) -> None:
    tries: list[int] = []

    async def poison(job: Job) -> None:
        tries.append(job.attempts)
        if len(tries) <= 5:
            raise Refused("读不懂", code="unreadable")

    await bench.start({"poison": poison})
    bench.due(Due("poison", "bad", bench.after(-1), order_key="c"), Due("note", "other", bench.after(0), order_key="d"))
    bench.due(Due("poison", "behind", bench.after(0), order_key="c"))
    for count in range(1, 6):
        await bench.idle()
        assert tries[:count] == list(range(1, count + 1))
        clock.advance(timedelta(minutes=3))
    await bench.idle()
    (given_up,) = bench.store.look(held)
    assert (given_up.key, given_up.attempts, given_up.reason) == ("bad", 5, "unreadable: 读不懂")
    assert tries == [1, 2, 3, 4, 5, 1]
    assert bench.log == ["other"]
    assert bench.store.do(release, [given_up.id], ME) == 1
    await bench.idle()
    assert bench.rows() == 0


async def test_work_asked_for_again_while_it_runs_runs_again(bench: Bench) -> None:
    generations: list[int] = []
    started, go = asyncio.Event(), asyncio.Event()

    async def turn(job: Job) -> None:
        generations.append(job.generation)
        started.set()
        await go.wait()

    await bench.start({"turn": turn})
    bench.due(Due("turn", "c1", bench.after(0), order_key="c1"))
    await asyncio.wait_for(started.wait(), 10)
    bench.due(Due("turn", "c1", bench.after(0), order_key="c1"))
    go.set()
    await bench.idle()
    assert generations == [1, 2]
    assert bench.rows() == 0


async def test_a_long_handler_keeps_its_lease_while_other_engines_look_on(bench: Bench) -> None:
    runs: list[str] = []
    go = asyncio.Event()

    async def long(job: Job) -> None:
        runs.append(job.key)
        await go.wait()

    bench.store.clock = _Moving(bench.store.clock)
    await bench.start({"long": long}, lease_seconds=0.3)
    await bench.start({"long": long}, lease_seconds=0.3)
    bench.due(Due("long", "a", bench.after(0)))
    begun = stopwatch()
    await until(lambda: stopwatch() - begun > 1.0)
    go.set()
    await bench.idle()
    assert runs == ["a"]


class _Moving:
    """A manual clock that also runs, for leases that must be renewed."""

    def __init__(self, base: Any) -> None:
        self._start = base.now()
        self._zero = stopwatch()

    def now(self) -> Any:
        return self._start + timedelta(seconds=stopwatch() - self._zero)


async def test_two_workers_run_each_job_once(bench: Bench) -> None:
    runs: list[str] = []

    async def job_of_both(job: Job) -> None:
        await asyncio.sleep(0)
        runs.append(job.key)

    await bench.start({"both": job_of_both}, concurrency=4)
    await bench.start({"both": job_of_both}, concurrency=4)
    bench.due(*(Due("both", f"{n}", bench.after(0), order_key=f"k{n % 7}" if n % 2 else None) for n in range(60)))
    await bench.idle()
    assert sorted(runs) == sorted(f"{n}" for n in range(60))
    assert bench.rows() == 0


async def test_stopping_waits_for_what_runs_and_gives_back_what_does_not_end(bench: Bench) -> None:
    started = asyncio.Event()

    async def endless(job: Job) -> None:
        started.set()
        await asyncio.Event().wait()

    runner = await bench.start({"endless": endless})
    bench.due(Due("endless", "a", bench.after(0)))
    await asyncio.wait_for(started.wait(), 10)
    assert runner.alive
    await runner.stop(grace=0.05)
    assert not runner.alive
    (row,) = bench.store.look(lambda view: view.all(due.select()))
    assert (row.lease_token, row.held, row.attempts) == ("", False, 0)
