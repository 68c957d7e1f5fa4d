"""Notices before points end: a fact for each member and last day, 30, 7 and 1 days ahead, each once. Not for who is told."""

from __future__ import annotations

from datetime import timedelta

from assistant.base.clock import business_day
from assistant.domain.points import facts, store
from assistant.store import Work

AHEAD = (30, 7, 1)
LATE = 2
"""A notice that was missed (the service stood still) is made up for so many days."""
AT_ONCE = 2000


def notice_expiring(work: Work) -> int:
    """Records ``points.expiring`` for members who will lose points, with how many; returns how many facts."""
    today, counted = business_day(work.now), 0
    for ahead in AHEAD:
        for late in range(min(LATE, ahead) + 1):
            day = today + timedelta(days=ahead - late)
            found = store.unnoticed(work, day, ahead, AT_ONCE - counted)
            store.save_notices(work, found, day, ahead)
            for member_id, amount in found.items():
                about = {"expires_on": day.isoformat(), "days_left": ahead - late, "ahead": ahead}
                work.record(facts.happened("expiring", member_id, amount, **about))
            counted += len(found)
            if counted >= AT_ONCE:
                return counted
    return counted
