"""What has come in: each message stored once, and one waiting turn per conversation that lets a burst finish first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Literal
from zlib import crc32

import sqlalchemy as sa

from assistant.base.clock import parse_instant
from assistant.channels.message import Address, InboundMessage
from assistant.store import Due, Work, chunks, inbox
from assistant.store.work import View, listed

State = Literal["waiting", "handled", "handed_over", "dead"]


@dataclass(frozen=True, slots=True)
class Debounce:
    """Each message extends the wait by ``shortest``; no message waits longer than ``longest``."""

    shortest: timedelta = timedelta(seconds=1.5)
    longest: timedelta = timedelta(seconds=6)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The inbox row of a message; ``fresh`` is False if it was there already."""

    id: str
    fresh: bool


@dataclass(frozen=True, slots=True)
class Stored:
    """One message of the inbox."""

    id: str
    message: InboundMessage
    received_at: datetime
    state: str


KEY = ("source", "external_id")
_BEGUN = datetime(1970, 1, 1, tzinfo=UTC)


def _always(_message: InboundMessage) -> bool:
    return True


NORMAL = Debounce()
AT_ONCE = Debounce(timedelta(), timedelta())
"""For who has finished speaking: a button was pressed."""


def accept(
    work: Work,
    messages: Sequence[InboundMessage],
    *,
    debounce: Debounce = NORMAL,
    wants_turn: Callable[[InboundMessage], bool] = _always,
) -> list[Accepted]:
    """Stores messages that are not known yet and makes one turn per conversation due; one answer per message, in order.

    A message for which ``wants_turn`` says no is stored as handled and wakes nobody.
    """
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for message in messages:
        if (message.source, message.external_id) not in rows:
            rows[message.source, message.external_id] = _row(message, work.now + timedelta(microseconds=len(rows)), wants_turn(message))
    since = _first_waiting(work, [row["conversation"] for row in rows.values() if row["state"] == "waiting"])
    new = work.insert_new(inbox, list(rows.values()), KEY)
    soonest = work.now + min(debounce.shortest, debounce.longest)
    for conversation in dict.fromkeys(row["conversation"] for row in rows.values() if row["id"] in new and row["state"] == "waiting"):
        at = soonest
        if conversation in since:
            at = min(work.now + debounce.shortest, max(since[conversation] + debounce.longest, work.now))
        work.due(Due("turn", conversation, at, {"conversation": conversation}, order_key=conversation))
    known = row_ids(work, [key for key, row in rows.items() if row["id"] not in new])
    outcomes = []
    for message in messages:
        row_id = known.get((message.source, message.external_id)) or rows[message.source, message.external_id]["id"]
        outcomes.append(Accepted(row_id, row_id in new))
        new.discard(row_id)
    return outcomes


def row_ids(view: View, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """The ids of the rows of these (source, external_id) that are there."""
    found: dict[tuple[str, str], str] = {}
    for source in dict.fromkeys(source for source, _ in keys):
        mine = view.among(inbox.c.external_id, [external_id for of, external_id in keys if of == source])
        for row in view.all(sa.select(inbox.c.external_id, inbox.c.id).where(inbox.c.source == source, mine)):
            found[source, row.external_id] = row.id
    return found


def open_messages(view: View, conversation: str) -> list[Stored]:
    """The messages of the conversation that wait for an answer, oldest first."""
    rows = view.all(_open(), {"mine": conversation})
    return [Stored(row.id, from_json(row.message), row.received_at, row.state) for row in rows]


def mark(work: Work, message_ids: Sequence[str], state: State, turn: str) -> None:
    """Says what became of the messages and which turn did it."""
    for part in chunks(message_ids):
        work.execute(_marked(), [{"mine": row_id, "now_state": state, "by": turn} for row_id in part])


def recall(work: Work, message: InboundMessage, recalled: str, state: State) -> None:
    """``message`` takes back the one of the same source and conversation that is called ``recalled``, if it is in this state."""
    told = (inbox.c.source == message.source, inbox.c.external_id == recalled, inbox.c.conversation == message.address.conversation)
    work.execute(inbox.update().where(*told, inbox.c.state == state).values(state="recalled"))


def to_json(message: InboundMessage) -> dict[str, Any]:
    """The message as plain JSON."""
    address = message.address
    return {
        "source": message.source,
        "external_id": message.external_id,
        "address": {"channel": address.channel, "account": address.account, "peer": address.peer, "group": address.group},
        "sender_kind": message.sender_kind,
        "kind": message.kind,
        "sent_at": message.sent_at.isoformat(),
        "text": message.text,
        "event": message.event,
        "reply_to": message.reply_to,
        "choice": message.choice,
        "raw": message.raw,
        "quoted": message.quoted,
    }


def from_json(value: Mapping[str, Any]) -> InboundMessage:
    """The message that ``to_json`` wrote."""
    fields = dict(value)
    fields["address"] = Address(**fields["address"])
    fields["sent_at"] = parse_instant(fields["sent_at"])
    return InboundMessage(**fields)


def _row(message: InboundMessage, received_at: datetime, wants_turn: bool) -> dict[str, Any]:
    """Ids rise with time: rows that come together lie together on the disk, and a commit writes half as many pages."""
    microseconds = (received_at - _BEGUN) // timedelta(microseconds=1)
    return {
        "id": f"in_{microseconds:014x}{crc32(message.external_id.encode()):08x}",
        "source": message.source,
        "external_id": message.external_id,
        "conversation": message.address.conversation,
        "state": "waiting" if wants_turn else "handled",
        "turn": "",
        "received_at": received_at,
        "message": to_json(message),
    }


def _first_waiting(work: Work, conversations: Sequence[str]) -> dict[str, datetime]:
    """Since when each conversation has had a message that waits; none, and it is not named."""
    if not conversations:
        return {}
    return {row.conversation: row.since for row in work.all(_waiting_since(work.dialect), {"conversations": conversations})}


@cache
def _open() -> sa.Select[Any]:
    mine = sa.select(inbox).where(inbox.c.conversation == sa.bindparam("mine"), inbox.c.state == "waiting")
    return mine.order_by(inbox.c.received_at, inbox.c.id)


@cache
def _marked() -> sa.Update:
    told: dict[str, Any] = {"state": sa.bindparam("now_state"), "turn": sa.bindparam("by")}
    return inbox.update().where(inbox.c.id == sa.bindparam("mine")).values(told)


@cache
def _waiting_since(dialect: str) -> sa.Select[Any]:
    mine = listed(inbox.c.conversation, "conversations", dialect)
    statement = sa.select(inbox.c.conversation, sa.func.min(inbox.c.received_at).label("since"))
    return statement.where(mine, inbox.c.state == "waiting").group_by(inbox.c.conversation)
