"""What several benches need: a PostgreSQL database of their own, a core to stay on, the faster event loop where it is installed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import Any

SERVER = "postgresql://postgres@127.0.0.1:5432/postgres"


def pin(core: int) -> None:
    """Keeps this process on one core, so that the client does not run on the server's; does nothing where there is only one."""
    if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
        os.sched_setaffinity(0, {core})


def uvloop_if_there() -> Callable[[], Any] | None:
    """A loop factory for ``asyncio.Runner``; None is the standard loop."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


@contextlib.contextmanager
def own_postgresql(suffix: str = "") -> Iterator[str]:
    """The URL of an empty database with the server's own durability, dropped afterwards; empty where no server answers."""
    import psycopg

    server = os.environ.get("BENCH_POSTGRES_URL", SERVER)
    name = f"laoyou_bench_{os.getpid()}{suffix}"
    try:
        connection = psycopg.connect(server, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError:
        yield ""
        return
    with connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        yield server.rsplit("/", 1)[0] + f"/{name}"
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
