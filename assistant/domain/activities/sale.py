"""Timed exchange and flash sale: points for what there is a limited number of, never more than that, and the way back."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.base.errors import Refused
from assistant.domain import benefits, points
from assistant.domain.activities import book, exchanging, gate
from assistant.domain.activities.language import Sale
from assistant.domain.activities.values import Buy, Joined
from assistant.store import Work, once

KINDS = ("exchange", "flash_sale")


def buy(work: Work, requests: Sequence[Buy]) -> list[Joined]:
    """Exchanges points, all or none: rewards are given at once, goods wait to be sent.

    Refused: "out_of_stock", "price_changed", "insufficient", "rewards_out", and what the gate says.
    """
    return once(work, "activities.buy", requests, Joined, _buy)


def _buy(work: Work, requests: list[Buy]) -> list[Joined]:
    return [_one(work, request) for request in requests]


def _one(work: Work, request: Buy) -> Joined:
    quantity = gate.quantity_of(request.quantity)
    place = gate.admit(work, request.activity, request.member_id, KINDS, quantity)
    sale = place.one.activity
    assert isinstance(sale, Sale)
    cost = sale.points * quantity
    if cost != request.expected_points:
        say = f"「{sale.title}」现在需要 {sale.points} 积分一件，还没有兑换。想换的话再跟我说一次"
        raise Refused(say, code="price_changed", points=sale.points)
    if not book.take(work, place.one.name, book.GOODS, quantity):
        left = book.stock_of(work, place.one.name)[book.GOODS].left
        raise Refused(f"「{sale.title}」只剩 {left} 件了" if left else f"「{sale.title}」已经抢完啦", code="out_of_stock", left=left)
    gifts = [benefits.from_dict(gift) for gift in sale.rewards] * quantity
    key, reason = f"buy:{request.key}", f"兑换「{sale.title}」"
    if gifts:
        spend_id = points.spend(work, [points.Spend(key, request.member_id, cost, reason)])[0].spend_id
    else:
        spend_id = exchanging.set_aside(work, key, request.member_id, cost, reason).reservation_id
    state = "fulfilled" if gifts else "placed"
    entry = gate.enter(work, place, state, item=book.GOODS, title=sale.title, quantity=quantity, points=cost, spend_id=spend_id)
    words = gate.reward(work, place.one, entry.id, request.member_id, gifts)
    return Joined(entry.id, sale.title, state, cost, words)
