"""Opens the database the one way that keeps transactions honest on SQLite and PostgreSQL."""

from __future__ import annotations

import json
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

_STRICT = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_SUBCLASS
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def is_sqlite(url: str) -> bool:
    return url.startswith("sqlite")


def dumps(value: Any) -> str:
    """JSON as it is stored. What the fast library does not write (a whole number beyond 64 bits) the standard one does."""
    try:
        return orjson.dumps(value, option=_STRICT).decode()
    except TypeError:
        return _encode(value)


def open_engine(url: str, *, writing: bool, size: int) -> sa.Engine:
    """An engine for writing (durable, BEGIN IMMEDIATE on SQLite) or reading (refuses writes)."""
    if is_sqlite(url):
        engine = sa.create_engine(
            url, poolclass=NullPool if writing else None, json_serializer=dumps, **({} if writing else {"pool_size": size})
        )
        _prepare_sqlite(engine, writing)
        return engine
    if url.startswith("postgresql://"):
        url = "postgresql+psycopg://" + url.removeprefix("postgresql://")
    engine = sa.create_engine(
        url, pool_size=size, max_overflow=0, pool_pre_ping=True, json_serializer=dumps, connect_args={"options": PLANS}
    )
    if not writing:
        engine = engine.execution_options(postgresql_readonly=True)
    return engine


PLANS = "-c plan_cache_mode=force_custom_plan"
"""A plan kept from when a table was small reads all of it for ever; an import that begins on an empty book would slow down as it grows."""


def _prepare_sqlite(engine: sa.Engine, writing: bool) -> None:
    """The driver's own transaction handling would let a savepoint outlive its outer rollback, so BEGIN is ours."""

    @sa.event.listens_for(engine, "connect")
    def connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        # The patience comes first: switching to WAL needs the file alone for a moment.
        pragmas = [
            "busy_timeout=5000",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "cache_size=-32000",
            "wal_autocheckpoint=4000",
        ]
        for pragma in pragmas if writing else [*pragmas, "query_only=ON"]:
            connection.execute(f"PRAGMA {pragma}")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
