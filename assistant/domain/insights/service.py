"""How employees answer and how groups live, by WeCom's own count: kept once a day, summed for a span, with the query that says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from assistant.base.clock import day_start
from assistant.domain.insights.tables import group_day, staff_day
from assistant.store import View, Work, cursor, metadata, upsert

STAFF_COLUMNS = ("chats", "messages", "replied", "first_reply_minutes", "negative", "applies", "contacts")
GROUP_COLUMNS = ("new_groups", "groups", "active_groups", "new_members", "members", "speaking", "messages")


@dataclass(frozen=True, slots=True)
class Pulled:
    """Rows of one listing, and how far its reading has come: the name of the cursor and the last whole day."""

    rows: Sequence[Mapping[str, Any]]
    cursor: str
    until: date


@dataclass(frozen=True, slots=True)
class StaffFigures:
    """One employee over a span. Minutes and the share of answered chats are means weighted by chats; None without a chat."""

    staff: str
    chats: int
    messages: int
    first_reply_minutes: float | None
    replied_percent: float | None
    negative: int
    contacts: int


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """One owner's groups over a span: as of the last day, and who spoke, came and left; shares in percent, None where unknown."""

    owner: str
    groups: int
    members: int
    active_groups: int
    speaking_percent: float | None
    messages: int
    new_members: int
    left: int
    leave_percent: float | None


def keep_staff_days(work: Work, pulled: Pulled) -> None:
    """Writes days of employees; a day that is told again replaces what was told before."""
    rows = [dict(row) | {"pulled_at": work.now} for row in pulled.rows]
    upsert(work, staff_day, rows, ["staff", "day"], [*STAFF_COLUMNS, "pulled_at"])
    _move(work, pulled)


def keep_group_days(work: Work, pulled: Pulled) -> None:
    """As ``keep_staff_days``, for the owners of groups."""
    rows = [dict(row) | {"pulled_at": work.now} for row in pulled.rows]
    upsert(work, group_day, rows, ["owner", "day"], [*GROUP_COLUMNS, "pulled_at"])
    _move(work, pulled)


def _move(work: Work, pulled: Pulled) -> None:
    upsert(work, cursor, [{"name": pulled.cursor, "value": str(pulled.until), "at": work.now}], ["name"], ["value", "at"])


def pulled_until(view: View, name: str) -> date | None:
    """The last whole day that was read under this cursor."""
    value = view.scalar(sa.select(cursor.c.value).where(cursor.c.name == name))
    return date.fromisoformat(value) if value else None


def staff_statement(first: date, last: date) -> sa.Select[Any]:
    """The query behind ``staff_figures``."""
    t = staff_day
    answered = sa.case((t.c.first_reply_minutes.is_not(None), t.c.chats), else_=0)
    rated = sa.case((t.c.replied.is_not(None), t.c.chats), else_=0)
    return (
        sa.select(
            t.c.staff,
            sa.func.sum(t.c.chats).label("chats"),
            sa.func.sum(t.c.messages).label("messages"),
            sa.func.sum(t.c.first_reply_minutes * t.c.chats).label("minutes"),
            sa.func.sum(t.c.replied * t.c.chats).label("replied"),
            sa.func.sum(answered).label("answered"),
            sa.func.sum(rated).label("rated"),
            sa.func.sum(t.c.negative).label("negative"),
            sa.func.sum(t.c.contacts).label("contacts"),
        )
        .where(t.c.day >= str(first), t.c.day <= str(last))
        .group_by(t.c.staff)
        .order_by(sa.func.sum(t.c.chats).desc(), t.c.staff)
    )


def staff_figures(view: View, first: date, last: date) -> list[StaffFigures]:
    """One line per employee, the busiest first."""
    return [
        StaffFigures(
            row.staff,
            int(row.chats),
            int(row.messages),
            round(int(row.minutes) / int(row.answered), 1) if row.answered else None,
            round(int(row.replied) / int(row.rated) / 100, 1) if row.rated else None,
            int(row.negative),
            int(row.contacts),
        )
        for row in view.all(staff_statement(first, last))
    ]


def group_statement(first: date, last: date) -> sa.Select[Any]:
    """The query behind ``group_figures``; what is as of a day is that of the owner's last day in the span."""
    t = group_day
    within = (t.c.day >= str(first), t.c.day <= str(last))
    newest = sa.select(t.c.owner, sa.func.max(t.c.day).label("day")).where(*within).group_by(t.c.owner).subquery()
    stands = sa.select(t.c.owner, t.c.groups, t.c.members).join(newest, sa.and_(newest.c.owner == t.c.owner, newest.c.day == t.c.day))
    last_day = stands.subquery()
    return (
        sa.select(
            t.c.owner,
            sa.func.max(last_day.c.groups).label("groups"),
            sa.func.max(last_day.c.members).label("members"),
            sa.func.max(t.c.active_groups).label("active_groups"),
            sa.func.sum(t.c.speaking).label("speaking"),
            sa.func.sum(t.c.members).label("member_days"),
            sa.func.sum(t.c.messages).label("messages"),
            sa.func.sum(t.c.new_members).label("new_members"),
        )
        .join(last_day, last_day.c.owner == t.c.owner)
        .where(*within)
        .group_by(t.c.owner)
        .order_by(sa.func.max(last_day.c.members).desc(), t.c.owner)
    )


def group_figures(view: View, first: date, last: date) -> list[GroupFigures]:
    """One line per owner, the one with most members first."""
    gone = {row.owner: int(row.left) for row in view.all(left_statement(first, last))}
    return [
        GroupFigures(
            row.owner,
            int(row.groups),
            int(row.members),
            int(row.active_groups),
            round(int(row.speaking) * 100 / int(row.member_days), 1) if row.member_days else None,
            int(row.messages),
            int(row.new_members),
            gone.get(row.owner, 0),
            _share(gone.get(row.owner, 0), int(row.members)),
        )
        for row in view.all(group_statement(first, last))
    ]


def left_statement(first: date, last: date) -> sa.Select[Any]:
    """How many customers left the groups of each owner in the span, by the events of groups."""
    seat, group = metadata.tables["contact_group_seat"], metadata.tables["contact_group"]
    counted = sa.select(group.c.owner, sa.func.count().label("left")).join(seat, seat.c.chatid == group.c.chatid)
    within = (seat.c.left_at >= day_start(first), seat.c.left_at < day_start(last + timedelta(days=1)), seat.c.kind == "customer")
    return counted.where(*within).group_by(group.c.owner)


def _share(left: int, members: int) -> float | None:
    """Of those who were there: who left among who left and who stayed."""
    return round(left * 100 / (left + members), 1) if left + members else None


def written(statement: sa.Select[Any], dialect: str) -> str:
    """A query as it can be run by hand."""
    make: Any = sqlite.dialect if dialect == "sqlite" else postgresql.dialect
    return str(statement.compile(dialect=make(), compile_kwargs={"literal_binds": True}))
