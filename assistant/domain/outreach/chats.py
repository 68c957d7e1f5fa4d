"""What goes to customer groups: queued once each, counted by group, never as a touch of the members inside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from assistant.base import ids
from assistant.channels import quota
from assistant.domain.outreach import tables, tasks
from assistant.domain.outreach.commands import GATHER, group_of
from assistant.store import Fact, View, Work

GROUP_FULL = "这个群本期能收到的群发已满"


@dataclass(frozen=True, slots=True)
class QueueGroup:
    """One message to one customer group, sent by its owner; ``skipped`` says why it is not. ``key`` is unique for ever."""

    key: str
    chatid: str
    name: str
    staff: str
    cause: str
    text: str
    attachments: tuple[Mapping[str, Any], ...] = ()
    skipped: str = ""


@dataclass(frozen=True, slots=True)
class Passed:
    """Why a group gets nothing; empty where its message is queued."""

    reason: str


@dataclass(frozen=True, slots=True)
class GroupTouch:
    """What became of one message to one group."""

    chatid: str
    name: str
    staff: str
    state: str
    reason: str
    queued_at: datetime
    settled_at: datetime | None


def queue_groups(work: Work, requests: Sequence[QueueGroup]) -> None:
    """Writes the messages down and makes their delivery due; a known key changes nothing."""
    rows, groups = [], set()
    for one in requests:
        group = group_of(one.cause, one.staff, one.text, one.attachments)
        state = "skipped" if one.skipped else "queued"
        row: dict[str, Any] = {
            "id": ids.derive("grouptouch", one.key),
            "key": one.key,
            "cause": one.cause,
            "text": one.text,
            "peer": one.chatid,
        }
        row |= {"name": one.name, "staff": one.staff, "group": group, "state": state, "reason": one.skipped, "queued_at": work.now}
        rows.append(row | {"attachments": list(one.attachments), "task": "", "tried": "", "external_id": "", "settled_at": None})
        groups |= set() if one.skipped else {group}
        work.record(Fact(f"group_touch.{state}", f"group:{one.chatid}", {"staff": one.staff, "reason": one.skipped}, cause=one.cause))
    work.insert_missing(tables.group_touch, rows)
    work.due(*(tasks.deliver(group, "group", work.now + GATHER) for group in sorted(groups)))


def queue_within(work: Work, requests: Sequence[QueueGroup]) -> list[Passed]:
    """As ``queue_groups``, after each group's place in the platform's allowance was taken; one that has none left is passed over."""
    wanted = [one for one in requests if not one.skipped]
    taken = quota.take(work, [[quota.Charge(quota.MASS_GROUP, one.chatid)] for one in wanted])
    full = {one.key for one, each in zip(wanted, taken, strict=True) if not each.ok}
    queue_groups(work, [replace(one, skipped=GROUP_FULL) if one.key in full else one for one in requests])
    return [Passed(GROUP_FULL if one.key in full else one.skipped) for one in requests]


def group_touches(view: View, cause: str) -> list[GroupTouch]:
    """All messages of one cause, by group."""
    table = tables.group_touch
    rows = view.all(sa.select(table).where(table.c.cause == cause).order_by(table.c.peer))
    return [GroupTouch(row.peer, row.name, row.staff, row.state, row.reason, row.queued_at, row.settled_at) for row in rows]


def group_state_counts(view: View, cause: str) -> dict[str, int]:
    """How many groups of one cause are in each state."""
    table = tables.group_touch
    counted = sa.select(table.c.state, sa.func.count().label("n")).where(table.c.cause == cause).group_by(table.c.state)
    return {row.state: row.n for row in view.all(counted)}


def group_skips(view: View, cause: str) -> dict[str, int]:
    """How many groups were passed over for one cause, by reason."""
    table = tables.group_touch
    counted = sa.select(table.c.reason, sa.func.count().label("n")).where(table.c.cause == cause, table.c.state == "skipped")
    return {row.reason: row.n for row in view.all(counted.group_by(table.c.reason))}
