"""A member types an order number to have cashback for it: an order that nobody owns yet becomes theirs first, and guessing ends soon."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.base.errors import Forbidden, Refused
from assistant.domain import orders
from assistant.domain.cashback.claiming import claim
from assistant.domain.cashback.model import Claim
from assistant.domain.cashback.saying import NEUTRAL
from assistant.store import Work, once


@dataclass(frozen=True, slots=True)
class Named:
    """What came of it. Where nothing was ``taken``, ``say`` is the same for unknown and foreign numbers; ``wrong`` is to be counted."""

    taken: bool
    say: str
    amount_fen: int = 0
    when: str = ""
    wrong: bool = False


def claim_named(work: Work, requests: Sequence[Claim]) -> list[Named]:
    """As ``claim``, for numbers that members type. A number that leads nowhere is an answer and is counted; Refused as of ``claim``."""
    return once(work, "cashback.claim_named", requests, Named, lambda work, fresh: [_one(work, one) for one in fresh])


def _one(work: Work, request: Claim) -> Named:
    if work.principal.kind == "member" and work.principal.id != request.member_id:
        raise Forbidden("只能申请自己的返现", code="not_own")
    number = request.order_no.strip()
    if not any(order.member_id == request.member_id for order in orders.by_number(work, number)):
        if orders.guesses_left(work, request.member_id) <= 0:
            return Named(False, orders.TOO_MANY)
        try:
            orders.claim(work, [orders.Claim(f"cashback:{request.key}", request.member_id, number, request.source)])
        except Refused:
            orders.note_wrong(work, [orders.WrongNumber(f"cashback:{request.key}", request.member_id, number)])
            return Named(False, NEUTRAL, wrong=True)
    done = claim(work, [request])[0]
    return Named(True, done.say, done.amount_fen, done.when)
