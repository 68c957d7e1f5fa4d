"""The writes of staff: people, and tickets from open over taken to done."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.base.errors import Invalid, Refused
from assistant.base.ids import derive
from assistant.domain.staff import store
from assistant.domain.staff.model import (
    KINDS,
    LONGEST_SUMMARY,
    ROLES,
    Done,
    Leave,
    Left,
    Opened,
    OpenTicket,
    Register,
    Registered,
    Take,
    Ticket,
    Turned,
    promise,
)
from assistant.store import Fact, Work, once


def register(work: Work, requests: Sequence[Register]) -> list[Registered]:
    """Makes people known; raises Invalid for an unknown role."""
    return once(work, "staff.register", requests, Registered, _register)


def _register(work: Work, requests: list[Register]) -> list[Registered]:
    for request in requests:
        if request.role not in ROLES or not request.userid:
            raise Invalid(f"员工“{request.name}”缺少账号或角色不对，角色可用：{'、'.join(ROLES)}", code="bad_staff")
    store.keep_people(work, requests)
    return [Registered(request.userid) for request in requests]


def leave(work: Work, requests: Sequence[Leave]) -> list[Left]:
    """Whoever left looks after nothing any more: their unfinished tickets are anybody's, so that everybody sees them."""
    return once(work, "staff.leave", requests, Left, lambda work, fresh: [_leave(work, one) for one in fresh])


def _leave(work: Work, one: Leave) -> Left:
    freed = store.free_tickets(work, one.userid)
    work.record(Fact("staff.left", f"staff:{one.userid}", {"freed": freed}))
    return Left(freed)


def open_ticket(work: Work, requests: Sequence[OpenTicket]) -> list[Opened]:
    """Opens tickets. While a conversation has an unfinished ticket of that kind, the new summary joins it."""
    return once(work, "staff.open_ticket", requests, Opened, _open)


def _open(work: Work, requests: list[OpenTicket]) -> list[Opened]:
    if any(request.kind not in KINDS for request in requests):
        raise Invalid(f"工单类型只能是：{'、'.join(KINDS)}", code="bad_ticket")
    standing = store.at_places(work, {place for request in requests if (place := store.place(request))})
    return [_open_one(work, request, standing) for request in requests]


def _open_one(work: Work, request: OpenTicket, standing: dict[str, Ticket]) -> Opened:
    place = store.place(request)
    old = standing.get(place) if place else None
    if old is not None:
        summary = f"{old.summary}\n{request.summary}".strip()[-LONGEST_SUMMARY:]
        store.change(work, old.id, summary=summary)
        return Opened(old.id, old.due_at, joined=True)
    number = derive("ticket", request.key)
    store.insert(work, [(number, request)])
    if place:
        standing.update({place: store.locked(work, [number])[number]})
    due_at = promise(request, work.now)
    payload = {"ticket": number, "kind": request.kind, "staff": request.staff, "due_at": due_at.isoformat() if due_at else ""}
    work.record(Fact("ticket.opened", f"ticket:{number}", payload, request.member_id))
    return Opened(number, due_at)


def take(work: Work, requests: Sequence[Take]) -> list[Turned]:
    """Takes tickets over; Refused(code="taken") where somebody else has, Refused(code="done") where it is finished."""
    return once(work, "staff.take", requests, Turned, _take)


def _take(work: Work, requests: list[Take]) -> list[Turned]:
    tickets = store.locked(work, {request.ticket_id for request in requests})
    for request in requests:
        ticket = _standing(tickets, request.ticket_id)
        if ticket.state == "taken" and ticket.staff != request.staff:
            raise Refused("这件事已经有同事接手了", code="taken", staff=ticket.staff)
        store.change(work, ticket.id, state="taken", staff=request.staff, taken_at=work.now)
        work.record(Fact("ticket.taken", f"ticket:{ticket.id}", {"ticket": ticket.id, "staff": request.staff}, ticket.member_id))
        tickets = store.locked(work, tickets)
    return [Turned(request.ticket_id, "taken", request.staff) for request in requests]


def done(work: Work, requests: Sequence[Done]) -> list[Turned]:
    """Finishes tickets, taken before or not; finishing twice is Refused(code="done")."""
    return once(work, "staff.done", requests, Turned, _done)


def _done(work: Work, requests: list[Done]) -> list[Turned]:
    tickets = store.locked(work, {request.ticket_id for request in requests})
    for request in requests:
        ticket = _standing(tickets, request.ticket_id)
        store.change(work, ticket.id, state="done", staff=request.staff, done_at=work.now, note=request.note[:LONGEST_SUMMARY], place=None)
        payload = {"ticket": ticket.id, "staff": request.staff, "in_time": not ticket.overdue(work.now)}
        work.record(Fact("ticket.done", f"ticket:{ticket.id}", payload, ticket.member_id))
        tickets = store.locked(work, tickets)
    return [Turned(request.ticket_id, "done", request.staff) for request in requests]


def answered(work: Work, conversation: str, by: str, note: str = "") -> str:
    """A person has taken the word in a conversation: its unfinished hand-over ticket is done. Returns the ticket, empty where none was."""
    place = store.place(OpenTicket("", "handover", conversation=conversation)) or ""
    ticket = store.at_places(work, [place]).get(place)
    if ticket is None:
        return ""
    return done(work, [Done(f"{ticket.id}:answered", ticket.id, by, note)])[0].ticket_id


def _standing(tickets: dict[str, Ticket], ticket_id: str) -> Ticket:
    ticket = tickets.get(ticket_id)
    if ticket is None:
        raise Invalid("这张工单不存在", code="no_ticket", ticket=ticket_id)
    if ticket.state == "done":
        raise Refused("这件事已经处理完了", code="done", ticket=ticket_id)
    return ticket
