"""The writes about paid plans. No money is taken here: a purchase names the payment or the order that paid for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from assistant.base.errors import Conflict, Invalid, Refused
from assistant.base.ids import derive
from assistant.base.money import MOST
from assistant.domain import orders
from assistant.domain.membership import facts, store
from assistant.domain.membership.ladder import Ladder
from assistant.domain.membership.model import Bought, Buy, GiveDays, Paid, Refunded, RefundPaid
from assistant.domain.membership.paying import LIVE, piece, refund_of, take_out
from assistant.domain.orders import Order
from assistant.store import Work, once

MOST_DAYS = 3660
MOST_PIECES = 24
"""Pieces of one order line at most: what is beyond was not meant."""


def buy(work: Work, requests: Sequence[Buy]) -> list[Bought]:
    """Records time that was paid for: from now, or after all time that is paid already.

    Refused(code="no_plan"); Conflict(code="payment_used") where another purchase names the same payment.
    """
    store.hold(work, {request.member_id for request in requests})
    return once(work, "membership.buy", requests, Bought, _buy)


def give_days(work: Work, requests: Sequence[GiveDays]) -> list[Bought]:
    """Gives days of a plan; nothing was paid for them and nothing is refunded."""
    store.hold(work, {request.member_id for request in requests})
    return once(work, "membership.give_days", requests, Bought, _give_days)


def refund_paid(work: Work, requests: Sequence[RefundPaid]) -> list[Refunded]:
    """Ends paid time at once and says what is to be paid back; what was bought after it moves up."""
    store.hold(work, {one.member_id for one in store.paid_by(work, {f"pay:{request.payment}" for request in requests}).values()})
    return once(work, "membership.refund_paid", requests, Refunded, _refund)


def buy_for_orders(work: Work, order_ids: Sequence[str], held: Mapping[str, Order] | None = None) -> int:
    """Brings paid time up to what orders of plans say now: a paid order buys, one wholly refunded or closed ends what it bought.

    Orders that the caller holds until the commit are not read again.
    """
    book = store.rules_book(work)
    plans = {sku: plan for rules in book.values() for plan in rules.plans for sku in plan.skus}
    if not plans:
        return 0
    found = _of_plans(work, order_ids, plans, held)
    if not found:
        return 0
    ladder = store.open_ladder(work, {order.member_id for order in found.values()})
    if not work.is_sqlite:
        # Another unit may have changed the orders while this one waited for the members' rows.
        found = {number: order for number, order in _of_plans(work, found.keys(), plans, held).items() if order.member_id in ladder.places}
    bought = store.paid_by(work, [f"order:{number}:{n}" for number, order in found.items() for n in range(len(order.items))])
    done = 0
    for _number, order in sorted(found.items()):
        for n, item in enumerate(order.items):
            payment = f"order:{order.id}:{n}"
            plan = next((plan for plan in ladder.rules.plans if item.sku in plan.skus), None)
            if payment in bought:
                done += _follow(ladder, order, bought[payment])
            elif plan and order.net_fen > 0:
                months = plan.months * min(item.qty, MOST_PIECES)
                _append(ladder, order.member_id, plan.id, payment, months=months, paid_fen=min(item.paid_fen, MOST))
                done += 1
    store.close_ladder(work, ladder)
    return done


def _of_plans(work: Work, order_ids: Iterable[str], skus: Iterable[str], held: Mapping[str, Order] | None) -> dict[str, Order]:
    wanted = set(skus)
    found = orders.many(work, order_ids, held)
    return {
        number: order
        for number, order in found.items()
        if order.member_id and order.status != "created" and any(item.sku in wanted for item in order.items)
    }


def _follow(ladder: Ladder, order: Order, known: Paid) -> int:
    one = next((one for one in ladder.lines.get(known.member_id, ()) if one.id == known.id and one.stage in LIVE), None)
    if order.net_fen > 0 or one is None:
        return 0
    _end(ladder, one, one.paid_fen)
    return 1


def _buy(work: Work, requests: Sequence[Buy]) -> list[Bought]:
    for request in requests:
        if not request.member_id or not request.payment.strip() or len(request.payment) > 120:
            raise Invalid("登记付费会员需要会员和付款单号（最长 120 字）", code="bad_purchase", key=request.key)
    ladder = store.open_ladder(work, {request.member_id for request in requests})
    known = store.paid_by(work, [f"pay:{request.payment}" for request in requests])
    done = []
    for request in requests:
        plan = ladder.rules.plan(request.plan)
        if plan is None:
            raise Refused(f"没有编号为「{request.plan}」的付费方案，请到会员规则里查看", code="no_plan", plan=request.plan)
        if not 0 < request.paid_fen <= plan.price_fen:
            raise Invalid(f"「{plan.name}」售价 {plan.price_fen} 分，实付要大于 0、不超过售价", code="bad_price", key=request.key)
        payment = f"pay:{request.payment}"
        if payment in known:
            raise Conflict(f"付款单 {request.payment} 已经登记过一次了", code="payment_used", payment=request.payment)
        known[payment] = _append(ladder, request.member_id, plan.id, payment, months=plan.months, paid_fen=request.paid_fen)
        done.append(_bought(known[payment]))
    store.close_ladder(work, ladder)
    return done


def _give_days(work: Work, requests: Sequence[GiveDays]) -> list[Bought]:
    for request in requests:
        if not request.member_id or not 1 <= request.days <= MOST_DAYS:
            raise Invalid(f"赠送的会员天数要在 1 到 {MOST_DAYS} 之间", code="bad_days", key=request.key)
    ladder = store.open_ladder(work, {request.member_id for request in requests})
    done = []
    for request in requests:
        if ladder.rules.plan(request.plan) is None:
            raise Refused(f"没有编号为「{request.plan}」的付费方案", code="no_plan", plan=request.plan)
        done.append(_bought(_append(ladder, request.member_id, request.plan, derive("gift", request.key), days=request.days)))
    store.close_ladder(work, ladder)
    return done


def _append(ladder: Ladder, member_id: str, plan: str, payment: str, *, months: int = 0, days: int = 0, paid_fen: int = 0) -> Paid:
    line = ladder.lines[member_id]
    one = piece(line, ladder.now, member_id, plan, ladder.version, payment, months=months, days=days, paid_fen=paid_fen)
    line.append(one)
    ladder.facts.append(facts.plan("bought", one, None, paid_fen=paid_fen))
    ladder.turn(member_id)
    ladder.show(ladder.places[member_id], ladder.now, "plan")
    return one


def _refund(work: Work, requests: Sequence[RefundPaid]) -> list[Refunded]:
    found = store.paid_by(work, [f"pay:{request.payment}" for request in requests])
    for request in requests:
        if f"pay:{request.payment}" not in found:
            raise Invalid(f"没有付款单 {request.payment} 买的会员", code="no_purchase", payment=request.payment)
    ladder = store.open_ladder(work, {one.member_id for one in found.values()})
    live = {one.id: one for one in ladder.paid()}
    given = store.given_value(work, live)
    done = []
    for request in requests:
        one = live.get(found[f"pay:{request.payment}"].id)
        if one is None or one.stage not in LIVE:
            raise Refused("这次购买已经到期或退过了，不能再退", code="not_refundable", payment=request.payment)
        _end(ladder, one, refund_of(one, work.now, given.get(one.id, 0)))
        done.append(Refunded(one.refund_fen, max((other.ends_at for other in live.values() if _lasts(other, one)), default=None)))
    store.close_ladder(work, ladder)
    return done


def _lasts(other: Paid, one: Paid) -> bool:
    return other.member_id == one.member_id and other.stage in LIVE


def _end(ladder: Ladder, one: Paid, refund_fen: int) -> None:
    one.refund_fen = refund_fen
    take_out(ladder.lines[one.member_id], one, ladder.now)
    ladder.facts.append(facts.plan("refunded", one, None, refund_fen=refund_fen))
    ladder.turn(one.member_id)
    ladder.show(ladder.places[one.member_id], ladder.now, "plan")


def _bought(one: Paid) -> Bought:
    return Bought(one.id, one.starts_at, one.ends_at)
