"""Check-in and the points mall, on both databases."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from assistant.base.clock import ManualClock
from assistant.base.errors import Forbidden, Invalid, LaoyouError, Refused
from assistant.base.principal import Principal, system
from assistant.domain import activities, points
from assistant.domain.activities import CancelRedeem, CheckIn, Fulfil, Redeem, StockItem
from assistant.store import Store

ME = system("test")


def stocked(store: Store, stock: int = 5, per_member: int = 0, price: int = 300, key: str = "s") -> None:
    store.do(activities.stock_mall, [StockItem(key, "sock", "纯棉袜一双", price, stock, per_member)], ME)


def rich(store: Store, member: str = "m1", amount: int = 1000) -> None:
    store.do(points.grant, [points.Grant(f"rich:{member}", member, amount, "赠送")], ME)


def available(store: Store, member: str = "m1") -> int:
    return store.look(points.balance, [member])[member].available


def refusal(store: Store, request: Redeem) -> str:
    with pytest.raises(LaoyouError) as refused:
        store.do(activities.redeem, [request], ME)
    return refused.value.code


def test_seven_days_in_a_row_bring_a_bonus_and_a_gap_begins_anew(store: Store, clock: ManualClock) -> None:
    got = []
    for day in range(9):
        if day == 8:
            clock.advance(timedelta(days=1))
        got.append(store.do(activities.check_in, [CheckIn(f"c{day}", "m1")], ME)[0])
        clock.advance(timedelta(days=1))
    assert [(one.points, one.streak) for one in got] == [*((5, n) for n in range(1, 7)), (25, 7), (5, 8), (5, 1)]
    assert available(store) == 65
    assert store.look(activities.streak, "m1") == 1
    clock.advance(timedelta(days=1))
    assert store.look(activities.streak, "m1") == 0


def test_the_day_is_the_day_in_shanghai(store: Store, clock: ManualClock) -> None:
    first = store.do(activities.check_in, [CheckIn("a", "m1")], ME)[0]
    clock.advance(timedelta(hours=11, minutes=59))
    again = store.do(activities.check_in, [CheckIn("b", "m1")], ME)[0]
    clock.advance(timedelta(minutes=1))
    second = store.do(activities.check_in, [CheckIn("c", "m1")], ME)[0]
    assert (again.day, again.already, second.streak) == (first.day, True, 2)
    assert available(store) == 10


def test_sixteen_check_ins_at_once_are_one_each_of_five_days(store: Store, clock: ManualClock) -> None:
    for day in range(5):

        async def together(day: int = day) -> list[list[activities.CheckedIn]]:
            return await asyncio.gather(*(store.write(activities.check_in, [CheckIn(f"c{day}:{n}", "m1")], ME) for n in range(16)))

        assert sum(not one[0].already for one in asyncio.run(together())) == 1
        assert available(store) == 5 * (day + 1)
        clock.advance(timedelta(days=1))


def test_the_last_one_goes_to_one_of_sixteen(store: Store) -> None:
    stocked(store, stock=3)
    for n in range(16):
        rich(store, f"m{n}")

    async def together() -> list[object]:
        wishes = [store.write(activities.redeem, [Redeem(f"r{n}", f"m{n}", "sock", 1, 300)], ME) for n in range(16)]
        return await asyncio.gather(*wishes, return_exceptions=True)

    results = asyncio.run(together())
    assert sum(isinstance(result, list) for result in results) == 3
    assert {result.code for result in results if isinstance(result, LaoyouError)} == {"out_of_stock"}
    assert store.look(activities.items)[0].stock == 0
    assert sum(available(store, f"m{n}") for n in range(16)) == 16 * 1000 - 900


def test_one_members_sixteen_wishes_keep_the_limit_and_the_balance(store: Store) -> None:
    stocked(store, stock=50, per_member=2)
    rich(store)

    async def together() -> list[object]:
        wishes = [store.write(activities.redeem, [Redeem(f"r{n}", "m1", "sock", 1, 300)], ME) for n in range(16)]
        return await asyncio.gather(*wishes, return_exceptions=True)

    results = asyncio.run(together())
    assert sum(isinstance(result, list) for result in results) == 2
    assert {result.code for result in results if isinstance(result, LaoyouError)} == {"limit_reached"}
    assert (available(store), store.look(activities.items)[0].stock) == (400, 48)


def test_what_is_refused_takes_neither_points_nor_stock(store: Store) -> None:
    stocked(store)
    rich(store, amount=299)
    assert refusal(store, Redeem("a", "m1", "sock", 1, 300)) == "insufficient"
    assert refusal(store, Redeem("b", "m1", "sock", 1, 200)) == "price_changed"
    assert refusal(store, Redeem("c", "m1", "sock", 9, 2700)) == "out_of_stock"
    assert refusal(store, Redeem("d", "m1", "hat", 1, 300)) == "no_item"
    assert refusal(store, Redeem("e", "m1", "sock", 0, 0)) == "bad_quantity"
    assert refusal(store, Redeem("f", "m1", "sock", -1, -300)) == "bad_quantity"
    assert (available(store), store.look(activities.items)[0].stock) == (299, 5)


def test_a_cancelled_redemption_gives_points_and_stock_back_once(store: Store) -> None:
    stocked(store, per_member=2)
    rich(store)
    done = store.do(activities.redeem, [Redeem("r", "m1", "sock", 2, 600)], ME)[0]
    assert (done.points, done.available) == (600, 400)
    before = store.look(points.lots, "m1")

    async def together() -> list[object]:
        request = [store.write(activities.cancel_redeem, [CancelRedeem(f"c{n}", done.redemption_id)], ME) for n in range(8)]
        return await asyncio.gather(*request, return_exceptions=True)

    results = asyncio.run(together())
    assert sum(isinstance(result, list) for result in results) == 1
    assert (available(store), store.look(activities.items)[0].stock) == (1000, 5)
    assert [lot.expires_at for lot in store.look(points.lots, "m1")] == [lot.expires_at for lot in before]
    assert store.do(activities.redeem, [Redeem("again", "m1", "sock", 2, 600)], ME)


def test_what_was_sent_cannot_be_cancelled_and_members_touch_only_their_own(store: Store) -> None:
    stocked(store)
    rich(store)
    number = store.do(activities.redeem, [Redeem("r", "m1", "sock", 1, 300)], Principal("member", "m1"))[0].redemption_id
    with pytest.raises(Forbidden):
        store.do(activities.cancel_redeem, [CancelRedeem("c1", number)], Principal("member", "m2"))
    with pytest.raises(Forbidden):
        store.do(activities.fulfil, [Fulfil("f1", number)], Principal("member", "m1"))
    with pytest.raises(Forbidden):
        store.do(activities.check_in, [CheckIn("x", "m1")], Principal("member", "m2"))
    assert [one.id for one in store.look(activities.to_fulfil)] == [number]
    store.do(activities.fulfil, [Fulfil("f2", number, "SF123")], ME)
    with pytest.raises(Refused):
        store.do(activities.cancel_redeem, [CancelRedeem("c2", number)], ME)
    assert [(one.state, one.note) for one in store.look(activities.redemptions_of, "m1")] == [("fulfilled", "SF123")]
    with pytest.raises(Invalid):
        store.do(activities.fulfil, [Fulfil("f3", "nothing")], ME)


def test_an_item_stocked_again_is_replaced(store: Store) -> None:
    stocked(store)
    stocked(store, stock=9, price=200, key="s2")
    assert [(item.points, item.stock) for item in store.look(activities.items)] == [(200, 9)]
    for n, bad in enumerate((StockItem("x", "", "t", 1, 1), StockItem("x", "i", "t", 0, 1), StockItem("x", "i", "t", 1, -1))):
        with pytest.raises(Invalid):
            store.do(activities.stock_mall, [StockItem(f"x{n}", bad.item, bad.title, bad.points, bad.stock)], ME)
