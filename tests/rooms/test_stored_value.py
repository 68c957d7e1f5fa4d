"""Stored value: principal and bonus apart, spent in proportion, refunded without the bonus, never more than was paid in."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.base.errors import Conflict, Forbidden, Invalid, LaoyouError, Refused
from assistant.base.principal import Principal, system
from assistant.domain import ledger, stored_value
from assistant.domain.stored_value import Balance, Moved, Refund, Return, Rules, SetRules, Spend, Step, TopUp, rules_to
from assistant.domain.stored_value.model import Lot, pay_back, take
from assistant.store import Store
from tests.conftest import NOON

ME = system("test")
ANNA = "member_anna"
FIVE_HUNDRED = Rules((Step(20000, 1000), Step(50000, 5000)))


def obey(store: Store, rules: Rules) -> None:
    seen = store.look(stored_value.rules)[0]
    store.do(stored_value.set_rules, [SetRules(f"r{seen}", seen, rules_to(rules))], ME)


def pay_in(store: Store, fen: int, payment: str = "wx1", member: str = ANNA) -> Moved:
    return first(store.do(stored_value.top_up, [TopUp(f"top:{payment}", member, fen, payment)], ME))


def pay(store: Store, fen: int, order: str = "o1", member: str = ANNA) -> Moved:
    return first(store.do(stored_value.spend, [Spend(f"spend:{order}", member, fen, order)], ME))


def first(done: Sequence[Moved]) -> Moved:
    return done[0]


def balance(store: Store, member: str = ANNA) -> Balance:
    return store.look(stored_value.balance, [member])[member]


def test_the_highest_step_that_is_reached_brings_its_bonus(store: Store) -> None:
    obey(store, FIVE_HUNDRED)
    assert pay_in(store, 50000) == Moved(50000, 5000, 50000, 5000)
    assert pay_in(store, 49999, "wx2") == Moved(49999, 1000, 99999, 6000)
    assert pay_in(store, 100, "wx3") == Moved(100, 0, 100099, 6000)
    assert balance(store) == Balance(100099, 6000)


def test_a_spend_takes_principal_and_bonus_in_proportion_from_the_oldest_top_up(store: Store) -> None:
    obey(store, FIVE_HUNDRED)
    pay_in(store, 50000)
    pay_in(store, 1000, "wx2")
    assert pay(store, 11000) == Moved(10000, 1000, 41000, 4000)
    assert pay(store, 44500, "o2") == Moved(40500, 4000, 500, 0)


def test_principal_first_where_the_rules_say_so(store: Store) -> None:
    obey(store, Rules((Step(50000, 5000),), spend="principal_first"))
    pay_in(store, 50000)
    assert pay(store, 51000) == Moved(50000, 1000, 0, 4000)


def test_a_refund_pays_back_principal_and_the_bonus_beside_it_falls_away(store: Store) -> None:
    obey(store, FIVE_HUNDRED)
    pay_in(store, 50000)
    pay(store, 11000)
    half = first(store.do(stored_value.refund, [Refund("f1", "wx1", 20000)], ME))
    assert half == Moved(20000, 2000, 20000, 2000)
    assert first(store.do(stored_value.refund, [Refund("f1", "wx1", 20000)], ME)) == half
    rest = first(store.do(stored_value.refund, [Refund("f2", "wx1")], ME))
    assert rest == Moved(20000, 2000, 0, 0)
    with pytest.raises(Refused, match="0.00"):
        store.do(stored_value.refund, [Refund("f3", "wx1")], ME)
    assert store.look(ledger.totals) == {"stored_principal": 0, "stored_bonus": 0}


def test_what_an_order_paid_comes_back_as_it_was_taken_and_not_more(store: Store) -> None:
    obey(store, FIVE_HUNDRED)
    pay_in(store, 50000)
    pay(store, 11000)
    assert first(store.do(stored_value.return_spend, [Return("b1", "o1", 5500)], ME)) == Moved(5000, 500, 45000, 4500)
    with pytest.raises(Refused, match="55.00"):
        store.do(stored_value.return_spend, [Return("b2", "o1", 5501)], ME)
    store.do(stored_value.return_spend, [Return("b3", "o1", 5500)], ME)
    assert balance(store) == Balance(50000, 5000)
    with pytest.raises(Invalid, match="o9"):
        store.do(stored_value.return_spend, [Return("b4", "o9", 1)], ME)


def test_a_return_after_the_refund_can_be_refunded_too_up_to_what_was_paid_in(store: Store) -> None:
    obey(store, FIVE_HUNDRED)
    pay_in(store, 50000)
    pay(store, 11000)
    store.do(stored_value.refund, [Refund("f1", "wx1")], ME)
    store.do(stored_value.return_spend, [Return("b", "o1", 11000)], ME)
    assert first(store.do(stored_value.refund, [Refund("f2", "wx1")], ME)) == Moved(10000, 1000, 0, 0)
    assert store.look(stored_value.top_ups, ANNA)[0].refunded == 50000


def test_a_payment_and_an_order_count_once(store: Store) -> None:
    pay_in(store, 1000)
    assert pay_in(store, 1000) == Moved(1000, 0, 1000, 0)
    pay(store, 100)
    with pytest.raises(Conflict, match="wx1"):
        store.do(stored_value.top_up, [TopUp("other", "member_ben", 1000, "wx1")], ME)
    with pytest.raises(Conflict, match="o1"):
        store.do(stored_value.spend, [Spend("other", ANNA, 1, "o1")], ME)
    with pytest.raises(Conflict):
        store.do(stored_value.top_up, [TopUp("top:wx1", ANNA, 2000, "wx1")], ME)
    assert balance(store) == Balance(900, 0)


def test_nobody_spends_more_than_there_is_nor_holds_more_than_allowed(store: Store) -> None:
    pay_in(store, 499_999)
    with pytest.raises(Refused, match="5000.00"):
        pay_in(store, 2, "wx2")
    with pytest.raises(Refused, match="4999.99"):
        pay(store, 500_000)
    assert balance(store) == Balance(499_999, 0)


@pytest.mark.parametrize("fen", [0, -1, 10**18, True, "100", 1.5, "１００"])
def test_amounts_that_are_no_amounts_change_nothing(store: Store, fen: Any) -> None:
    pay_in(store, 1000)
    pay(store, 100)
    for verb, request in (
        (stored_value.top_up, TopUp("a", ANNA, fen, "wx2")),
        (stored_value.spend, Spend("a", ANNA, fen, "o2")),
        (stored_value.return_spend, Return("a", "o1", fen)),
        (stored_value.refund, Refund("a", "wx1", fen)),
    ):
        with pytest.raises(LaoyouError):
            store.do(verb, [request], ME)
    assert balance(store) == Balance(900, 0)


def test_references_and_members_must_be_named(store: Store) -> None:
    for request in (TopUp("a", ANNA, 100, " "), TopUp("b", "", 100, "wx"), TopUp("c", ANNA, 100, "x" * 121), TopUp("d", ANNA, 1, "wx", 2)):
        with pytest.raises(Invalid):
            store.do(stored_value.top_up, [request], ME)
    assert balance(store) == Balance()


def test_a_member_moves_nothing(store: Store) -> None:
    anna = Principal("member", ANNA)
    pay_in(store, 1000)
    for verb, request in (
        (stored_value.top_up, TopUp("a", ANNA, 100, "wx2")),
        (stored_value.spend, Spend("a", ANNA, 100, "o2")),
        (stored_value.refund, Refund("a", "wx1")),
        (stored_value.set_rules, SetRules("a", 0, {})),
    ):
        with pytest.raises(Forbidden, match="门店|商城"):
            store.do(verb, [request], anna)
    assert balance(store) == Balance(1000, 0)


@pytest.mark.parametrize(
    ("body", "part"),
    [
        ({"steps": [{"pay_fen": 100, "bonus_fen": 200}]}, "超过"),
        ({"steps": [{"pay_fen": 200, "bonus_fen": 20}, {"pay_fen": 100, "bonus_fen": 10}]}, "从低到高"),
        ({"steps": [{"pay_fen": 100, "bonus_fen": 20}, {"pay_fen": 200, "bonus_fen": 10}]}, "从低到高"),
        ({"steps": [{"pay_fen": "100", "bonus_fen": 1}]}, "steps.0.pay_fen"),
        ({"most_fen": 0}, "most_fen"),
        ({"spend": "bonus_first"}, "spend"),
        ([], "整体"),
    ],
)
def test_rules_that_cannot_be_right_are_refused_with_the_place(store: Store, body: Any, part: str) -> None:
    with pytest.raises(Invalid, match=part):
        store.do(stored_value.set_rules, [SetRules("bad", 0, body)], ME)
    assert store.look(stored_value.rules) == (0, stored_value.DEFAULT_RULES)


def test_sixteen_top_ups_and_spends_at_once_on_one_account_lose_nothing(store: Store) -> None:
    obey(store, FIVE_HUNDRED)
    pay_in(store, 50000)

    async def together(turn: int) -> list[Any]:
        tries: list[Any] = []
        for number in range(8):
            spend = Spend(f"s{turn}:{number}", ANNA, 9000, f"o{turn}:{number}")
            top_up = TopUp(f"t{turn}:{number}", ANNA, 5000, f"wx{turn}:{number}")
            tries += [store.write(stored_value.spend, [spend], ME), store.write(stored_value.top_up, [top_up], ME)]
        return await asyncio.gather(*tries, return_exceptions=True)

    spent = 0
    for turn in range(5):
        results = asyncio.run(together(turn))
        assert all(isinstance(one, (list, Refused)) for one in results), results
        spent += sum(isinstance(one, list) for one in results[::2])
        assert sum(isinstance(one, list) for one in results[1::2]) == 8
    assert balance(store).total_fen == 55000 + 5 * 8 * 5000 - spent * 9000 >= 0
    lots = store.look(stored_value.top_ups, ANNA)
    assert (sum(lot.principal_left for lot in lots), sum(lot.bonus_left for lot in lots)) == (
        balance(store).principal_fen,
        balance(store).bonus_fen,
    )
    assert store.look(ledger.drift) == {}


def test_one_order_paid_sixteen_times_at_once_pays_once(store: Store) -> None:
    pay_in(store, 50000)

    async def together() -> list[Any]:
        return await asyncio.gather(*(store.write(stored_value.spend, [Spend("s", ANNA, 900, "o1")], ME) for _ in range(16)))

    assert len({done[0] for done in asyncio.run(together())}) == 1
    assert balance(store) == Balance(49100, 0)


@given(st.lists(st.tuples(st.integers(1, 10**6), st.integers(0, 10**6)), min_size=1, max_size=5), st.data())
def test_parts_of_a_spend_sum_exactly_and_take_no_lot_below_zero(lots: list[tuple[int, int]], data: st.DataObject) -> None:
    held = [Lot(f"l{n}", ANNA, f"wx{n}", NOON, p, min(p, b), p, min(p, b)) for n, (p, b) in enumerate(lots)]
    total = sum(lot.principal + lot.bonus for lot in held)
    amount = data.draw(st.integers(1, total))
    parts = take(held, amount, data.draw(st.sampled_from(["proportion", "principal_first"])))
    assert sum(part.principal + part.bonus for part in parts) == amount
    assert all(lot.principal_left >= 0 and lot.bonus_left >= 0 for lot in held)


@given(st.integers(1, 10**6), st.integers(0, 10**6), st.lists(st.integers(1, 10**5), max_size=8))
def test_bonus_falls_away_with_the_principal_and_is_gone_when_it_is(principal: int, bonus: int, amounts: list[int]) -> None:
    lot = Lot("l", ANNA, "wx", NOON, principal, bonus, principal, bonus)
    for amount in amounts:
        if lot.principal_left:
            pay_back(lot, min(amount, lot.principal_left))
            assert lot.bonus_left * principal <= bonus * lot.principal_left
    if lot.principal_left:
        pay_back(lot, lot.principal_left)
    assert (lot.bonus_left, lot.lapsed, lot.refunded) == (0, bonus, principal)


def test_features_show_all_that_can_be_spent(store: Store) -> None:
    obey(store, FIVE_HUNDRED)
    pay_in(store, 50000)
    rows = store.look(lambda view: view.all(stored_value.FEATURES[0].select(view.now, {})))
    assert [(row.member_id, row.value) for row in rows] == [(ANNA, 55000)]


def test_history_says_what_came_and_went(store: Store) -> None:
    pay_in(store, 1000)
    pay(store, 300)
    store.do(stored_value.return_spend, [Return("b", "o1", 100)], ME)
    store.do(stored_value.refund, [Refund("f", "wx1", 500)], ME)
    lines = store.look(stored_value.history, ANNA, 10)
    assert [(line.kind, line.principal_fen, line.reference) for line in lines] == [
        ("refund", -500, "wx1"),
        ("return", 100, "o1"),
        ("spend", -300, "o1"),
        ("top_up", 1000, "wx1"),
    ]
