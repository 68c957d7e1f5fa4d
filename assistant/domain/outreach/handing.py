"""What a pause, a stop or a silent employee means for the touches of a task: they wait, end, or go on to another employee."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from assistant.domain.outreach import tables, tasks
from assistant.domain.outreach.attending import Task
from assistant.domain.outreach.commands import GATHER, UNCONFIRMED, group_of
from assistant.domain.outreach.moments import stop_moments
from assistant.store import Fact, View, Work, upsert

PAGE = 500
NOBODY_ELSE = "跟进的员工已离职或停用，没有别的员工可以接手"


@dataclass(frozen=True, slots=True)
class HandOn:
    """Deals with unsent touches of a cancelled task, by their ids. ``friends``: customer → employees who may write to them now."""

    task_id: str
    touch_ids: tuple[str, ...]
    friends: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Halt:
    """Lets what a cause has queued rest (paused) or ends it (stopped)."""

    cause: str
    how: str


def halt(work: Work, request: Halt) -> None:
    """Nothing of this cause is sent from now on, and its open tasks are cancelled; what was delivered stays.

    A moment cannot be asked for twice, so only a stop takes it back.
    """
    upsert(work, tables.halt, [{"cause": request.cause, "how": request.how, "at": work.now}], ["cause"], ["how", "at"])
    table = tables.mass_task
    mine = sa.select(table.c.id).where(table.c.cause == request.cause, table.c.state == "open", table.c.confirmed_at.is_(None))
    for row in work.all(mine):
        tasks.close(work, (row.id, request.how))
    tasks.cancel_stopped(work, request.cause)
    if request.how == "stopped":
        stop_moments(work, request.cause)


def go_on(work: Work, cause: str) -> None:
    """A paused cause goes on: what waits is delivered."""
    work.execute(tables.halt.delete().where(tables.halt.c.cause == cause, tables.halt.c.how == "paused"))
    for chat in ("single", "group"):
        table = tasks.targets(chat)
        waiting = sa.select(table.c.group).where(table.c.cause == cause, table.c.state == "queued").distinct()
        work.due(*(tasks.deliver(row.group, chat, work.now) for row in work.all(waiting)))


@dataclass(frozen=True, slots=True)
class Unsent:
    """A touch that its task has not delivered: its customer (or group), and the employees who had it before."""

    id: str
    peer: str
    tried: str
    member_id: str


def unsent(view: View, task_id: str, after: str = "") -> list[Unsent]:
    """A page of touches that a task has not delivered, in the order of their ids."""
    task = tasks.get(view, task_id)
    if task is None:
        return []
    table = tasks.targets(task.chat)
    mine = sa.select(table).where(table.c.task == task_id, table.c.state == "task_created", table.c.id > after)
    rows = view.all(mine.order_by(table.c.id).limit(PAGE))
    return [Unsent(row.id, row.peer, row.tried, getattr(row, "member_id", "")) for row in rows]


def next_staff(tried: str, staff: str, friends: Sequence[str]) -> str:
    """The first of the customer's friends among us who has not been asked; empty if there is none."""
    known = {*tried.split(","), staff}
    return next((one for one in friends if one not in known), "")


def hand_on(work: Work, request: HandOn) -> None:
    """Each of the touches once: it waits again, ends, or goes on to the next employee. Called only after WeCom took the task back."""
    task = tasks.locked(work, request.task_id)
    if task is None or task.state != "closing":
        return
    table = tasks.targets(task.chat)
    mine = sa.select(table).where(table.c.id.in_(request.touch_ids), table.c.task == task.id, table.c.state == "task_created")
    rows = work.all(work.locked(mine.order_by(table.c.id)))
    if task.ending == "stopped":
        tasks.settle(work, task, rows, "cancelled", "已停止")
    elif task.ending == "expired":
        tasks.settle(work, task, rows, "expired", UNCONFIRMED)
    elif task.ending == "paused":
        _again(work, task, rows, task.staff)
    else:
        _to_others(work, task, rows, request.friends)


def _to_others(work: Work, task: Task, rows: Sequence[Any], friends: Mapping[str, Sequence[str]]) -> None:
    by_staff: dict[str, list[Any]] = {}
    for row in rows:
        by_staff.setdefault(next_staff(row.tried, task.staff, friends.get(row.peer, ())), []).append(row)
    for staff, mine in by_staff.items():
        if staff:
            _again(work, task, mine, staff)
        elif task.ending == "left":
            tasks.settle(work, task, mine, "refused", NOBODY_ELSE)
        else:
            _again(work, task, mine, task.staff)


def _again(work: Work, task: Task, rows: Sequence[Any], staff: str) -> None:
    """Queues the touches once more, with this employee."""
    table = tasks.targets(task.chat)
    group = group_of(task.cause, staff, task.text, task.attachments)
    values: dict[str, Any] = {"state": "queued", "task": "", "staff": staff, "group": group, "external_id": "", "settled_at": None}
    for row in rows:
        tried = row.tried if staff == task.staff else ",".join(filter(None, (row.tried, task.staff)))[-400:]
        work.execute(table.update().where(table.c.id == row.id).values(values | {"tried": tried}))
        if staff != task.staff:
            payload = {"from": task.staff, "to": staff, "task": task.id}
            work.record(Fact("touch.handed_on", f"touch:{row.id}", payload, getattr(row, "member_id", ""), task.cause))
    if not tasks.halted(work, task.cause):
        work.due(tasks.deliver(group, task.chat, work.now + GATHER))


def cancel_more(work: Work, cause: str) -> None:
    """Goes on cancelling what a stopped cause has queued."""
    tasks.cancel_stopped(work, cause)
