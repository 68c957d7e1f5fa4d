"""Binding an order to a card: because its member asks, or by itself where the card says so. Orders are believed, words are not.

The card is chosen by one rule: the one that brings most, then the one that ends first, then the lower id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assistant.base.errors import Refused
from assistant.base.ids import derive
from assistant.domain import orders
from assistant.domain.cashback import book, store
from assistant.domain.cashback.model import Claim, Claimed, RebateClaim, standing
from assistant.domain.cashback.saying import NEUTRAL, say_state, when_paid
from assistant.domain.cashback.states import refreshed, said
from assistant.domain.cashback.terms import SOURCES, Card
from assistant.domain.orders import Order
from assistant.store import Work, once


def claim(work: Work, requests: Sequence[Claim]) -> list[Claimed]:
    """Binds an order to a card, once for ever.

    Refused: "no_such_order" (the same sentence for numbers that do not exist and for those of others), "which_source" (the number belongs
    to orders of several platforms), "already_claimed", "not_paid", "no_card", "not_eligible". Eligibility comes from the order alone.
    """
    return once(work, "cashback.claim", requests, Claimed, lambda work, fresh: [_claim_one(work, request) for request in fresh])


def _claim_one(work: Work, request: Claim) -> Claimed:
    cards = store.lock_cards(work, request.member_id)
    order = _own_order(work, request)
    chosen = _choose(work, [card for card in cards if request.card_id in (None, card.id)], order)
    one = _bind(work, chosen, order, "member")
    return Claimed(one.id, one.state, one.payable_fen, say_state(one), when_paid(one))


def advance_for_orders(work: Work, order_ids: Sequence[str], held: Mapping[str, Order] | None = None) -> None:
    """Brings the claims of these orders up to what the orders say now, and binds those whose member holds a card that binds by itself.

    Told again it changes nothing. Needs no key. Orders that the caller holds until the commit are not read again.
    """
    claimed = store.claim_ids_of_orders(work, order_ids)
    refreshed(work, list(claimed.values()))
    free = [one for one in orders.many(work, set(order_ids) - claimed.keys(), held).values() if one.member_id and one.net_fen > 0]
    holders = store.holders(work, {one.member_id for one in free})
    for one in sorted(free, key=lambda order: (order.member_id, order.paid_at or work.now, order.id)):
        if one.member_id in holders:
            _bind_by_itself(work, one)


def _bind_by_itself(work: Work, order: Order) -> None:
    cards = [card for card in store.lock_cards(work, order.member_id) if card.auto_bind]
    if store.claim_ids_of_orders(work, [order.id]):
        return
    chosen = best(cards, order)
    if chosen is not None:
        _bind(work, chosen, order, "itself")


def best(cards: Sequence[Card], order: Order) -> Card | None:
    """The card to bind by the rule above, or None if none brings anything."""
    fitting = [card for card in cards if card.closed_at is None and card.remaining > 0 and card.covers(order) and card.brings(order) > 0]
    return min(fitting, key=lambda card: (-card.brings(order), card.valid_until, card.id), default=None)


def _bind(work: Work, card: Card, order: Order, how: str) -> RebateClaim:
    state, ripe_at = standing(order, card.window_days, work.now)
    waits = "waiting_window" if state == "due" else state
    one = RebateClaim(
        id=derive("claim", order.id),
        member_id=order.member_id,
        order_id=order.id,
        order_no=order.order_no,
        card_id=card.id,
        template_id=card.template_id,
        rule=card.terms,
        scope=card.scope,
        amount_fen=card.brings(order),
        recovered_fen=0,
        paid_fen=0,
        clawed_fen=0,
        state=waits,
        reason="",
        attempt=1,
        first_approver="",
        approver="",
        payee="",
        created_at=work.now,
        ripe_at=ripe_at,
        settled_at=None,
        window_days=card.window_days,
        budgeted=card.budgeted,
        how=how,
    )
    store.insert_claim(work, one)
    store.use_card(work, card.id, -1, one.amount_fen)
    book.set_aside(work, one)
    said(work, one, "bound")
    said(work, one, waits)
    return refreshed(work, [one.id])[one.id]


def _own_order(work: Work, request: Claim) -> Order:
    number = request.order_no.strip()
    own = [order for order in orders.by_number(work, number) if order.member_id == request.member_id] if request.member_id else []
    own = [order for order in own if request.source in ("", order.source)]
    if not own:
        raise Refused(NEUTRAL, code="no_such_order")
    claimed = store.claim_ids_of_orders(work, [order.id for order in own])
    free = [order for order in own if order.id not in claimed]
    if not free:
        earlier = store.claims(work, store.with_ids([claimed[own[0].id]]))[0]
        if earlier.member_id != request.member_id:
            raise Refused(NEUTRAL, code="no_such_order")
        raise Refused(f"这个订单已经申请过返现了：{say_state(earlier)}", code="already_claimed", claim=earlier.id)
    if len(free) > 1:
        names = "、".join(SOURCES.get(order.source, order.source) for order in free)
        raise Refused(f"您在{names}都有这个订单号，请告诉我是哪个平台的订单", code="which_source")
    if free[0].paid_at is None or free[0].status == "created":
        raise Refused("这个订单还没有付款，付款之后再来申请就好", code="not_paid")
    return free[0]


def _choose(work: Work, cards: Sequence[Card], order: Order) -> Card:
    left = [card for card in cards if card.remaining > 0]
    if not left:
        raise Refused("这张返现卡已经用过了" if cards else "您现在没有可以用的返现卡", code="no_card")
    if order.net_fen <= 0:
        raise Refused("这个订单已退款或关闭，不能申请返现了", code="not_eligible")
    timely = [card for card in left if card.covers(order)]
    if not timely:
        raise Refused("返现卡要先领再下单，并且在有效期内付款才能用，这个订单不符合", code="not_eligible")
    chosen = best(timely, order)
    if chosen is not None:
        return chosen
    if all(card.closed_at is not None for card in timely):
        raise Refused("这张返现卡过期太久，已经不能再申请了，下次记得早一点哦", code="not_eligible")
    if all(card.room_fen < card.terms.worst_fen and not card.brings(order) for card in timely):
        raise Refused("这张返现卡已经返满了，下次有新卡再来找我吧", code="no_card")
    raise Refused(f"这个订单不符合返现卡的使用条件：{timely[0].rule}", code="not_eligible")
