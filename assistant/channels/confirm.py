"""One-time confirmations: what a person was asked to agree to, bound to conversation, member, action and amount."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa

from assistant.base import ids
from assistant.store import Instant, View, Work, id_column, json_column, member_column, metadata

LIFETIME = timedelta(minutes=10)

confirmation = sa.Table(
    "confirmation",
    metadata,
    id_column(),
    sa.Column("conversation", sa.String(200), nullable=False),
    member_column(),
    sa.Column("action", sa.String(40), nullable=False),
    json_column("arguments"),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("state", sa.String(20), nullable=False),
    sa.Column("asked_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Index(None, "conversation", "state"),
)


@dataclass(frozen=True, slots=True)
class Ask:
    """A question put to a member before value leaves the account; ``amount`` in points or fen as the action says."""

    key: str
    conversation: str
    member_id: str
    action: str
    arguments: Mapping[str, Any]
    amount: int
    question: str


@dataclass(frozen=True, slots=True)
class Pending:
    """A question that is still open; ``token`` names it for ever."""

    token: str
    member_id: str
    action: str
    arguments: Mapping[str, Any]
    amount: int
    question: str
    asked_at: datetime
    expires_at: datetime


def ask(work: Work, request: Ask) -> str:
    """Opens the question and closes any other of this conversation; returns its token. The same key asks once."""
    token = ids.derive("confirm", request.conversation, request.key)
    table = confirmation
    others = table.update().where(table.c.conversation == request.conversation, table.c.state == "open", table.c.id != token)
    work.execute(others.values(state="replaced"))
    work.insert_missing(
        table,
        [
            {
                "id": token,
                "conversation": request.conversation,
                "member_id": request.member_id,
                "action": request.action,
                "arguments": dict(request.arguments),
                "amount": request.amount,
                "question": request.question,
                "state": "open",
                "asked_at": work.now,
                "expires_at": work.now + LIFETIME,
            }
        ],
    )
    return token


def pending(view: View, conversation: str) -> Pending | None:
    """The open question of the conversation, unless it has expired."""
    row = view.one(_open(), {"mine": conversation, "now": view.now})
    return _pending(row) if row is not None else None


def get(view: View, token: str) -> Pending | None:
    """A question whatever became of it, or None."""
    row = view.one(sa.select(confirmation).where(confirmation.c.id == token))
    return _pending(row) if row is not None else None


def _pending(row: Any) -> Pending:
    return Pending(row.id, row.member_id, row.action, row.arguments, row.amount, row.question, row.asked_at, row.expires_at)


@cache
def _open() -> sa.Select[Any]:
    table = confirmation
    mine = sa.and_(table.c.conversation == sa.bindparam("mine"), table.c.state == "open", table.c.expires_at > sa.bindparam("now"))
    return sa.select(table).where(mine).order_by(table.c.asked_at.desc()).limit(1)


def settle(work: Work, token: str, member_id: str, state: str) -> bool:
    """Uses a question up (``done`` or ``cancelled``); False if it was used, replaced, expired or belongs to somebody else."""
    table = confirmation
    mine = sa.and_(table.c.id == token, table.c.member_id == member_id, table.c.state == "open", table.c.expires_at > work.now)
    return work.execute(table.update().where(mine).values(state=state)).rowcount == 1
