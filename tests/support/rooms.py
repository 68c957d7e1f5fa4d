"""Imports every room so that all tables are known to the shared metadata."""

from __future__ import annotations

from assistant.store.migrate import import_tables


def import_all_rooms() -> None:
    import_tables()
