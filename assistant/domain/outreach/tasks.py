"""群发 tasks from their creation to their end: which touches go out in one, and what became of each of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from assistant.base import ids
from assistant.channels import quota
from assistant.domain.outreach import store, tables
from assistant.domain.outreach.allowance import note_results
from assistant.domain.outreach.attending import MOST, Chat, Task
from assistant.domain.outreach.commands import DELIVER, cancel_queued
from assistant.domain.outreach.values import Touch
from assistant.store import Due, Fact, View, Work, chunks

POLL, RECONCILE, CLOSE, CANCEL = "mass.poll", "mass.reconcile", "mass.close", "mass.cancel"
FILL = 500
"""So many touches are put into a task in one commit: nobody else waits long for the writer."""

SET = 500
LOOK_AFTER, POLL_FIRST = timedelta(seconds=30), timedelta(seconds=10)
REASONS = {2: "对方已不是该员工的客户", 3: "客户本期收到的群发已达上限"}
"""What the result codes of a task mean for the person who reads the report."""

TOO_OFTEN, UNSENT = "reminded_too_often", ("task_created", "unknown")
INTERRUPTED = "创建群发任务时中断，结果未知"


@dataclass(frozen=True, slots=True)
class Claim:
    """Takes what is queued in one group for sending; ``chat`` group where customer groups are written to."""

    group: str
    chat: Chat = "single"


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message by 微信客服, or a task; while the task is not ``ready`` the claim is to be made again. Neither: there is nothing to do."""

    kf: Touch | None = None
    task: Task | None = None
    ready: bool = True


@dataclass(frozen=True, slots=True)
class Opened:
    """WeCom has the task; ``failed`` are the customers or groups that it left out."""

    task_id: str
    msgid: str
    failed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Row:
    """What WeCom says of one customer or group: 1 sent (``at``), 2 not a friend, 3 over the allowance."""

    peer: str
    status: int
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """A page of results."""

    task_id: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Ended:
    """The task is over; whatever is still without a result gets ``state`` and ``reason``."""

    task_id: str
    state: str = "unknown"
    reason: str = "企业微信没有给出结果"


def claim(work: Work, request: Claim) -> Claimed:
    """Takes queued touches of one group for sending; a creation that was cut off is unknown from now on and looked for."""
    for cut in _of_group(work, request.group, "calling"):
        lose(work, (cut.id, INTERRUPTED))
    table = targets(request.chat)
    waits = table.c.state == "queued"
    if request.chat == "single":
        waits = sa.or_(waits, sa.and_(table.c.state == "sending", table.c.route == "kf"))
    first = work.one(sa.select(table).where(table.c.group == request.group, waits).order_by(table.c.id).limit(1))
    task = next(iter(_of_group(work, request.group, "filling")), None)
    cause = task.cause if task else first.cause if first else ""
    if first is None and task is None:
        return Claimed()
    if halted(work, cause):
        _spill(work, task)
        cancel_stopped(work, cause)
        return Claimed()
    if request.chat == "single" and first is not None and first.route == "kf":
        work.execute(table.update().where(table.c.id == first.id).values(state="sending"))
        return Claimed(kf=store.as_touch(first))
    return _fill(work, request, task or _begin(work, request, first))


def halted(view: View, cause: str) -> str:
    """Whether what this cause has queued rests: paused, stopped, or empty."""
    return str(view.scalar(sa.select(tables.halt.c.how).where(tables.halt.c.cause == cause)) or "")


def cancel_stopped(work: Work, cause: str) -> None:
    """Cancels what is still queued for a stopped cause, a set at a time; the rest is due."""
    if halted(work, cause) == "stopped" and cancel_queued(work, cause, SET) + cancel_groups(work, cause) >= SET:
        work.due(Due(CANCEL, cause, work.now, {"cause": cause}))


def cancel_groups(work: Work, cause: str) -> int:
    """As ``cancel_queued``, for customer groups."""
    table = tables.group_touch
    rows = work.all(sa.select(table).where(table.c.cause == cause, table.c.state == "queued").limit(SET))
    give_back(work, rows)
    for part in chunks([row.id for row in rows]):
        values = {"state": "cancelled", "reason": "已停止", "settled_at": work.now}
        work.execute(table.update().where(table.c.id.in_(part)).values(values))
    return len(rows)


