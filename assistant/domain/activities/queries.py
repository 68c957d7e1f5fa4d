"""The reads of activities."""

from __future__ import annotations

from datetime import timedelta

from assistant.base.clock import business_day
from assistant.domain.activities import store
from assistant.domain.activities.model import Item, Redemption
from assistant.store import View


def items(view: View) -> list[Item]:
    """What the mall offers, the cheapest first, sold out ones included."""
    return store.items(view)


def redemptions_of(view: View, member_id: str) -> list[Redemption]:
    """A member's redemptions, newest first."""
    return store.redemptions_of(view, member_id)


def to_fulfil(view: View, limit: int = 200) -> list[Redemption]:
    """Redemptions that wait to be sent, oldest first."""
    return store.redemptions_in(view, "placed", limit)


def streak(view: View, member_id: str) -> int:
    """Days in a row up to today or yesterday; 0 if broken."""
    last = store.last_checkin(view, member_id)
    alive = last is not None and last.day >= business_day(view.now) - timedelta(days=1)
    return last.streak if last is not None and alive else 0
