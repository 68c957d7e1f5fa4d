"""People of the brand and the tickets they look after, as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

Role = Literal["guide", "service", "operator", "manager"]
Kind = Literal["complaint", "handover", "task"]
State = Literal["open", "taken", "done"]
COMPLAINT_PROMISE = timedelta(hours=12)
"""A complaint is answered by a person within this time unless the ticket names another instant."""

HANDOVER_PROMISE = timedelta(minutes=30)
"""Somebody who asked for a person is answered by one within this time, or stands on the list of those who wait too long."""

PROMISES = {"complaint": COMPLAINT_PROMISE, "handover": HANDOVER_PROMISE}
KINDS = ("complaint", "handover", "task")
ROLES = ("guide", "service", "operator", "manager")
LONGEST_SUMMARY = 2000


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who works for the brand."""

    userid: str
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Register:
    """Makes a person known, or renames one."""

    key: str
    userid: str
    name: str
    role: str = "guide"


@dataclass(frozen=True, slots=True)
class Registered:
    """The person it was about."""

    userid: str


@dataclass(frozen=True, slots=True)
class Leave:
    """Somebody does not work here any more."""

    key: str
    userid: str


@dataclass(frozen=True, slots=True)
class Left:
    """How many unfinished tickets are free for others."""

    freed: int


@dataclass(frozen=True, slots=True)
class OpenTicket:
    """Asks a person to look after something; an empty ``staff`` means whoever takes it. ``ready_text`` is what they may send as it is."""

    key: str
    kind: Kind
    member_id: str = ""
    conversation: str = ""
    title: str = ""
    summary: str = ""
    staff: str = ""
    ready_text: str = ""
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """The ticket; ``joined`` if a conversation's open ticket of that kind took the new summary in."""

    ticket_id: str
    due_at: datetime | None
    joined: bool = False


@dataclass(frozen=True, slots=True)
class Take:
    """``staff`` takes the ticket over."""

    key: str
    ticket_id: str
    staff: str


@dataclass(frozen=True, slots=True)
class Done:
    """``staff`` has finished with the ticket."""

    key: str
    ticket_id: str
    staff: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Turned:
    """The ticket's state afterwards, and whose it is."""

    ticket_id: str
    state: str
    staff: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """Something a person promised to look after."""

    id: str
    kind: str
    member_id: str
    conversation: str
    title: str
    summary: str
    ready_text: str
    staff: str
    state: str
    opened_at: datetime
    due_at: datetime | None
    taken_at: datetime | None
    done_at: datetime | None
    note: str

    def overdue(self, now: datetime) -> bool:
        return self.state != "done" and self.due_at is not None and self.due_at < now


def promise(request: OpenTicket, now: datetime) -> datetime | None:
    """Until when it must be looked after."""
    if request.due_at is not None:
        return request.due_at
    return now + PROMISES[request.kind] if request.kind in PROMISES else None
