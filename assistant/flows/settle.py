"""What an order means for the book: points, growth and cashback, in one transaction; told again it changes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assistant.domain import cashback, membership, points
from assistant.domain.orders import Order
from assistant.store import Work


def settle_orders(work: Work, order_ids: Sequence[str], held: Mapping[str, Order] | None = None) -> None:
    """Brings points, growth value and claims up to what these orders say now; those the caller holds are not read again."""
    if order_ids:
        wanted = sorted(set(order_ids))
        points.earn_for_orders(work, wanted, held)
        membership.grow_for_orders(work, wanted, held)
        membership.buy_for_orders(work, wanted, held)
        cashback.advance_for_orders(work, wanted, held)
