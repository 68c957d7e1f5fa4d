"""Rows of staff to values and back."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa

from assistant.domain.staff.model import LONGEST_SUMMARY, OpenTicket, Person, Register, Ticket, promise
from assistant.domain.staff.tables import person, ticket
from assistant.store import View, Work, chunks, upsert


def keep_people(work: Work, requests: Sequence[Register]) -> None:
    rows = [{"userid": one.userid, "name": one.name, "role": one.role, "at": work.now} for one in requests]
    upsert(work, person, rows, ["userid"], ["name", "role"])


def people(view: View, userid: str | None = None) -> list[Person]:
    statement = sa.select(person).order_by(person.c.userid)
    if userid is not None:
        statement = statement.where(person.c.userid == userid)
    return [Person(row.userid, row.name, row.role) for row in view.all(statement)]


def place(request: OpenTicket) -> str | None:
    return f"{request.kind}:{request.conversation}" if request.conversation and request.kind != "task" else None


def at_places(work: Work, places: Collection[str]) -> dict[str, Ticket]:
    """The unfinished tickets of these places, held until the commit."""
    found: dict[str, Ticket] = {}
    for part in chunks(sorted(places)):
        for row in work.all(work.locked(sa.select(ticket).where(ticket.c.place.in_(part)).order_by(ticket.c.id))):
            found[row.place] = _ticket(row)
    return found


def insert(work: Work, opened: Sequence[tuple[str, OpenTicket]]) -> None:
    rows = [
        {
            "id": number,
            "kind": one.kind,
            "member_id": one.member_id,
            "conversation": one.conversation,
            "place": place(one),
            "title": one.title[:200],
            "summary": one.summary[:LONGEST_SUMMARY],
            "ready_text": one.ready_text,
            "staff": one.staff,
            "state": "open",
            "opened_at": work.now,
            "due_at": promise(one, work.now),
            "note": "",
        }
        for number, one in opened
    ]
    work.insert(ticket, rows)


def free_tickets(work: Work, userid: str) -> int:
    """Unfinished tickets of one person become nobody's; returns how many."""
    mine = sa.and_(ticket.c.staff == userid, unfinished())
    return len(work.all(ticket.update().where(mine).values(staff="", state="open", taken_at=None).returning(ticket.c.id)))


def change(work: Work, ticket_id: str, **values: Any) -> None:
    work.execute(ticket.update().where(ticket.c.id == ticket_id).values(**values))


def locked(work: Work, ids: Collection[str]) -> dict[str, Ticket]:
    statement = sa.select(ticket).where(ticket.c.id.in_(sorted(ids))).order_by(ticket.c.id)
    return {row.id: _ticket(row) for row in work.all(work.locked(statement))}


def listed(view: View, *conditions: sa.ColumnElement[bool], limit: int = 200) -> list[Ticket]:
    """The most urgent first: those with a promise by their instant, then the others by age."""
    statement = sa.select(ticket).where(*conditions).order_by(ticket.c.due_at.is_(None), ticket.c.due_at, ticket.c.opened_at, ticket.c.id)
    return [_ticket(row) for row in view.all(statement.limit(limit))]


def unfinished() -> sa.ColumnElement[bool]:
    return ticket.c.state.in_(("open", "taken"))


def for_staff(userid: str) -> sa.ColumnElement[bool]:
    return ticket.c.staff.in_((userid, ""))


def of_member(member_id: str) -> sa.ColumnElement[bool]:
    return ticket.c.member_id == member_id


def by_id(ticket_id: str) -> sa.ColumnElement[bool]:
    return ticket.c.id == ticket_id


def due_before(view: View) -> sa.ColumnElement[bool]:
    return ticket.c.due_at < view.now


def _ticket(row: sa.Row[Any]) -> Ticket:
    return Ticket(
        row.id,
        row.kind,
        row.member_id,
        row.conversation,
        row.title,
        row.summary,
        row.ready_text,
        row.staff,
        row.state,
        row.opened_at,
        row.due_at,
        row.taken_at,
        row.done_at,
        row.note,
    )
