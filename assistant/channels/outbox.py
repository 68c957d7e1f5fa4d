"""What is to be said: one row per message, each step of its way out written down, so that nothing is said twice.

States: queued → sending → sent | refused | unknown, or queued → cancelled. A reply that the channel takes only once the other side has
written again is ``waiting`` and goes back to queued then; what was sent and did not arrive after all is ``failed``.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa

from assistant.base import ids
from assistant.channels.bot_parts import LEFT_BEHIND
from assistant.channels.message import EVENT_CODE, PERSON, Address, Attachment, Delivery, OutboundMessage
from assistant.store import Due, Fact, Instant, View, Work, chunks, outbox
from assistant.store.work import listed, locked

AHEAD = timedelta(milliseconds=1)
"""Deliveries are due this much before their place in the queue, so that messages queued at one instant keep their order and are all due."""

OWN_LINE = frozenset({"bot"})
"""Channels whose messages may have to leave through the one process that holds their connection: a kind of work of their own."""


def job_kind(channel: str) -> str:
    """The kind of due work that delivers messages of a channel."""
    return f"deliver.{channel}" if channel in OWN_LINE else "deliver"


WAIT_FOR = timedelta(days=7)
"""Answers older than this are not said any more when somebody writes again."""

Gate = Callable[[View, OutboundMessage], str | None]
"""Why a message must not leave now, or None."""


@dataclass(frozen=True, slots=True)
class Stay:
    """Why a message finds no room, and what becomes of it: ``waiting`` until the other side writes again, ``refused`` or ``cancelled``."""

    state: str
    code: str
    reason: str


Room = Callable[[View, OutboundMessage], int | Stay]
"""How many messages of the channel this one takes now (0 where nobody counts), or why there is no room."""


@dataclass(frozen=True, slots=True)
class Settle:
    """What became of one outbox row that was being sent."""

    id: str
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class Sent:
    """One row of the outbox."""

    id: str
    message: OutboundMessage
    state: str
    attempts: int
    queued_at: datetime
    settled_at: datetime | None
    external_id: str
    code: str
    reason: str


def id_of(key: str) -> str:
    """The row of a message."""
    return ids.derive("out", key)


def queue(work: Work, messages: Sequence[OutboundMessage]) -> list[str]:
    """Queues messages whose key is new and makes their delivery due, in order per conversation; returns the row id of each."""
    row_ids = [id_of(message.key) for message in messages]
    known = _known(work, row_ids)
    fresh: dict[str, OutboundMessage] = {}
    for row_id, message in zip(row_ids, messages, strict=True):
        if row_id not in known:
            fresh.setdefault(row_id, message)
    places = _last_places(work, [message.address.conversation for message in fresh.values()])
    rows = []
    for row_id, message in fresh.items():
        conversation = message.address.conversation
        last = places.get(conversation)
        place = work.now if last is None or last < work.now else last + timedelta(microseconds=1)
        places[conversation] = place
        rows.append(_row(row_id, message, place))
        kind = job_kind(message.address.channel)
        work.due(Due(kind, row_id, min(place - AHEAD, work.now), {"outbox": row_id}, order_key=conversation, keep=True))
    work.insert(outbox, rows)
    return row_ids


def may_repeat(message: OutboundMessage) -> bool:
    """A code that answers an event works once: used up it is refused, which says nothing about the message."""
    return EVENT_CODE not in message.reply_to


def claim_for_send(
    work: Work,
    row_id: str,
    *,
    repeatable: Container[str] = (),
    gate: Gate | None = None,
    again: Callable[[View, OutboundMessage], bool] = lambda _view, _message: False,
    room: Room | None = None,
) -> OutboundMessage | None:
    """Moves queued → sending and returns the message; None if there is nothing to send any more.

    A row found in sending was being sent when its process died. Where the channel knows our message by its own id (``repeatable``), or
    ``again`` says that a repeat cannot show it twice, it is sent again; elsewhere its outcome is unknown and it is never repeated.
    ``gate`` may hold the message back: it is cancelled.
    ``room`` says in how many parts it goes; the parts of a message that was begun stay as they were.
    """
    row = next(iter(work.all(_rows(work.dialect), {"ids": [row_id]})), None)
    if row is None or row.state not in ("queued", "sending"):
        return None
    message = from_json(row.message)
    safe = (row.channel in repeatable and may_repeat(message)) or again(work, message)
    if row.state == "sending" and not safe:
        settle(work, [Settle(row_id, Delivery("unknown", code="interrupted", reason="发送时进程中断，结果未知"))])
        return None
    reason = gate(work, message) if gate is not None else None
    if reason is not None:
        state = "cancelled" if row.state == "queued" else "unknown"
        _close(work, row, state, Delivery("unknown", code="held_back", reason=reason))
        return None
    message = replace(message, parts=row.parts)
    if room is not None and row.state == "queued":
        found = room(work, message)
        if isinstance(found, Stay):
            _stay(work, row, found)
            return None
        message = replace(message, parts=found)
    work.execute(_claimed(), {"mine": row_id, "tried": row.attempts + 1, "in_parts": message.parts, "now": work.now})
    return message


def settle(work: Work, requests: Sequence[Settle]) -> list[str]:
    """Writes down what the channel answered; returns the new state of each row.

    A refusal with ``retry_at`` puts the row back to queued (the caller's job comes again then); a row already settled stays as it is.
    """
    rows: dict[str, Any] = {}
    for part in chunks([request.id for request in requests]):
        rows |= {row.id: row for row in work.all(_rows(work.dialect), {"ids": part})}
    states: list[str] = []
    for request in requests:
        row, delivery = rows[request.id], request.delivery
        if row.state not in ("queued", "sending"):
            states.append(row.state)
        elif delivery.outcome == "refused" and delivery.retry_at is not None:
            later = outbox.update().where(outbox.c.id == row.id)
            work.execute(later.values(state="queued", code=delivery.code, reason=delivery.reason))
            states.append("queued")
        elif delivery.waits and _may_wait(row):
            _stay(work, row, Stay("waiting", delivery.code, delivery.reason))
            states.append("waiting")
        else:
            _close(work, row, delivery.outcome, delivery)
            states.append(delivery.outcome)
    return states


def cancel_unsent(work: Work, what: str, reason: str = "已取消") -> int:
    """Cancels what is still queued for a conversation or a cause (a turn, a plan); returns how many. What is being sent goes out."""
    statement = sa.select(outbox).where(outbox.c.state == "queued", sa.or_(outbox.c.conversation == what, outbox.c.cause == what))
    rows = work.all(work.locked(statement.order_by(outbox.c.id)))
    for row in rows:
        _close(work, row, "cancelled", Delivery("refused", code="cancelled", reason=reason))
    return len(rows)


def wake_waiting(work: Work, conversation: str) -> int:
    """The other side has written again: what waited for that goes out now, what waited too long is cancelled; returns how many go out."""
    rows = work.all(_waiting(work.dialect), {"mine": conversation})
    late = [row for row in rows if row.queued_at < work.now - WAIT_FOR]
    for row in late:
        _close(work, row, "cancelled", Delivery("refused", code="waited_too_long", reason="等客户再次来信太久，已不再发送"))
    woken = [row for row in rows if row not in late]
    for place, row in enumerate(woken):
        work.execute(outbox.update().where(outbox.c.id == row.id).values(state="queued", claimed_at=None))
        at = work.now - AHEAD + timedelta(microseconds=place)
        work.due(Due(job_kind(row.channel), row.id, at, {"outbox": row.id}, order_key=conversation))
    return len(woken)


def cancel_waiting(work: Work, row_id: str, reason: str) -> bool:
    """Somebody has said it in another way."""
    row = work.one(work.locked(sa.select(outbox).where(outbox.c.id == row_id, outbox.c.state == "waiting")))
    if row is not None:
        _close(work, row, "cancelled", Delivery("refused", code="cancelled", reason=reason))
    return row is not None


def fail_later(work: Work, channel: str, external_id: str, code: str, reason: str) -> Sent | None:
    """What was sent has not arrived after all; returns the row, or None where no sent row has this id. Told again it changes nothing."""
    mine = sa.and_(outbox.c.channel == channel, outbox.c.external_id == external_id, outbox.c.state.in_(("sent", "unknown")))
    row = work.one(work.locked(sa.select(outbox).where(mine)))
    if row is None or not external_id:
        return None
    _close(work, row, "failed", Delivery("refused", external_id, code, reason))
    return get(work, row.id)


@dataclass(frozen=True, slots=True)
class Chosen:
    """A choice that was offered in this conversation: its words exactly, and whether it is still the one that stands."""

    text: str
    asks: str
    newest: bool


def chosen(view: View, conversation: str, choice: str) -> Chosen | None:
    """The choice that a click names (``message.choice_id``); None where nothing of ours in this conversation offered it."""
    row_id, _, number = choice.rpartition(".")
    row = get(view, row_id) if row_id and number.isascii() and number.isdigit() and len(number) <= 2 else None
    if row is None or row.message.address.conversation != conversation or not 0 < int(number) <= len(row.message.options):
        return None
    later = _list(view, sa.and_(outbox.c.conversation == conversation, outbox.c.queued_at > row.queued_at), 50)
    newest = not any(one.message.options and one.state in ("sending", "sent", "unknown") for one in later)
    return Chosen(row.message.options[int(number) - 1], row.message.asks, newest)


def waiting(view: View, conversation: str) -> list[Sent]:
    """What waits for the other side to write again, the latest first."""
    return _list(view, sa.and_(outbox.c.conversation == conversation, outbox.c.state == "waiting"), 100)


def failed_since(view: View, since: datetime, limit: int = 100) -> list[Sent]:
    """What was sent and did not arrive, the latest first."""
    return _list(view, sa.and_(outbox.c.state == "failed", outbox.c.settled_at >= since), limit)


def unknowns(view: View, limit: int = 100) -> list[Sent]:
    """Messages of which nobody knows whether they arrived, the latest first."""
    return _list(view, outbox.c.state == "unknown", limit)


def get(view: View, row_id: str) -> Sent | None:
    """One row, or None."""
    return next(iter(_list(view, outbox.c.id == row_id, 1)), None)


def to_json(message: OutboundMessage) -> dict[str, Any]:
    """The message as plain JSON."""
    return asdict(message) | {"options": list(message.options), "attachments": [asdict(one) for one in message.attachments]}


def from_json(value: Mapping[str, Any]) -> OutboundMessage:
    """The message that ``to_json`` wrote, now or before there were attachments."""
    fields = dict(value)
    fields["address"] = Address(**fields["address"])
    fields["options"] = tuple(fields["options"])
    fields["attachments"] = tuple(Attachment(**one) for one in fields.get("attachments", ()))
    return OutboundMessage(**fields)


def _list(view: View, condition: sa.ColumnElement[bool], limit: int) -> list[Sent]:
    rows = view.all(sa.select(outbox).where(condition).order_by(outbox.c.queued_at.desc(), outbox.c.id).limit(limit))
    return [Sent(r.id, from_json(r.message), r.state, r.attempts, r.queued_at, r.settled_at, r.external_id, r.code, r.reason) for r in rows]


def _known(work: Work, row_ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for part in chunks(row_ids):
        found |= {row.id for row in work.all(_there(work.dialect), {"ids": part})}
    return found


def _last_places(work: Work, conversations: Sequence[str]) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    for part in chunks(dict.fromkeys(conversations)):
        for row in work.all(_last(work.dialect), {"conversations": part}):
            found[row.conversation] = row.last
    return found


@cache
def _rows(dialect: str) -> sa.Select[Any]:
    return locked(sa.select(outbox).where(listed(outbox.c.id, "ids", dialect)).order_by(outbox.c.id), dialect)


@cache
def _waiting(dialect: str) -> sa.Select[Any]:
    mine = sa.select(outbox).where(outbox.c.conversation == sa.bindparam("mine"), outbox.c.state == "waiting")
    return locked(mine.order_by(outbox.c.queued_at), dialect)


@cache
def _there(dialect: str) -> sa.Select[Any]:
    return sa.select(outbox.c.id).where(listed(outbox.c.id, "ids", dialect))


@cache
def _last(dialect: str) -> sa.Select[Any]:
    mine = listed(outbox.c.conversation, "conversations", dialect)
    return sa.select(outbox.c.conversation, sa.func.max(outbox.c.queued_at).label("last")).where(mine).group_by(outbox.c.conversation)


@cache
def _claimed() -> sa.Update:
    told: dict[str, Any] = {
        "attempts": sa.bindparam("tried"),
        "parts": sa.bindparam("in_parts"),
        "claimed_at": sa.bindparam("now", type_=Instant),
    }
    return outbox.update().where(outbox.c.id == sa.bindparam("mine")).values(state="sending", **told)


@cache
def _closed() -> sa.Update:
    names = ("state", "external_id", "code", "reason")
    told: dict[str, Any] = {name: sa.bindparam(f"its_{name}") for name in names} | {"settled_at": sa.bindparam("now", type_=Instant)}
    return outbox.update().where(outbox.c.id == sa.bindparam("mine")).values(told)


def _row(row_id: str, message: OutboundMessage, place: datetime) -> dict[str, Any]:
    return {
        "id": row_id,
        "key": message.key,
        "channel": message.address.channel,
        "conversation": message.address.conversation,
        "member_id": message.member_id,
        "cause": message.cause,
        "proactive": message.proactive,
        "state": "queued",
        "attempts": 0,
        "parts": 0,
        "claimed_at": None,
        "queued_at": place,
        "settled_at": None,
        "external_id": "",
        "code": "",
        "reason": "",
        "message": to_json(message),
    }


def _may_wait(row: Any) -> bool:
    """Answers of the assistant wait; what nobody asked for and what a colleague wrote is refused where they see it."""
    return not row.proactive and not row.cause.startswith(PERSON)


def _stay(work: Work, row: Any, stay: Stay) -> None:
    if stay.state != "waiting":
        _close(work, row, stay.state, Delivery("refused", code=stay.code, reason=stay.reason))
        return
    work.execute(outbox.update().where(outbox.c.id == row.id).values(state="waiting", code=stay.code, reason=stay.reason))
    _record(work, row, "waiting", Delivery("refused", code=stay.code, reason=stay.reason))


def _close(work: Work, row: Any, state: str, delivery: Delivery) -> None:
    told = {"its_state": state, "its_external_id": delivery.external_id, "its_code": delivery.code, "its_reason": delivery.reason}
    work.execute(_closed(), {"mine": row.id, "now": work.now} | told)
    _record(work, row, state, delivery)
    if delivery.code == LEFT_BEHIND:
        payload = {"outbox": row.id, "conversation": row.conversation, "reason": delivery.reason}
        work.record(Fact("channel.left_behind", f"outbox:{row.id}", payload, row.member_id, row.cause))


def _record(work: Work, row: Any, state: str, delivery: Delivery) -> None:
    payload = {
        "outbox": row.id,
        "key": row.key,
        "channel": row.channel,
        "conversation": row.conversation,
        "proactive": row.proactive,
        "code": delivery.code,
        "reason": delivery.reason,
        "external_id": delivery.external_id,
    }
    # That an answer was sent interests nobody but the log; what became of a touch or a welcome, and all trouble, is waited for.
    quiet = state in ("sent", "cancelled") and not row.proactive and EVENT_CODE not in row.message["reply_to"]
    work.record(Fact(f"channel.{state}", f"outbox:{row.id}", payload, row.member_id, row.cause, quiet=quiet))
