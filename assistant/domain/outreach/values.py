"""Requests and answers of this room: what is told to it, and touches on their way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from assistant.domain.outreach.model import Send, Skip

State = Literal["queued", "sending", "task_created", "delivered", "refused", "unknown", "expired", "cancelled"]
Outcome = Literal["sent", "delivered", "task_created", "refused", "unknown", "cancelled", "failed"]


@dataclass(frozen=True, slots=True)
class Inbound:
    """A member wrote or came in; ``touchpoint`` is kf, single_chat, group, mini_program, store … Only kf opens the service window."""

    key: str
    member_id: str
    at: datetime
    touchpoint: str = "kf"


@dataclass(frozen=True, slots=True)
class PastTouch:
    """A touch made before us or outside; it counts for frequency."""

    key: str
    member_id: str
    at: datetime
    category: str = "marketing"
    topic: str = ""


@dataclass(frozen=True, slots=True)
class Feedback:
    """A member was annoyed: marketing rests for a while."""

    key: str
    member_id: str
    at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True)
class Queue:
    """A decided touch to write down; ``key`` is unique for ever (plan:step:member). ``attachments`` go only with 群发."""

    key: str
    decision: Send
    cause: str
    text: str
    attachments: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class KeepSkip:
    """A skip to remember under its cause."""

    cause: str
    decision: Skip


@dataclass(frozen=True, slots=True)
class Touch:
    """One touch. ``group`` is what is delivered in one call: itself on kf, all of one cause, staff member and text in a mass task."""

    id: str
    key: str
    member_id: str
    cause: str
    kind: str
    topic: str
    text: str
    route: str
    peer: str
    staff: str
    group: str
    state: str
    reason: str
    external_id: str
    queued_at: datetime
    settled_at: datetime | None
    attachments: list[dict[str, Any]] = field(default_factory=list)
    task: str = ""
    tried: str = ""


@dataclass(frozen=True, slots=True)
class TouchResult:
    """What became of a touch. ``task_created``: a mass task waits for the staff member's tap; ``external_id`` is its msgid."""

    key: str
    touch_id: str
    outcome: Outcome
    reason: str = ""
    external_id: str = ""


@dataclass(frozen=True, slots=True)
class Skipped:
    """One kept skip."""

    cause: str
    member_id: str
    code: str
    reason: str
    at: datetime
