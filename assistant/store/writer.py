"""The writers: one thread with group commit on SQLite, a small pool of transactions on PostgreSQL."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from assistant.base.errors import Transient
from assistant.store.work import Work

GROUP = 64
TRIES = 4
Committed = Callable[[datetime], None]


@dataclass(slots=True)
class Unit:
    """One command waiting for its transaction; ``keep`` false rolls it back (a preview)."""

    make: Callable[[sa.Connection], Work]
    run: Callable[[Work], Any]
    keep: bool
    future: Future[Any] = field(default_factory=Future)
    outcome: Any = None
    error: BaseException | None = None
    earliest: datetime | None = None

    def perform(self, connection: sa.Connection) -> None:
        """Runs inside a transaction or savepoint that the caller keeps or rolls back."""
        work = self.make(connection)
        self.outcome = self.run(work)
        self.earliest = work.flush() if self.keep else None
        self.error = None

    def begin(self) -> bool:
        """Takes the unit off its waiting caller; False if the caller has given up, and then nothing is done at all."""
        return self.future.set_running_or_notify_cancel()

    def settle(self) -> None:
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.outcome)


class Writer(Protocol):
    """Takes units and settles their futures once they are durable."""

    def submit(self, unit: Unit) -> Future[Any]: ...

    def close(self) -> None: ...


class GroupWriter:
    """SQLite: units that wait together share one durable commit, each inside its own savepoint."""

    def __init__(self, engine: sa.Engine, committed: Committed) -> None:
        self._engine = engine
        self._committed = committed
        self._queue: queue.SimpleQueue[Unit | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._loop, name="writer", daemon=True)
        self._closed = False
        self._thread.start()

    def submit(self, unit: Unit) -> Future[Any]:
        if self._closed:
            raise Transient("服务正在关闭，请稍后再试", code="closing")
        self._queue.put(unit)
        return unit.future

    def close(self) -> None:
        self._closed = True
        self._queue.put(None)
        self._thread.join()
        self._engine.dispose()

    def _loop(self) -> None:
        connection: sa.Connection | None = None
        going = True
        while going:
            group, going = self._gather()
            group = [unit for unit in group if unit.begin()]
            if group:
                connection = self._commit(connection, group)
        if connection is not None:
            connection.close()

    def _gather(self) -> tuple[list[Unit], bool]:
        first = self._queue.get()
        if first is None:
            return [], False
        group = [first]
        while len(group) < GROUP:
            try:
                unit = self._queue.get_nowait()
            except queue.Empty:
                break
            if unit is None:
                return group, False
            group.append(unit)
        return group, True

    def _commit(self, connection: sa.Connection | None, group: list[Unit]) -> sa.Connection | None:
        """Commits the group; if its transaction is lost (a full disk), each unit is tried alone on a new connection."""
        try:
            connection = connection or self._engine.connect()
            with connection.begin() as transaction:
                if len(group) == 1:
                    _in_transaction(connection, transaction, group[0])
                else:
                    for unit in group:
                        _in_savepoint(connection, unit)
        except Exception as error:
            if connection is not None:
                connection.invalidate()
                connection.close()
                connection = None
            if len(group) == 1:
                group[0].error = error
            else:
                for unit in group:
                    connection = self._commit(connection, [unit])
                return connection
        _settle(group, self._committed)
        return connection


def _in_transaction(connection: sa.Connection, transaction: sa.RootTransaction, unit: Unit) -> None:
    """A unit that nobody shares the commit with has the transaction for itself."""
    try:
        unit.perform(connection)
    except Exception as error:
        if _lost(connection):
            raise
        unit.error = error
    if unit.error is not None or not unit.keep:
        transaction.rollback()


def _in_savepoint(connection: sa.Connection, unit: Unit) -> None:
    """The savepoint is the driver's own: SQLAlchemy's costs as much as three statements, and every unit has one."""
    cursor = connection.connection.cursor()
    cursor.execute("SAVEPOINT unit")
    try:
        unit.perform(connection)
    except Exception as error:
        if _lost(connection):
            raise
        unit.error = error
    if unit.error is not None or not unit.keep:
        cursor.execute("ROLLBACK TO unit")
    cursor.execute("RELEASE unit")
    cursor.close()


def _lost(connection: sa.Connection) -> bool:
    """Whether SQLite has given up the whole transaction (a full disk)."""
    return connection.get_transaction() is None or not connection.connection.dbapi_connection.in_transaction  # type: ignore[union-attr]


class PoolWriter:
    """PostgreSQL: one transaction per unit; a unit lost to a collision is run again, since nothing inside has left the house."""

    def __init__(self, engine: sa.Engine, committed: Committed, size: int = 4) -> None:
        self._engine = engine
        self._committed = committed
        self._threads = ThreadPoolExecutor(size, thread_name_prefix="writer")

    def submit(self, unit: Unit) -> Future[Any]:
        self._threads.submit(self._run, unit)
        return unit.future

    def close(self) -> None:
        self._threads.shutdown(wait=True)
        self._engine.dispose()

    def _run(self, unit: Unit) -> None:
        if not unit.begin():
            return
        for attempt in range(TRIES):
            try:
                with self._engine.connect() as connection, connection.begin() as transaction:
                    unit.perform(connection)
                    if not unit.keep:
                        transaction.rollback()
                break
            except Exception as error:
                unit.error = error
                if attempt == TRIES - 1 or not _collision(error):
                    break
        _settle([unit], self._committed)


def _collision(error: Exception) -> bool:
    """A deadlock, a serialization failure or a uniqueness race: try again. A lost connection is not: the commit may have happened."""
    if isinstance(error, IntegrityError):
        return getattr(error.orig, "sqlstate", "") == "23505"
    return isinstance(error, (OperationalError, DBAPIError)) and getattr(error.orig, "sqlstate", "") in ("40001", "40P01")


def _settle(group: list[Unit], committed: Committed) -> None:
    instants = [unit.earliest for unit in group if unit.earliest is not None and unit.error is None]
    for unit in group:
        unit.settle()
    if instants:
        committed(min(instants))
