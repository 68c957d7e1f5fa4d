"""The writes about growth value and tiers, on sets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from assistant.base.errors import Invalid
from assistant.base.money import checked
from assistant.domain import ledger, orders
from assistant.domain.ledger import Posting
from assistant.domain.membership import facts, store
from assistant.domain.membership.model import BRAND, FEN_PER_GROWTH, AddGrowth, Grown, OrderGrowth, account, raised
from assistant.domain.orders import Order
from assistant.store import Work, once


def add_growth(work: Work, requests: Sequence[AddGrowth]) -> list[Grown]:
    """Adds growth value; a tier that is reached is entered at once."""
    return once(work, "membership.add_growth", requests, Grown, _add)


def grow_for_orders(work: Work, order_ids: Sequence[str]) -> list[Grown]:
    """Brings growth value up to what received orders say now: one per yuan of net amount. Needs no key; lowers no tier."""
    found = _received(work, order_ids)
    if not found:
        return []
    tiers = store.lock_tiers(work, {order.member_id for order in found.values()})
    if not work.is_sqlite:
        # Another unit may have changed the orders while this one waited for the members' rows.
        found = _received(work, found.keys())
    before = store.counted_for(work, found.keys())
    postings, changed = [], []
    for number in sorted(found):
        order = found[number]
        counted = before.get(number) or OrderGrowth(number, order.member_id)
        delta = _worth(order) - counted.counted
        if delta:
            counted.counted += delta
            counted.version += 1
            postings.append(_posting(order, counted, delta))
            changed.append(counted)
    ledger.post(work, postings)
    store.save_counted(work, changed)
    return _raise(work, tiers, {one.member_id for one in changed})


def _received(work: Work, order_ids: Iterable[str]) -> dict[str, Order]:
    found = orders.many(work, order_ids)
    return {number: order for number, order in found.items() if order.member_id and order.status in ("finished", "closed")}


def _worth(order: Order) -> int:
    return order.net_fen // FEN_PER_GROWTH


def _posting(order: Order, counted: OrderGrowth, delta: int) -> Posting:
    key = f"growth:{order.id}:{counted.version}"
    own = account(counted.member_id)
    if delta > 0:
        return Posting(key, BRAND, own, delta, f"订单 {order.order_no} 已收货")
    return Posting(key, own, BRAND, -delta, f"订单 {order.order_no} 退款扣回", allow_negative=True)


def _add(work: Work, requests: Sequence[AddGrowth]) -> list[Grown]:
    for request in requests:
        checked(request.amount, "成长值")
        if not request.member_id:
            raise Invalid("增加成长值缺少会员", code="no_member", key=request.key)
    tiers = store.lock_tiers(work, {request.member_id for request in requests})
    ledger.post(
        work,
        [Posting(f"growth:add:{one.key}", BRAND, account(one.member_id), one.amount, one.reason) for one in requests],
    )
    after = {one.member_id: one for one in _raise(work, tiers, tiers.keys())}
    return [after[request.member_id] for request in requests]


def _raise(work: Work, tiers: Mapping[str, str], members: Iterable[str]) -> list[Grown]:
    ids = sorted(members)
    growth = store.growth_of(work, ids)
    now = {number: raised(tiers[number], growth[number]) for number in ids}
    entered = {number: tier for number, tier in now.items() if tier != tiers[number]}
    store.save_tiers(work, entered)
    work.record(*(facts.tier_entered(number, tier, tiers[number], growth[number]) for number, tier in entered.items()))
    return [Grown(number, growth[number], now[number]) for number in ids]
