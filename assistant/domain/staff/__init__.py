"""Staff: people, tickets with their promise, handovers and tasks with ready text. Not for the chat itself."""

from assistant.domain.staff.commands import answered, done, leave, open_ticket, register, take
from assistant.domain.staff.model import (
    COMPLAINT_PROMISE,
    HANDOVER_PROMISE,
    LONGEST_SUMMARY,
    Done,
    Leave,
    Left,
    Opened,
    OpenTicket,
    Person,
    Register,
    Registered,
    Take,
    Ticket,
    Turned,
)
from assistant.domain.staff.queries import open_tickets, overdue, people, person, ticket, tickets_of

__all__ = [
    "COMPLAINT_PROMISE",
    "HANDOVER_PROMISE",
    "LONGEST_SUMMARY",
    "Done",
    "Leave",
    "Left",
    "OpenTicket",
    "Opened",
    "Person",
    "Register",
    "Registered",
    "Take",
    "Ticket",
    "Turned",
    "answered",
    "done",
    "leave",
    "open_ticket",
    "open_tickets",
    "overdue",
    "people",
    "person",
    "register",
    "take",
    "ticket",
    "tickets_of",
]
