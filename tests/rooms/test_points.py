"""Points: earned once, pending then available, spent in order, taken back exactly, never in two places."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from assistant.base.clock import ManualClock
from assistant.base.errors import Conflict, Forbidden, Refused
from assistant.base.principal import Principal, system
from assistant.domain import ledger, orders, points
from assistant.domain.orders import OrderUpdate, Refund
from assistant.domain.points import Grant, OpenBalance, PointsBalance, RefundSpend, Spend
from assistant.store import Store
from tests.conftest import NOON
from tests.rooms.points_help import put_live

ME = system("test")
ANNA = "member_anna"
DAY = timedelta(days=1)


def said(status: Any, fen: int = 12999, days: int = 0, order_no: str = "T1", member: str = ANNA) -> OrderUpdate:
    key = f"{order_no}:{status}:{fen}:{days}"
    return OrderUpdate(key, "taobao", "店", order_no, NOON + days * DAY, status, fen, fen, member_id=member)


def refunded(fen: int, number: str = "R1", order_no: str = "T1") -> Refund:
    return Refund(f"{order_no}:{number}:{fen}", "taobao", order_no, number, fen, NOON)


def tell(store: Store, *words: OrderUpdate | Refund) -> None:
    """Takes each word in and settles its order, as the reaction does."""
    for word in words:
        taken = store.do(orders.refund, [word], ME) if isinstance(word, Refund) else store.do(orders.intake, [word], ME)
        store.do(points.earn_for_orders, [one.order_id for one in taken if one.order_id], ME)


def held(store: Store, member: str = ANNA) -> tuple[int, int]:
    balance: PointsBalance = store.look(points.balance, [member])[member]
    return balance.pending, balance.available


def give(store: Store, amount: int, key: str = "g", expires_in: int | None = None) -> str:
    expires = store.clock.now() + expires_in * DAY if expires_in else None
    return str(store.do(points.grant, [Grant(key, ANNA, amount, "测试赠送", expires_at=expires)], ME)[0].lot_id)


def spend(store: Store, amount: int, key: str = "s") -> points.Spent:
    spent: points.Spent = store.do(points.spend, [Spend(key, ANNA, amount, "兑换袜子")], ME)[0]
    return spent


def sound(store: Store) -> bool:
    """The book sums to zero, agrees with the lots, and the history adds up to the balance."""
    members = [ANNA]
    book = store.look(ledger.balances, [ledger.Account(f"member:{ANNA}", "points", pocket) for pocket in ("pending", "available")])
    lots = [lot for member in members for lot in store.look(points.lots, member)]
    pending = sum(lot.remaining for lot in lots if lot.state == "pending")
    available = sum(lot.remaining for lot in lots if lot.state == "available")
    booked = book[ledger.Account(f"member:{ANNA}", "points", "available")]
    changes = sum(entry.change for entry in store.look(points.history, ANNA, 1000))
    return (
        set(store.look(ledger.totals).values()) <= {0}
        and store.look(ledger.drift) == {}
        and book[ledger.Account(f"member:{ANNA}", "points", "pending")] == pending
        and available == max(0, booked)
        and changes == pending + booked
    )


def test_an_order_paid_twice_earns_once_floored_and_pending(store: Store) -> None:
    tell(store, said("paid"), said("paid", days=1))
    assert held(store) == (129, 0)
    entry = store.look(points.history, ANNA, 5)[0]
    assert (entry.change, entry.reason, entry.order_no) == (129, "订单 T1 已付款，待生效", "T1")
    assert sound(store)


def test_points_become_available_seven_days_after_receipt(store: Store, clock: ManualClock) -> None:
    tell(store, said("paid"), said("finished", days=2))
    clock.advance(9 * DAY - timedelta(seconds=1))
    assert (store.do(lambda work, _none: points.mature(work), None, ME), held(store)) == (0, (129, 0))
    clock.advance(timedelta(seconds=1))
    assert held(store) == (0, 129)
    assert store.do(lambda work, _none: points.mature(work), None, ME) == 129
    assert held(store) == (0, 129)
    assert store.look(points.lots, ANNA)[0].expires_at == NOON + (2 + 7 + 365) * DAY
    assert sound(store)


def test_an_old_order_imported_late_is_available_at_once_and_an_older_one_is_gone(store: Store) -> None:
    tell(store, said("finished", days=-30), said("finished", days=-500, order_no="T2"))
    assert held(store) == (0, 129)
    assert sound(store)


def test_points_are_lost_at_their_expiry_even_before_the_sweep(store: Store, clock: ManualClock) -> None:
    give(store, 100, "a", expires_in=10)
    give(store, 50, "b", expires_in=40)
    expiring = store.look(points.expiring, [ANNA], 30)[ANNA]
    assert (expiring.amount, expiring.first_at) == (100, NOON + 10 * DAY)
    clock.advance(10 * DAY)
    assert held(store) == (0, 50)
    with pytest.raises(Refused):
        spend(store, 51)
    assert store.do(lambda work, _none: points.expire(work), None, ME) == 100
    assert store.do(lambda work, _none: points.expire(work), None, ME) == 0
    assert held(store) == (0, 50)
    assert sound(store)


def test_spending_takes_earliest_expiry_then_earliest_grant(store: Store, clock: ManualClock) -> None:
    late = give(store, 100, "late", expires_in=90)
    clock.advance(DAY)
    soon = give(store, 30, "soon", expires_in=10)
    same = give(store, 100, "same", expires_in=89)
    spent = spend(store, 150)
    assert [(part.lot_id, part.amount) for part in spent.lots] == [(soon, 30), (late, 100), (same, 20)]
    assert (spent.available, held(store)) == (80, (0, 80))
    assert spend(store, 150) == spent
    assert sound(store)


def test_pending_points_cannot_be_spent_and_nobody_spends_for_another(store: Store) -> None:
    tell(store, said("paid"))
    with pytest.raises(Refused) as refused:
        spend(store, 1)
    assert refused.value.code == "insufficient"
    with pytest.raises(Forbidden):
        store.do(points.spend, [Spend("x", ANNA, 1, "偷")], Principal("member", "member_bell"))


def test_sixteen_spends_at_once_never_overspend(store: Store) -> None:
    give(store, 60, "a", expires_in=5)
    give(store, 40, "b", expires_in=9)

    async def together() -> list[object]:
        writes = [store.write(points.spend, [Spend(f"s{n}", ANNA, 15, "兑换")], ME) for n in range(16)]
        return await asyncio.gather(*writes, return_exceptions=True)

    results = asyncio.run(together())
    assert sum(isinstance(result, list) for result in results) == 6
    assert all(isinstance(result, (list, Refused)) for result in results)
    assert held(store) == (0, 10)
    assert sound(store)


def test_one_spend_sixteen_times_at_once_is_one_spend(store: Store) -> None:
    give(store, 100)

    async def together() -> list[Any]:
        return await asyncio.gather(*(store.write(points.spend, [Spend("same", ANNA, 15, "兑换")], ME) for _ in range(16)))

    assert len({result[0].spend_id for result in asyncio.run(together())}) == 1
    assert held(store) == (0, 85)


def test_a_returned_spend_goes_back_to_its_lots_with_their_expiry_or_a_grace(store: Store, clock: ManualClock) -> None:
    soon, late = give(store, 30, "a", expires_in=10), give(store, 100, "b", expires_in=90)
    spent = spend(store, 50)
    clock.advance(20 * DAY)
    store.do(points.refund_spend, [RefundSpend("r", spent.spend_id)], ME)
    store.do(points.refund_spend, [RefundSpend("r", spent.spend_id)], ME)
    with pytest.raises(Conflict):
        store.do(points.refund_spend, [RefundSpend("r2", spent.spend_id)], ME)
    lots = {lot.id: (lot.remaining, lot.expires_at) for lot in store.look(points.lots, ANNA)}
    assert lots == {soon: (30, NOON + 50 * DAY), late: (100, NOON + 90 * DAY)}
    assert held(store) == (0, 130)
    assert sound(store)


def test_a_partial_refund_takes_pending_first_and_the_parts_sum_exactly(store: Store) -> None:
    tell(store, said("paid", fen=10000), refunded(3333, "R1"))
    assert held(store) == (66, 0)
    tell(store, refunded(3333, "R2"))
    assert held(store) == (33, 0)
    tell(store, refunded(3334, "R3"))
    assert held(store) == (0, 0)
    assert "全部退款扣回" in store.look(points.history, ANNA, 1)[0].reason
    assert "部分退款扣回" in store.look(points.history, ANNA, 2)[1].reason
    assert sound(store)


def test_a_refund_after_spending_takes_other_points_then_makes_a_debt_that_blocks_spending(store: Store) -> None:
    tell(store, said("finished", fen=10000, days=-8))
    spend(store, 100)
    give(store, 30)
    tell(store, refunded(10000))
    assert held(store) == (0, -70)
    with pytest.raises(Refused) as refused:
        spend(store, 1, "s2")
    assert refused.value.code == "points_negative"
    give(store, 100, "later")
    assert held(store) == (0, 30)
    assert spend(store, 30, "s3").available == 0
    assert sound(store)


def test_points_lost_by_time_are_not_taken_a_second_time_by_a_refund(store: Store) -> None:
    tell(store, said("finished", fen=10000, days=-400))
    give(store, 30)
    assert held(store) == (0, 30)
    tell(store, refunded(10000))
    assert held(store) == (0, 30)
    assert sound(store)


def test_all_arrivals_of_an_orders_words_earn_alike(store: Store) -> None:
    ends = set()
    for number, words in enumerate(permutations([0, 1, 2, 3])):
        member = f"member_{number}"
        no = f"T{number}"
        made: list[OrderUpdate | Refund] = [
            said("paid", 10050, -20, no, member),
            said("finished", 10050, -10, no, member),
            refunded(2525, "R1", no),
            refunded(1000, "R2", no),
        ]
        tell(store, *(made[n] for n in words), made[words[0]])
        ends.add((held(store, member), tuple(store.look(points.earned_by_order, [orders_id(store, no)]).values())))
    assert ends == {((0, 65), (65,))}
    assert set(store.look(ledger.totals).values()) == {0}


def orders_id(store: Store, order_no: str) -> str:
    found = store.look(orders.get, "taobao", order_no)
    assert found is not None
    return found.id


def test_one_order_settled_sixteen_times_at_once_earns_once(store: Store) -> None:
    taken = store.do(orders.intake, [said("paid"), said("paid", 5000, order_no="T2")], ME)
    ids = [one.order_id for one in taken]

    async def together() -> None:
        await asyncio.gather(*(store.write(points.earn_for_orders, ids if n % 2 else ids[::-1], ME) for n in range(16)))

    asyncio.run(together())
    assert held(store) == (179, 0)
    assert sound(store)


def test_a_closed_order_gives_everything_back_and_an_unmatched_one_waits(store: Store) -> None:
    tell(store, said("paid"), said("closed", days=1), said("paid", order_no="T2", member=""))
    assert held(store) == (0, 0)
    assert sound(store)


def test_an_opening_balance_keeps_its_dates_and_comes_once(store: Store, clock: ManualClock) -> None:
    request = OpenBalance("o", ANNA, 1200, "旧系统转入积分", NOON - 60 * DAY, NOON + 20 * DAY)
    store.do(points.open_balance, [request], ME)
    store.do(points.open_balance, [request], ME)
    assert held(store) == (0, 1200)
    clock.advance(20 * DAY)
    assert held(store) == (0, 0)


def test_a_grant_for_later_is_pending_until_then(store: Store, clock: ManualClock) -> None:
    store.do(points.grant, [Grant("g", ANNA, 10, "活动", available_at=NOON + DAY)], ME)
    assert held(store) == (10, 0)
    clock.advance(DAY)
    assert spend(store, 10).available == 0
    assert sound(store)


def test_a_new_rule_rates_new_orders_and_leaves_old_ones(store: Store) -> None:
    tell(store, said("paid", 10000))
    put_live(store, {"per_hundred": 200})
    tell(store, said("paid", 10000, order_no="T2"), refunded(5000))
    assert held(store) == (50 + 200, 0)


def test_features_show_balances_and_what_expires(store: Store) -> None:
    give(store, 100, "a", expires_in=10)
    give(store, 50, "b", expires_in=60)
    tell(store, said("paid"))
    values = {}
    for feature in points.FEATURES:
        rows = store.look(lambda view, feature=feature: view.all(feature.select(view.now, {"within_days": 30})))
        values[feature.name] = {row.member_id: row.value for row in rows}
    assert values == {"points.available": {ANNA: 150}, "points.pending": {ANNA: 129}, "points.expiring": {ANNA: 100}}


def test_book_and_lots_are_seen_to_agree_with_a_part_of_a_pending_lot_taken_back(store: Store) -> None:
    tell(store, said("paid", fen=10000), refunded(3333))
    assert store.look(points.drift) == {}
