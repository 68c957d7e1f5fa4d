"""What the API takes and gives about conversations and about things that need a person. Instants are UTC, money is fen."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field


class In(BaseModel):
    """Base of what comes in: strict, and nothing unknown."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Out(BaseModel):
    """Base of what goes out."""

    model_config = ConfigDict(frozen=True)


class Nothing(In):
    """No input is needed."""


class Words(In):
    """What a person writes."""

    text: str = Field(min_length=1, max_length=2000)


class ConversationOut(Out):
    """One place of talk; ``holder`` is the id of the person who has taken it over, empty while the assistant answers."""

    id: str
    channel: str
    title: str
    member_id: str
    holder: str
    held_since: datetime | None
    last_inbound_at: datetime


class LineOut(Out):
    """One message; ``side`` is in, out (the assistant) or person."""

    side: str
    text: str
    at: datetime
    state: str


class ConversationsOut(Out):
    """The latest words first; ``next_before`` asks for the page after this one."""

    conversations: list[ConversationOut]
    next_before: str


class ConversationLinesOut(Out):
    """One conversation with its latest messages, oldest first."""

    conversation: ConversationOut
    lines: list[LineOut]


class HeldOut(Out):
    """Who holds the conversation now."""

    conversation: str
    holder: str


class UnknownOut(Out):
    """A message of which nobody knows whether it arrived; it is never sent again by itself."""

    id: str
    channel: str
    conversation: str
    member_id: str
    text: str
    cause: str
    code: str
    reason: str
    queued_at: datetime


class UnknownsOut(Out):
    """The latest first."""

    unknowns: list[UnknownOut]


class JobOut(Out):
    """Work that failed too often and waits for a person."""

    id: str
    kind: str
    key: str
    attempts: int
    reason: str
    due_at: datetime


class JobsOut(Out):
    """Held work."""

    held: list[JobOut]


class CountOut(Out):
    """How many things were changed."""

    count: int


class BadLineOut(Out):
    """A line that was left out."""

    line: int
    reason: str


class ImportOut(Out):
    """What an import came to: lines applied by kind, and those left out."""

    applied: dict[str, int]
    bad: list[BadLineOut]


class TotalOut(Out):
    """One figure of the other system and of the book; ``ours`` is null for a member the book does not know."""

    what: str
    theirs: int
    ours: int | None
    same: bool


class TotalsOut(Out):
    """The figures that differ first, at most 200 of all."""

    compared: int
    different: int
    rows: list[TotalOut]


class NoteIn(In):
    """A word on how it ended."""

    note: str = Field(default="", max_length=2000)


class TicketOut(Out):
    """Something a person promised to look after."""

    id: str
    kind: str
    member_id: str
    conversation: str
    title: str
    summary: str
    staff: str
    state: str
    opened_at: datetime
    due_at: datetime | None


class TicketsOut(Out):
    """Unfinished tickets, the most urgent first."""

    tickets: list[TicketOut]


class TurnedOut(Out):
    """The ticket's state afterwards, and whose it is."""

    ticket_id: str
    state: str
    staff: str
