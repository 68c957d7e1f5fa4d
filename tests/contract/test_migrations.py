"""The revisions lead to exactly the tables that the code knows, on both databases."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from assistant.base.clock import ManualClock
from assistant.base.principal import system
from assistant.store import Due, Store, migrate
from tests.support import databases

ME = system("test")
migrate.import_tables()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/empty.db"
        return
    server = databases.postgresql().rsplit("/", 1)[0]
    name = f"laoyou_test_empty_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}"')
    yield f"{server}/{name}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def test_all_revisions_together_are_the_tables_of_the_code(empty: str) -> None:
    migrate.upgrade(empty)
    assert migrate.differences(empty) == []


def test_a_start_knows_without_alembic_whether_there_is_something_to_upgrade(empty: str) -> None:
    assert migrate.stands_at(empty) == ""
    migrate.upgrade(empty)
    assert migrate.stands_at(empty) == migrate.newest()
    migrate.upgrade(empty)
    assert migrate.differences(empty) == []


def test_upgrading_twice_keeps_what_is_there(empty: str, clock: ManualClock) -> None:
    migrate.upgrade(empty)
    store = Store(empty, clock)
    store.do(lambda work, _: work.due(Due("note", "a", work.now)), None, ME)
    store.close()
    migrate.upgrade(empty)
    store = Store(empty, clock)
    assert store.look(lambda view: view.scalar(migrate.metadata.tables["due"].select())) is not None
    store.close()


def test_a_table_nobody_has_migrated_is_noticed(empty: str, tmp_path: Path) -> None:
    migrate.upgrade(empty)
    before = migrate.differences(empty)
    engine = migrate.open_engine(empty, writing=True, size=1)
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE cursor")
        connection.exec_driver_sql("CREATE TABLE pgqueuer_of_the_library (id INTEGER)")
    engine.dispose()
    added = [difference for difference in migrate.differences(empty) if str(difference) not in {str(known) for known in before}]
    assert [(difference[0], difference[1].name) for difference in added] == [("add_table", "cursor")]
