"""Time until the port answers and memory at that moment, before a model or an index is opened, each the median of several cold processes.

``serve`` on an empty SQLite database, ``serve`` again on it, and the demo's second start (its first, which seeds the shop, is named too).
Aims: service under 2 s and under 150 MB before a model or index is used; the demo's second start under 3 s. Run: ``python -m bench.start``.
"""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from assistant.base.clock import stopwatch

ROOT = Path(__file__).parents[1]
TIMES = int(os.environ.get("BENCH_STARTS", "3"))
LONGEST = 180.0
CORP = {
    "LAOYOU_WECOM_CORP_ID": "wwbench",
    "LAOYOU_WECOM_KF_ACCOUNT": "wkbench",
    "LAOYOU_WECOM_KF_SECRET": "secret",
    "LAOYOU_WECOM_KF_TOKEN": "benchToken",
    "LAOYOU_WECOM_KF_AES_KEY": "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
}


@dataclass(frozen=True, slots=True)
class Start:
    """Seconds until the first answer, and resident megabytes at that moment: the models are opened in the background afterwards."""

    seconds: float
    megabytes: float


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=1):
            return True
    except (urllib.error.URLError, OSError):
        return False


def resident(pid: int) -> float:
    """Megabytes of the process (Linux; elsewhere what ``ps`` says is the same)."""
    told = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True).stdout
    return int(told) / 1024


def start(command: str, home: Path) -> Start:
    """Starts ``main.py command`` cold, waits for its port, looks at its memory, ends it."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("LAOYOU_", "OPENAI_"))}
    environment |= CORP if command == "serve" else {"LAOYOU_CONTROL_PORT": str(free_port())}
    environment |= {"LAOYOU_HOME": str(home), "LAOYOU_PORT": str(port)}
    began = stopwatch()
    process = subprocess.Popen(
        [sys.executable, "main.py", command], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        while not answers(port):
            if process.poll() is not None or stopwatch() - began > LONGEST:
                raise RuntimeError(f"{command} did not start")
            time.sleep(0.01)
        return Start(stopwatch() - began, resident(process.pid))
    finally:
        process.terminate()
        process.wait(20)


def median(starts: list[Start]) -> Start:
    return Start(statistics.median(one.seconds for one in starts), statistics.median(one.megabytes for one in starts))


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        first = start("serve", Path(folder) / "serve")
        again = median([start("serve", Path(folder) / "serve") for _ in range(TIMES)])
        seeded = start("simulate", Path(folder) / "demo")
        demo = median([start("simulate", Path(folder) / "demo") for _ in range(TIMES)])
    print(f"start: service, empty database {first.seconds:.2f} s, {first.megabytes:.0f} MB")
    print(f"start: service {again.seconds:.2f} s (aim < 2), idle {again.megabytes:.0f} MB (aim < 150)")
    print(f"start: demo, seeding {seeded.seconds:.1f} s; second start {demo.seconds:.2f} s (aim < 3), idle {demo.megabytes:.0f} MB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
