"""Exchanges that nobody has sent in time are taken back, so that no member waits for ever for goods and points alike."""

from __future__ import annotations

from assistant.domain.activities import book, mall, settling, store
from assistant.domain.activities.exchanging import SEND_WITHIN
from assistant.domain.activities.model import CancelRedeem
from assistant.domain.activities.sale import KINDS
from assistant.domain.activities.values import Settle
from assistant.store import Work

AT_ONCE = 100
WHY = f"{SEND_WITHIN.days} 天没有发出，已退回积分"


def lapse(work: Work) -> int:
    """Takes back what has waited longer than ``SEND_WITHIN``; returns how many exchanges."""
    before = work.now - SEND_WITHIN
    late = store.placed_before(work, before, AT_ONCE)
    mall.cancel_redeem(work, [CancelRedeem(f"lapse:{number}", number, WHY) for number in late])
    entries = book.placed_before(work, KINDS, before, AT_ONCE)
    settling.settle(work, [Settle(f"lapse:{number}", number, "cancelled", WHY) for number in entries])
    return len(late) + len(entries)
