"""Writing down contacts: who came, what is to be sent, what became of it, what was not sent."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from assistant.base import ids
from assistant.base.errors import Invalid
from assistant.domain.outreach import tables
from assistant.domain.outreach.values import Feedback, Inbound, KeepSkip, PastTouch, Queue, TouchResult
from assistant.store import Due, Fact, Work, chunks, upsert

DELIVER = "touch.deliver"
GATHER = timedelta(seconds=5)
"""A mass task waits this long for more customers of the same staff member and text."""

EXPIRE_AFTER = timedelta(days=3)
UNCONFIRMED = "员工三天内没有确认发送"
STATE_OF = {"sent": "delivered", "failed": "refused"}
"""Outcome → state; ``failed`` is what was told to be sent and did not arrive after all."""

BEFORE = {
    "task_created": ("queued", "sending", "unknown"),
    "delivered": ("queued", "sending", "task_created", "unknown", "expired"),
    "failed": ("queued", "sending", "delivered", "unknown", "expired"),
    "refused": ("queued", "sending", "task_created", "unknown", "expired"),
    "unknown": ("queued", "sending", "task_created"),
    "cancelled": ("queued", "sending"),
}
"""From which states a result may move a touch; a later or repeated result changes nothing."""


def note_inbound(work: Work, contacts: Sequence[Inbound]) -> None:
    """Notes that members wrote or came in; each key counts once."""
    rows = [{"key": one.key, "member_id": one.member_id, "touchpoint": one.touchpoint, "at": one.at} for one in contacts]
    work.insert_missing(tables.inbound, rows)


def note_feedback(work: Work, feedback: Sequence[Feedback]) -> None:
    """Notes bad feedback: marketing to these members rests for fourteen days."""
    rows = [{"key": one.key, "member_id": one.member_id, "at": one.at, "note": one.note} for one in feedback]
    work.insert_missing(tables.feedback, rows)


def note_past(work: Work, contacts: Sequence[PastTouch]) -> None:
    """Takes over touches made elsewhere, so that frequency counts them."""
    rows = []
    for one in contacts:
        past = _row(ids.derive("touch", one.key), one.key, one.member_id, "import", one.category, one.topic, "")
        rows.append(past | {"route": "import", "state": "delivered", "queued_at": one.at, "settled_at": one.at})
    work.insert_missing(tables.touch, rows)


def queue(work: Work, requests: Sequence[Queue]) -> list[str]:
    """Counts and queues decided touches in one commit and makes their delivery due; returns the touch ids. A known key changes nothing.

    Two writers that decided on the same place of a member's day collide: on PostgreSQL the unit is run again and then sees the other touch.
    """
    fresh = {request.key: request for request in requests}
    for part in chunks(list(fresh)):
        for row in work.all(sa.select(tables.touch.c.key).where(tables.touch.c.key.in_(part))):
            del fresh[row.key]
    rows, groups = [], {}
    for request in fresh.values():
        send = request.decision
        touch_id = ids.derive("touch", request.key)
        group = touch_id if send.route == "kf" else group_of(request.cause, send.staff, request.text, request.attachments)
        groups[group] = work.now if send.route == "kf" else work.now + GATHER
        one = send.candidate
        new = _row(touch_id, request.key, one.member_id, request.cause, one.kind, one.topic, request.text)
        place = f"{one.member_id}:{send.place}" if send.place else None
        rows.append(
            new
            | {"route": send.route, "peer": send.peer, "staff": send.staff, "group": group, "place": place}
            | {"queued_at": work.now, "attachments": list(request.attachments)}
        )
        work.record(Fact("touch.queued", f"touch:{touch_id}", {"kind": one.kind, "route": send.route}, one.member_id, request.cause))
    work.insert(tables.touch, rows)
    work.due(*(Due(DELIVER, group, at, {"group": group}, order_key=f"touch:{group}") for group, at in groups.items()))
    return [ids.derive("touch", request.key) for request in requests]


def group_of(cause: str, staff: str, text: str, attachments: Sequence[Mapping[str, Any]] = ()) -> str:
    """What goes out in one task: one cause, one employee, the same words and the same attachments."""
    return ids.derive("mass", cause, staff, text, *([json.dumps(attachments, sort_keys=True)] if attachments else []))


def keep_skips(work: Work, skips: Sequence[KeepSkip]) -> None:
    """Keeps why members were not written to; one reason per cause and member, the latest."""
    rows = {
        (one.cause, one.decision.candidate.member_id): {
            "cause": one.cause,
            "member_id": one.decision.candidate.member_id,
            "code": one.decision.code,
            "reason": one.decision.reason,
            "at": work.now,
        }
        for one in skips
    }
    upsert(work, tables.skip, list(rows.values()), ["cause", "member_id"], ["code", "reason", "at"])


def settle_touches(work: Work, results: Sequence[TouchResult]) -> list[str]:
    """Writes down what became of touches; returns the state of each. A repeated or older result changes nothing."""
    rows: dict[str, Any] = {}
    table = tables.touch
    for part in chunks(sorted({result.touch_id for result in results})):
        rows |= {row.id: row for row in work.all(work.locked(sa.select(table).where(table.c.id.in_(part)).order_by(table.c.id)))}
    states: dict[str, str] = {touch_id: row.state for touch_id, row in rows.items()}
    for result in results:
        row = rows.get(result.touch_id)
        if row is None:
            raise Invalid(f"没有这次触达：{result.touch_id}", code="no_touch")
        state = STATE_OF.get(result.outcome, result.outcome)
        if states[row.id] in BEFORE[result.outcome if result.outcome in BEFORE else state]:
            states[row.id] = state
            _settle(work, row, state, result.reason, result.external_id or row.external_id)
    return [states[result.touch_id] for result in results]


def cancel_queued(work: Work, cause: str, most: int = 500) -> int:
    """Cancels what is still queued for one cause (a stopped plan), at most so many; returns how many. What is being sent goes out."""
    table = tables.touch
    queued = sa.select(table).where(table.c.cause == cause, table.c.state == "queued").order_by(table.c.id).limit(most)
    rows = work.all(work.locked(queued))
    for row in rows:
        _settle(work, row, "cancelled", "已停止", "")
    return len(rows)


def expire_touches(work: Work) -> int:
    """Gives up touches that nobody sent within three days; at most 500 a run, returns how many. Those in a task end with the task."""
    table = tables.touch
    old = sa.select(table).where(table.c.state.in_(("queued", "task_created")), table.c.queued_at < work.now - EXPIRE_AFTER)
    live = sa.exists().where(tables.mass_task.c.id == table.c.task, tables.mass_task.c.ended_at.is_(None))
    rows = work.all(work.locked(old.where(sa.not_(live)).order_by(table.c.id).limit(500)))
    for row in rows:
        _settle(work, row, "expired", UNCONFIRMED if row.state == "task_created" else "三天内没有发出", row.external_id)
    return len(rows)


def _settle(work: Work, row: Any, state: str, reason: str, external_id: str) -> None:
    gone = {"place": None} if state in ("refused", "expired", "cancelled") else {}
    values = {"state": state, "reason": reason, "external_id": external_id, "settled_at": work.now} | gone
    work.execute(tables.touch.update().where(tables.touch.c.id == row.id).values(values))
    payload = {"kind": row.kind, "route": row.route, "staff": row.staff, "reason": reason, "link": "http" in row.text}
    work.record(Fact(f"touch.{state}", f"touch:{row.id}", payload, row.member_id, row.cause))


def _row(touch_id: str, key: str, member_id: str, cause: str, kind: str, topic: str, text: str) -> dict[str, Any]:
    return {
        "id": touch_id,
        "key": key,
        "member_id": member_id,
        "cause": cause,
        "kind": kind,
        "topic": topic,
        "text": text,
        "route": "",
        "peer": "",
        "staff": "",
        "group": touch_id,
        "place": None,
        "state": "queued",
        "reason": "",
        "external_id": "",
        "queued_at": None,
        "settled_at": None,
        "attachments": [],
        "task": "",
        "tried": "",
    }
