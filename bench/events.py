"""Ten thousand events in one batch: how long the book's writer is held meanwhile (aim: never more than 100 ms), and events a second.

A probe books one posting after another while the batch comes in over HTTP; its longest wait bounds how long the writer was held.
Run: ``python -m bench.events``. PostgreSQL: ``BENCH_POSTGRES_URL``.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path

from aiohttp import ClientSession, encode_basic_auth, web

from assistant.base.clock import SystemClock, stopwatch
from assistant.base.principal import Principal, system
from assistant.domain import events, ledger, members
from assistant.store import Store, Work
from assistant.web import intake
from bench.support import own_postgresql
from tests.support.rooms import import_all_rooms

COUNT, MEMBERS = 10_000, 1_000
KEY = "wk_bench_0123456789"
OWNER = Principal("operator", "operator_bench", ("owner",))
HOLDS = 0.1


def seed(work: Work, _: None) -> None:
    """A source, and members whom the events name."""
    events.add_sources(work, [events.AddSource("s", "bench", "压测", KEY, "", True)])
    members.register(work, [members.Register(f"m{n}", f"m{n}") for n in range(MEMBERS)])


def probe(store: Store, waits: list[float], done: threading.Event) -> None:
    """One small posting after another, on a thread of its own, so that only the writer can keep it waiting."""
    number = 0
    while not done.is_set():
        number += 1
        begun = stopwatch()
        posting = ledger.Posting(f"probe:{number}", ledger.Account("brand", "points"), ledger.Account("member:m", "points"), 1)
        store.do(ledger.post, [posting], system("bench"))
        waits.append(stopwatch() - begun)


async def measure(url: str) -> tuple[float, list[float]]:
    """(seconds of the batch, the probe's waits during it)."""
    import_all_rooms()
    store = Store(url, SystemClock())
    store.create_all()
    await store.write(seed, None, OWNER)
    app = web.Application()
    app.add_routes(intake.routes(store))
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    batch = [
        {"type": "track", "messageId": str(n), "event": "看直播", "userId": f"m{n % MEMBERS}", "properties": {"room": n % 7}}
        for n in range(COUNT)
    ]
    body = json.dumps({"batch": batch}).encode()
    waits: list[float] = []
    done = threading.Event()
    probing = asyncio.create_task(asyncio.to_thread(probe, store, waits, done))
    await asyncio.sleep(0.5)
    waits.clear()
    begun = stopwatch()
    async with ClientSession() as session:
        headers = {"Authorization": encode_basic_auth(KEY, "")}
        answer = await session.post(f"http://127.0.0.1:{runner.addresses[0][1]}/v1/batch", data=body, headers=headers)
        if (await answer.json()).get("accepted") != COUNT:
            raise SystemExit("the batch was not taken whole")
    spent = stopwatch() - begun
    done.set()
    await probing
    await runner.cleanup()
    store.close()
    return spent, waits


def main() -> int:
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        urls = {"sqlite": f"sqlite:///{Path(folder) / 'bench.db'}"}
        postgresql = stack.enter_context(own_postgresql())
        if postgresql:
            urls["postgresql"] = postgresql
        for name, url in urls.items():
            spent, waits = asyncio.run(measure(url))
            p50, worst = statistics.median(waits) * 1000, max(waits) * 1000
            rate = f"events {name:10s} {COUNT / spent:7.0f}/s"
            print(f"{rate}  a posting meanwhile waits p50 {p50:.1f} ms, at most {worst:.1f} ms  (aim ≤ {HOLDS * 1000:.0f} ms)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
