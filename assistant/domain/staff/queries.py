"""The reads of staff."""

from __future__ import annotations

from assistant.domain.staff import store
from assistant.domain.staff.model import Person, Ticket
from assistant.store import View


def people(view: View) -> list[Person]:
    """Everybody, by userid."""
    return store.people(view)


def names(view: View) -> dict[str, str]:
    """Userid → what they are called."""
    return {one.userid: one.name for one in people(view)}


def person(view: View, userid: str) -> Person | None:
    """One person, or None."""
    return next(iter(store.people(view, userid)), None)


def open_tickets(view: View, staff: str | None = None, limit: int = 200) -> list[Ticket]:
    """Unfinished tickets, the most urgent first; for one person theirs and those nobody has taken."""
    conditions = [store.unfinished()] + ([store.for_staff(staff)] if staff is not None else [])
    return store.listed(view, *conditions, limit=limit)


def overdue(view: View, limit: int = 200) -> list[Ticket]:
    """Unfinished tickets whose promise has passed."""
    return store.listed(view, store.unfinished(), store.due_before(view), limit=limit)


def ticket(view: View, ticket_id: str) -> Ticket | None:
    """One ticket, or None."""
    return next(iter(store.listed(view, store.by_id(ticket_id))), None)


def tickets_of(view: View, member_id: str) -> list[Ticket]:
    """All tickets about a member."""
    return store.listed(view, store.of_member(member_id))
