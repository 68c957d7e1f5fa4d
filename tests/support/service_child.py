"""The service as its own process for fault tests: told by a JSON argument where to listen and at which stage to die."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from assistant import app
from assistant.base.clock import SystemClock
from assistant.settings import Settings


def dying(stage: str, nth: int) -> Callable[[str], None]:
    """A stage hook that kills this process (as ``kill -9``) the nth time it reaches ``stage``."""
    seen: Counter[str] = Counter()

    def hook(name: str) -> None:
        seen[name] += 1
        if name == stage and seen[name] == nth:
            os.kill(os.getpid(), signal.SIGKILL)

    return hook


def settings_of(options: dict[str, Any]) -> Settings:
    environment = {str(key): str(value) for key, value in options["environment"].items()}
    return Settings.load(environment, {})


async def serve(options: dict[str, Any]) -> None:
    clock = SystemClock()
    if options.get("offset_seconds"):
        clock.advance(timedelta(seconds=options["offset_seconds"]))
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with app.opened(settings_of(options), clock, stage=dying(options.get("die_at", ""), options.get("nth", 1)), bundled=False):
        await asyncio.to_thread(Path(options["ready"]).write_text, "ready")
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(serve(json.loads(sys.argv[1])))
