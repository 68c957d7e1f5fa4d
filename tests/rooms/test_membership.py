"""Growth value counts received orders; tiers rise at once and are never lowered here."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
import sqlalchemy as sa

from assistant.base.errors import Invalid
from assistant.base.principal import system
from assistant.domain import ledger, membership, orders
from assistant.domain.membership import DEFAULT_RULES, AddGrowth, Standing
from assistant.domain.orders import OrderUpdate, Refund
from assistant.store import Store, fact
from tests.conftest import NOON

ME = system("test")
ANNA = "member_anna"


def said(status: Any, fen: int, order_no: str = "T1", member: str = ANNA, days: int = 0) -> OrderUpdate:
    at = NOON + timedelta(days=days)
    return OrderUpdate(f"{order_no}:{status}:{fen}:{days}", "jd", "店", order_no, at, status, fen, fen, member_id=member)


def tell(store: Store, *words: OrderUpdate | Refund) -> None:
    for word in words:
        taken = store.do(orders.refund, [word], ME) if isinstance(word, Refund) else store.do(orders.intake, [word], ME)
        store.do(membership.grow_for_orders, [one.order_id for one in taken if one.order_id], ME)


def standing(store: Store, member: str = ANNA) -> Standing:
    return store.look(membership.standings, [member])[member]


def refunded(fen: int, number: str = "R1", order_no: str = "T1") -> Refund:
    return Refund(f"{order_no}:{number}", "jd", order_no, number, fen, NOON)


def entered(store: Store) -> list[str]:
    rows = store.look(lambda view: view.all(sa.select(fact).where(fact.c.name == "membership.upgraded").order_by(fact.c.id)))
    return [row.payload["tier"] for row in rows]


def test_a_newcomer_stands_at_the_first_tier(store: Store) -> None:
    assert standing(store) == Standing("普通", 0, "银卡", 1000, None)


def test_growth_comes_with_receipt_and_the_tier_at_once(store: Store) -> None:
    tell(store, said("paid", 100099))
    assert standing(store).growth == 0
    tell(store, said("finished", 100099, days=1), said("finished", 100099, days=1))
    assert (standing(store).tier, standing(store).growth, standing(store).growth_needed) == ("银卡", 1000, 2000)
    tell(store, said("finished", 700000, "T2"))
    assert (standing(store).tier, standing(store).next_tier, standing(store).growth_needed) == ("黑金", "", 0)
    assert entered(store) == ["银卡", "黑金"]


def test_a_refund_takes_growth_back_exactly_and_lowers_no_tier(store: Store) -> None:
    tell(store, said("finished", 100099), refunded(33333), refunded(33333, "R2"))
    assert (standing(store).growth, standing(store).tier) == (334, "银卡")
    tell(store, refunded(33433, "R3"))
    assert (standing(store).growth, standing(store).tier) == (0, "银卡")
    assert store.look(ledger.totals) == {"growth": 0}


def test_all_arrivals_of_an_orders_words_grow_alike(store: Store) -> None:
    for number, order in enumerate(permutations(range(3))):
        words: list[OrderUpdate | Refund] = [
            said("paid", 120000, f"T{number}", f"member_{number}"),
            said("finished", 120000, f"T{number}", f"member_{number}", 3),
            refunded(30050, "R", f"T{number}"),
        ]
        tell(store, *(words[n] for n in order), words[order[0]])
        assert standing(store, f"member_{number}").growth == 899


def test_one_order_settled_sixteen_times_at_once_counts_once(store: Store) -> None:
    ids = [one.order_id for one in store.do(orders.intake, [said("finished", 100000), said("finished", 50000, "T2")], ME)]

    async def together() -> None:
        await asyncio.gather(*(store.write(membership.grow_for_orders, ids, ME) for _ in range(16)))

    asyncio.run(together())
    assert standing(store).growth == 1500
    assert entered(store) == ["银卡"]


def test_growth_added_by_hand_counts_once_per_key(store: Store) -> None:
    request = AddGrowth("a", ANNA, 3000, "老会员补发")
    done = store.do(membership.add_growth, [request, AddGrowth("b", ANNA, 1, "补")], ME)
    assert store.do(membership.add_growth, [request], ME)[0] == done[0]
    assert (standing(store).growth, standing(store).tier) == (3001, "金卡")
    with pytest.raises(Invalid):
        store.do(membership.add_growth, [AddGrowth("c", ANNA, 0, "零")], ME)


@pytest.mark.parametrize(
    ("growth", "tier"), [(-5, "普通"), (0, "普通"), (999, "普通"), (1000, "银卡"), (2999, "银卡"), (3000, "金卡"), (8000, "黑金")]
)
def test_tiers_begin_at_their_growth(growth: int, tier: str) -> None:
    assert DEFAULT_RULES.at(growth) == tier


def test_features_show_tier_and_growth(store: Store) -> None:
    tell(store, said("finished", 120000))
    values = [store.look(lambda view, one=one: view.all(one.select(view.now, {}))) for one in membership.FEATURES]
    assert [[(row.member_id, row.value) for row in rows] for rows in values[:4]] == [
        [(ANNA, "银卡")],
        [(ANNA, 1200)],
        [(ANNA, NOON)],
        [(ANNA, NOON + timedelta(days=365))],
    ]
