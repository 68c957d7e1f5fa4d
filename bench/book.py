"""The book under load: sets and a large grant against the bare executemany of the same rows, single units in flight, orders with points.

The bare side gives the rows that ours wrote to the driver's ``executemany``, with nothing decided, in a second database opened the same
way. On PostgreSQL ours sends a set as one document instead; how long those very statements take alone, in a third database, is printed
beside it. All take turns. Run: ``python -m bench.book [orders [members]]``; a million orders: ``… 1000000``.
PostgreSQL: ``BENCH_POSTGRES_URL``.
"""

from __future__ import annotations

import asyncio
import gc
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa

from assistant.base.clock import SystemClock, stopwatch
from assistant.base.principal import system
from assistant.domain import ledger, points
from assistant.store import Store
from assistant.store.engine import open_engine
from bench.support import own_postgresql
from tests.support.rooms import import_all_rooms

SET, MEMBERS, SETS = 200, 100_000, 60
IN_FLIGHT, UNITS = 16, 2_000
ORDERS = 20_000
AIM = 0.5
ME = system("bench")
BRAND = ledger.Account("brand", "points", "available")
Rows = list[tuple[str, Sequence[Any]]]


class Bare:
    """A bare connection to a database of the same tables."""

    def __init__(self, url: str) -> None:
        tables = Store(url, SystemClock())
        tables.create_all()
        tables.close()
        self._engine = open_engine(url, writing=True, size=1)
        self._connection = self._engine.connect()

    def write(self, sent: Rows) -> float:
        """Seconds of writing the rows, as durably as ours."""
        begun = stopwatch()
        with self._connection.begin():
            cursor = self._connection.connection.cursor()
            for statement, rows in sent:
                cursor.executemany(statement, rows)
            cursor.close()
        return stopwatch() - begun

    def close(self) -> None:
        self._connection.close()
        self._engine.dispose()