def _fill(work: Work, request: Claim, task: Task) -> Claimed:
    table = targets(request.chat)
    queued = sa.select(table.c.id).where(table.c.group == request.group, table.c.state == "queued").order_by(table.c.id)
    room = min(FILL, MOST[request.chat] - task.size)
    moved = work.execute(table.update().where(table.c.id.in_(queued.limit(room))).values(state="sending", task=task.id)).rowcount
    more = work.one(queued.limit(1)) is not None
    ready = not more or task.size + moved >= MOST[request.chat]
    values: dict[str, Any] = {"size": task.size + moved}
    if ready:
        since = work.scalar(sa.select(sa.func.min(table.c.queued_at)).where(table.c.task == task.id))
        values |= {"state": "calling", "called_at": work.now, "since": since or task.since}
        if more:
            work.due(deliver(request.group, request.chat, work.now))
    _change(work, task.id, **values)
    return Claimed(task=get(work, task.id), ready=ready)


def put_back(work: Work, task_id: str) -> None:
    """Nothing has reached WeCom: the touches wait again and the task was never there."""
    task = locked(work, task_id)
    if task is not None and task.state == "calling":
        _spill(work, task)


def opened(work: Work, request: Opened) -> None:
    """The task exists and waits for its employee's tap; whom WeCom left out is refused."""
    task = locked(work, request.task_id)
    if task is None or task.state not in ("calling", "unknown"):
        return
    table = targets(task.chat)
    for part in chunks(request.failed):
        left_out = sa.select(table).where(table.c.task == task.id, table.c.peer.in_(part), table.c.state.in_(("sending", "unknown")))
        settle(work, task, work.all(left_out), "refused", "企业微信无法送达这位客户")
    inside = (table.c.task == task.id, table.c.state.in_(("sending", "unknown")))
    values = {"state": "task_created", "reason": "", "external_id": request.msgid, "settled_at": work.now}
    work.execute(table.update().where(*inside).values(values))
    _change(work, task.id, state="open", msgid=request.msgid, created_at=work.now, reason="")
    payload = {"staff": task.staff, "size": task.size - len(request.failed), "chat": task.chat, "failed": len(request.failed)}
    work.record(Fact("mass.created", f"task:{task.id}", payload, cause=task.cause))
    if how := halted(work, task.cause):
        close(work, (task.id, how))
    else:
        work.due(poll(task.id, work.now, POLL_FIRST))


def refused(work: Work, request: tuple[str, str]) -> None:
    """WeCom would not make the task (id, reason): nobody of it is reached."""
    task_id, reason = request
    task = locked(work, task_id)
    if task is None or task.state != "calling":
        return
    _settle_all(work, task, ("sending",), "refused", reason)
    _change(work, task.id, state="refused", reason=reason, ended_at=work.now)
    work.record(Fact("mass.refused", f"task:{task.id}", {"staff": task.staff, "size": task.size, "reason": reason}, cause=task.cause))


def lose(work: Work, request: tuple[str, str]) -> None:
    """Nobody knows whether WeCom has the task (id, reason): it is looked for and never made again."""
    task_id, reason = request
    task = locked(work, task_id)
    if task is None or task.state != "calling":
        return
    table = targets(task.chat)
    values = {"state": "unknown", "reason": reason, "settled_at": work.now}
    work.execute(table.update().where(table.c.task == task.id, table.c.state == "sending").values(values))
    _change(work, task.id, state="unknown", reason=reason)
    work.record(Fact("mass.unknown", f"task:{task.id}", {"staff": task.staff, "size": task.size, "reason": reason}, cause=task.cause))
    work.due(Due(RECONCILE, task.id, work.now + LOOK_AFTER, {"look": 1}, order_key=f"mass:{task.id}"))


