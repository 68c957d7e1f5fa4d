"""Journeys of customer groups: which come in today, and their steps; every message is one 群发 of the group's owner."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from assistant.base import ids
from assistant.domain import contacts, members, outreach
from assistant.domain.journeys import store, tables
from assistant.domain.journeys.model import GroupEnrolment, GroupScope, Message, Version, Wait
from assistant.store import Fact, View, Work, chunks

SET = 200
LOOK_BACK = timedelta(days=7)
NO_OWNER = "不知道群主是谁，没有人能群发"
GONE = "已经没有这个群"


def enrol(work: Work, version: Version, planned: datetime) -> int:
    """Takes in the groups that are meant today and are not inside; returns how many. Said again it changes nothing."""
    scope = version.journey.groups or GroupScope()
    found = members.choose_groups(work, scope.chats, scope.owners, scope.names, scope.personas)
    last = _last(work, version.name)
    rest = work.now - timedelta(days=version.journey.reenter_days)
    wanted = [one.chatid for one in found if one.chatid not in last or (last[one.chatid][0] <= rest and not last[one.chatid][1])]
    if scope.newcomers:
        since = {chat: max(work.now - LOOK_BACK, last[chat][0] if chat in last else work.now - LOOK_BACK) for chat in wanted}
        came = contacts.groups.came_since(work, since)
        wanted = [chat for chat in wanted if came[chat] >= scope.newcomers]
    plain = {"name": version.name, "version": version.version, "step": 0, "state": "active", "reason": ""}
    key = planned.isoformat()
    rows: list[dict[str, Any]] = [
        plain | {"id": ids.derive("genr", version.name, chat, key), "chatid": chat, "next_at": work.now, "enrolled_at": work.now}
        for chat in wanted
    ]
    work.insert_missing(tables.group_enrolment, rows)
    return len(rows)


def _last(view: View, name: str) -> dict[str, tuple[datetime, bool]]:
    """Group → when it last came into this journey, and whether it is still inside."""
    table = tables.group_enrolment
    active = sa.func.max(sa.case((table.c.state == "active", 1), else_=0)).label("active")
    counted = sa.select(table.c.chatid, sa.func.max(table.c.enrolled_at).label("at"), active).where(table.c.name == name)
    return {row.chatid: (row.at, bool(row.active)) for row in view.all(counted.group_by(table.c.chatid))}


def run_steps(work: Work, on: Sequence[str]) -> int:
    """Does the next step of up to 200 groups whose time has come; returns how many."""
    table = tables.group_enrolment
    due = sa.select(table).where(table.c.state == "active", table.c.next_at <= work.now, table.c.name.in_(on))
    rows = work.all(work.locked(due.order_by(table.c.next_at, table.c.id).limit(SET)))
    found = [GroupEnrolment(**row._mapping) for row in rows]
    for (name, number, step), part in groupby(sorted(found, key=_place), key=_place):
        _step(work, store.version(work, name, number), step, list(part))
    return len(found)


def _place(one: GroupEnrolment) -> tuple[str, int, int]:
    return one.name, one.version, one.step


def _step(work: Work, version: Version, number: int, groups: list[GroupEnrolment]) -> None:
    if number >= len(version.journey.steps):
        _change(work, groups, state="done", step=number)
        return
    step = version.journey.steps[number]
    quiet = outreach.quiet_ends(work.now)
    if isinstance(step, Wait):
        _change(work, groups, step=number + 1, next_at=work.now + step.span)
    elif quiet > work.now:
        _change(work, groups, next_at=quiet)
    else:
        assert isinstance(step, Message)
        _message(work, version, number, step, groups)


def _message(work: Work, version: Version, number: int, step: Message, groups: list[GroupEnrolment]) -> None:
    known = {one.chatid: one for one in members.choose_groups(work, [one.chatid for one in groups])}
    requests = [
        outreach.QueueGroup(
            key=f"{one.id}:{number}",
            chatid=one.chatid,
            name=known[one.chatid].name if one.chatid in known else one.chatid,
            staff=known[one.chatid].owner if one.chatid in known else "",
            cause=version.cause,
            text=step.template,
            skipped=GONE if one.chatid not in known else "" if known[one.chatid].owner else NO_OWNER,
        )
        for one in groups
    ]
    passed = outreach.queue_within(work, requests)
    _change(work, [one for one, why in zip(groups, passed, strict=True) if not why.reason], step=number + 1)
    for one, why in zip(groups, passed, strict=True):
        if why.reason:
            _change(work, [one], state="skipped", reason=why.reason)
            payload = {"journey": one.name, "group": one.chatid, "reason": why.reason}
            work.record(Fact("journey.skipped", f"enrolment:{one.id}", payload, cause=version.cause))


def _change(work: Work, groups: list[GroupEnrolment], **values: Any) -> None:
    table = tables.group_enrolment
    for part in chunks([one.id for one in groups]):
        work.execute(table.update().where(table.c.id.in_(part)).values(values))
