"""What was said in a group, and how lively it is: who speaks, how much, how soon our people answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

import sqlalchemy as sa

from assistant.domain.archive import tables
from assistant.store import View

ANSWER_WITHIN = timedelta(hours=24)
"""What our people say later than this is no answer any more."""


@dataclass(frozen=True, slots=True)
class Kept:
    """One message; ``sender`` is an employee's id, or empty for a customer, whose ``member_id`` is empty where nobody knows him."""

    id: str
    at: datetime
    sender: str
    member_id: str
    by_staff: bool
    kind: str
    text: str
    recalled: bool


@dataclass(frozen=True, slots=True)
class GroupTalk:
    """One group in a time: how many customers spoke, messages of both sides, and how soon an employee spoke after a customer (median)."""

    room: str
    speakers: int
    customer_messages: int
    staff_messages: int
    answered: int
    unanswered: int
    median_answer: timedelta | None


def said(view: View, room: str, before: datetime | None = None, limit: int = 100) -> list[Kept]:
    """The last messages of a group before an instant, the newest first."""
    table = tables.message
    statement = sa.select(table).where(table.c.room == room, table.c.at < (before or datetime.max.replace(tzinfo=view.now.tzinfo)))
    rows = view.all(statement.order_by(table.c.at.desc(), table.c.id).limit(limit))
    return [Kept(r.id, r.at, r.sender if r.by_staff else "", r.member_id, r.by_staff, r.kind, r.text, r.recalled) for r in rows]


def agreed(view: View) -> tuple[int, int]:
    """How many customers agreed to be archived, and how many did not."""
    table = tables.agreement
    rows = view.all(sa.select(table.c.agreed, sa.func.count().label("n")).group_by(table.c.agreed))
    found = {row.agreed: row.n for row in rows}
    return found.get(True, 0), found.get(False, 0)


def group_talk(view: View, since: datetime, until: datetime, limit: int = 200) -> list[GroupTalk]:
    """The groups in which something was said, the liveliest first. Waits of customers are counted from their first unanswered message."""
    table = tables.message
    within = (table.c.room != "", table.c.at >= since, table.c.at < until, table.c.recalled.is_(False))
    speakers = sa.func.count(sa.case((table.c.by_staff.is_(False), table.c.sender)).distinct()).label("speakers")
    customers = sa.func.sum(sa.case((table.c.by_staff.is_(False), 1), else_=0)).label("customers")
    counted = sa.select(table.c.room, speakers, customers, sa.func.count().label("n")).where(*within).group_by(table.c.room)
    talks = []
    for row in view.all(counted.order_by(sa.desc("n"), table.c.room).limit(limit)):
        order = sa.select(table.c.by_staff, table.c.at).where(*within, table.c.room == row.room).order_by(table.c.at, table.c.id)
        waits, unanswered = _waits((one.by_staff, one.at) for one in view.all(order))
        talks.append(
            GroupTalk(
                room=row.room,
                speakers=row.speakers,
                customer_messages=row.customers,
                staff_messages=row.n - row.customers,
                answered=len(waits),
                unanswered=unanswered,
                median_answer=timedelta(seconds=median(wait.total_seconds() for wait in waits)) if waits else None,
            )
        )
    return talks


def _waits(said_by: Iterable[tuple[bool, datetime]]) -> tuple[list[timedelta], int]:
    """How long customers waited for the next word of an employee, and how often none came within a day."""
    waits: list[timedelta] = []
    unanswered, since = 0, None
    for by_staff, at in said_by:
        if not by_staff:
            since = since or at
        elif since is not None:
            wait, since = at - since, None
            if wait <= ANSWER_WITHIN:
                waits.append(wait)
            else:
                unanswered += 1
    return waits, unanswered + (since is not None)
