"""Services as processes of their own for fault tests: a nursery imports once and forks one on request, told where to listen and die."""

from __future__ import annotations

import asyncio
import atexit
import importlib
import json
import os
import signal
import subprocess
import sys
import traceback
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


@cache
def _nursery() -> subprocess.Popen[bytes]:
    child = subprocess.Popen([sys.executable, "-m", "tests.support.service_child"], cwd=ROOT, stdin=subprocess.PIPE)

    def close() -> None:
        assert child.stdin is not None
        child.stdin.close()
        child.wait()

    atexit.register(close)
    return child


def born(options: dict[str, Any]) -> None:
    """Starts a service. ``options``: environment, die_at, nth, and the files clock, log, pid, ready and ended (its exit code)."""
    nursery = _nursery().stdin
    assert nursery is not None
    nursery.write(json.dumps(options).encode() + b"\n")
    nursery.flush()


def dying(stage: str, nth: int) -> Callable[[str], None]:
    """A stage hook that kills this process (as ``kill -9``) the nth time it reaches ``stage``."""
    seen: Counter[str] = Counter()

    def hook(name: str) -> None:
        seen[name] += 1
        if name == stage and seen[name] == nth:
            os.kill(os.getpid(), signal.SIGKILL)

    return hook


async def serve(options: dict[str, Any]) -> None:
    from assistant import app
    from assistant.settings import Settings
    from tests.support.shared_clock import SharedClock

    settings = Settings.load({str(key): str(value) for key, value in options["environment"].items()}, {})
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    stage = dying(options["die_at"], options["nth"])
    async with app.opened(settings, SharedClock(Path(options["clock"])), stage=stage, bundled=False):
        _tell(options["ready"], "ready")
        await stop.wait()


def _tell(path: str, text: str) -> None:
    """Whole or not at all for whoever polls it."""
    Path(f"{path}.new").write_text(text)
    os.replace(f"{path}.new", path)


def _live(options: dict[str, Any]) -> None:
    """A service from birth to exit, in the forked process."""
    log = os.open(options["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    code = 1
    try:
        asyncio.run(serve(options))
        code = 0
    except BaseException:
        traceback.print_exc()
    sys.stderr.flush()
    os._exit(code)


def _keep(options: dict[str, Any]) -> None:
    """Brings one service up and writes down how it ended; between the two forks so that the nursery needs no threads."""
    service = os.fork()
    if service == 0:
        _live(options)
    _tell(options["pid"], str(service))
    _, status = os.waitpid(service, 0)
    _tell(options["ended"], str(os.waitstatus_to_exitcode(status)))
    os._exit(0)


def main() -> None:
    for heavy in ("assistant.app", "assistant.agent.planner", "langchain.agents", "chromadb"):
        importlib.import_module(heavy)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin.buffer:
        keeper = os.fork()
        if keeper == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.close(0)
            _keep(json.loads(line))


if __name__ == "__main__":
    main()
