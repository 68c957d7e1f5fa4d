"""Sets of rows to the driver: a statement is compiled once, and values are prepared by column instead of by row and bind.

On PostgreSQL a set goes as one document, since the driver sends the rows of ``executemany`` one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from assistant.store import document
from assistant.store.document import Prepare, Rows

MANY = 4
"""From so many rows on a document is the shorter way."""


def insert(connection: sa.Connection, table: sa.Table, many: Rows) -> None:
    """Inserts the rows, which all name the same columns; a taken key raises."""
    _send(connection, table, many, None)


def insert_missing(connection: sa.Connection, table: sa.Table, many: Rows) -> None:
    """Inserts the rows whose keys are free."""
    _send(connection, table, many, ())


def upsert(
    connection: sa.Connection, table: sa.Table, many: Rows, key: Sequence[str], replace: Sequence[str], raised: Sequence[str]
) -> None:
    """Inserts the rows; where the key is taken the columns of ``replace`` are replaced and those of ``raised`` go up by one."""
    _send(connection, table, many, tuple(key), tuple(replace), tuple(raised))


def _send(
    connection: sa.Connection,
    table: sa.Table,
    many: Rows,
    key: tuple[str, ...] | None,
    replace: tuple[str, ...] = (),
    raised: tuple[str, ...] = (),
) -> None:
    names = tuple(many[0])
    if connection.dialect.name == "postgresql" and len(many) >= MANY and document.suits(table, names) and _differ(many, key):
        text = _document_plan(connection.dialect, table, names, key, replace, raised)
        connection.exec_driver_sql(text, {"rows": document.written_out(table, names, many)})
        return
    text, order, prepares = _plan(connection.dialect, table, names, key, replace, raised)
    columns = [document.prepared(prepare, [row[name] for row in many]) for name, prepare in zip(order, prepares, strict=True)]
    rows: list[Any] = list(zip(*columns, strict=True))
    if not connection.dialect.positional:
        rows = [dict(zip(order, row, strict=True)) for row in rows]
    connection.exec_driver_sql(text, rows if len(rows) > 1 else rows[0])


def _differ(many: Rows, key: tuple[str, ...] | None) -> bool:
    """One statement cannot replace a row twice."""
    return not key or len({tuple(row[name] for name in key) for row in many}) == len(many)


@lru_cache(maxsize=1000)
def _plan(
    dialect: sa.Dialect,
    table: sa.Table,
    names: tuple[str, ...],
    key: tuple[str, ...] | None,
    replace: tuple[str, ...],
    raised: tuple[str, ...],
) -> tuple[str, list[str], list[Prepare]]:
    """The statement as the driver takes it, its columns in order, and what prepares the values of each."""
    statement = _meeting(sqlite.insert(table) if dialect.name == "sqlite" else postgresql.insert(table), key, replace, raised)
    compiled = statement.compile(dialect=dialect, column_keys=list(names))
    order = list(compiled.positiontup or names)
    return str(compiled), order, [table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in order]


@lru_cache(maxsize=1000)
def _document_plan(
    dialect: sa.Dialect,
    table: sa.Table,
    names: tuple[str, ...],
    key: tuple[str, ...] | None,
    replace: tuple[str, ...],
    raised: tuple[str, ...],
) -> str:
    return str(_meeting(document.from_document(table, names), key, replace, raised).compile(dialect=dialect))


def _meeting(statement: Any, key: tuple[str, ...] | None, replace: tuple[str, ...], raised: tuple[str, ...]) -> Any:
    """The insert with what it does where it meets a taken key: fail (None), leave the row (no columns), replace columns of it."""
    if key is None:
        return statement
    if not key:
        return statement.on_conflict_do_nothing()
    values: dict[str, Any] = {name: statement.excluded[name] for name in replace}
    values.update({name: sa.literal_column(f"{statement.table.name}.{name} + 1") for name in raised})
    return statement.on_conflict_do_update(index_elements=key, set_=values)
