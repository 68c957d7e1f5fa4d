"""Reminds who reserved a live broadcast, shortly before it begins, through the one gate for proactive messages."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from assistant.domain import activities, outreach
from assistant.store import Due, Work

PAGE = 200
LATEST = timedelta(minutes=15)
"""So long after the beginning a reminder is still of use."""

TOPIC = "直播"


def remind(work: Work, payload: Mapping[str, Any]) -> int:
    """Queues the reminder for the next page of those who reserved; returns how many. Who may not be written to is kept with the reason."""
    one = activities.activity(work, payload["activity"])
    live = one.activity if one is not None else None
    if one is None or not isinstance(live, activities.Live) or work.now > live.at + LATEST:
        return 0
    called_off = one.state in ("ended", "closed") and work.now < one.ends_at
    if called_off:
        return 0
    ids = activities.reserved_for(work, one.name, PAGE)
    decisions = outreach.decide(work, [outreach.Candidate(member_id, "service", TOPIC) for member_id in ids])
    text = live.reminder.replace("{title}", live.title)
    cause = f"live:{one.name}"
    key = f"{cause}:{live.at:%Y%m%d%H%M}"
    sends = [
        outreach.Queue(f"{key}:{made.candidate.member_id}", made, cause, text) for made in decisions if isinstance(made, outreach.Send)
    ]
    skips = [
        outreach.KeepSkip(cause, outreach.Skip(made.candidate, made.code, made.reason))
        for made in decisions
        if not isinstance(made, outreach.Send)
    ]
    outreach.queue(work, sends)
    outreach.keep_skips(work, skips)
    activities.reminded(work, one.name, ids)
    if len(ids) == PAGE:
        work.due(Due(activities.REMIND, one.name, work.now, {"activity": one.name}, order_key=f"activity:{one.name}"))
    return len(sends)
