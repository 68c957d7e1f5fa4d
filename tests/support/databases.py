"""Empty databases for tests: a file per test on SQLite, one emptied database per worker on PostgreSQL."""

from __future__ import annotations

import os
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import psycopg
import pytest
import sqlalchemy as sa

from assistant.store import metadata
from tests.support.rooms import import_all_rooms

DEFAULT = "postgresql://postgres@127.0.0.1:5432/postgres"


def sqlite(folder: Path) -> str:
    target = folder / "laoyou.db"
    shutil.copy(_template(), target)
    return f"sqlite:///{target}"


@cache
def _template() -> Path:
    import_all_rooms()
    path = Path(mkdtemp(prefix="laoyou-template-")) / "template.db"
    engine = sa.create_engine(f"sqlite:///{path}")
    metadata.create_all(engine)
    engine.dispose()
    return path


def postgresql() -> str:
    """The URL of this worker's database, emptied; skips the test with a plain word where no server answers."""
    url = _worker_database()
    if url is None:
        pytest.skip(f"PostgreSQL does not answer at LAOYOU_TEST_POSTGRES_URL ({os.environ.get('LAOYOU_TEST_POSTGRES_URL', DEFAULT)})")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        # To truncate a table costs as much when it is empty, and most are.
        filled = ", ".join(f'"{name}"' for (name,) in connection.execute(_filled()))
        if filled:
            connection.execute(f"TRUNCATE {filled} RESTART IDENTITY CASCADE")
    return url


@cache
def _filled() -> str:
    """Asks for the tables that hold anything."""
    return " UNION ALL ".join(f"SELECT '{table.name}' WHERE EXISTS (SELECT 1 FROM \"{table.name}\")" for table in metadata.sorted_tables)


@cache
def _worker_database() -> str | None:
    import_all_rooms()
    server = os.environ.get("LAOYOU_TEST_POSTGRES_URL", DEFAULT)
    name = f"laoyou_test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}"
    try:
        with psycopg.connect(server, autocommit=True, connect_timeout=3) as connection:
            for (stale,) in connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'laoyou_test_%'").fetchall():
                if not Path(f"/proc/{stale.rsplit('_', 1)[-1]}").exists():
                    connection.execute(f'DROP DATABASE IF EXISTS "{stale}" WITH (FORCE)')
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{name}"')
            connection.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    except psycopg.OperationalError:
        return None
    url = server.rsplit("/", 1)[0] + f"/{name}"
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    metadata.create_all(engine)
    engine.dispose()
    return url
