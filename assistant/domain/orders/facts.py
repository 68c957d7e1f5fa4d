"""What this room says has happened to orders."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from assistant.domain.orders.model import PAID, Order
from assistant.store import Fact


def between(before: Order, after: Order) -> list[Fact]:
    """The facts that lead from one state to the next."""
    found = []
    if after.status in PAID and before.status not in PAID:
        found.append(_fact("orders.paid", after, after.paid_at))
    if after.status == "shipped" and before.status != "shipped":
        found.append(_fact("orders.shipped", after, None))
    if after.status == "finished" and before.status != "finished":
        found.append(_fact("orders.finished", after, after.finished_at))
    if after.status == "closed" and before.status != "closed":
        found.append(_fact("orders.closed", after, None))
    if after.refund_fen > before.refund_fen:
        found.append(_fact("orders.refunded", after, None, refunded_now_fen=after.refund_fen - before.refund_fen))
    if before.status and after.member_id and not before.member_id:
        found.append(_fact("orders.matched", after, None))
    if not found and before.status in PAID and before != after:
        found.append(_fact("orders.changed", after, None))
    return found


def _fact(name: str, order: Order, at: datetime | None, **more: Any) -> Fact:
    payload = {
        "order_id": order.id,
        "source": order.source,
        "shop": order.shop,
        "order_no": order.order_no,
        "status": order.status,
        "paid_fen": order.paid_fen,
        "refund_fen": order.refund_fen,
        "net_fen": order.net_fen,
        "live_room": order.live_room,
        "paid_at": order.paid_at.isoformat() if order.paid_at else None,
        "finished_at": order.finished_at.isoformat() if order.finished_at else None,
        **more,
    }
    return Fact(name, f"order:{order.id}", payload, order.member_id, occurred_at=at)
