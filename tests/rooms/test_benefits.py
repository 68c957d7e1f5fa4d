"""One door to grant anything, within a held budget."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.base.errors import Invalid, LaoyouError, Refused
from assistant.base.principal import system
from assistant.domain import benefits, cashback, ledger, points
from assistant.domain.benefits import BUDGET_ASSET, Benefit, BenefitGrant, CashbackCard, Coupon, LoadCodes, Points, from_dict, to_dict
from assistant.domain.cashback import CreateTemplate, Rule
from assistant.store import Store

ME = system("test")


def budget(store: Store, amount: int) -> str:
    account = ledger.Account("budget:plan1", BUDGET_ASSET)
    store.do(ledger.post, [ledger.Posting("fund", ledger.Account("brand", BUDGET_ASSET), account, amount)], ME)
    return str(store.do(ledger.hold, [ledger.Hold("hold", account, amount)], ME)[0].id)


def left(store: Store, hold_id: str) -> int:
    return store.look(ledger.held, [hold_id])[hold_id]


def card(store: Store, **options: int) -> CashbackCard:
    request = CreateTemplate("t", "t", "返现卡", Rule(500, cap_fen=300), **options)
    return CashbackCard(store.do(cashback.create_template, [request], ME)[0].template_id)


def test_each_kind_is_given_and_its_worst_cost_spent(store: Store) -> None:
    hold_id = budget(store, 10_000)
    gifts: list[Benefit] = [Points(50), card(store, uses=2), Coupon("满减券", 1000)]
    assert [store.look(benefits.worst_cost, gift) for gift in gifts] == [50, 600, 1000]
    grants = [BenefitGrant(f"g{n}", "m1", gift, hold_id, "唤醒") for n, gift in enumerate(gifts)]
    done = store.do(benefits.grant, grants, ME)
    assert store.do(benefits.grant, grants, ME) == done
    assert [(one.kind, one.cost_fen) for one in done] == [("points", 50), ("cashback_card", 600), ("coupon", 1000)]
    assert left(store, hold_id) == 10_000 - 1650
    assert store.look(points.balance, ["m1"])["m1"].available == 50
    assert [one.id for one in store.look(cashback.cards_of, "m1")] == [done[1].ref]
    assert [(one.name, one.code) for one in store.look(benefits.coupons_of, "m1")] == [("满减券", done[2].ref)]


def test_sixteen_plans_in_flight_never_overspend_a_hold(store: Store) -> None:
    hold_id = budget(store, 500)

    async def together() -> list[object]:
        grants = [store.write(benefits.grant, [BenefitGrant(f"g{n}", f"m{n}", Points(100), hold_id)], ME) for n in range(16)]
        return await asyncio.gather(*grants, return_exceptions=True)

    results = asyncio.run(together())
    assert sum(isinstance(result, list) for result in results) == 5
    assert {result.code for result in results if isinstance(result, LaoyouError)} == {"insufficient"}
    assert left(store, hold_id) == 0
    assert sum(one.available for one in store.look(points.balance, [f"m{n}" for n in range(16)]).values()) == 500


def test_a_set_that_cannot_be_paid_gives_nothing(store: Store) -> None:
    hold_id = budget(store, 150)
    with pytest.raises(Refused):
        store.do(benefits.grant, [BenefitGrant(f"g{n}", f"m{n}", Points(100), hold_id) for n in range(2)], ME)
    assert left(store, hold_id) == 150
    assert store.look(points.balance, ["m0"])["m0"].available == 0


def test_loaded_codes_are_given_once_each_and_then_no_more(store: Store) -> None:
    codes = tuple(f"CODE{n}" for n in range(6))
    assert store.do(benefits.load_codes, [LoadCodes("l", "满减券", (*codes, " CODE0 "))], ME)[0].left == 6

    async def together() -> list[object]:
        grants = [store.write(benefits.grant, [BenefitGrant(f"g{n}", f"m{n}", Coupon("满减券", 500))], ME) for n in range(16)]
        return await asyncio.gather(*grants, return_exceptions=True)

    results = asyncio.run(together())
    assert sorted(result[0].ref for result in results if isinstance(result, list)) == sorted(codes)
    assert {result.code for result in results if isinstance(result, LaoyouError)} == {"no_codes"}
    assert store.look(benefits.codes_left, "满减券") == 0


def test_a_card_that_is_out_gives_its_budget_back(store: Store) -> None:
    hold_id, gift = budget(store, 10_000), card(store, stock=1)
    with pytest.raises(Refused):
        store.do(benefits.grant, [BenefitGrant(f"g{n}", f"m{n}", gift, hold_id) for n in range(2)], ME)
    assert left(store, hold_id) == 10_000
    with pytest.raises(Invalid):
        store.look(benefits.worst_cost, CashbackCard("nothing"))


gifts = st.one_of(
    st.builds(Points, st.integers(1, 1_000_000)),
    st.builds(CashbackCard, st.text(min_size=1, max_size=64)),
    st.builds(Coupon, st.text(min_size=1, max_size=60), st.integers(1, 1_000_000)),
)


@given(gifts)
def test_plain_data_is_read_back(gift: Benefit) -> None:
    assert from_dict(to_dict(gift)) == gift


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"kind": "money", "points": 1},
        {"kind": "points"},
        {"kind": "points", "points": 0},
        {"kind": "points", "points": "5"},
        {"kind": "points", "points": True},
        {"kind": "points", "points": 5, "more": 1},
        {"kind": "coupon", "name": "", "value_fen": 5},
    ],
)
def test_anything_else_is_invalid(data: dict[str, object]) -> None:
    with pytest.raises(Invalid):
        from_dict(data)
