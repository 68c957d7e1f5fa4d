"""Leases as plain rows: fencing, expiry by the store's clock, ticks, and recovery after a real kill -9."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from assistant.base.clock import ManualClock, SystemClock, stopwatch
from assistant.base.principal import system
from assistant.jobs import ClaimRequest, EmbeddedRunner, Failure, Finish, Job, Lease, Schedule, Ticker, claim, fail, finish, held, renew
from assistant.jobs.port import INTERRUPTED
from assistant.store import Due, Store, due

ME = system("test")
ROOT = Path(__file__).parents[2]


def ask(store: Store, *items: Due) -> None:
    store.do(lambda work, _: work.due(*items), None, ME)


def take(store: Store, token: str, limit: int = 10, **options: Any) -> list[Job]:
    return store.do(claim, ClaimRequest(limit, 30, token, **options), ME)  # type: ignore[no-any-return]


def lease_of(store: Store, row_id: str) -> datetime:
    return store.look(lambda view: view.scalar(sa.select(due.c.lease_until).where(due.c.id == row_id)))  # type: ignore[no-any-return]


def test_a_lost_lease_can_neither_finish_nor_fail(store: Store, clock: ManualClock) -> None:
    ask(store, Due("note", "a", clock.now()))
    (first,) = take(store, "one")
    assert take(store, "two") == []
    clock.advance(timedelta(seconds=30))
    (second,) = take(store, "two")
    assert store.do(finish, [Finish(first.id, "one", 1)], ME) == ["lost"]
    assert store.do(fail, [Failure(first.id, "one", 1, "x")], ME) == ["lost"]
    assert store.do(lambda work, _: renew(work, [Lease(first.id, "one"), Lease(first.id, "two")], 30), None, ME) == [first.id]
    assert second.attempts == 2
    assert store.do(finish, [Finish(second.id, "two", 1), Finish(second.id, "", 1)], ME) == ["done", "lost"]
    assert store.do(finish, [Finish(second.id, "two", 1)], ME) == ["lost"]


def test_a_claim_takes_one_row_per_order_key_and_what_is_wanted(store: Store, clock: ManualClock) -> None:
    ask(store, *(Due("note", f"{n}", clock.now() - timedelta(seconds=9 - n), order_key="k") for n in range(3)))
    ask(store, Due("other", "free", clock.now()), Due("note", "late", clock.now() + timedelta(seconds=1)))
    assert [job.key for job in take(store, "one")] == ["0", "free"]
    assert take(store, "two") == []
    ask(store, *(Due("many", f"{n}", clock.now()) for n in range(20)))
    assert len(take(store, "three", limit=7)) == 7
    assert take(store, "four", kinds=("note",)) == []
    assert len(take(store, "five", limit=50, kinds=("many",))) == 13


def test_running_leases_are_renewed_with_the_claim_even_if_the_clock_leaps(store: Store, clock: ManualClock) -> None:
    ask(store, Due("note", "a", clock.now(), order_key="k"), Due("note", "b", clock.now() + timedelta(seconds=1), order_key="k"))
    (first,) = take(store, "one")
    clock.advance(timedelta(days=1))
    assert take(store, "two", renew=(Lease(first.id, "one"),)) == []


def test_a_row_that_kills_its_process_each_time_is_held(store: Store, clock: ManualClock) -> None:
    ask(store, Due("note", "bad", clock.now(), order_key="k"), Due("note", "next", clock.now() + timedelta(seconds=1), order_key="k"))
    for number in range(5):
        assert [job.key for job in take(store, f"t{number}")] == ["bad"]
        clock.advance(timedelta(seconds=31))
    assert [job.key for job in take(store, "last")] == ["next"]
    assert [(item.key, item.reason) for item in store.look(held)] == [("bad", INTERRUPTED)]


def test_a_schedule_makes_each_planned_instant_due_once_however_many_tick(store: Store, clock: ManualClock) -> None:
    schedules = [Schedule("sweep", every=60), Schedule("daily", cron="0 9 * * *")]
    tickers = [Ticker(store, schedules) for _ in range(3)]

    def planned() -> list[tuple[str, datetime]]:
        return [(row.kind, row.due_at) for row in store.look(lambda view: view.all(due.select().order_by(due.c.due_at, due.c.kind)))]

    async def all_tick() -> None:
        for ticker in [*tickers, Ticker(store, schedules)]:
            await ticker.tick()

    asyncio.run(all_tick())
    assert planned() == [("sweep", clock.now())]
    clock.advance(timedelta(hours=22))
    asyncio.run(all_tick())
    nine = datetime(2026, 11, 23, 1, tzinfo=UTC)
    assert planned() == [("sweep", clock.now() - timedelta(hours=22)), ("daily", nine), ("sweep", clock.now())]
    clock.advance(timedelta(hours=-3))
    asyncio.run(all_tick())
    assert len(planned()) == 3


async def test_run_until_idle_runs_what_each_job_makes_due(store: Store, clock: ManualClock) -> None:
    ran: list[int] = []

    async def chain(job: Job) -> None:
        ran.append(job.payload["n"])
        if job.payload["n"] < 5:
            ask(store, Due("chain", f"{job.payload['n'] + 1}", clock.now(), {"n": job.payload["n"] + 1}))

    ask(store, Due("chain", "0", clock.now(), {"n": 0}))
    assert await EmbeddedRunner(store, {"chain": chain}).run_until_idle() == 6
    assert ran == list(range(6))


@pytest.fixture(params=["embedded", "pgqueuer"])
def engine(request: pytest.FixtureRequest, database: str) -> str:
    if request.param == "pgqueuer" and database.startswith("sqlite"):
        pytest.skip("PgQueuer needs PostgreSQL")
    return str(request.param)


@pytest.fixture
def children() -> Iterator[list[subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for child in started:
        child.kill()
        child.wait()


@pytest.fixture
def real(database: str) -> Iterator[Store]:
    opened = Store(database, SystemClock())
    yield opened
    opened.close()


def until(true: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = stopwatch() + seconds
    while not true():
        assert stopwatch() < deadline, "it did not happen in time"
        time.sleep(0.01)


def child(engine: str, database: str, folder: Path, mode: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.support.job_child", engine, database, str(folder), mode]
    return subprocess.Popen(command, cwd=ROOT)


def test_work_of_a_killed_process_is_done_by_another(
    engine: str, database: str, real: Store, tmp_path: Path, children: list[subprocess.Popen[bytes]]
) -> None:
    ask(real, Due("slow", "a", real.clock.now(), order_key="k"))
    children.append(child(engine, database, tmp_path, "hang"))
    until(lambda: (tmp_path / "started-a").exists() and (tmp_path / "started-a").read_text() == "1")
    children[0].kill()
    children[0].wait()
    children.append(child(engine, database, tmp_path, "end"))
    until(lambda: not real.look(lambda view: view.all(due.select())))
    assert int((tmp_path / "started-a").read_text()) == 2


def test_two_processes_run_each_job_once_and_never_two_of_one_order_key(
    engine: str, database: str, real: Store, tmp_path: Path, children: list[subprocess.Popen[bytes]]
) -> None:
    children += [child(engine, database, tmp_path, "end") for _ in range(2)]
    until(lambda: len(list(tmp_path.glob("ready-*"))) == 2)
    ask(real, *(Due("count", f"{n}", real.clock.now(), order_key=f"k{n % 6}") for n in range(48)))
    until(lambda: not real.look(lambda view: view.all(due.select())))
    log = [line.split() for line in (tmp_path / "log").read_text().splitlines()]
    assert sorted(int(key) for key, _ in log) == list(range(48))


def test_rows_behind_a_long_queue_of_one_order_key_are_found(store: Store, clock: ManualClock) -> None:
    ask(store, *(Due("note", f"{n:03}", clock.now() - timedelta(seconds=900 - n), order_key="long") for n in range(300)))
    ask(store, Due("note", "free", clock.now(), order_key="short"))
    assert [job.key for job in take(store, "one", limit=2)] == ["000"]
    assert [job.key for job in take(store, "two", limit=2)] == ["free"]
    assert take(store, "three", limit=2) == []


def test_a_claim_renews_only_leases_that_are_half_over(store: Store, clock: ManualClock) -> None:
    ask(store, Due("note", "a", clock.now()))
    (first,) = take(store, "one")
    begun = clock.now()
    assert first.lease_until == begun + timedelta(seconds=30)
    clock.advance(timedelta(seconds=10))
    take(store, "two", renew=(Lease(first.id, "one", first.lease_until),))
    assert lease_of(store, first.id) == first.lease_until
    clock.advance(timedelta(seconds=10))
    take(store, "three", renew=(Lease(first.id, "one", first.lease_until),))
    assert lease_of(store, first.id) == begun + timedelta(seconds=50)
