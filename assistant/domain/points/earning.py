"""What orders earn: brought up to what each order says now, so that any number of tellings in any order ends the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from assistant.base.ids import derive
from assistant.domain import orders
from assistant.domain.orders import Order
from assistant.domain.points import facts, store
from assistant.domain.points.model import EarnRule, Lot, OrderEarning, earned_on
from assistant.domain.points.sheet import Sheet
from assistant.store import Work


def earn_for_orders(work: Work, order_ids: Sequence[str]) -> list[OrderEarning]:
    """Earns for paid orders, dates the lots of received ones, takes back for refunded and closed ones. Needs no key.

    Pending at payment, available ``wait_days`` after receipt. Orders that nobody owns yet are left out.
    """
    found = {number: order for number, order in orders.many(work, order_ids).items() if order.member_id and order.status != "created"}
    if not found:
        return []
    sheet = store.open_sheet(work, {order.member_id for order in found.values()}, [_lot_id(number) for number in found])
    if not work.is_sqlite:
        # Another unit may have changed the orders while this one waited for the members' rows.
        found = {number: order for number, order in orders.many(work, found.keys()).items() if order.member_id}
    earnings = store.earnings(work, found.keys())
    sheet.refresh()
    rule = store.rule_of(work)
    changed = []
    for number in sorted(found, key=lambda one: (found[one].paid_at or work.now, one)):
        order = found[number]
        earning = earnings.get(number) or OrderEarning(number, order.member_id, rule.per_yuan)
        if _settle(work, sheet, order, earning, rule):
            changed.append(earning)
    sheet.refresh()
    store.close_sheet(work, sheet)
    store.save_earnings(work, changed)
    return changed


def _settle(work: Work, sheet: Sheet, order: Order, earning: OrderEarning, rule: EarnRule) -> bool:
    target = earned_on(order.net_fen, earning.per_yuan)
    lot = sheet.lots.get(earning.lot_id)
    dated = lot is not None and _date(sheet, lot, order, rule)
    delta = target - earning.earned
    if delta > 0:
        if lot is None:
            lot = _new_lot(work, order, target, rule)
            sheet.grant(lot, f"订单 {order.order_no} 已付款，待生效")
        else:
            lot.amount += delta
            sheet.raise_by(lot, delta, f"订单 {order.order_no} 金额更新，补发", work.now)
        work.record(facts.happened("earned", lot.member_id, delta, order_id=order.id, order_no=order.order_no))
    elif delta < 0 and lot is not None:
        taken = sheet.take_back(lot, -delta, _why(order))
        work.record(facts.happened("reversed", lot.member_id, taken, order_id=order.id, order_no=order.order_no))
    if delta and lot is not None:
        earning.earned, earning.lot_id = target, lot.id
        earning.version += 1
    return bool(delta) or dated


def _new_lot(work: Work, order: Order, amount: int, rule: EarnRule) -> Lot:
    available, expires = _dates(order, rule)
    return Lot(
        id=_lot_id(order.id),
        member_id=order.member_id,
        amount=amount,
        remaining=0,
        state="pending",
        source=f"订单 {order.order_no}",
        granted_at=order.paid_at or work.now,
        available_at=available,
        expires_at=expires,
        order_id=order.id,
        order_no=order.order_no,
    )


def _lot_id(order_id: str) -> str:
    return derive("lot", "order", order_id)


def _date(sheet: Sheet, lot: Lot, order: Order, rule: EarnRule) -> bool:
    """Gives a pending lot its dates once the order is received; a lot that is available keeps them."""
    dates = _dates(order, rule)
    if lot.state != "pending" or (lot.available_at, lot.expires_at) == dates:
        return False
    lot.available_at, lot.expires_at = dates
    sheet.touch(lot)
    return True


def _dates(order: Order, rule: EarnRule) -> tuple[datetime | None, datetime | None]:
    if order.status != "finished" or order.finished_at is None:
        return None, None
    available = order.finished_at + timedelta(days=rule.wait_days)
    return available, available + timedelta(days=rule.expire_days)


def _why(order: Order) -> str:
    if order.status == "closed":
        return f"订单 {order.order_no} 已关闭，积分扣回"
    return f"订单 {order.order_no} {'全部' if order.net_fen == 0 else '部分'}退款扣回"
