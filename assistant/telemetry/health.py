"""Whether the service can do its work now: the book can be written and read, there is room on the disk, the runner lives."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import sqlalchemy as sa

from assistant.base.principal import system
from assistant.store import Store, View, Work, cursor, upsert

LEAST_FREE = 50 * 1024 * 1024
SECONDS = 3.0
"""A check that takes longer has failed."""

OK = "ok"


class Free(Protocol):
    """Bytes free on the disk of a folder."""

    def __call__(self, folder: Path, /) -> int: ...


def _free(folder: Path) -> int:
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


class Health:
    """``await health()`` gives part → ``ok`` or a word for what is wrong; ``ready`` is true when all are ok."""

    def __init__(self, store: Store, folder: Path, runner_alive: Callable[[], bool], free: Free = _free) -> None:
        self._store = store
        self._folder = folder
        self._runner_alive = runner_alive
        self._free = free

    async def __call__(self) -> dict[str, str]:
        database = await self._database()
        disk = OK if self._free(self._folder) >= LEAST_FREE else "full"
        return {"database": database, "disk": disk, "jobs": OK if self._runner_alive() else "stopped"}

    async def ready(self) -> bool:
        """Whether every part works."""
        return all(state == OK for state in (await self()).values())

    async def _database(self) -> str:
        try:
            async with asyncio.timeout(SECONDS):
                await self._store.write(_beat, None, system("health"))
                return OK if await self._store.read(_has_beaten) else "unreadable"
        except TimeoutError:
            return "slow"
        except Exception as error:
            return type(error).__name__


def _beat(work: Work, _request: None) -> None:
    upsert(work, cursor, [{"name": "health", "value": work.now.isoformat(), "at": work.now}], ["name"], ["value", "at"])


def _has_beaten(view: View) -> bool:
    return view.one(sa.select(cursor.c.name).where(cursor.c.name == "health")) is not None
