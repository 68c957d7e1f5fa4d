"""What orders earn: brought up to what each order says now, so that any number of tellings in any order ends the same."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from assistant.base.ids import derive
from assistant.domain import membership, orders
from assistant.domain.orders import Order
from assistant.domain.points import facts, rulebook, store
from assistant.domain.points.caps import Who, keys_of
from assistant.domain.points.model import Lot, OrderEarning
from assistant.domain.points.rulebook import Rulebook
from assistant.domain.points.rules import Rules, kept, quote, split
from assistant.domain.points.saying import breakdown
from assistant.domain.points.sheet import Sheet
from assistant.store import Work


def earn_for_orders(work: Work, order_ids: Sequence[str], held: Mapping[str, Order] | None = None) -> list[OrderEarning]:
    """Earns for paid orders, dates the lots of received ones, takes back for refunded and closed ones. Needs no key.

    Pending at payment, available ``wait_days`` after receipt. An order keeps the rules and the tier or paid plan of its first earning.
    Orders that nobody owns yet are left out, those the caller holds until the commit are not read again.
    """
    found = {number: order for number, order in orders.many(work, order_ids, held).items() if order.member_id and order.status != "created"}
    if not found:
        return []
    sheet = store.open_sheet(work, {order.member_id for order in found.values()}, [_lot_id(number) for number in found])
    if not work.is_sqlite:
        # Another unit may have changed the orders while this one waited for the members' rows.
        found = {number: order for number, order in orders.many(work, found.keys(), held).items() if order.member_id}
    settling = _Settling(work, sheet, found)
    sheet.refresh()
    queue = sorted(found.values(), key=lambda order: (order.paid_at or work.now, order.id))
    changed = [earning for order in queue if (earning := settling.settle(order)) is not None]
    sheet.refresh()
    store.close_sheet(work, sheet)
    rulebook.close_room(work, settling.room)
    store.save_earnings(work, changed)
    return changed


class _Settling:
    """One round over some orders: the rules, tiers and plans they go by, and the room that caps have left for them."""

    def __init__(self, work: Work, sheet: Sheet, found: Mapping[str, Order]) -> None:
        self.work = work
        self.sheet = sheet
        self.book = Rulebook(work)
        self.known = store.earnings(work, found.keys())
        self.fresh = found.keys() - self.known.keys()
        fresh = {found[number].member_id for number in self.fresh}
        standings = membership.standings(work, fresh) if self.book.now.standings and fresh else {}
        self.held = {number: self.book.now.held(standing.tier, standing.plan) for number, standing in standings.items()}
        for number, order in found.items():
            self.known.setdefault(number, OrderEarning(number, order.member_id, self.book.live, self.held.get(order.member_id, "")))
        self.homes = self._homes(found.values())
        self.room = rulebook.open_room(
            work,
            [key for order in found.values() for key in keys_of(self._rules(order), self._who(order), self._paid_at(order))],
        )

    def _homes(self, found: Iterable[Order]) -> dict[str, str]:
        if not any(cap.who == "household" for order in found for cap in self._rules(order).caps):
            return {}
        return rulebook.households(self.work, {order.member_id for order in found})

    def _rules(self, order: Order) -> Rules:
        return self.book[self.known[order.id].rule_version]

    def _who(self, order: Order) -> Who:
        return Who(order.member_id, self.homes.get(order.member_id, ""))

    def _paid_at(self, order: Order) -> datetime:
        return order.paid_at or self.work.now

    def settle(self, order: Order) -> OrderEarning | None:
        """Brings one order up to date; None where nothing has changed."""
        earning, rules = self.known[order.id], self._rules(order)
        if not earning.lot_id and order.net_fen == 0:
            return None
        before = earning.counted
        quoted = quote(rules, order, earning.tier, self._paid_at(order))
        parts = quoted.parts()
        granted = self._granted(order, earning, rules, parts)
        delta = kept(quoted, sum(granted.values()), order.net_fen, order.paid_fen) - earning.earned
        lot = self.sheet.lots.get(earning.lot_id)
        dated = lot is not None and _date(self.sheet, lot, order, rules)
        if order.net_fen:
            self.sheet.stir(order.member_id, self._paid_at(order))
        if delta > 0:
            lot = self._raise(order, lot, delta, breakdown(rules, earning.tier, split(earning.earned + delta, granted), self.room.cut))
        elif delta < 0 and lot is not None:
            taken = self.sheet.take_back(lot, -delta, _why(order))
            self.work.record(facts.happened("reversed", lot.member_id, taken, order_id=order.id, order_no=order.order_no))
        if delta and lot is not None:
            earning.earned, earning.lot_id = earning.earned + delta, lot.id
            earning.version += 1
        return earning if delta or dated or order.id in self.fresh or earning.counted != before else None

    def _granted(self, order: Order, earning: OrderEarning, rules: Rules, parts: dict[str, int]) -> dict[str, int]:
        """What the caps leave of each rule's part; what was counted once stays counted, whatever the order says later."""
        self.room.cut = []
        if not rules.caps:
            return parts
        more = {name: part - earning.counted.get(name, 0) for name, part in parts.items() if part > earning.counted.get(name, 0)}
        drawn = self.room.draw(rules, more, self._who(order), self._paid_at(order))
        earning.counted = {name: earning.counted.get(name, 0) + drawn.get(name, 0) for name in {**earning.counted, **drawn}}
        return {name: min(part, earning.counted.get(name, 0)) for name, part in parts.items()}

    def _raise(self, order: Order, lot: Lot | None, delta: int, parts: str) -> Lot:
        if lot is None:
            lot = _new_lot(self.work, order, self._rules(order), delta)
            self.sheet.grant(lot, f"订单 {order.order_no} 已付款，待生效{parts}"[:200])
        else:
            lot.amount += delta
            self.sheet.raise_by(lot, delta, f"订单 {order.order_no} 金额更新，补发", self.work.now)
        self.work.record(facts.happened("earned", lot.member_id, delta, order_id=order.id, order_no=order.order_no))
        return lot


def _new_lot(work: Work, order: Order, rules: Rules, amount: int) -> Lot:
    available, expires = _dates(order, rules)
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
        idle_days=rules.expiry.idle_days,
    )


def _lot_id(order_id: str) -> str:
    return derive("lot", "order", order_id)


def _date(sheet: Sheet, lot: Lot, order: Order, rules: Rules) -> bool:
    """Gives a pending lot its dates once the order is received; a lot that is available keeps them."""
    available, expires = _dates(order, rules)
    if lot.idle_days and expires and lot.expires_at:
        expires = max(expires, lot.expires_at)
    if lot.state != "pending" or (lot.available_at, lot.expires_at) == (available, expires):
        return False
    lot.available_at, lot.expires_at = available, expires
    sheet.touch(lot)
    return True


def _dates(order: Order, rules: Rules) -> tuple[datetime | None, datetime | None]:
    if order.status != "finished" or order.finished_at is None:
        return None, None
    available = order.finished_at + timedelta(days=rules.wait_days)
    return available, rules.expiry.end_of(available)


def _why(order: Order) -> str:
    if order.status == "closed":
        return f"订单 {order.order_no} 已关闭，积分扣回"
    return f"订单 {order.order_no} {'全部' if order.net_fen == 0 else '部分'}退款扣回"