def tell(work: Work, request: Told) -> int:
    """Writes down a page of results; returns how many were new. What is known already stays."""
    task = locked(work, request.task_id)
    if task is None:
        return 0
    table = targets(task.chat)
    by_peer = {row.peer: row for row in request.rows if row.status in (1, 2, 3)}
    fresh: dict[tuple[int, datetime | None], list[Any]] = {}
    for part in chunks(list(by_peer)):
        mine = sa.select(table).where(table.c.task == task.id, table.c.peer.in_(part), table.c.state.in_((*UNSENT, "expired")))
        for row in work.all(work.locked(mine)):
            told = by_peer[row.peer]
            fresh.setdefault((told.status, told.at if told.status == 1 else None), []).append(row)
    for (status, at), rows in fresh.items():
        note_results(work, task.chat, status, [row.peer for row in rows], at)
        if status == 1:
            settle(work, task, rows, "delivered", "", at)
        else:
            settle(work, task, rows, "refused", REASONS[status])
    return sum(map(len, fresh.values()))


def confirmed(work: Work, task_id: str) -> None:
    """Its employee has pressed send."""
    task = locked(work, task_id)
    if task is not None and task.confirmed_at is None:
        _change(work, task.id, confirmed_at=work.now)
        waited = int((work.now - (task.created_at or task.since)).total_seconds())
        payload = {"staff": task.staff, "size": task.size, "seconds": waited, "reminders": task.reminders}
        work.record(Fact("mass.confirmed", f"task:{task.id}", payload, cause=task.cause))


def ended(work: Work, request: Ended) -> None:
    """Nothing more comes of the task."""
    task = locked(work, request.task_id)
    if task is None or task.ended_at is not None:
        return
    _settle_all(work, task, UNSENT, request.state, request.reason)
    _change(work, task.id, state="done", ended_at=work.now)
    work.record(Fact("mass.ended", f"task:{task.id}", {"staff": task.staff, "ending": task.ending}, cause=task.cause))


def close(work: Work, request: tuple[str, str]) -> None:
    """Has an open task cancelled (id, why); what was sent until then stays sent."""
    task_id, ending = request
    task = locked(work, task_id)
    if task is not None and task.state == "open" and task.confirmed_at is None:
        _change(work, task.id, state="closing", ending=ending)
        work.due(Due(CLOSE, task.id, work.now, {}, order_key=f"mass:{task.id}"))


def reopen(work: Work, task_id: str) -> None:
    """The employee was faster than the cancellation: the results are what counts."""
    task = locked(work, task_id)
    if task is not None and task.state == "closing":
        _change(work, task.id, state="open", ending="")
        work.due(poll(task.id, work.now, POLL_FIRST))


def keep_looking(work: Work, request: tuple[str, timedelta]) -> None:
    """Looks at the task again after a while (id, pause)."""
    work.due(poll(request[0], work.now, request[1]))


def reminding(work: Work, task_id: str) -> bool:
    """A reminder is about to go out; it counts whether or not WeCom answers. False where the platform lets this task have no more now."""
    task = locked(work, task_id)
    if task is None or not quota.take(work, [[quota.Charge(quota.REMIND, task_id)]])[0].ok:
        return False
    _change(work, task.id, reminders=task.reminders + 1, reminded_at=work.now)
    return True


def reminded(work: Work, request: tuple[str, str]) -> None:
    """What WeCom said to the reminder (id, outcome). Its "too often" closes the task's allowance for the day that WeCom counts in."""
    task = get(work, request[0])
    if task is not None:
        if request[1] == TOO_OFTEN:
            quota.learn(work, [quota.Learned(quota.REMIND, task.id, work.now + timedelta(days=1))])
        payload = {"staff": task.staff, "number": task.reminders, "outcome": request[1]}
        work.record(Fact("mass.reminded", f"task:{task.id}", payload, cause=task.cause))


def look_again(work: Work, request: tuple[str, int, timedelta]) -> None:
    """Looks once more for a task that was not found (id, number of the look, pause)."""
    task_id, look, pause = request
    work.due(Due(RECONCILE, task_id, work.now + pause, {"look": look}, order_key=f"mass:{task_id}"))


def leave_alone(work: Work, task_id: str) -> None:
    """Nobody else could be asked: its employee stays the only hope."""
    _change(work, task_id, alone=True)


