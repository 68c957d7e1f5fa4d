"""Memory under steady traffic: personas talk to a service in a process of its own, its resident memory is looked at every ten seconds.

Run: ``python -m bench.soak [minutes, 20] [of each persona, 4]``. Time runs ``PACE`` times as fast as the wall's. The simulator and all it
remembers live in this process; the service's memory is its own. Prints the slope after a warm-up of a quarter of the time.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from assistant.base.clock import stopwatch
from assistant.store import migrate
from assistant.wecom.simulator.personas import SCRIPTS
from bench.book_orders import resident
from tests.flow.shop import Shop

PACE = 30.0
LOOK, STEP = 10.0, 0.5
MORNING = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


def slope(samples: list[tuple[float, float]]) -> float:
    """Megabytes a minute, by least squares over (minutes, megabytes)."""
    return statistics.linear_regression(*zip(*samples, strict=True)).slope


async def soak(minutes: float, count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/soak.db"
        migrate.upgrade(url)
        shop = Shop(url, Path(folder))
        shop.clock.set(MORNING)
        async with shop:
            await shop.start()
            personas = shop.simulator.personas
            for name in SCRIPTS:
                personas.cast(name, count)
            personas.start()
            samples, begun, looked = [], stopwatch(), 0.0
            while (passed := stopwatch() - begun) < 60 * minutes:
                await asyncio.sleep(STEP)
                shop.simulator.advance(STEP * (PACE - 1))
                if passed - looked >= LOOK:
                    looked = passed
                    samples.append((passed / 60, resident(shop.pid)))
            await personas.stop()
            await shop.simulator.settle()
            said, turns = (shop.scalar(f"SELECT count(*) FROM {table}") for table in ("inbox", "turn"))
            waiting = shop.scalar("SELECT count(*) FROM inbox WHERE state = 'waiting'")
    late = [sample for sample in samples if sample[0] > minutes / 4]
    first, last = late[0][1], late[-1][1]
    told = f"{len(SCRIPTS) * count} personas, {minutes:.0f} minutes at {PACE:.0f} times the pace"
    print(f"soak: {told}: {said} messages, {turns} turns, {waiting} messages wait")
    print(f"soak: {first:.0f} MB after the warm-up, {last:.0f} MB at the end, slope {slope(late):+.2f} MB/min (aim < 1)")


def main() -> int:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    asyncio.run(soak(minutes, int(sys.argv[2]) if len(sys.argv) > 2 else 4))
    return 0


if __name__ == "__main__":
    sys.exit(main())
