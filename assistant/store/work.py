"""One transaction as the rooms see it: ``View`` reads, ``Work`` also writes facts, due rows and tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from assistant.base import ids
from assistant.base.principal import Principal
from assistant.store import bulk, document, rows
from assistant.store.engine import dumps

T = TypeVar("T")

AHEAD = timedelta(days=1)
"""So far before its time stands what must be taken first: due rows are taken in due order."""

SET_SIZE = 500
"""How many keys one IN (…) list carries at most."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that has happened, in the past tense (``points.granted``). ``cause`` defaults to the cause of the work.

    ``quiet``: no reaction to this one is wanted, although its name has some.
    """

    name: str
    subject: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    member_id: str = ""
    cause: str = ""
    version: int = 1
    occurred_at: datetime | None = None
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Due:
    """Work that becomes ready at ``at``. One row per (kind, key): asking again moves its time and raises its generation.

    ``order_key``: rows with one order key never run at the same time, and run in due order. ``keep`` leaves an existing row as it is.
    ``first``: it is taken before everything else that is due, for what has seconds to live.
    """

    kind: str
    key: str
    at: datetime
    payload: Mapping[str, Any] = field(default_factory=dict)
    order_key: str | None = None
    keep: bool = False
    first: bool = False

    @property
    def id(self) -> str:
        return ids.derive("due", self.kind, self.key)


class Undone(Exception):
    """A part of a unit failed, which is the cause, and was undone by itself."""


class View:
    """Reads within one transaction. ``now`` is one instant for all of it."""

    def __init__(self, connection: sa.Connection, now: datetime) -> None:
        self._connection = connection
        self.now = now

    @property
    def dialect(self) -> str:
        """``sqlite`` or ``postgresql``: for choosing between statements that are built once."""
        return self._connection.dialect.name

    @property
    def is_sqlite(self) -> bool:
        return self.dialect == "sqlite"

    def all(self, statement: sa.Executable, parameters: Mapping[str, Any] | None = None) -> Sequence[sa.Row[Any]]:
        return self._connection.execute(statement, parameters or {}).all()

    def one(self, statement: sa.Executable, parameters: Mapping[str, Any] | None = None) -> sa.Row[Any] | None:
        """The first row, or None."""
        return self._connection.execute(statement, parameters or {}).first()

    def scalar(self, statement: sa.Executable, parameters: Mapping[str, Any] | None = None) -> Any:
        return self._connection.execute(statement, parameters or {}).scalar()

    def among(self, column: sa.ColumnElement[str], values: Iterable[str]) -> sa.ColumnElement[bool]:
        """Whether the column is one of the values; however many, they are one parameter."""
        many = sorted(set(values))
        if self.is_sqlite:
            return column.in_(sa.select(sa.func.json_each(dumps(many)).table_valued("value").c.value))
        return column == sa.func.any(sa.cast(many, postgresql.ARRAY(sa.String)))

    def locked(self, statement: sa.Select[Any]) -> sa.Select[Any]:
        """The same select holding its rows until the commit on PostgreSQL; SQLite has one writer and needs no lock."""
        return locked(statement, self.dialect)


class Work(View):
    """One unit of writing. All rows it makes are one commit; raising undoes them all. No network call can happen inside."""

    def __init__(
        self,
        connection: sa.Connection,
        now: datetime,
        principal: Principal,
        cause: str = "",
        reactions: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        super().__init__(connection, now)
        self.principal = principal
        self.cause = cause
        self._reactions = reactions or {}
        self._facts: list[Fact] = []
        self._due: list[Due] = []

    def execute(
        self, statement: sa.Executable, many: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None
    ) -> sa.CursorResult[Any]:
        """Runs one statement, once with or without parameters or for each row of a list (which must not be empty)."""
        return self._connection.execute(statement, many) if many is not None else self._connection.execute(statement)

    def insert(self, table: sa.Table, many: Sequence[Mapping[str, Any]]) -> None:
        """Inserts the rows, none is fine; a broken uniqueness aborts the unit."""
        if many:
            bulk.insert(self._connection, table, many)

    def insert_missing(self, table: sa.Table, many: Sequence[Mapping[str, Any]]) -> None:
        """Inserts the rows that are not there yet by any of the table's unique keys."""
        if many:
            bulk.insert_missing(self._connection, table, many)

    def insert_new(self, table: sa.Table, many: Sequence[Mapping[str, Any]], key: tuple[str, ...] = ("id",)) -> set[str]:
        """Inserts the rows whose ``key`` (columns unique together) is not there yet and returns their ids; the keys of the rows differ."""
        if not many:
            return set()
        if not self.is_sqlite:
            return document.insert_new(self._connection, table, many)
        # Nobody else writes meanwhile, and the driver tells nothing about single rows of many.
        known = self._known(table, many, key)
        new = [row for row in many if tuple(row[name] for name in key) not in known]
        self.insert(table, new)
        return {row["id"] for row in new}

    def _known(self, table: sa.Table, many: Sequence[Mapping[str, Any]], key: tuple[str, ...]) -> set[tuple[Any, ...]]:
        """Which keys are there, one look-up for all rows that differ in the last column of the key only."""
        found: set[tuple[Any, ...]] = set()
        for outer in dict.fromkeys(tuple(row[name] for name in key[:-1]) for row in many):
            values = [row[key[-1]] for row in many if tuple(row[name] for name in key[:-1]) == outer]
            parameters = {"values": values, **dict(zip(key[:-1], outer, strict=True))}
            found |= {tuple(row) for row in self.all(_keys_there(table, key), parameters)}
        return found

    def refresh_statistics(self) -> None:
        """Tells PostgreSQL what the tables hold by now. Of tables that were filled a moment ago it knows nothing and reads all of them."""
        if not self.is_sqlite:
            self.execute(sa.text("ANALYZE"))

    def record(self, *facts: Fact) -> None:
        """Writes facts with this commit; reactions to them become due in the same commit."""
        self._facts.extend(facts)

    def due(self, *items: Due) -> None:
        """Makes work due with this commit."""
        self._due.extend(items)

    def acting(self, principal: Principal, cause: str) -> Work:
        """The same transaction on behalf of another principal (an approved plan acting for the brand)."""
        other = Work(self._connection, self.now, principal, cause, self._reactions)
        other._facts, other._due = self._facts, self._due
        return other

    def quietly(self, run: Callable[[Work], object]) -> None:
        """Runs with facts that wake no reactions: for history that is imported together with its effects."""
        quiet = Work(self._connection, self.now, self.principal, self.cause)
        run(quiet)
        quiet.flush()

    def part(self, run: Callable[[Work], T]) -> T:
        """Runs a part of this unit. Raises Undone when it failed and nothing of it is left; the unit goes on."""
        part = Work(self._connection, self.now, self.principal, self.cause, self._reactions)
        # The driver's own savepoint: SQLAlchemy's costs as much as three statements.
        cursor = self._connection.connection.cursor()
        cursor.execute("SAVEPOINT part")
        try:
            outcome = run(part)
        except Exception as error:
            # Where the whole transaction is lost (a full disk) this fails too, and with it the unit.
            cursor.execute("ROLLBACK TO SAVEPOINT part")
            raise Undone from error
        finally:
            cursor.execute("RELEASE SAVEPOINT part")
            cursor.close()
        self._facts += part._facts
        self._due += part._due
        return outcome

    def flush(self) -> datetime | None:
        """Writes what was recorded; returns the earliest due instant. Called by the store before the commit."""
        self._flush_facts()
        earliest = min((item.at for item in self._due), default=None)
        self._flush_due()
        return earliest

    def _fact_row(self, item: Fact) -> dict[str, Any]:
        return {
            "name": item.name,
            "version": item.version,
            "subject": item.subject,
            "member_id": item.member_id,
            "cause": item.cause or self.cause,
            "principal": self.principal.label,
            "occurred_at": item.occurred_at or self.now,
            "payload": dict(item.payload),
        }

    def _flush_facts(self) -> None:
        facts, self._facts[:] = list(self._facts), []
        answered = [item for item in facts if item.name in self._reactions and not item.quiet]
        self.insert(rows.fact, [self._fact_row(item) for item in facts if item.quiet or item.name not in self._reactions])
        if not answered:
            return
        statement = rows.fact.insert().returning(rows.fact.c.id, sort_by_parameter_order=True)
        numbers = self._connection.execute(statement, [self._fact_row(item) for item in answered]).scalars().all()
        for number, item in zip(numbers, answered, strict=True):
            for reaction in self._reactions[item.name]:
                key = f"{number}:{reaction}"
                self._due.append(Due("reaction", key, self.now, {"fact": number, "reaction": reaction}, order_key=item.subject))

    def _flush_due(self) -> None:
        items, self._due[:] = {item.id: item for item in self._due}, []
        self.insert_missing(rows.due, [_due_row(number, item, self.now) for number, item in items.items() if item.keep])
        moved = [_due_row(number, item, self.now) for number, item in items.items() if not item.keep]
        replaced = ("due_at", "payload", "order_key", "held", "attempts")
        if moved:
            bulk.upsert(self._connection, rows.due, moved, ["id"], replaced, ["generation"])