def settle(work: Work, task: Task, rows: Sequence[Any], state: str, reason: str, at: datetime | None = None) -> None:
    """What became of some touches of a task."""
    if not rows:
        return
    table, when = targets(task.chat), min(at or work.now, work.now)
    values: dict[str, Any] = {"state": state, "reason": reason, "settled_at": when}
    if task.chat == "single" and state in ("refused", "expired", "cancelled"):
        values["place"] = None
    for part in chunks([row.id for row in rows]):
        work.execute(table.update().where(table.c.id.in_(part)).values(values))
    if task.chat == "group" and state not in ("delivered", "unknown"):
        give_back(work, rows)
    work.record(*(_fact(task, row, state, reason, when) for row in rows))


def give_back(work: Work, rows: Sequence[Any]) -> None:
    """What groups did not get does not count against what they may get."""
    charges = [quota.GiveBack([quota.Charge(quota.MASS_GROUP, row.peer)], row.queued_at) for row in rows]
    quota.give_back(work, charges)


def _fact(task: Task, row: Any, state: str, reason: str, at: datetime) -> Fact:
    payload = {"staff": task.staff, "reason": reason, "link": "http" in task.text}
    if task.chat == "group":
        return Fact(f"group_touch.{state}", f"group:{row.peer}", payload, cause=task.cause, occurred_at=at)
    payload |= {"kind": row.kind, "route": row.route}
    return Fact(f"touch.{state}", f"touch:{row.id}", payload, row.member_id, task.cause, occurred_at=at)


def _settle_all(work: Work, task: Task, states: Sequence[str], state: str, reason: str) -> None:
    table = targets(task.chat)
    for part in chunks(work.all(sa.select(table).where(table.c.task == task.id, table.c.state.in_(states)))):
        settle(work, task, part, state, reason)


def targets(chat: str) -> sa.Table:
    """Where what a task goes to is kept: members, or customer groups."""
    return tables.group_touch if chat == "group" else tables.touch


def get(view: View, task_id: str) -> Task | None:
    """One task, or None."""
    return _task(view.one(sa.select(tables.mass_task).where(tables.mass_task.c.id == task_id)))


def locked(work: Work, task_id: str) -> Task | None:
    """One task, held until the commit."""
    return _task(work.one(work.locked(sa.select(tables.mass_task).where(tables.mass_task.c.id == task_id))))


def _task(row: Any) -> Task | None:
    return None if row is None else Task(**row._mapping)


def _of_group(work: Work, group: str, state: str) -> list[Task]:
    table = tables.mass_task
    rows = work.all(work.locked(sa.select(table).where(table.c.group == group, table.c.state == state)))
    return [Task(**row._mapping) for row in rows]


def _begin(work: Work, request: Claim, first: Any) -> Task:
    table = tables.mass_task
    number = work.scalar(sa.select(sa.func.count()).where(table.c.group == request.group))
    row: Mapping[str, Any] = {
        "id": ids.derive("task", request.group, number, work.now.isoformat()),
        "chat": request.chat,
        "cause": first.cause,
        "group": request.group,
        "staff": first.staff,
        "text": first.text,
        "attachments": first.attachments,
        "state": "filling",
        "size": 0,
        "since": first.queued_at,
        "reminders": 0,
        "alone": False,
        **dict.fromkeys(("ending", "reason"), ""),
        **dict.fromkeys(("msgid", "called_at", "created_at", "confirmed_at", "ended_at", "reminded_at")),
    }
    work.insert(table, [row])
    return Task(**row)


def _spill(work: Work, task: Task | None) -> None:
    """Empties a task that was never called for."""
    if task is None:
        return
    table = targets(task.chat)
    work.execute(table.update().where(table.c.task == task.id, table.c.state == "sending").values(state="queued", task=""))
    work.execute(tables.mass_task.delete().where(tables.mass_task.c.id == task.id))


def _change(work: Work, task_id: str, **values: Any) -> None:
    work.execute(tables.mass_task.update().where(tables.mass_task.c.id == task_id).values(values))


def poll(task_id: str, now: datetime, pause: timedelta) -> Due:
    """The next look at a task."""
    return Due(POLL, task_id, now + pause, {"pause": pause.total_seconds()}, order_key=f"mass:{task_id}")


def deliver(group: str, chat: str, at: datetime) -> Due:
    """The delivery of what is queued in one group."""
    payload = {"group": group} if chat == "single" else {"group": group, "chat": chat}
    return Due(DELIVER, group, at, payload, order_key=f"touch:{group}")
