"""PostgreSQL: a whole set in one statement, its rows as one JSON document, where each row by itself would be a message to the server.

For tables of texts, whole numbers, booleans, instants and JSON that have an ``id``; the ids of a set differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from assistant.store.engine import dumps
from assistant.store.types import Instant, written

Rows = Sequence[Mapping[str, Any]]


def insert_new(connection: sa.Connection, table: sa.Table, many: Rows) -> set[str]:
    """Inserts the rows whose ``id`` is not there yet and returns those ids."""
    names = tuple(many[0])
    return set(connection.execute(_inserting(table, names), {"rows": _document(table, names, many)}).scalars())


def replace(connection: sa.Connection, table: sa.Table, many: Rows, replaced: tuple[str, ...], raised: str) -> None:
    """Inserts the rows; where the ``id`` is there, the columns of ``replaced`` are replaced and ``raised`` goes up by one."""
    names = tuple(many[0])
    connection.execute(_replacing(table, names, replaced, raised), {"rows": _document(table, names, many)})


@lru_cache(maxsize=100)
def _inserting(table: sa.Table, names: tuple[str, ...]) -> Any:
    return _from_document(table, names).on_conflict_do_nothing().returning(table.c.id)


@lru_cache(maxsize=100)
def _replacing(table: sa.Table, names: tuple[str, ...], replaced: tuple[str, ...], raised: str) -> Any:
    statement = _from_document(table, names)
    values = {name: statement.excluded[name] for name in replaced} | {raised: table.c[raised] + sa.literal_column("1")}
    return statement.on_conflict_do_update(index_elements=["id"], set_=values)


def _from_document(table: sa.Table, names: tuple[str, ...]) -> postgresql.Insert:
    document = sa.cast(sa.bindparam("rows", type_=sa.Text), postgresql.JSONB)
    row = sa.func.jsonb_array_elements(document).table_valued(sa.column("value", postgresql.JSONB))
    # A cast to a text of limited length would cut it off silently; the insert refuses it.
    kinds = [sa.Text() if isinstance(table.c[name].type, sa.String) else table.c[name].type for name in names]
    values = [sa.cast(row.c.value.op("->>")(sa.literal_column(str(place))), kind) for place, kind in enumerate(kinds)]
    return postgresql.insert(table).from_select(list(names), sa.select(*values), include_defaults=False)


def _document(table: sa.Table, names: tuple[str, ...], many: Rows) -> str:
    columns = [_prepared(table.c[name].type, [row[name] for row in many]) for name in names]
    return dumps(list(zip(*columns, strict=True)))


def _prepared(kind: sa.types.TypeEngine[Any], values: list[Any]) -> list[Any]:
    write: Callable[[Any], str | None] | None = written if isinstance(kind, Instant) else dumps if isinstance(kind, sa.JSON) else None
    return values if write is None else [write(value) for value in values]
