"""The store's door for the asynchronous shell: write, read, preview, each one transaction of synchronous code."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import Any, Concatenate, ParamSpec, TypeVar

from assistant.base.clock import Clock
from assistant.base.principal import Principal
from assistant.store.engine import is_sqlite, open_engine
from assistant.store.rows import metadata
from assistant.store.work import View, Work
from assistant.store.writer import GroupWriter, PoolWriter, Unit

P = ParamSpec("P")
T = TypeVar("T")
READERS = 4


class Store:
    """One brand's database. ``reactions`` names, per fact, the reactions that become due when it is recorded."""

    def __init__(self, url: str, clock: Clock, reactions: Mapping[str, Sequence[str]] | None = None) -> None:
        self.url = url
        self.clock = clock
        self.one_writer = is_sqlite(url)
        self._reactions = dict(reactions or {})
        self._listeners: list[Callable[[datetime], None]] = []
        writing = open_engine(url, writing=True, size=4)
        self._writer = GroupWriter(writing, self._committed) if is_sqlite(url) else PoolWriter(writing, self._committed)
        self._reading = open_engine(url, writing=False, size=READERS)
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="reader")

    async def write(self, verb: Callable[[Work, T], Any], request: T, principal: Principal, *, cause: str = "") -> Any:
        """Runs a command as one durable transaction and returns its outcome; whatever it raises undoes it whole."""
        return await asyncio.wrap_future(self._submit(verb, request, principal, cause, keep=True))

    async def preview(self, verb: Callable[[Work, T], Any], request: T, principal: Principal, *, cause: str = "") -> Any:
        """Runs the very same command and rolls it back."""
        return await asyncio.wrap_future(self._submit(verb, request, principal, cause, keep=False))

    async def read(self, query: Callable[Concatenate[View, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs a query in a read-only transaction."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, lambda: self.look(query, *args, **kwargs))

    def do(self, verb: Callable[[Work, T], Any], request: T, principal: Principal, *, cause: str = "") -> Any:
        """``write`` for code without an event loop (the command line, tests)."""
        return self._submit(verb, request, principal, cause, keep=True).result()

    def try_out(self, verb: Callable[[Work, T], Any], request: T, principal: Principal, *, cause: str = "") -> Any:
        """``preview`` for code without an event loop."""
        return self._submit(verb, request, principal, cause, keep=False).result()

    def look(self, query: Callable[Concatenate[View, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """``read`` for code without an event loop."""
        with self._reading.connect() as connection:
            return query(View(connection, self.clock.now()), *args, **kwargs)

    def listen(self, listener: Callable[[datetime], None]) -> None:
        """Calls ``listener`` (from the writer's thread) with the earliest due instant of each commit that made work due."""
        self._listeners.append(listener)

    def create_all(self) -> None:
        """Makes all tables of the rooms imported so far; for tests (the service migrates with Alembic)."""
        engine = open_engine(self.url, writing=True, size=1)
        metadata.create_all(engine)
        engine.dispose()

    def close(self) -> None:
        """Finishes what is queued and closes all connections."""
        self._writer.close()
        self._readers.shutdown(wait=True)
        self._reading.dispose()

    def _submit(self, verb: Callable[[Work, T], Any], request: T, principal: Principal, cause: str, keep: bool) -> Future[Any]:
        def make(connection: Any) -> Work:
            return Work(connection, self.clock.now(), principal, cause, self._reactions)

        return self._writer.submit(Unit(make, lambda work: verb(work, request), keep))

    def _committed(self, earliest: datetime) -> None:
        for listener in self._listeners:
            listener(earliest)
