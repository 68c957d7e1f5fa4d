"""PostgreSQL: a whole set in one statement, its rows as one JSON document, where each row by itself would be a message to the server.

For columns of text, whole numbers, booleans, instants and JSON (``suits``).
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
Prepare = Callable[[Any], Any] | None
SUITING = (sa.String, sa.Integer, sa.Boolean, Instant, sa.JSON)


@lru_cache(maxsize=1000)
def suits(table: sa.Table, names: tuple[str, ...]) -> bool:
    """Whether all these columns go through a document unchanged."""
    return all(isinstance(table.c[name].type, SUITING) for name in names)


def insert_new(connection: sa.Connection, table: sa.Table, many: Rows) -> set[str]:
    """Inserts the rows whose ``id`` is not there yet and returns those ids; the ids of the set differ."""
    names = tuple(many[0])
    return set(connection.execute(_inserting(table, names), {"rows": written_out(table, names, many)}).scalars())


def from_document(table: sa.Table, names: tuple[str, ...]) -> postgresql.Insert:
    """Inserts the rows of the document that is bound as ``rows``, in its order."""
    document = sa.cast(sa.bindparam("rows", type_=sa.Text), postgresql.JSONB)
    row = sa.func.jsonb_array_elements(document).table_valued(sa.column("value", postgresql.JSONB))
    # A cast to a text of limited length would cut it off silently; the insert refuses it.
    kinds = [sa.Text() if isinstance(table.c[name].type, sa.String) else table.c[name].type for name in names]
    values = [sa.cast(row.c.value.op("->>")(sa.literal_column(str(place))), kind) for place, kind in enumerate(kinds)]
    return postgresql.insert(table).from_select(list(names), sa.select(*values), include_defaults=False)


def written_out(table: sa.Table, names: tuple[str, ...], many: Rows) -> str:
    """The rows as the document that ``from_document`` reads."""
    columns = [prepared(_writer(table.c[name].type), [row[name] for row in many]) for name in names]
    return dumps(list(zip(*columns, strict=True)))


@lru_cache(maxsize=100)
def _inserting(table: sa.Table, names: tuple[str, ...]) -> Any:
    return from_document(table, names).on_conflict_do_nothing().returning(table.c.id)


def _writer(kind: sa.types.TypeEngine[Any]) -> Prepare:
    return written if isinstance(kind, Instant) else dumps if isinstance(kind, sa.JSON) else None


def prepared(prepare: Prepare, values: list[Any]) -> list[Any]:
    """Each value as ``prepare`` makes it; one that stands many times in a row (now, an empty list) is prepared once."""
    if prepare is None:
        return values
    done: list[Any] = []
    last: Any = values
    for value in values:
        if value is not last:
            last, told = value, prepare(value)
        done.append(told)
    return done
