"""Points of an exchange that a person has yet to fulfil: set aside, taken when it is sent, back in their lots when it is not."""

from __future__ import annotations

from datetime import timedelta

from assistant.domain import points
from assistant.store import Work

SEND_WITHIN = timedelta(days=60)
"""What was not sent by then is taken back."""

ASIDE = SEND_WITHIN + timedelta(days=30)
"""Points stay aside a little longer, so that it is us who give them back, with a grace, and not the clock."""


def set_aside(work: Work, key: str, member_id: str, amount: int, reason: str) -> points.Reserved:
    """Nobody can use these points until ``sent`` or ``taken_back``; raises what ``points.reserve`` raises."""
    return points.reserve(work, [points.Reserve(key, member_id, amount, reason, ASIDE)])[0]


def sent(work: Work, entry_id: str, spend_id: str) -> None:
    """The points are spent; those of an exchange whose points left at once are already."""
    if points.spend_state(work, spend_id) != "spent":
        points.capture(work, [points.Capture(f"sent:{entry_id}", spend_id)])


def taken_back(work: Work, entry_id: str, spend_id: str) -> None:
    """The points return to the lots they came from; an end that has passed meanwhile gets a grace."""
    if points.spend_state(work, spend_id) == "spent":
        points.refund_spend(work, [points.RefundSpend(f"cancel:{entry_id}", spend_id)])
    else:
        points.release(work, [points.Release(f"cancel:{entry_id}", spend_id, grace=True)])
