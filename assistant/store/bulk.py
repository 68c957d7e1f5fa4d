"""Sets of rows to the driver: a statement is compiled once, and values are prepared by column instead of by row and bind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

Prepare = Callable[[Any], Any] | None
Rows = Sequence[Mapping[str, Any]]


def insert(connection: sa.Connection, table: sa.Table, many: Rows) -> None:
    """Inserts the rows, which all name the same columns; a taken key raises."""
    _send(connection, _plan(connection.dialect, table, tuple(many[0]), None), many)


def insert_missing(connection: sa.Connection, table: sa.Table, many: Rows) -> None:
    """Inserts the rows whose keys are free."""
    _send(connection, _plan(connection.dialect, table, tuple(many[0]), ()), many)


def upsert(
    connection: sa.Connection, table: sa.Table, many: Rows, key: Sequence[str], replace: Sequence[str], raised: Sequence[str]
) -> None:
    """Inserts the rows; where the key is taken the columns of ``replace`` are replaced and those of ``raised`` go up by one."""
    _send(connection, _plan(connection.dialect, table, tuple(many[0]), tuple(key), tuple(replace), tuple(raised)), many)


@lru_cache(maxsize=1000)
def _plan(
    dialect: sa.Dialect,
    table: sa.Table,
    names: tuple[str, ...],
    key: tuple[str, ...] | None,
    replace: tuple[str, ...] = (),
    raised: tuple[str, ...] = (),
) -> tuple[str, list[str], list[Prepare]]:
    """The statement as the driver takes it, its columns in order, and what prepares the values of each."""
    statement = sqlite.insert(table) if dialect.name == "sqlite" else postgresql.insert(table)
    if key:
        values: dict[str, Any] = {name: statement.excluded[name] for name in replace}
        values.update({name: sa.literal_column(f"{table.name}.{name} + 1") for name in raised})
        statement = statement.on_conflict_do_update(index_elements=key, set_=values)
    elif key is not None:
        statement = statement.on_conflict_do_nothing()
    compiled = statement.compile(dialect=dialect, column_keys=list(names))
    order = list(compiled.positiontup or names)
    return str(compiled), order, [table.c[name].type.dialect_impl(dialect).bind_processor(dialect) for name in order]


def _send(connection: sa.Connection, plan: tuple[str, list[str], list[Prepare]], many: Rows) -> None:
    text, order, prepares = plan
    columns = [_prepared(prepare, [row[name] for row in many]) for name, prepare in zip(order, prepares, strict=True)]
    rows: list[Any] = list(zip(*columns, strict=True))
    if not connection.dialect.positional:
        rows = [dict(zip(order, row, strict=True)) for row in rows]
    connection.exec_driver_sql(text, rows if len(rows) > 1 else rows[0])


def _prepared(prepare: Prepare, values: list[Any]) -> list[Any]:
    """A value that stands many times in a row (now, an empty list) is prepared once."""
    if prepare is None:
        return values
    done: list[Any] = []
    last: Any = values
    for value in values:
        if value is not last:
            last, told = value, prepare(value)
        done.append(told)
    return done
