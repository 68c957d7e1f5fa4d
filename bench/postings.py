"""A set of postings through the ledger against the bare executemany of the same rows: the ratio within one run, on each database.

Run: ``python -m bench.postings [rounds]``. PostgreSQL: ``LAOYOU_TEST_POSTGRES_URL`` or the local default.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections.abc import Callable
from itertools import count
from pathlib import Path

import sqlalchemy as sa

from assistant.base.clock import SystemClock, stopwatch
from assistant.base.principal import system
from assistant.domain import ledger
from assistant.store import Store, Work, metadata, upsert
from tests.support import databases

SET = 200
MEMBERS = 5000
ME = system("bench")
numbers = count()


def postings(brand: ledger.Account) -> list[ledger.Posting]:
    """Grants to two hundred members, as a campaign makes them."""
    run = next(numbers)
    return [
        ledger.Posting(
            f"bench:{run}:{n}", brand, ledger.Account(f"member:{(run * SET + n) % MEMBERS}", "points", "available"), 1 + n, "活动赠送"
        )
        for n in range(SET)
    ]


def bare(work: Work, run: int) -> None:
    """The same rows with nothing decided: three statements, each executed for all its rows."""
    now = work.now
    heads = [
        {"id": f"b{run}:{n}", "key": f"bench:{run}:{n}", "memo": "活动赠送", "cause": "", "reverses": None, "at": now} for n in range(SET)
    ]
    lines = [
        {
            "transaction_id": f"b{run}:{n}",
            "owner": owner,
            "asset": "points",
            "pocket": "available",
            "amount": sign * (1 + n),
            "balance_after": 1 + n,
        }
        for n in range(SET)
        for owner, sign in (("brand", -1), (f"member:{(run * SET + n) % MEMBERS}", 1))
    ]
    kept = [
        {"owner": f"bare:{(run * SET + n) % MEMBERS}", "asset": "points", "pocket": "available", "balance": 1 + n, "may_overdraw": False}
        for n in range(SET)
    ]
    work.execute(metadata.tables["ledger_transaction"].insert(), heads)
    work.execute(metadata.tables["ledger_entry"].insert(), lines)
    upsert(work, metadata.tables["ledger_balance"], kept, ["owner", "asset", "pocket"], ["balance", "may_overdraw"])


def timed(act: Callable[[], object]) -> float:
    begun = stopwatch()
    act()
    return stopwatch() - begun


def measure(url: str, rounds: int) -> None:
    store = Store(url, SystemClock())
    brand = ledger.Account("brand", "points", "available")
    through, naked = [], []
    for number in range(rounds + 5):
        one = postings(brand)
        a = timed(lambda one=one: store.do(ledger.post, one, ME))  # type: ignore[misc]
        b = timed(lambda number=number: store.do(bare, number + 10_000, ME))  # type: ignore[misc]
        if number >= 5:
            through.append(a)
            naked.append(b)
    single = [timed(lambda: store.do(ledger.post, postings(brand)[:1], ME)) for _ in range(30)]
    store.close()
    a, b, c = (statistics.median(values) for values in (through, naked, single))
    each = f"{a * 1000:.1f} ms ({SET / a:,.0f} postings/s), bare {b * 1000:.1f} ms, ratio {b / a:.2f}"
    print(f"{url.split(':', 1)[0]}: set of {SET} {each}; one by one {c * 1000:.1f} ms each")


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'bench.db'}"
        engine = sa.create_engine(url)
        metadata.create_all(engine)
        engine.dispose()
        measure(url, rounds)
    url = databases.postgresql()
    measure(url, rounds)


if __name__ == "__main__":
    main()
