"""The writes about growth value and tiers, on sets: each opens the ladder of the members concerned, works it, and keeps what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from assistant.base.errors import Conflict, Invalid, Refused
from assistant.base.money import checked
from assistant.domain import orders
from assistant.domain.membership import store
from assistant.domain.membership.model import FEN_PER_GROWTH, AddGrowth, DueGift, Grown, OrderGrowth, RulesSet, SetRules
from assistant.domain.membership.rules import Rules, named, rules_from
from assistant.domain.orders import Order
from assistant.store import Fact, Work, once

SWEEP = 300
"""How many members one sweep handles at most; tiers are exact without it."""


def set_rules(work: Work, requests: Sequence[SetRules]) -> list[RulesSet]:
    """Puts a new version in force; whom it raises is raised by the sweep or the next change, nobody is lowered by it.

    Conflict where somebody has set rules since ``seen``; Refused where a tier that is held would be left out.
    """
    return once(work, "membership.set_rules", requests, RulesSet, _set_rules)


def add_growth(work: Work, requests: Sequence[AddGrowth]) -> list[Grown]:
    """Adds growth value; a tier that is reached is entered at once."""
    return once(work, "membership.add_growth", requests, Grown, _add)


def review(work: Work) -> int:
    """Reviews windows that are over, turns paid time, raises whom new rules raise; returns how many members were looked at.

    A set at a time; run again it goes on, and what is done is not done twice.
    """
    ids = store.due_members(work, SWEEP)
    if ids:
        store.close_ladder(work, store.open_ladder(work, ids))
    return len(ids)


def give_gift(work: Work, gift_id: str, give: Callable[[DueGift], object]) -> bool:
    """Has a due gift given by ``give``, once; False where it was given already."""
    found = store.gift_by_id(work, gift_id)
    if found is None or found[1]:
        return False
    give(found[0])
    store.mark_given(work, gift_id)
    return True


def grow_for_orders(work: Work, order_ids: Sequence[str], held: Mapping[str, Order] | None = None) -> list[Grown]:
    """Brings growth value up to what received orders say now: one per yuan of net amount. Needs no key.

    Orders that the caller holds until the commit are not read again.
    """
    found = _received(work, order_ids, held)
    if not found:
        return []
    ladder = store.open_ladder(work, {order.member_id for order in found.values()})
    if not work.is_sqlite:
        # Another unit may have changed the orders while this one waited for the members' rows.
        found = {number: order for number, order in _received(work, found.keys(), held).items() if order.member_id in ladder.places}
    before = store.counted_for(work, found.keys())
    changed = []
    for number in sorted(found):
        order = found[number]
        counted = before.get(number) or OrderGrowth(number, order.member_id)
        delta = _worth(order) - counted.counted
        if delta:
            counted.member_id, counted.counted = order.member_id, counted.counted + delta
            counted.version += 1
            memo = f"订单 {order.order_no} {'已收货' if delta > 0 else '退款扣回'}"
            ladder.add(order.member_id, delta, f"growth:{order.id}:{counted.version}", memo)
            changed.append(counted)
    done = ladder.settle({one.member_id for one in changed})
    store.close_ladder(work, ladder)
    store.save_counted(work, changed)
    return done


def _received(work: Work, order_ids: Iterable[str], held: Mapping[str, Order] | None) -> dict[str, Order]:
    found = orders.many(work, order_ids, held)
    return {number: order for number, order in found.items() if order.member_id and order.status in ("finished", "closed")}


def _worth(order: Order) -> int:
    return order.net_fen // FEN_PER_GROWTH


def _add(work: Work, requests: Sequence[AddGrowth]) -> list[Grown]:
    for request in requests:
        checked(request.amount, "成长值")
        if not request.member_id:
            raise Invalid("增加成长值缺少会员", code="no_member", key=request.key)
    ladder = store.open_ladder(work, {request.member_id for request in requests})
    for one in requests:
        ladder.add(one.member_id, one.amount, f"growth:add:{one.key}", one.reason[:200])
    after = {one.member_id: one for one in ladder.settle(ladder.places)}
    store.close_ladder(work, ladder)
    return [after[request.member_id] for request in requests]


def _set_rules(work: Work, requests: Sequence[SetRules]) -> list[RulesSet]:
    done = []
    for request in requests:
        chosen = rules_from(request.body)
        book = store.rules_book(work)
        newest = max(book)
        if request.seen != newest:
            raise Conflict("会员规则刚刚被别人改过，请刷新后再改", code="rules_changed", version=newest)
        _none_lost(work, book, chosen)
        store.save_rules(work, newest + 1, chosen)
        work.record(Fact("membership.rules_set", "membership:rules", {"version": newest + 1}))
        done.append(RulesSet(newest + 1))
    return done


def _none_lost(work: Work, book: dict[int, Rules], chosen: Rules) -> None:
    """Tiers that somebody holds, or that time already paid for grants, stay in the rules, in the same order."""
    before = book[max(book)]
    if chosen.base != before.base:
        raise Refused(f"第一级「{before.base}」是所有会员的起点，名字不能改", code="tier_in_use", tier=before.base)
    lost = named(before) - named(chosen)
    granted = {plan.tier for version, name in store.live_terms(work) if (plan := book[version].plan(name))}
    if lost and (store.holders(work, lost) or lost & granted):
        say = "、".join(sorted(lost))
        raise Refused(f"还有会员在「{say}」，这一级不能去掉；不想再用可以把门槛调高", code="tier_in_use")
    stay = [tier.name for tier in before.tiers if tier.name in named(chosen)]
    if stay != [tier.name for tier in chosen.tiers if tier.name in named(before)]:
        raise Refused("原有等级的高低顺序不能对调，可以在中间加新的等级", code="tier_order")
