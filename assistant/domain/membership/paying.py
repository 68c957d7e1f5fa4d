"""Paid time on a member's line: one piece after the other, months counted from one anchor so that short months shift nothing. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from assistant.base.ids import derive
from assistant.base.money import apportion
from assistant.domain.membership.calendar import add_months, days_between
from assistant.domain.membership.model import Paid

LIVE = ("waiting", "running")


def piece(
    line: Sequence[Paid], now: datetime, member_id: str, plan: str, version: int, payment: str, *, months: int, days: int, paid_fen: int
) -> Paid:
    """A new piece of time at the end of what is paid already, or from now on."""
    anchor, offset = end_of(line, now)
    one = Paid(
        derive("paid", payment), member_id, plan, version, months, days, paid_fen, payment, now, anchor, offset, starts_at=now, ends_at=now
    )
    lay([one], anchor, offset)
    return one


def end_of(line: Sequence[Paid], now: datetime) -> tuple[datetime, int]:
    """Where the next piece begins, as an anchor and months after it."""
    live = [one for one in line if one.stage in LIVE]
    return after(live[-1]) if live else (now, 0)


def after(one: Paid) -> tuple[datetime, int]:
    """Days that were given end where they end; months go on from the same anchor."""
    return (one.ends_at, 0) if one.days else (one.anchor, one.offset + one.months)


def lay(line: Sequence[Paid], anchor: datetime, offset: int) -> None:
    """Lays the pieces one after the other from here."""
    for one in line:
        one.anchor, one.offset = anchor, offset
        one.starts_at = add_months(anchor, offset)
        one.ends_at = one.starts_at + timedelta(days=one.days) if one.days else add_months(anchor, offset + one.months)
        anchor, offset = after(one)


def take_out(line: list[Paid], one: Paid, now: datetime) -> None:
    """Ends a piece now; what was to come after it moves up."""
    rest = [other for other in line if other.stage == "waiting" and other.starts_at >= one.ends_at]
    anchor, offset = (now, 0) if one.stage == "running" else (one.anchor, one.offset)
    one.stage = "refunded"
    lay(rest, anchor, offset)
    for other in line:
        if other.stage == "running":
            other.noticed = 0


def refund_of(one: Paid, now: datetime, used_fen: int) -> int:
    """What goes back: the price of the days not begun, less the listed value of gifts that were given, never below nothing.

    The day of the refund counts as used. Used and unused days share the price by largest remainder, so both sums are exact.
    """
    total = max(1, days_between(one.starts_at, one.ends_at))
    used = 0 if now < one.starts_at else min(total, days_between(one.starts_at, now) + 1)
    _kept, back = apportion(one.paid_fen, [used, total - used])
    return max(0, back - used_fen)
