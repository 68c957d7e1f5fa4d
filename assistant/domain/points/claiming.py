"""订单转积分: a member names the number of an order nobody owns yet, and its points become his. Guessing numbers ends after a few."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.base.errors import Invalid, Refused
from assistant.domain import orders
from assistant.domain.points import store
from assistant.domain.points.commands import own
from assistant.domain.points.earning import earn_for_orders
from assistant.store import Work, once

NO_ORDER = "没有找到可以登记的这个订单，请核对订单号和店铺"


@dataclass(frozen=True, slots=True)
class ClaimOrder:
    """The number as the member wrote it; ``source`` where it is known."""

    key: str
    member_id: str
    order_no: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class OrderClaimed:
    """``say`` is for the member; where ``taken`` is false it is the same for unknown, foreign and taken numbers."""

    taken: bool
    say: str
    order_id: str = ""
    order_no: str = ""
    points: int = 0


def claim_order(work: Work, requests: Sequence[ClaimOrder]) -> list[OrderClaimed]:
    """Gives orders to the members who name them, with their points. A wrong number is an answer, not an error, so that it is counted."""
    return once(work, "points.claim_order", requests, OrderClaimed, _claim)


def _claim(work: Work, requests: list[ClaimOrder]) -> list[OrderClaimed]:
    own(work, [request.member_id for request in requests])
    return [_one(work, request) for request in requests]


def _one(work: Work, request: ClaimOrder) -> OrderClaimed:
    number = request.order_no.strip()
    if not request.member_id or not 4 <= len(number) <= 64:
        raise Invalid("请把完整的订单号发给我", code="bad_order_no", key=request.key)
    store.hold_members(work, [request.member_id])
    if orders.guesses_left(work, request.member_id) <= 0:
        return OrderClaimed(False, orders.TOO_MANY)
    try:
        taken = orders.claim(work, [orders.Claim(f"points:{request.key}", request.member_id, number, request.source)])[0]
    except Refused:
        orders.note_wrong(work, [orders.WrongNumber(f"points:{request.key}", request.member_id, number)])
        return OrderClaimed(False, NO_ORDER)
    earn_for_orders(work, [taken.order_id])
    points = store.earned(work, [taken.order_id]).get(taken.order_id, 0)
    gained = f"一共 {points} 积分，确认收货过了退换期就能用啦" if points else "现在还没有可得的积分"
    return OrderClaimed(True, f"订单 {number} 登记好啦，{gained}。", taken.order_id, number, points)
