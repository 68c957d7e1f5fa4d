"""Rows to values: touches, skips, and what the rules want to know of a member."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from assistant.domain.outreach import tables
from assistant.domain.outreach.model import Past
from assistant.domain.outreach.values import Touch
from assistant.store import View, chunks, outbox

COUNTED = ("queued", "sending", "task_created", "delivered", "unknown")
"""States of a touch that press on the member; refused, expired and cancelled ones never reached anybody."""

IN_OUTBOX = ("queued", "sending", "sent", "unknown")


def as_touch(row: Any) -> Touch:
    fields = {name: getattr(row, name) for name in Touch.__slots__}
    return Touch(**fields)


def touches(view: View, *conditions: sa.ColumnElement[bool], limit: int = 500, after: str = "") -> list[Touch]:
    """Touches in the order of their ids."""
    table = tables.touch
    statement = sa.select(table).where(table.c.id > after, *conditions).order_by(table.c.id).limit(limit)
    return [as_touch(row) for row in view.all(statement)]


def recent(view: View, member_ids: Sequence[str], since: datetime) -> dict[str, list[Past]]:
    found: dict[str, list[Past]] = {}
    table = tables.touch
    columns = sa.select(table.c.member_id, table.c.kind, table.c.queued_at, table.c.route)
    for part in chunks(member_ids):
        counted = columns.where(table.c.member_id.in_(part), table.c.queued_at > since, table.c.state.in_(COUNTED))
        for row in view.all(counted):
            found.setdefault(row.member_id, []).append(Past(row.kind, row.queued_at, row.route))
    return found


def last_inbound(view: View, member_ids: Sequence[str], since: datetime) -> dict[str, datetime]:
    """The last time each member opened the customer-service window after ``since``."""
    found: dict[str, datetime] = {}
    table = tables.inbound
    last = sa.select(table.c.member_id, sa.func.max(table.c.at).label("at")).group_by(table.c.member_id)
    for part in chunks(member_ids):
        wanted = last.where(table.c.member_id.in_(part), table.c.touchpoint == "kf", table.c.at > since)
        for row in view.all(wanted):
            found[row.member_id] = row.at
    return found


def kf_used(view: View, windows: dict[str, datetime]) -> dict[str, int]:
    """How many messages of the five of the window are spoken for: replies and touches in the outbox, and touches not yet there."""
    used: dict[str, int] = dict.fromkeys(windows, 0)
    if not windows:
        return used
    since = min(windows.values())
    table = tables.touch
    for part in chunks(list(windows)):
        waiting = sa.select(table.c.member_id, table.c.queued_at.label("at")).where(
            table.c.member_id.in_(part), table.c.route == "kf", table.c.state == "queued", table.c.queued_at >= since
        )
        gone = sa.select(outbox.c.member_id, outbox.c.queued_at.label("at")).where(
            outbox.c.member_id.in_(part), outbox.c.channel == "kf", outbox.c.state.in_(IN_OUTBOX), outbox.c.queued_at >= since
        )
        for row in [*view.all(waiting), *view.all(gone)]:
            used[row.member_id] += row.at >= windows[row.member_id]
    return used


def negative(view: View, member_ids: Sequence[str], since: datetime) -> dict[str, datetime]:
    found: dict[str, datetime] = {}
    table = tables.feedback
    last = sa.select(table.c.member_id, sa.func.max(table.c.at).label("at")).group_by(table.c.member_id)
    for part in chunks(member_ids):
        for row in view.all(last.where(table.c.member_id.in_(part), table.c.at > since)):
            found[row.member_id] = row.at
    return found


MONTH = timedelta(days=32)
