"""Contribution: orders paid within the window after a delivered touch, each order once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa

from assistant.domain import orders, outreach
from assistant.store import View, fact

WINDOW = timedelta(days=7)
PAGE = 500


@dataclass(frozen=True, slots=True)
class Contribution:
    """Members reached, buyers and orders among them within the window, money net of refunds so far in fen."""

    reached: int
    buyers: int
    orders: int
    paid_fen: int
    refunded_fen: int

    @property
    def net_fen(self) -> int:
        return self.paid_fen - self.refunded_fen


def contribution(view: View, cause: str, window: timedelta = WINDOW) -> Contribution:
    """What members bought within ``window`` after a delivered touch of this cause. One order counts once; refunds are taken off."""
    reached: set[str] = set()
    bought: dict[str, str] = {}
    for touches in _delivered(view, cause):
        since: dict[str, datetime] = {}
        for touch in touches:
            if touch.settled_at is not None:
                since[touch.member_id] = min(touch.settled_at, since.get(touch.member_id, touch.settled_at))
        reached |= set(since)
        bought |= _orders(view, since, window)
    known = orders.many(view, list(bought))
    paid = sum(order.paid_fen for order in known.values())
    refunded = sum(order.refund_fen for order in known.values())
    return Contribution(len(reached), len({bought[order_id] for order_id in known}), len(known), paid, refunded)


def _delivered(view: View, cause: str) -> Iterator[list[outreach.Touch]]:
    after = ""
    while touches := outreach.touches(view, cause, "delivered", after, PAGE):
        yield touches
        after = touches[-1].id


def _orders(view: View, since: dict[str, datetime], window: timedelta) -> dict[str, str]:
    if not since:
        return {}
    rows = view.all(
        sa.select(fact.c.member_id, fact.c.subject, fact.c.occurred_at).where(
            fact.c.name == "orders.paid", fact.c.member_id.in_(list(since)), fact.c.occurred_at >= min(since.values())
        )
    )
    return {
        row.subject.removeprefix("order:"): row.member_id
        for row in rows
        if since[row.member_id] <= row.occurred_at <= since[row.member_id] + window
    }
