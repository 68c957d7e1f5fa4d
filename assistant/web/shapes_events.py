"""What the API takes and gives about behaviour. Instants are UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import Field

from assistant.web.shapes import In, Out


class SourceIn(In):
    """A new source. ``namespace``: what the sender's user ids are; empty for the shop's member keys or ``namespace:value``.

    ``trusted``: the key stays on a server of the brand; only such events may earn anything.
    """

    name: str = Field(min_length=1, max_length=40)
    title: str = Field(min_length=1, max_length=60)
    namespace: str = Field(default="", max_length=40)
    trusted: bool = False


class SourceOut(Out):
    """A source of events."""

    name: str
    title: str
    namespace: str
    trusted: bool
    open: bool
    added_at: datetime


class NewSourceOut(Out):
    """The write key of a new source, shown this once."""

    name: str
    write_key: str


class NameOut(Out):
    """An event name and how often it came in the last 30 days."""

    name: str
    first_at: datetime
    count: int
    members: int


class RefusedOut(Out):
    """Events that could not be kept; ``reasons`` are the first of them."""

    at: datetime
    source: str
    count: int
    reasons: list[str]


class BehaviourOut(Out):
    """Where events come from, what comes, what was refused; ``waiting`` events belong to nobody yet."""

    sources: list[SourceOut]
    names: list[NameOut]
    refused: list[RefusedOut]
    waiting: int


class EventOut(Out):
    """Something a member did."""

    at: datetime
    source: str
    name: str
    properties: dict[str, Any]


class EventsOut(Out):
    """What a member did, the latest first."""

    events: list[EventOut]
