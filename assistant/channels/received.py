"""Pictures, files and videos that people sent us: one row each with what became of it, the bytes in a folder under their digest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import sqlalchemy as sa

from assistant.base import ids
from assistant.store import Due, Fact, Instant, View, Work, chunks, id_column, metadata

KEPT = timedelta(days=30)
State = Literal["waiting", "kept", "expired", "too_large", "refused", "unreadable"]
SAID = {
    "waiting": "正在保存",
    "kept": "已保存",
    "expired": "地址已过期，没有取到，请对方再发一次",
    "too_large": "超过 20 MB，没有保存",
    "refused": "地址不属于企业微信，没有去取",
    "unreadable": "内容解不开，请对方再发一次",
}

received = sa.Table(
    "received_media",
    metadata,
    id_column(),
    sa.Column("message", sa.String(64), nullable=False),
    sa.Column("number", sa.Integer, nullable=False),
    sa.Column("conversation", sa.String(200), nullable=False),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("sha", sa.String(64), nullable=False),
    sa.Column("size", sa.Integer, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Index(None, "message"),
    sa.Index(None, "conversation"),
    sa.Index(None, "at"),
)


@dataclass(frozen=True, slots=True)
class Expected:
    """Media number ``number`` of an inbox row."""

    message: str
    number: int
    conversation: str
    kind: str


@dataclass(frozen=True, slots=True)
class Received:
    """One thing somebody sent; ``sha`` names its file once it is kept."""

    id: str
    message: str
    number: int
    conversation: str
    kind: str
    state: State
    sha: str
    size: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it."""

    id: str
    state: State
    sha: str = ""
    size: int = 0


def expect(work: Work, kind: str, things: Sequence[Expected]) -> None:
    """Makes fetching each of them due, as work of this kind; known ones stay as they are."""
    rows: list[dict[str, Any]] = [
        {
            "id": ids.derive("rcv", one.message, one.number),
            "message": one.message,
            "number": one.number,
            "conversation": one.conversation,
            "kind": one.kind,
            "state": "waiting",
            "sha": "",
            "size": 0,
            "at": work.now,
        }
        for one in things
    ]
    for row_id in work.insert_new(received, rows):
        work.due(Due(kind, row_id, work.now))


def get(view: View, row_id: str) -> Received | None:
    """One row, or None."""
    row = view.one(sa.select(received).where(received.c.id == row_id))
    return _value(row) if row is not None else None


def of_messages(view: View, messages: Iterable[str]) -> dict[str, list[Received]]:
    """Inbox row → what came with it."""
    found: dict[str, list[Received]] = {}
    for part in chunks(messages):
        for row in view.all(sa.select(received).where(received.c.message.in_(part)).order_by(received.c.number)):
            found.setdefault(row.message, []).append(_value(row))
    return found


def settle(work: Work, outcome: Outcome) -> None:
    """Writes down what became of it, once."""
    row = work.one(work.locked(sa.select(received).where(received.c.id == outcome.id)))
    if row is None or row.state != "waiting":
        return
    changed = {"state": outcome.state, "sha": outcome.sha, "size": outcome.size}
    work.execute(received.update().where(received.c.id == outcome.id).values(**changed))
    work.record(Fact("channel.media", f"conversation:{row.conversation}", {"media": outcome.id, "kind": row.kind, "state": outcome.state}))


def forget(work: Work, files: Sequence[str]) -> list[str]:
    """Drops old rows; which of these files nobody needs any more."""
    work.execute(received.delete().where(received.c.at < work.now - KEPT))
    needed: set[str] = set()
    for part in chunks(files):
        needed |= {row.sha for row in work.all(sa.select(received.c.sha).where(received.c.sha.in_(part)))}
    return [name for name in files if name not in needed]


def _value(row: Any) -> Received:
    return Received(row.id, row.message, row.number, row.conversation, row.kind, row.state, row.sha, row.size, row.at)
