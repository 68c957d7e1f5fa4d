"""Timed exchange and flash sale: never more than there is, points and stock move together, and go back together."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from assistant.base.errors import Forbidden, Invalid, LaoyouError, Refused
from assistant.base.principal import Principal
from assistant.domain import activities, benefits, ledger, points
from assistant.domain.activities import Buy, Joined, Settle
from assistant.store import Store
from tests.support.fair import ME, available, body, launch, rich

SALE = body("flash_sale", title="周五秒杀睡衣", stock=3, points=100, limits={"member": 2})


def buy(store: Store, member: str = "m1", key: str = "b", quantity: int = 1, cost: int = 100, name: str = "my_flash_sale") -> Joined:
    return store.do(activities.buy, [Buy(key, member, name, quantity, cost)], ME)[0]  # type: ignore[no-any-return]


def together(store: Store, requests: list[Buy]) -> list[Any]:
    async def all_at_once() -> list[Any]:
        return await asyncio.gather(*(store.write(activities.buy, [one], ME) for one in requests), return_exceptions=True)

    return asyncio.run(all_at_once())


@pytest.mark.parametrize("round_", range(5))
@pytest.mark.parametrize("kind", ["flash_sale", "exchange"])
def test_sixteen_hands_on_the_last_three_leave_thirteen_empty(store: Store, kind: str, round_: int) -> None:
    launch(store, SALE | {"kind": kind})
    ids = [f"r{round_}m{n}" for n in range(16)]
    rich(store, *ids)
    results = together(store, [Buy(f"b{one}", one, "my_flash_sale", 1, 100) for one in ids])
    assert sum(isinstance(one, list) for one in results) == 3
    assert {one.code for one in results if isinstance(one, LaoyouError)} == {"out_of_stock"}
    assert sum(available(store, one) for one in ids) == 16 * 1000 - 300
    assert store.look(activities.stock, "my_flash_sale")["goods"].left == 0
    assert store.look(ledger.drift) == {}


def test_one_member_at_sixteen_keeps_to_the_limit(store: Store) -> None:
    launch(store, SALE | {"stock": 50})
    rich(store, "m1")
    results = together(store, [Buy(f"b{n}", "m1", "my_flash_sale", 1, 100) for n in range(16)])
    assert sum(isinstance(one, list) for one in results) == 2
    assert {one.code for one in results if isinstance(one, LaoyouError)} == {"limit_reached"}
    assert available(store) == 800


def test_the_same_submission_twice_buys_once(store: Store) -> None:
    launch(store, SALE)
    rich(store, "m1")
    results = together(store, [Buy("same", "m1", "my_flash_sale", 1, 100)] * 16)
    assert len({one[0].entry_id for one in results}) == 1
    assert (available(store), store.look(activities.stock, "my_flash_sale")["goods"].taken) == (900, 1)


@pytest.mark.parametrize(
    ("member", "quantity", "cost", "code"),
    [
        ("m1", 1, 99, "price_changed"),
        ("m1", 3, 300, "limit_reached"),
        ("m1", 0, 0, "bad_quantity"),
        ("m1", -1, -100, "bad_quantity"),
        ("poor", 1, 100, "insufficient"),
    ],
)
def test_what_is_refused_changes_nothing(store: Store, member: str, quantity: int, cost: int, code: str) -> None:
    launch(store, SALE)
    rich(store, "m1")
    with pytest.raises((Refused, Invalid)) as refused:
        buy(store, member, quantity=quantity, cost=cost)
    assert refused.value.code == code
    assert (available(store), store.look(activities.stock, "my_flash_sale")["goods"].taken) == (1000, 0)
    assert store.look(activities.my_entries, member) == []


def test_a_cancelled_order_gives_stock_limit_and_the_original_lots_back_once(store: Store) -> None:
    launch(store, SALE | {"limits": {"member": 2, "total": 3}})
    rich(store, "m1")
    before = store.look(points.lots, "m1")
    entry = buy(store, quantity=2, cost=200).entry_id
    with pytest.raises(Forbidden):
        store.do(activities.settle, [Settle("c0", entry, "cancelled")], Principal("member", "m2"))
    with pytest.raises(Forbidden):
        store.do(activities.settle, [Settle("c1", entry, "fulfilled")], Principal("member", "m1"))

    async def at_once() -> list[Any]:
        me = Principal("member", "m1")
        asked = (store.write(activities.settle, [Settle(f"x{n}", entry, "cancelled")], me) for n in range(8))
        return await asyncio.gather(*asked, return_exceptions=True)

    assert sum(isinstance(one, list) for one in asyncio.run(at_once())) == 1
    after = store.look(points.lots, "m1")
    assert [(lot.id, lot.remaining, lot.expires_at) for lot in after] == [(lot.id, lot.remaining, lot.expires_at) for lot in before]
    stock = store.look(activities.stock, "my_flash_sale")
    assert (stock["goods"].taken, stock["places"].taken) == (0, 0)
    assert buy(store, key="again", quantity=2, cost=200).state == "placed"


def test_what_was_sent_stays_sent(store: Store) -> None:
    launch(store, SALE)
    rich(store, "m1")
    entry = buy(store).entry_id
    assert [one.id for one in store.look(activities.to_settle, "my_flash_sale")] == [entry]
    store.do(activities.settle, [Settle("f", entry, "fulfilled", "SF123")], ME)
    for to in ("cancelled", "fulfilled"):
        with pytest.raises(Refused):
            store.do(activities.settle, [Settle(f"x{to}", entry, to)], ME)  # type: ignore[arg-type]
    assert [(one.state, one.note) for one in store.look(activities.my_entries, "m1")] == [("fulfilled", "SF123")]


def test_benefits_are_given_at_once_and_codes_run_out_before_points_are_taken(store: Store) -> None:
    store.do(benefits.load_codes, [benefits.LoadCodes("l", "影院券", ("C1", "C2"))], ME)
    gift = [{"kind": "coupon", "name": "影院券", "value_fen": 3000}]
    launch(store, SALE | {"stock": 9, "rewards": gift, "limits": {}})
    rich(store, "m1")
    done = buy(store, quantity=2, cost=200)
    assert (done.state, done.rewards) == ("fulfilled", ("影院券", "影院券"))
    assert sorted(one.code for one in store.look(benefits.coupons_of, "m1")) == ["C1", "C2"]
    with pytest.raises(Refused) as refused:
        buy(store, key="third")
    assert refused.value.code == "rewards_out"
    assert (available(store), store.look(activities.stock, "my_flash_sale")["goods"].taken) == (800, 2)
