"""The points mall: stock that is never oversold, points set aside in the same commit, and the way back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from assistant.base.errors import Forbidden, Invalid, Refused
from assistant.base.ids import derive
from assistant.domain import benefits, points
from assistant.domain.activities import exchanging, store
from assistant.domain.activities.model import (
    MOST_AT_ONCE,
    CancelRedeem,
    Fulfil,
    Item,
    Redeem,
    Redeemed,
    Redemption,
    Stocked,
    StockItem,
    Turned,
    checked,
)
from assistant.store import Fact, Work, once


def stock_mall(work: Work, requests: Sequence[StockItem]) -> list[Stocked]:
    """Puts items into the mall; one known already is replaced, its stock included."""
    return once(work, "activities.stock_mall", requests, Stocked, _stock)


def _stock(work: Work, requests: list[StockItem]) -> list[Stocked]:
    store.save_items(work, [checked(request) for request in requests])
    return [Stocked(request.item) for request in requests]


def redeem(work: Work, requests: Sequence[Redeem]) -> list[Redeemed]:
    """Exchanges points for items, all or none.

    Refused: "out_of_stock", "limit_reached", "price_changed", "insufficient" or "points_negative"; Invalid("no_item"). Items with codes
    are fulfilled at once, the codes in the outcome and in the redemption's note.
    """
    return once(work, "activities.redeem", requests, Redeemed, _redeem)


def _redeem(work: Work, requests: list[Redeem]) -> list[Redeemed]:
    items = store.lock_items(work, {request.item for request in requests})
    done = []
    for request in requests:
        item = _available(work, items, request)
        spend_id, left = _pay(work, item, request)
        number = derive("redeem", request.key)
        cost = request.expected_points
        codes = _codes(work, item, request, number)
        state, note = ("fulfilled", " ".join(codes)) if codes else ("placed", "")
        one = Redemption(number, request.member_id, item.id, item.title, request.quantity, cost, spend_id, state, note, work.now)
        store.insert_redemption(work, one)
        items[item.id] = replace(item, stock=item.stock - request.quantity)
        store.set_stock(work, item.id, items[item.id].stock)
        _said(work, one, "redeemed")
        if codes:
            _said(work, one, "fulfilled")
        done.append(Redeemed(number, item.title, cost, left, codes))
    return done


def _pay(work: Work, item: Item, request: Redeem) -> tuple[str, int]:
    """Points are spent for a code, which leaves at once, and set aside for what a person has to send; (spend, points left)."""
    key, reason = f"redeem:{request.key}", f"兑换「{item.title}」"
    if item.code_name:
        spent = points.spend(work, [points.Spend(key, request.member_id, request.expected_points, reason)])[0]
        return spent.spend_id, spent.available
    aside = exchanging.set_aside(work, key, request.member_id, request.expected_points, reason)
    return aside.reservation_id, aside.available


def _codes(work: Work, item: Item, request: Redeem, number: str) -> tuple[str, ...]:
    """The loaded codes that are handed over at once, for items that have them."""
    if not item.code_name:
        return ()
    left = benefits.codes_left(work, item.code_name)
    if left < request.quantity:
        raise Refused(f"「{item.title}」的兑换码暂时发完了，过几天再来看看", code="out_of_stock", left=left)
    coupon = benefits.Coupon(item.code_name, item.value_fen)
    grants = [
        benefits.BenefitGrant(f"{number}:{place}", request.member_id, coupon, None, f"兑换「{item.title}」"[:200])
        for place in range(request.quantity)
    ]
    return tuple(granted.ref for granted in benefits.grant(work, grants))


def _available(work: Work, items: dict[str, Item], request: Redeem) -> Item:
    item = items.get(request.item)
    if item is None:
        raise Invalid("积分商城里没有这件商品", code="no_item", item=request.item)
    if not 1 <= request.quantity <= MOST_AT_ONCE:
        raise Invalid(f"一次可以兑换 1 到 {MOST_AT_ONCE} 件", code="bad_quantity")
    if item.points * request.quantity != request.expected_points:
        raise Refused(
            f"「{item.title}」现在需要 {item.points} 积分一件，还没有兑换。想换的话再跟我说一次", code="price_changed", points=item.points
        )
    if item.stock < request.quantity:
        say = f"「{item.title}」只剩 {item.stock} 件了" if item.stock else f"「{item.title}」已经兑完了"
        raise Refused(say, code="out_of_stock", left=item.stock)
    if item.per_member and store.had(work, request.member_id, item.id) + request.quantity > item.per_member:
        raise Refused(f"「{item.title}」每人限兑 {item.per_member} 件", code="limit_reached", limit=item.per_member)
    return item


def fulfil(work: Work, requests: Sequence[Fulfil]) -> list[Turned]:
    """Marks redemptions as handed over, and their points as spent; Refused(code="not_placed") for one that is not waiting."""
    return once(work, "activities.fulfil", requests, Turned, _fulfil)


def _fulfil(work: Work, requests: list[Fulfil]) -> list[Turned]:
    if work.principal.kind in ("member", "guest"):
        raise Forbidden("只有工作人员可以标记发货", code="not_staff")
    for request in requests:
        one = _placed(work, request.redemption_id)
        exchanging.sent(work, one.id, one.spend_id)
        store.turn(work, one.id, "fulfilled", request.note[:500])
        _said(work, one, "fulfilled")
    return [Turned(request.redemption_id, "fulfilled") for request in requests]


def cancel_redeem(work: Work, requests: Sequence[CancelRedeem]) -> list[Turned]:
    """Takes redemptions back: stock returns, points return to their original lots. Members may cancel their own."""
    return once(work, "activities.cancel_redeem", requests, Turned, _cancel)


def _cancel(work: Work, requests: list[CancelRedeem]) -> list[Turned]:
    for request in requests:
        one = _placed(work, request.redemption_id)
        if work.principal.kind == "member" and work.principal.id != one.member_id:
            raise Forbidden("只能取消自己的兑换", code="not_yours")
        store.turn(work, one.id, "cancelled", request.reason[:500])
        item = store.lock_items(work, [one.item]).get(one.item)
        if item is not None:
            store.set_stock(work, item.id, item.stock + one.quantity)
        exchanging.taken_back(work, one.id, one.spend_id)
        _said(work, one, "cancelled")
    return [Turned(request.redemption_id, "cancelled") for request in requests]


def _placed(work: Work, redemption_id: str) -> Redemption:
    one = store.lock_redemptions(work, [redemption_id]).get(redemption_id)
    if one is None:
        raise Invalid("这笔兑换不存在", code="no_redemption", redemption=redemption_id)
    if one.state != "placed":
        say = "这笔兑换已经取消了" if one.state == "cancelled" else "这笔兑换已经发出，不能再改了"
        raise Refused(say, code="not_placed", state=one.state)
    return one


def _said(work: Work, one: Redemption, what: str) -> None:
    payload = {"redemption": one.id, "item": one.item, "title": one.title, "quantity": one.quantity, "points": one.points}
    work.record(Fact(f"activities.{what}", f"redemption:{one.id}", payload, one.member_id))
