"""The database: one synchronous book behind ``write``, ``read`` and ``preview``. Not for business rules.

``Store`` opens it; commands receive a ``Work`` (one transaction, nobody else commits), queries a read-only ``View``.
"""

from assistant.store.engine import is_sqlite
from assistant.store.feature import Feature
from assistant.store.once import Keyed, once
from assistant.store.rows import command_key, cursor, due, fact, inbox, metadata, outbox
from assistant.store.store import Store
from assistant.store.types import Instant, id_column, json_column, member_column
from assistant.store.work import AHEAD, Due, Fact, Undone, View, Work, chunks, upsert

__all__ = [
    "AHEAD",
    "Due",
    "Fact",
    "Feature",
    "Instant",
    "Keyed",
    "Store",
    "Undone",
    "View",
    "Work",
    "chunks",
    "command_key",
    "cursor",
    "due",
    "fact",
    "id_column",
    "inbox",
    "is_sqlite",
    "json_column",
    "member_column",
    "metadata",
    "once",
    "outbox",
    "upsert",
]
