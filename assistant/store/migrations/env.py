"""What Alembic runs for each command: on the connection it is handed, in the transaction that is open there."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context

from assistant.store.migrate import ours
from assistant.store.rows import metadata
from assistant.store.types import Instant


def plain(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Writes our column types as what they are in the database, so that old revisions never depend on today's code."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, Instant) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    include_name=ours,
    render_item=plain,
    transaction_per_migration=False,
)
context.run_migrations()
