"""Notices before points end: a fact for each member and last day, 30, 7 and 1 days ahead, each once. Not for who is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from assistant.base.clock import business_day
from assistant.domain.points import facts, store
from assistant.store import View, Work

AHEAD = (30, 7, 1)
LATE = 2
"""A notice that was missed (the service stood still) is made up for so many days."""
AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Ending:
    """Points of a member whose last good day is ``last_day``; ``ahead`` is which of the notices tells of them, 0 for none."""

    member_id: str
    amount: int
    last_day: date
    ahead: int = 0


def next_ending(view: View, ids: Iterable[str], within_days: int) -> dict[str, Ending]:
    """The next last day of each member's points within so many days, with all that ends on it; who loses nothing is left out."""
    found = {}
    for member_id, lots in store.ending_of(view, set(ids), within_days).items():
        days = [(business_day(ends - timedelta(microseconds=1)), amount) for ends, amount in lots]
        first = min(day for day, _amount in days)
        found[member_id] = Ending(member_id, sum(amount for day, amount in days if day == first), first)
    return found


def notice_expiring(work: Work) -> list[Ending]:
    """Records ``points.expiring`` for members who will lose points, with how many; returns what was recorded."""
    today = business_day(work.now)
    noticed: list[Ending] = []
    for ahead in AHEAD:
        for late in range(min(LATE, ahead) + 1):
            day = today + timedelta(days=ahead - late)
            found = store.unnoticed(work, day, ahead, AT_ONCE - len(noticed))
            store.save_notices(work, found, day, ahead)
            for member_id, amount in found.items():
                about = {"expires_on": day.isoformat(), "days_left": ahead - late, "ahead": ahead}
                work.record(facts.happened("expiring", member_id, amount, **about))
                noticed.append(Ending(member_id, amount, day, ahead))
            if len(noticed) >= AT_ONCE:
                return noticed
    return noticed
