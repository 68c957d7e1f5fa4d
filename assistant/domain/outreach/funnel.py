"""What came of 群发 by employee: asked, confirmed, delivered, replied, ordered; and the tasks that still wait for a tap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from assistant.domain.outreach import tables
from assistant.domain.outreach.attending import Task
from assistant.store import View, fact

REPLY_WITHIN = timedelta(days=3)
ORDER_WITHIN = timedelta(days=7)
LIVE = ("open", "closing")


@dataclass(frozen=True, slots=True)
class StaffLine:
    """One employee. ``tasks`` and ``confirmed`` are tasks, ``hours`` the mean wait for a tap; the others are customers (or groups)."""

    staff: str
    tasks: int = 0
    confirmed: int = 0
    waiting: int = 0
    hours: float | None = None
    created: int = 0
    delivered: int = 0
    refused: int = 0
    replied: int = 0
    ordered: int = 0

    @property
    def rate(self) -> int:
        """Confirmed of asked, whole percent rounded down; 0 without tasks."""
        return self.confirmed * 100 // self.tasks if self.tasks else 0


def by_staff(view: View, cause: str = "", since: datetime | None = None) -> list[StaffLine]:
    """One line per employee for one cause, or for all tasks made since an instant; the best confirmers first."""
    found: dict[str, dict[str, Any]] = {}
    _count_tasks(view, found, cause, since)
    _count_touches(view, found, cause, since)
    lines = [StaffLine(staff, **values) for staff, values in found.items()]
    return sorted(lines, key=lambda one: (-one.rate, -one.delivered, one.staff))


def _count_tasks(view: View, found: dict[str, dict[str, Any]], cause: str, since: datetime | None) -> None:
    table = tables.mass_task
    columns = (table.c.staff, table.c.created_at, table.c.confirmed_at, table.c.state, table.c.size)
    mine = sa.select(*columns).where(table.c.created_at.is_not(None), *_chosen(table, cause, since, table.c.created_at))
    waits: dict[str, list[float]] = {}
    for row in view.all(mine):
        line = found.setdefault(row.staff, {"tasks": 0, "confirmed": 0, "waiting": 0})
        line["tasks"] += 1
        line["confirmed"] += row.confirmed_at is not None
        line["waiting"] += row.confirmed_at is None and row.state in LIVE
        if row.confirmed_at is not None:
            waits.setdefault(row.staff, []).append((row.confirmed_at - row.created_at).total_seconds() / 3600)
    for staff, hours in waits.items():
        found[staff]["hours"] = round(sum(hours) / len(hours), 1)


def _count_touches(view: View, found: dict[str, dict[str, Any]], cause: str, since: datetime | None) -> None:
    for table in (tables.touch, tables.group_touch):
        counted = sa.select(table.c.staff, table.c.state, sa.func.count().label("n")).where(table.c.task != "")
        for row in view.all(counted.where(*_chosen(table, cause, since, table.c.queued_at)).group_by(table.c.staff, table.c.state)):
            line = found.setdefault(row.staff, {})
            if row.state in ("task_created", "delivered", "refused", "expired", "cancelled"):
                line["created"] = line.get("created", 0) + row.n
            if row.state in ("delivered", "refused"):
                line[row.state] = line.get(row.state, 0) + row.n
    table, said = tables.touch, tables.inbound
    sent = (table.c.state == "delivered", table.c.task != "", *_chosen(table, cause, since, table.c.queued_at))
    one = sa.select(table.c.staff, table.c.member_id, table.c.settled_at).where(*sent).subquery()
    replies = sa.select(one, said.c.at).join_from(one, said, said.c.member_id == one.c.member_id).where(said.c.at > one.c.settled_at)
    paid = sa.select(one, fact.c.occurred_at.label("at")).join_from(one, fact, fact.c.member_id == one.c.member_id)
    paid = paid.where(fact.c.name == "orders.paid", fact.c.occurred_at > one.c.settled_at)
    for name, rows, within in (("replied", view.all(replies), REPLY_WITHIN), ("ordered", view.all(paid), ORDER_WITHIN)):
        people: dict[str, set[str]] = {}
        for row in rows:
            if row.at <= row.settled_at + within:
                people.setdefault(row.staff, set()).add(row.member_id)
        for staff, who in people.items():
            found.setdefault(staff, {})[name] = len(who)


def _chosen(table: sa.Table, cause: str, since: datetime | None, when: sa.ColumnElement[Any]) -> Sequence[sa.ColumnElement[bool]]:
    chosen: list[sa.ColumnElement[bool]] = [table.c.cause == cause] if cause else []
    return [*chosen, when >= since] if since is not None else chosen


def open_tasks(view: View, staff: str = "", limit: int = 200) -> list[Task]:
    """Tasks that wait for a tap, of everybody or of one employee, the oldest first."""
    table = tables.mass_task
    waiting = sa.select(table).where(table.c.state.in_(LIVE), table.c.confirmed_at.is_(None))
    if staff:
        waiting = waiting.where(table.c.staff == staff)
    return [Task(**row._mapping) for row in view.all(waiting.order_by(table.c.created_at, table.c.id).limit(limit))]


def latest_tasks(view: View, limit: int = 100, cause: str = "") -> list[Task]:
    """Tasks in any state, the newest first."""
    table = tables.mass_task
    newest = sa.select(table).where(*_chosen(table, cause, None, table.c.since)).order_by(table.c.since.desc(), table.c.id).limit(limit)
    return [Task(**row._mapping) for row in view.all(newest)]


def peers(view: View, task_id: str) -> list[str]:
    """Whom a task goes to; at most ten thousand."""
    for table in (tables.touch, tables.group_touch):
        found = [row.peer for row in view.all(sa.select(table.c.peer).where(table.c.task == task_id).order_by(table.c.id))]
        if found:
            return found
    return []


def known_msgids(view: View, msgids: Sequence[str]) -> set[str]:
    """Which of these tasks of WeCom are ours already."""
    table = tables.mass_task
    return {row.msgid for row in view.all(sa.select(table.c.msgid).where(view.among(table.c.msgid, msgids)))}


def lost_like(view: View, task: Task) -> int:
    """How many tasks of unknown existence have the same employee, words and kind as this one, itself included."""
    table = tables.mass_task
    same = (table.c.state == "unknown", table.c.staff == task.staff, table.c.text == task.text, table.c.chat == task.chat)
    return int(view.scalar(sa.select(sa.func.count()).where(*same)))