class Twin:
    """A store, and beside it bare databases that are given the same rows."""

    def __init__(self, ours: str, *bare: str) -> None:
        import_all_rooms()
        self.store = Store(ours, SystemClock())
        self.store.create_all()
        self._by_row, *self._as_sent = [Bare(url) for url in bare]
        self._sent: Rows = []
        sa.event.listen(sa.Engine, "before_cursor_execute", self._note)

    def _note(self, _connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        """Keeps what ours writes; rows that are made empty only to be locked are written a second time and count once."""
        if statement.startswith("INSERT") and not ("ledger_balance" in statement and "DO NOTHING" in statement):
            self._sent.append((statement, parameters if many else [parameters]))

    def turn(self, verb: Callable[..., Any], requests: Sequence[Any]) -> tuple[float, float, float]:
        """Seconds of one durable unit through the book, of its rows by ``executemany``, and of its own statements alone."""
        self._sent = []
        begun = stopwatch()
        self.store.do(verb, requests, ME)
        ours = stopwatch() - begun
        sent = list(self._sent)
        rows = self._by_row.write([by_row(statement, values) for statement, values in sent])
        return ours, rows, self._as_sent[0].write(sent) if self._as_sent else rows

    def rest(self) -> None:
        """What a server does by itself every minute where autovacuum is on, and a collection; neither is timed."""
        self.store.do(lambda work, _: work.refresh_statistics(), None, ME)
        gc.collect()

    def close(self) -> None:
        sa.event.remove(sa.Engine, "before_cursor_execute", self._note)
        for bare in (self._by_row, *self._as_sent):
            bare.close()
        self.store.close()


def by_row(statement: str, parameters: Sequence[Any]) -> tuple[str, Sequence[Any]]:
    """An insert from one document as the insert of its rows; any other statement as it is."""
    if not (isinstance(parameters[0], dict) and set(parameters[0]) == {"rows"}):
        return statement, parameters
    found = re.match(r"(INSERT INTO \S+ \(([^)]*)\)) SELECT", statement)
    assert found, statement
    head, names = found.groups()
    _, conflict, meeting = statement.partition(" ON CONFLICT")
    places = ", ".join(["%s"] * len(names.split(",")))
    return f"{head} VALUES ({places}){conflict}{meeting.split(' RETURNING')[0]}", orjson.loads(parameters[0]["rows"])


def against(twin: Twin, verb: Callable[..., Any], sets: Iterator[Sequence[Any]]) -> tuple[list[float], ...]:
    """All sides in turn, set by set."""
    turns = []
    for number, one in enumerate(sets):
        if number % 50 == 10:
            twin.rest()
        turns.append(twin.turn(verb, one))
    return tuple(list(side) for side in zip(*turns, strict=True))


def postings(sets: int) -> Iterator[list[ledger.Posting]]:
    """Sets as a campaign makes them; members come again after twenty-five sets."""
    for run in range(sets):
        owners = [f"member:{(run * SET + n) % 5000}" for n in range(SET)]
        yield [
            ledger.Posting(f"bench:{run}:{n}", BRAND, ledger.Account(owner, "points", "available"), 1 + n, "活动赠送")
            for n, owner in enumerate(owners)
        ]


def grants(count: int) -> Iterator[list[points.Grant]]:
    """Every member once, in chunks as plans carry them out."""
    for first in range(0, count, SET):
        yield [points.Grant(f"all:{n}", f"m{n}", 50, "周年礼") for n in range(first, min(first + SET, count))]


async def in_flight(store: Store) -> list[float]:
    """Latencies of single postings, sixteen at a time, each durable before the next of its line."""
    waits: list[float] = []

    async def line(name: int) -> None:
        for number in range(UNITS // IN_FLIGHT):
            account = ledger.Account(f"member:s{name}:{number % 50}", "points", "available")
            begun = stopwatch()
            await store.write(ledger.post, [ledger.Posting(f"single:{name}:{number}", BRAND, account, 1, "签到")], ME)
            waits.append(stopwatch() - begun)

    await asyncio.gather(*(line(name) for name in range(IN_FLIGHT)))
    return waits


def tell(name: str, told: str, alone: str) -> None:
    print(f"book {name:10s} {told}  (aim ≥ {AIM})" + (f"; its statements alone {alone}" if alone else ""), flush=True)


def measure(name: str, members: int, ours: str, *bare: str) -> None:
    twin = Twin(ours, *bare)
    through, rows, alone = against(twin, ledger.post, postings(SETS))
    a, b, c = (statistics.median(side[5:]) for side in (through, rows, alone))
    told = f"set of {SET} postings {a * 1000:.1f} ms, bare executemany {b * 1000:.1f} ms, ratio {b / a:.2f}"
    tell(name, told, f"{c * 1000:.1f} ms, {c / a:.2f}" if len(bare) > 1 else "")
    through, rows, alone = against(twin, points.grant, grants(members))
    a, b, c, middle = sum(through), sum(rows), sum(alone), statistics.median(x / y for x, y in zip(rows, through, strict=True))
    told = f"grant to {members:,} {a:.1f} s ({members / a:,.0f}/s), bare executemany {b:.1f} s, ratio {b / a:.2f}, by sets {middle:.2f}"
    tell(name, told, f"{c:.1f} s, {c / a:.2f}" if len(bare) > 1 else "")
    begun = stopwatch()
    waits = sorted(asyncio.run(in_flight(twin.store)))
    spent = stopwatch() - begun
    p50, p99 = waits[len(waits) // 2] * 1000, waits[len(waits) * 99 // 100] * 1000
    print(
        f"book {name:10s} single postings, {IN_FLIGHT} in flight: {len(waits) / spent:,.0f}/s, p50 {p50:.1f} ms, p99 {p99:.1f} ms",
        flush=True,
    )
    twin.close()


def main() -> int:
    orders = int(sys.argv[1]) if len(sys.argv) > 1 else ORDERS
    members = int(sys.argv[2]) if len(sys.argv) > 2 else MEMBERS
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        homes = {"sqlite": [f"sqlite:///{folder / name}.db" for name in ("orders", "ours", "rows")]}
        served = [stack.enter_context(own_postgresql(name)) for name in ("orders", "ours", "rows", "alone")]
        if all(served):
            homes["postgresql"] = served
        for name, (_, *sides) in homes.items():
            if members:
                measure(name, members, *sides)
        for name, (url, *_) in homes.items():
            # A process of its own: its memory is the import's alone.
            subprocess.run([sys.executable, "-m", "bench.book_orders", name, url, str(orders)], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