@cache
def _keys_there(table: sa.Table, key: tuple[str, ...]) -> sa.Select[Any]:
    outer = [table.c[name] == sa.bindparam(name) for name in key[:-1]]
    return sa.select(*(table.c[name] for name in key)).where(*outer, listed(table.c[key[-1]], "values", "sqlite"))


def locked(statement: sa.Select[Any], dialect: str) -> sa.Select[Any]:
    """As ``View.locked``, for a statement that is built once."""
    return statement if dialect == "sqlite" else statement.with_for_update()


def listed(column: sa.ColumnElement[str], name: str, dialect: str) -> sa.ColumnElement[bool]:
    """As ``View.among``, for a statement that is built once: the list is bound as ``name`` when it runs."""
    if dialect == "sqlite":
        return column.in_(sa.select(sa.func.json_each(sa.bindparam(name, type_=sa.JSON)).table_valued("value").c.value))
    return column == sa.func.any(sa.bindparam(name, type_=postgresql.ARRAY(sa.String)))


def _due_row(number: str, item: Due, now: datetime) -> dict[str, Any]:
    return {
        "id": number,
        "kind": item.kind,
        "key": item.key,
        "order_key": item.order_key,
        "payload": dict(item.payload),
        "due_at": item.at - AHEAD if item.first else item.at,
        "generation": 1,
        "attempts": 0,
        "held": False,
        "lease_token": "",
        "last_error": "",
        "created_at": now,
    }


def upsert(
    work: Work, table: sa.Table, many: Sequence[Mapping[str, Any]], key: Sequence[str], replace: Sequence[str], raised: Sequence[str] = ()
) -> None:
    """Inserts rows; where the key is taken the columns of ``replace`` are replaced and those of ``raised`` go up by one."""
    if many:
        bulk.upsert(work._connection, table, many, key, replace, raised)


def chunks(items: Iterable[T], size: int = SET_SIZE) -> Iterator[list[T]]:
    """The items in lists of at most ``size``."""
    batch: list[T] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
