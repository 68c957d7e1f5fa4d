"""Orders with points through the import: orders a second and resident memory along the way, which must not grow with their number.

Run by ``bench.book`` in a process of its own: ``python -m bench.book_orders NAME URL COUNT``.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from assistant.base.clock import SystemClock, stopwatch
from assistant.base.principal import system
from assistant.cli import spare_collector
from assistant.flows.importing import Report, import_lines
from assistant.store import Store
from tests.support.rooms import import_all_rooms

STEPS = 10
PER_BUYER = 4
BEGUN = datetime(2026, 1, 1, 4, tzinfo=UTC)
ME = system("bench")


def resident(pid: int | str = "self") -> float:
    """Megabytes of a process now, this one if none is named."""
    told = next(line for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines() if line.startswith("VmRSS"))
    return int(told.split()[1]) / 1024


def people(count: int) -> Iterator[bytes]:
    for number in range(count):
        yield json.dumps({"kind": "member", "key": f"m{number}", "nickname": f"老友{number}"}).encode()


def orders(first: int, last: int, buyers: int) -> Iterator[bytes]:
    """Finished orders of two lines each, every buyer's in turn, through the year."""
    for number in range(first, last):
        items = [{"sku": f"S{number % 97}", "title": "棉睡衣", "category": "睡衣", "paid_fen": 9_900 + number % 1000}]
        items.append({"sku": f"S{number % 89}", "title": "内裤三条装", "category": "内裤", "paid_fen": 5_900})
        at = (BEGUN + timedelta(seconds=number * 20)).isoformat(timespec="seconds")
        line = {"kind": "order", "source": "taobao", "shop": "棉语", "order_no": f"B{number:09d}", "status": "finished", "at": at}
        yield json.dumps(line | {"member": f"m{number * 7919 % buyers}", "items": items}, ensure_ascii=False).encode()


def whole(report: Report) -> None:
    if report.bad:
        raise SystemExit(f"{len(report.bad)} lines were left out, the first: {report.bad[0]}")


def main() -> int:
    name, url, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    import_all_rooms()
    spare_collector()
    store = Store(url, SystemClock())
    store.create_all()
    buyers = max(1, count // PER_BUYER)
    whole(import_lines(store, "members", people(buyers), ME))
    step = max(1, count // STEPS)
    begun, worked, samples = stopwatch(), time.process_time(), []
    for first in range(0, count, step):
        last = min(first + step, count)
        since = stopwatch()
        whole(import_lines(store, "orders", orders(first, last, buyers), ME))
        samples.append(resident())
        rate = (last - first) / (stopwatch() - since)
        print(f"book {name:10s} {last:9,} orders with points: {rate:6,.0f}/s in this step, {samples[-1]:4.0f} MB resident", flush=True)
    spent, worked = stopwatch() - begun, time.process_time() - worked
    store.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told = f"{count:,} orders with points in {spent:.0f} s, {count / spent:,.0f}/s, {worked / count * 1000:.2f} ms of CPU each"
    print(
        f"book {name:10s} {told}, peak {peak:.0f} MB; after the first step {samples[0]:.0f} MB, after the last {samples[-1]:.0f} MB",
        flush=True,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
