"""Writes a growing answer down, so that whoever is asked for it can show it: seldom, and never what is already outdated."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from assistant.base.clock import stopwatch
from assistant.base.principal import system
from assistant.channels import streams
from assistant.store import Store

EVERY = 0.4
"""Seconds between two writes of one answer."""

ME = system("dialogue")


class Growth:
    """Told each longer text; ``woken`` is told the answer's name after each write. ``stop`` before the answer is finished."""

    def __init__(self, store: Store, number: str, woken: Callable[[str], None], shape: Callable[[str], str]) -> None:
        self._store = store
        self._number = number
        self._woken = woken
        self._shape = shape
        self._newest = ""
        self._written = ""
        self._at = -EVERY
        self._writing: asyncio.Task[None] | None = None

    def __call__(self, text: str) -> None:
        """A longer text; returns at once."""
        self._newest = self._shape(text)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write(), name="growing")

    async def stop(self) -> None:
        """Writes nothing more."""
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)

    async def _write(self) -> None:
        while self._newest != self._written:
            await asyncio.sleep(max(0.0, self._at + EVERY - stopwatch()))
            text = self._newest
            await self._store.write(streams.grow, streams.Grown(self._number, text), ME)
            self._written, self._at = text, stopwatch()
            self._woken(self._number)
