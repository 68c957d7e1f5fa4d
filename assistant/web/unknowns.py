"""Everything of which WeCom did not tell whether it arrived: single messages and 群发 touches, in one list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from assistant.channels import outbox
from assistant.domain import outreach
from assistant.store import View


@dataclass(frozen=True, slots=True)
class UnknownSend:
    """``channel`` is kf, app, bot or mass; ``conversation`` is empty for mass, where a staff member would have sent it."""

    id: str
    channel: str
    conversation: str
    member_id: str
    text: str
    cause: str
    code: str
    reason: str
    queued_at: datetime


def unknown_sends(view: View, most: int) -> list[UnknownSend]:
    """The latest first, at most ``most`` of each sort. None of them is sent again by itself."""
    singles = [
        UnknownSend(
            one.id,
            one.message.address.channel,
            one.message.address.conversation,
            one.message.member_id,
            one.message.text,
            one.message.cause,
            one.code,
            one.reason,
            one.queued_at,
        )
        for one in outbox.unknowns(view, most)
    ]
    mass = [
        UnknownSend(touch.id, "mass", "", touch.member_id, touch.text, touch.cause, "", touch.reason, touch.queued_at)
        for touch in outreach.unknown_in_tasks(view, most)
    ]
    return sorted([*singles, *mass], key=lambda one: one.queued_at, reverse=True)
