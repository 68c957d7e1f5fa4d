"""One stepped clock for two processes: the machine's clock moved by an offset that stands in a file."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

from assistant.base.clock import SystemClock


class SharedClock:
    """Whoever opens the same file reads the same time; ``advance`` steps it for all of them at once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._machine = SystemClock()
        if not path.exists():
            self._write(timedelta())

    def now(self) -> datetime:
        return self._machine.now() + timedelta(seconds=float(self._path.read_text()))

    def advance(self, by: timedelta) -> None:
        self._write(timedelta(seconds=float(self._path.read_text())) + by)

    def set(self, instant: datetime) -> None:
        """Makes it ``instant`` now; from there it goes on by itself."""
        self._write(instant - self._machine.now())

    def _write(self, offset: timedelta) -> None:
        fresh = self._path.with_suffix(".new")
        fresh.write_text(repr(offset.total_seconds()))
        os.replace(fresh, self._path)
