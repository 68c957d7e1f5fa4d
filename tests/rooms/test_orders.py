"""Orders: whatever arrives in whatever order, once or often, ends the same; refunds wait; buyers are found later."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
import sqlalchemy as sa

from assistant.base.errors import Conflict, Invalid, Refused
from assistant.base.principal import system
from assistant.domain import members, orders
from assistant.domain.members import Bind, Identity, Profile, Register
from assistant.domain.orders import Claim, Item, Order, OrderUpdate, Refund
from assistant.store import Store, fact
from tests.conftest import NOON

ME = system("test")
BUYER = Identity("taobao", "t_1")
SOCKS = Item("s1", "纯棉袜", "袜子", 2, 3000)
BRA = Item("b1", "无钢圈文胸", "文胸", 1, 9900)


def update(status: Any, hours: int, order_no: str = "T1", **more: Any) -> OrderUpdate:
    values = {"shop": "棉语旗舰店", "paid_fen": 12900, "total_fen": 13900, "buyer": BUYER, **more}
    return OrderUpdate(
        f"{order_no}:{status}:{hours}", "taobao", order_no=order_no, event_time=NOON + timedelta(hours=hours), status=status, **values
    )


def refund(fen: int, number: str = "R1", order_no: str = "T1", final: bool = True, hours: int = 50) -> Refund:
    return Refund(f"{order_no}:{number}:{fen}:{final}", "taobao", order_no, number, fen, NOON + timedelta(hours=hours), final)


def hear(store: Store, *said: OrderUpdate | Refund) -> None:
    for one in said:
        if isinstance(one, Refund):
            store.do(orders.refund, [one], ME)
        else:
            store.do(orders.intake, [one], ME)


def order(store: Store, order_no: str = "T1") -> Order:
    found = store.look(orders.get, "taobao", order_no)
    assert found is not None
    return found


def facts(store: Store) -> list[str]:
    return [row.name for row in store.look(lambda view: view.all(sa.select(fact).order_by(fact.c.id))) if row.name.startswith("orders.")]


def join(store: Store, key: str = "m", *identities: Identity) -> str:
    return str(store.do(members.register, [Register(key, key, identities, Profile())], ME)[0].member_id)


def feature(store: Store, name: str, **arguments: Any) -> dict[str, Any]:
    chosen = next(item for item in orders.FEATURES if item.name == name)
    found: dict[str, Any] = {}
    for row in store.look(lambda view: view.all(chosen.select(view.now, arguments))):
        found[row.member_id] = sorted([*found.get(row.member_id, []), row.value]) if chosen.kind == "texts" else row.value
    return found


def test_an_order_walks_through_its_states_and_says_each_once(store: Store) -> None:
    member = join(store, "m", BUYER)
    hear(store, update("created", 0), update("paid", 1, items=(SOCKS, BRA)), update("shipped", 5), update("finished", 40), refund(3000))
    known = order(store)
    assert (known.status, known.member_id, known.items, known.refund_fen, known.net_fen) == ("finished", member, (SOCKS, BRA), 3000, 9900)
    assert (known.created_at, known.paid_at, known.finished_at) == (NOON, NOON + timedelta(hours=1), NOON + timedelta(hours=40))
    assert facts(store) == ["orders.paid", "orders.shipped", "orders.finished", "orders.refunded"]


def test_all_arrivals_of_four_words_with_repetition_end_alike(store: Store) -> None:
    words: list[OrderUpdate | Refund] = [
        update("paid", 1, items=(SOCKS,), paid_fen=3000, shop="旧店名"),
        update("finished", 40, items=(SOCKS, BRA)),
        update("shipped", 5, paid_fen=0, shop="", buyer=None),
        refund(20000),
    ]
    ends = set()
    for number, chosen in enumerate(permutations(words)):
        arrival = [*chosen, chosen[number % 4], chosen[0]]
        hear(store, *(replace(one, order_no=f"T{number}", key=f"{number}:{n}") for n, one in enumerate(arrival)))
        ends.add(replace(order(store, f"T{number}"), id="", order_no=""))
    assert len(ends) == 1
    (end,) = ends
    assert (end.status, end.shop, end.paid_fen, end.refund_fen, end.items) == ("finished", "棉语旗舰店", 12900, 12900, (SOCKS, BRA))


def test_all_words_in_one_set_end_like_one_by_one(store: Store) -> None:
    hear(store, update("created", 0), update("paid", 1), update("finished", 9))
    store.do(orders.intake, [update("finished", 9, "T2"), update("created", 0, "T2"), update("paid", 1, "T2")], ME)
    assert replace(order(store, "T2"), id="", order_no="") == replace(order(store), id="", order_no="")


def test_sixteen_arrivals_at_once_end_like_any_order(store: Store) -> None:
    words = [update(status, hours) for hours, status in enumerate(["created", "paid", "shipped", "finished"])]

    async def together() -> None:
        await asyncio.gather(*(store.write(orders.intake, [replace(words[n % 4], key=f"k{n}")], ME) for n in range(16)))

    asyncio.run(together())
    assert order(store).status == "finished"
    assert facts(store).count("orders.paid") == 1


def test_a_refund_that_comes_first_waits_for_its_order(store: Store) -> None:
    assert store.do(orders.refund, [refund(3000)], ME)[0].order_id == ""
    assert store.look(orders.get, "taobao", "T1") is None
    assert store.look(orders.by_number, "T1") == []
    hear(store, update("paid", 1))
    assert order(store).refund_fen == 3000
    assert facts(store) == ["orders.paid", "orders.refunded"]


def test_refunds_add_up_by_number_and_never_above_what_was_paid(store: Store) -> None:
    hear(store, update("paid", 1), refund(5000), refund(5000, "R2"), refund(4000, "R2", hours=60), refund(9000, "R3", final=False))
    assert order(store).refund_fen == 9000
    hear(store, refund(9000, "R3", hours=70))
    assert (order(store).refund_fen, order(store).net_fen) == (12900, 0)


def test_a_late_early_stage_of_a_refund_takes_nothing_back(store: Store) -> None:
    hear(store, update("paid", 1), refund(5000, hours=50), refund(4000, final=False, hours=90))
    assert order(store).refund_fen == 5000


def test_a_closed_order_counts_for_nothing_however_it_came_to_be(store: Store) -> None:
    hear(store, update("closed", 9), update("paid", 1))
    assert (order(store).status, order(store).net_fen) == ("closed", 0)
    assert facts(store) == ["orders.closed"]


def test_an_unknown_buyers_order_waits_and_is_matched_when_the_identity_appears(store: Store) -> None:
    hear(store, update("paid", 1))
    member = join(store, "m")
    assert store.do(orders.match, [member], ME) == []
    store.do(members.bind, [Bind("b", member, BUYER)], ME)
    assert store.do(orders.match, [member], ME) == [order(store).id]
    assert store.do(orders.match, [member], ME) == []
    assert order(store).member_id == member
    assert facts(store) == ["orders.paid", "orders.matched"]
    assert [one.order_no for one in store.look(orders.of_member, member, 5)] == ["T1"]


def test_a_sweep_matches_what_was_bound_in_the_same_moment(store: Store) -> None:
    hear(store, update("paid", 1), update("paid", 1, "T2", buyer=Identity("jd", "x")))
    member = join(store, "m", BUYER)
    assert store.do(lambda work, _none: orders.match_waiting(work), None, ME) == [order(store).id]
    assert order(store).member_id == member


def test_a_member_claims_an_order_by_its_number_once(store: Store) -> None:
    hear(store, update("paid", 1))
    one, other = join(store, "m1"), join(store, "m2")
    assert store.do(orders.claim, [Claim("c", one, " T1 ")], ME)[0].member_id == one
    with pytest.raises(Refused) as taken:
        store.do(orders.claim, [Claim("d", other, "T1")], ME)
    with pytest.raises(Refused) as unknown:
        store.do(orders.claim, [Claim("e", other, "T9")], ME)
    assert taken.value.code == unknown.value.code == "no_order"
    assert taken.value.say == unknown.value.say


def test_one_order_claimed_by_many_at_once_goes_to_one(store: Store) -> None:
    hear(store, update("paid", 1))

    async def together() -> list[object]:
        writes = [store.write(orders.claim, [Claim(f"c{n}", f"member_{n}", "T1")], ME) for n in range(8)]
        return await asyncio.gather(*writes, return_exceptions=True)

    assert sum(isinstance(result, list) for result in asyncio.run(together())) == 1


def test_one_key_with_other_words_is_a_conflict_and_nonsense_is_invalid(store: Store) -> None:
    hear(store, update("paid", 1))
    with pytest.raises(Conflict):
        hear(store, replace(update("paid", 1), paid_fen=1))
    for bad in (update("paid", 2, paid_fen=-1), update("paid", 3, order_no=""), update("gone", 4)):
        with pytest.raises(Invalid):
            hear(store, bad)
    with pytest.raises(Invalid):
        hear(store, refund(0))


def test_features_describe_a_buyer_net_of_refunds(store: Store) -> None:
    member = join(store, "m", BUYER)
    hear(
        store,
        update("finished", -24 * 10, items=(SOCKS, BRA)),
        update("paid", -24 * 70, "T2", items=(SOCKS,), paid_fen=3000, shop="直播店"),
    )
    hear(store, update("paid", -24, "T3"), refund(12900, order_no="T3"), update("created", -1, "T4"), refund(1290))
    assert feature(store, "order_count") == {member: 2}
    assert feature(store, "order_count", within_days=30) == {member: 1}
    assert feature(store, "order_count", category="文胸") == {member: 1}
    assert feature(store, "order_amount") == {member: 12900 - 1290 + 3000}
    assert feature(store, "order_amount", shop="直播店") == {member: 3000}
    assert feature(store, "order_amount", category="袜子", within_days=30) == {member: 2700}
    assert feature(store, "category") == {member: ["文胸", "袜子"]}
    assert feature(store, "category", within_days=5) == {}
    assert feature(store, "shop") == {member: ["棉语旗舰店", "直播店"]}
    assert feature(store, "days_since_last_order") == {member: 10}
    assert feature(store, "last_order_at") == {member: NOON - timedelta(days=10)}
    assert feature(store, "first_order_at") == {member: NOON - timedelta(days=70)}
    assert feature(store, "product") == {member: ["无钢圈文胸", "纯棉袜"]}
    assert feature(store, "live_room") == {}
