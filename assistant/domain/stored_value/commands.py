"""The writes about stored value, on sets. Money moves elsewhere: every command names the payment or the order behind it.

Members are held before the key is looked up, so that a retry that races the first try finds what that one did.
"""

from __future__ import annotations

from collections.abc import Sequence

from assistant.base.errors import Conflict, Forbidden, Invalid, Refused
from assistant.base.ids import derive
from assistant.base.money import checked, format_yuan
from assistant.domain.stored_value import store
from assistant.domain.stored_value.model import (
    Lot,
    Moved,
    Refund,
    Return,
    RulesSet,
    SetRules,
    Spend,
    TopUp,
    give_back,
    pay_back,
    rules_from,
    take,
)
from assistant.domain.stored_value.store import Spent
from assistant.store import Fact, Work, once

LONGEST = 120


def top_up(work: Work, requests: Sequence[TopUp]) -> list[Moved]:
    """Takes in what was paid, with the bonus of the rules.

    Conflict(code="payment_used") where the payment was taken in already, Refused(code="too_much") above what a member may hold.
    """
    store.lock(work, {request.member_id for request in requests})
    return once(work, "stored_value.top_up", requests, Moved, _top_up)


def spend(work: Work, requests: Sequence[Spend]) -> list[Moved]:
    """Pays for orders, all or none. Refused(code="insufficient"), Conflict(code="order_used")."""
    store.lock(work, {request.member_id for request in requests})
    return once(work, "stored_value.spend", requests, Moved, _spend)


def return_spend(work: Work, requests: Sequence[Return]) -> list[Moved]:
    """Gives back what an order paid, to the same top-ups as it was taken; never more than it paid."""
    store.lock(work, {one.member_id for one in store.spends_by(work, {request.order.strip() for request in requests}).values()})
    return once(work, "stored_value.return", requests, Moved, _return)


def refund(work: Work, requests: Sequence[Refund]) -> list[Moved]:
    """Pays back principal that is still there, the bonus beside it falls away; never more than was paid in."""
    store.lock(work, {one.member_id for one in store.lots_by(work, {request.payment.strip() for request in requests}).values()})
    return once(work, "stored_value.refund", requests, Moved, _refund)


def set_rules(work: Work, requests: Sequence[SetRules]) -> list[RulesSet]:
    """Puts a new version in force; top-ups keep the bonus they were given. Conflict where somebody has set rules since ``seen``."""
    return once(work, "stored_value.set_rules", requests, RulesSet, _set_rules)


def _by_staff(work: Work) -> None:
    if work.principal.kind in ("member", "guest"):
        raise Forbidden("储值的充值、支付和退款要在门店或商城办理，聊天里只能查询", code="not_by_chat")


def _named(reference: str, key: str) -> str:
    if not reference.strip() or len(reference) > LONGEST:
        raise Invalid(f"缺少付款单号或订单号，或超过 {LONGEST} 字", code="no_reference", key=key)
    return reference.strip()


def _top_up(work: Work, requests: Sequence[TopUp]) -> list[Moved]:
    _by_staff(work)
    for request in requests:
        checked(request.pay_fen, "充值金额（分）")
        if not request.member_id or (request.bonus_fen is not None and not 0 <= request.bonus_fen <= request.pay_fen):
            raise Invalid("充值要有会员，赠送金额不能为负、不能超过充值金额", code="bad_top_up", key=request.key)
    _version, rules = store.rules_in_force(work)
    wallet = store.open_wallet(work, {request.member_id for request in requests})
    known = set(store.lots_by(work, [_named(request.payment, request.key) for request in requests]))
    done = []
    for request in requests:
        payment = _named(request.payment, request.key)
        if payment in known:
            raise Conflict(f"付款单 {payment} 已经充过值了", code="payment_used", payment=payment)
        known.add(payment)
        bonus = rules.bonus_on(request.pay_fen) if request.bonus_fen is None else request.bonus_fen
        if wallet.left(request.member_id) + request.pay_fen + bonus > rules.most_fen:
            raise Refused(f"储值余额最多 {format_yuan(rules.most_fen)} 元，这次充值会超过", code="too_much", most=rules.most_fen)
        number = derive("topup", payment)
        wallet.touch(Lot(number, request.member_id, payment, work.now, request.pay_fen, bonus, request.pay_fen, bonus))
        done.append(wallet.move("top_up", number, request.member_id, request.pay_fen, bonus, payment))
    store.close_wallet(work, wallet)
    return done


