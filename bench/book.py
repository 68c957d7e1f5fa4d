"""The book under load: sets and a large grant against the bare executemany of the same rows, single units in flight, orders with points.

The bare side takes the very statements and rows that ours sent to the driver and sends them again, with nothing decided, to a second
database opened the same way; both sides take turns. Run: ``python -m bench.book [orders [members]]``; a million orders: ``… 1000000``.
PostgreSQL: ``BENCH_POSTGRES_URL``.
"""

from __future__ import annotations

import asyncio
import gc
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

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


class Twin:
    """A store, and beside it a bare connection to a second database that is given the same rows."""

    def __init__(self, ours: str, bare: str) -> None:
        import_all_rooms()
        self.store = Store(ours, SystemClock())
        self.store.create_all()
        second = Store(bare, SystemClock())
        second.create_all()
        second.close()
        self._engine = open_engine(bare, writing=True, size=1)
        self._bare = self._engine.connect()
        self._sent: Rows = []
        sa.event.listen(sa.Engine, "before_cursor_execute", self._note)

    def _note(self, _connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool) -> None:
        """Keeps what ours writes; rows that are made empty only to be locked are written a second time and count once."""
        if statement.startswith("INSERT") and not ("ledger_balance" in statement and "DO NOTHING" in statement):
            self._sent.append((statement, parameters if many else [parameters]))

    def ours(self, verb: Callable[..., Any], requests: Sequence[Any]) -> float:
        """Seconds of one durable unit."""
        self._sent = []
        begun = stopwatch()
        self.store.do(verb, requests, ME)
        return stopwatch() - begun

    def bare(self) -> float:
        """Seconds of writing the rows of the last unit, as durably."""
        sent, self._sent = self._sent, []
        begun = stopwatch()
        with self._bare.begin():
            cursor = self._bare.connection.cursor()
            for statement, rows in sent:
                cursor.executemany(statement, rows)
            cursor.close()
        spent = stopwatch() - begun
        self._sent = []
        return spent

    def rest(self) -> None:
        """What a server does by itself every minute where autovacuum is on, and a collection; neither is timed."""
        self.store.do(lambda work, _: work.refresh_statistics(), None, ME)
        gc.collect()

    def close(self) -> None:
        sa.event.remove(sa.Engine, "before_cursor_execute", self._note)
        self._bare.close()
        self._engine.dispose()
        self.store.close()


def against(twin: Twin, verb: Callable[..., Any], sets: Iterator[Sequence[Any]]) -> tuple[list[float], list[float]]:
    """Both sides in turn, set by set."""
    through, naked = [], []
    for number, one in enumerate(sets):
        if number % 50 == 10:
            twin.rest()
        through.append(twin.ours(verb, one))
        naked.append(twin.bare())
    return through, naked


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


def measure(name: str, ours: str, bare: str, members: int) -> None:
    twin = Twin(ours, bare)
    through, naked = against(twin, ledger.post, postings(SETS))
    a, b = statistics.median(through[5:]), statistics.median(naked[5:])
    print(
        f"book {name:10s} set of {SET} postings {a * 1000:6.1f} ms, bare {b * 1000:5.1f} ms, ratio {b / a:.2f}  (aim ≥ {AIM})", flush=True
    )
    through, naked = against(twin, points.grant, grants(members))
    a, b, ratio = sum(through), sum(naked), statistics.median(x / y for x, y in zip(naked, through, strict=True))
    told = f"grant to {members:,} {a:6.1f} s ({members / a:,.0f}/s), bare {b:5.1f} s"
    print(f"book {name:10s} {told}, ratio {b / a:.2f}, median of its sets {ratio:.2f}  (aim ≥ {AIM})", flush=True)
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
        homes = {"sqlite": [f"sqlite:///{folder / name}.db" for name in ("ours", "bare", "orders")]}
        served = [stack.enter_context(own_postgresql(name)) for name in ("ours", "bare", "orders")]
        if all(served):
            homes["postgresql"] = served
        for name, (ours, bare, _) in homes.items():
            if members:
                measure(name, ours, bare, members)
        for name, (_, _, url) in homes.items():
            # A process of its own: its memory is the import's alone.
            subprocess.run([sys.executable, "-m", "bench.book_orders", name, url, str(orders)], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
