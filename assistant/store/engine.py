"""Opens the database the one way that keeps transactions honest on SQLite and PostgreSQL."""

from __future__ import annotations

import json
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from assistant.base.clock import stopwatch

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
    # At READ COMMITTED each statement sees the state of its own beginning anyway; a transaction around reads would only cost two trips.
    how: dict[str, Any] = {} if writing else {"isolation_level": "AUTOCOMMIT"}
    options = PLANS if writing else f"{PLANS} -c default_transaction_read_only=on"
    engine = sa.create_engine(url, pool_size=size, max_overflow=0, json_serializer=dumps, connect_args={"options": options}, **how)
    _ask_after_rest(engine)
    return engine


PLANS = "-c plan_cache_mode=force_custom_plan"
"""A plan kept from when a table was small reads all of it for ever; an import that begins on an empty book would slow down as it grows."""


RESTED = 2.0
"""Seconds after which a connection is asked whether it is still there. To ask each time costs a round trip each time."""


def _ask_after_rest(engine: sa.Engine) -> None:
    @sa.event.listens_for(engine, "checkin")
    def checkin(_connection: Any, record: Any) -> None:
        record.info["rests_since"] = stopwatch()

    @sa.event.listens_for(engine, "checkout")
    def checkout(connection: Any, record: Any, _proxy: Any) -> None:
        if stopwatch() - record.info.get("rests_since", stopwatch()) <= RESTED:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise sa.exc.DisconnectionError from error


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