def _spend(work: Work, requests: Sequence[Spend]) -> list[Moved]:
    _by_staff(work)
    for request in requests:
        checked(request.amount_fen, "支付金额（分）")
    _version, rules = store.rules_in_force(work)
    wallet = store.open_wallet(work, {request.member_id for request in requests})
    known = set(store.spends_by(work, [_named(request.order, request.key) for request in requests]))
    done, spends = [], []
    for request in requests:
        order, left = _named(request.order, request.key), wallet.left(request.member_id)
        if order in known:
            raise Conflict(f"订单 {order} 已经用储值付过了", code="order_used", order=order)
        if left < request.amount_fen:
            raise Refused(f"储值余额 {format_yuan(left)} 元，不够这次支付", code="insufficient", balance=left, wanted=request.amount_fen)
        known.add(order)
        parts = take(wallet.of(request.member_id), request.amount_fen, rules.spend)
        wallet.touch(*(wallet.lots[part.lot_id] for part in parts))
        number = derive("stored", order)
        spends.append(Spent(number, request.member_id, order, request.amount_fen, 0, parts))
        principal, bonus = sum(part.principal for part in parts), sum(part.bonus for part in parts)
        done.append(wallet.move("spend", number, request.member_id, -principal, -bonus, order))
    store.close_wallet(work, wallet)
    store.save_spends(work, spends)
    return done


def _return(work: Work, requests: Sequence[Return]) -> list[Moved]:
    _by_staff(work)
    for request in requests:
        checked(request.amount_fen, "退回金额（分）")
    orders = [_named(request.order, request.key) for request in requests]
    owners = {one.member_id for one in store.spends_by(work, orders).values()}
    wallet = store.open_wallet(work, owners)
    # Read again behind the lock: another unit may have returned a part meanwhile.
    spends = store.spends_by(work, orders)
    done = []
    for request, order in zip(requests, orders, strict=True):
        one = spends.get(order)
        if one is None:
            raise Invalid(f"订单 {order} 没有用储值付过款", code="no_spend", order=order)
        if one.returned + request.amount_fen > one.amount:
            left = format_yuan(one.amount - one.returned)
            raise Refused(f"订单 {order} 用储值付的钱最多还能退回 {left} 元", code="returned_too_much", order=order)
        one.returned += request.amount_fen
        one.version += 1
        principal, bonus = give_back(one.parts, wallet.lots, request.amount_fen)
        wallet.touch(*(wallet.lots[part.lot_id] for part in one.parts))
        done.append(wallet.move("return", f"{one.id}:{one.version}", one.member_id, principal, bonus, order))
    store.close_wallet(work, wallet)
    store.save_spends(work, list(spends.values()))
    return done


def _refund(work: Work, requests: Sequence[Refund]) -> list[Moved]:
    _by_staff(work)
    payments = [_named(request.payment, request.key) for request in requests]
    found = store.lots_by(work, payments)
    wallet = store.open_wallet(work, {lot.member_id for lot in found.values()})
    done = []
    for request, payment in zip(requests, payments, strict=True):
        if payment not in found:
            raise Invalid(f"没有付款单 {payment} 的充值", code="no_top_up", payment=payment)
        lot = wallet.lots[found[payment].id]
        amount = lot.principal_left if request.amount_fen is None else checked(request.amount_fen, "退款金额（分）")
        if not 0 < amount <= lot.principal_left:
            left = format_yuan(lot.principal_left)
            raise Refused(f"这笔充值还能退的本金是 {left} 元", code="refunded_too_much", left=lot.principal_left)
        lapsed = pay_back(lot, amount)
        wallet.touch(lot)
        done.append(wallet.move("refund", f"{lot.id}:{lot.version}", lot.member_id, -amount, -lapsed, payment))
    store.close_wallet(work, wallet)
    return done


def _set_rules(work: Work, requests: Sequence[SetRules]) -> list[RulesSet]:
    _by_staff(work)
    done = []
    for request in requests:
        chosen = rules_from(request.body)
        newest, _rules = store.rules_in_force(work)
        if request.seen != newest:
            raise Conflict("储值规则刚刚被别人改过，请刷新后再改", code="rules_changed", version=newest)
        store.save_rules(work, newest + 1, chosen)
        work.record(Fact("stored_value.rules_set", "stored_value:rules", {"version": newest + 1}))
        done.append(RulesSet(newest + 1))
    return done
