"""Cards and claims up to approval, on both databases."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from assistant.base.clock import ManualClock
from assistant.base.errors import Conflict, Forbidden, Invalid, LaoyouError, Refused
from assistant.base.principal import Principal
from assistant.domain import cashback, ledger
from assistant.domain.cashback import Approve, Claim, CreateTemplate, Issue, Reject, Rule, Scope
from assistant.domain.orders import Item, Order
from assistant.store import Store, View, fact
from tests.rooms.test_cashback_shop import (
    ANNA,
    BOSS,
    ME,
    approved,
    claimed,
    issued,
    made,
    order,
    paid_out,
    ripened,
    sound,
    state_of,
    tick,
    told,
)


def test_the_best_card_is_taken_and_the_order_waits_for_receipt(store: Store, clock: ManualClock) -> None:
    small, large = made(store, "small", Rule(100)), made(store, "large", Rule(500, cap_fen=2000))
    cards = [issued(store, f"c{n}", number) for n, number in enumerate((small, large, large))]
    order(store, clock, "T1", paid=19_900)
    done = store.do(cashback.claim, [Claim("k", ANNA, " T1 ")], ME)[0]
    assert (done.state, done.amount_fen) == ("waiting_receipt", 995)
    assert done.say == "还在等您确认收货哦，收货满 7 天后就能返 9.95 元"
    left = {card.id: card.remaining for card in store.look(cashback.cards_of, ANNA)}
    assert left[cards[0]] == 1
    assert sorted(left[card] for card in cards[1:]) == [0, 1]
    assert len(store.look(cashback.cards_of, ANNA, True)) == 2
    assert sound(store)


def test_numbers_that_do_not_exist_and_those_of_others_sound_alike(store: Store, clock: ManualClock) -> None:
    issued(store, "c", made(store))
    order(store, clock, "FOREIGN", member="bell")
    order(store, clock, "NOBODYS", member="")
    refusals = []
    for number in ("FOREIGN", "NOBODYS", "UNHEARD", ""):
        with pytest.raises(Refused) as refused:
            store.do(cashback.claim, [Claim(f"k{number}", ANNA, number)], ME)
        refusals.append((refused.value.say, refused.value.code, refused.value.detail))
    assert refusals == [(cashback.NEUTRAL, "no_such_order", {})] * 4


def test_an_order_is_claimed_once_for_ever(store: Store, clock: ManualClock) -> None:
    issued(store, "c", made(store, uses=5))
    order(store, clock, "T1")
    claim_id = claimed(store, "T1")
    assert store.do(cashback.claim, [Claim("claim:T1", ANNA, "T1")], ME)[0].claim_id == claim_id
    with pytest.raises(Refused) as refused:
        store.do(cashback.claim, [Claim("again", ANNA, "T1")], ME)
    assert refused.value.code == "already_claimed"
    order(store, clock, "T1", refund=19_900)
    assert state_of(store, claim_id) == "void"
    with pytest.raises(Refused):
        store.do(cashback.claim, [Claim("later", ANNA, "T1")], ME)


def test_sixteen_claims_of_one_order_bind_it_once(store: Store, clock: ManualClock) -> None:
    for n in range(3):
        issued(store, f"c{n}", made(store))
    order(store, clock, "T1")

    async def together() -> list[object]:
        claims = [store.write(cashback.claim, [Claim(f"k{n}", ANNA, "T1")], ME) for n in range(16)]
        return await asyncio.gather(*claims, return_exceptions=True)

    results = asyncio.run(together())
    assert sorted(type(result).__name__ for result in results) == ["Refused"] * 15 + ["list"]
    assert sum(card.remaining for card in store.look(cashback.cards_of, ANNA)) == 2
    assert len(store.look(cashback.claims_of, ANNA)) == 1
    assert sound(store)


def test_one_card_binds_one_order_however_many_ask(store: Store, clock: ManualClock) -> None:
    issued(store, "c", made(store))
    for n in range(8):
        order(store, clock, f"T{n}")

    async def together() -> list[object]:
        claims = [store.write(cashback.claim, [Claim(f"k{n}", ANNA, f"T{n}")], ME) for n in range(8)]
        return await asyncio.gather(*claims, return_exceptions=True)

    results = asyncio.run(together())
    assert sum(isinstance(result, list) for result in results) == 1
    assert {result.code for result in results if isinstance(result, LaoyouError)} == {"no_card"}


@pytest.mark.parametrize(
    ("rule", "scope", "code"),
    [
        (Rule(500), Scope(sources=("douyin",)), "not_eligible"),
        (Rule(500), Scope(live_rooms=("room9",)), "not_eligible"),
        (Rule(500), Scope(products=("S999",)), "not_eligible"),
        (Rule(500), Scope(categories=("文胸",)), "not_eligible"),
        (Rule(500), Scope(shops=("别家",)), "not_eligible"),
        (Rule(500, floor_fen=50_000), Scope(), "not_eligible"),
        (Rule(500), Scope(sources=("taobao",), categories=("睡衣",), products=("S1",)), ""),
    ],
)
def test_a_card_counts_only_in_its_scope(store: Store, clock: ManualClock, rule: Rule, scope: Scope, code: str) -> None:
    issued(store, "c", made(store, "t", rule, scope=scope))
    order(store, clock, "T1")
    if not code:
        assert claimed(store, "T1")
        return
    with pytest.raises(Refused) as refused:
        claimed(store, "T1")
    assert refused.value.code == code


def test_a_card_taken_after_paying_or_ended_before_does_not_count(store: Store, clock: ManualClock) -> None:
    order(store, clock, "EARLY")
    clock.advance(timedelta(hours=1))
    issued(store, "c", made(store, valid_days=3))
    clock.advance(timedelta(days=4))
    order(store, clock, "LATE")
    for number in ("EARLY", "LATE"):
        with pytest.raises(Refused) as refused:
            claimed(store, number)
        assert refused.value.code == "not_eligible"
    order(store, clock, "UNPAID", status="created")
    with pytest.raises(Refused) as refused:
        claimed(store, "UNPAID")
    assert refused.value.code == "not_paid"


def test_stock_and_budget_are_never_oversold(store: Store) -> None:
    stock, budget = made(store, "stock", stock=5), made(store, "budget", Rule(fixed_fen=500), budget_fen=2600)

    async def together(number: str) -> int:
        issues = [store.write(cashback.issue, [Issue(f"{number}{n}", f"m{n}", number)], ME) for n in range(16)]
        return sum(isinstance(result, list) for result in await asyncio.gather(*issues, return_exceptions=True))

    assert asyncio.run(together(stock)) == 5
    assert asyncio.run(together(budget)) == 5
    kept = store.look(cashback.template, budget)
    assert kept is not None
    assert (kept.issued, kept.committed_fen) == (5, 2500)


def test_a_template_keeps_its_words(store: Store) -> None:
    made(store, "t", Rule(500))
    with pytest.raises(Conflict):
        store.do(cashback.create_template, [CreateTemplate("other", "t", "返现卡", Rule(600))], ME)
    for rule in (Rule(), Rule(500, 500), Rule(10_001), Rule(fixed_fen=20_001), Rule(500, cap_fen=5), Rule(500, floor_fen=-1)):
        with pytest.raises(Invalid):
            store.do(cashback.create_template, [CreateTemplate(f"bad{rule}", "bad", "返现卡", rule)], ME)


def test_imported_lines_make_templates_once_and_cards_by_the_shops_number(store: Store, clock: ManualClock) -> None:
    line = {"key": "fan5", "name": "老友返现卡", "ratio_bp": 500, "cap_fen": 2000, "valid_days": 90, "sources": ["taobao"]}
    for _ in range(2):
        store.do(cashback.import_templates, [line, line], ME)
    number = cashback.template_id("fan5")
    store.do(cashback.issue, [Issue("i", ANNA, number, shop_key="CARD-1", issued_at=clock.now() - timedelta(days=30))], ME)
    order(store, clock, "T1")
    card = store.look(cashback.card_id, "CARD-1")
    done = store.do(cashback.claim, [Claim("k", ANNA, "T1", card)], ME)[0]
    assert done.amount_fen == 995
    with pytest.raises(Invalid):
        store.look(cashback.card_id, "CARD-2")
    assert store.look(cashback.cards_of, ANNA)[0].rule == "返实付的 5%，每单最多返 20.00 元，限淘宝"


def test_it_ripens_seven_days_after_receipt_and_says_so(store: Store, clock: ManualClock) -> None:
    issued(store, "c", made(store))
    order(store, clock, "T1")
    claim_id = claimed(store, "T1")
    order(store, clock, "T1", status="finished")
    assert state_of(store, claim_id) == "waiting_window"
    assert told(store, claim_id) == "已确认收货，11月29日退货期结束后就能返 9.95 元"
    clock.advance(timedelta(days=7) - timedelta(seconds=1))
    assert store.do(tick, None, ME) == 0
    clock.advance(timedelta(seconds=1))
    assert store.do(tick, None, ME) == 1
    assert state_of(store, claim_id) == "due"
    assert [one.id for one in store.look(cashback.waiting_approval)] == [claim_id]


def test_a_claim_never_received_expires_and_gives_the_card_back(store: Store, clock: ManualClock) -> None:
    issued(store, "c", made(store, valid_days=400))
    order(store, clock, "T1")
    claim_id = claimed(store, "T1")
    clock.advance(timedelta(days=181))
    store.do(tick, None, ME)
    assert state_of(store, claim_id) == "expired"
    assert store.look(cashback.cards_of, ANNA, True)[0].remaining == 1
    assert sound(store)


def test_a_refund_before_the_payout_lowers_or_ends_the_claim(store: Store, clock: ManualClock) -> None:
    issued(store, "c", made(store, uses=2))
    for number, refund, state, amount in (("PART", 9_900, "waiting_receipt", 500), ("WHOLE", 19_900, "void", 995)):
        order(store, clock, number)
        claim_id = claimed(store, number)
        for _ in range(2):
            order(store, clock, number, refund=refund)
        one = store.look(cashback.claims_by_id, [claim_id])[claim_id]
        assert (one.state, one.amount_fen) == (state, amount)
    assert store.look(cashback.cards_of, ANNA)[0].remaining == 1
    assert store.look(ledger.balances, [ledger.Account(f"member:{ANNA}", "cashback", "pending")]).popitem()[1] == 500
    assert sound(store)


def test_only_an_operator_with_the_right_lets_money_go(store: Store, clock: ManualClock) -> None:
    claim_id = ripened(store, clock)
    nobody = (
        ME,
        Principal("member", ANNA),
        Principal("staff", "lin", frozenset({"staff"})),
        Principal("operator", "he", frozenset({"operator"})),
    )
    for n, principal in enumerate(nobody):
        with pytest.raises(Forbidden):
            store.do(cashback.approve, [Approve(f"a{n}", claim_id)], principal)
    assert store.do(cashback.approve, [Approve("a", claim_id)], BOSS)[0].state == "approved"


def test_above_a_hundred_yuan_a_second_person_approves(store: Store, clock: ManualClock) -> None:
    claim_id = ripened(store, clock, rule=Rule(fixed_fen=15_000))
    first = store.do(cashback.approve, [Approve("a1", claim_id)], BOSS)[0]
    assert (first.state, first.needs_second) == ("due", True)
    with pytest.raises(Refused) as refused:
        store.do(cashback.approve, [Approve("a2", claim_id)], BOSS)
    assert refused.value.code == "second_person"
    other = replace(BOSS, id="song")
    assert store.do(cashback.approve, [Approve("a3", claim_id)], other)[0].state == "approved"


def test_sixteen_approvals_at_once_pay_once(store: Store, clock: ManualClock) -> None:
    claim_id = ripened(store, clock)

    async def together() -> list[object]:
        people = [replace(BOSS, id=f"boss{n}") for n in range(16)]
        approvals = [store.write(cashback.approve, [Approve(f"a{n}", claim_id)], one) for n, one in enumerate(people)]
        return await asyncio.gather(*approvals, return_exceptions=True)

    results = asyncio.run(together())
    assert sum(isinstance(result, list) for result in results) == 1
    assert paid_out(store) == [(claim_id, 995)]


def test_a_rejected_claim_gives_everything_back_and_says_why(store: Store, clock: ManualClock) -> None:
    claim_id = ripened(store, clock)
    store.do(cashback.reject, [Reject("r", claim_id, "订单异常")], BOSS)
    assert told(store, claim_id) == "这笔返现没有通过：订单异常"
    assert sound(store)
    with pytest.raises(Refused):
        approved(store, claim_id)


def test_each_step_is_a_fact(store: Store, clock: ManualClock) -> None:
    claim_id = ripened(store, clock)

    def names(view: View) -> list[str]:
        return [row.name for row in view.all(sa.select(fact).where(fact.c.subject == f"claim:{claim_id}").order_by(fact.c.id))]

    steps = ["bound", "waiting_receipt", "waiting_window", "due"]
    assert store.look(names) == [f"cashback.{step}" for step in steps]


def test_features_count_cards(store: Store, clock: ManualClock) -> None:
    number = made(store, valid_days=5)
    for n in range(2):
        issued(store, f"c{n}", number)
    order(store, clock, "T1")
    claimed(store, "T1")
    features = {feature.name: feature for feature in cashback.FEATURES}

    def read(name: str) -> dict[str, int]:
        rows = store.look(lambda view: view.all(features[name].select(clock.now(), {})))
        return {row.member_id: row.value for row in rows}

    assert (read("cashback.unclaimed"), read("cashback.cards")) == ({ANNA: 1}, {ANNA: 2})
    clock.advance(timedelta(days=6))
    assert (read("cashback.unclaimed"), read("cashback.cards")) == ({}, {ANNA: 2})


rules = st.builds(
    lambda fixed, amount, floor, cap: Rule(0, amount, floor, cap) if fixed else Rule(min(amount, 10_000), 0, floor, cap),
    st.booleans(),
    st.integers(1, 20_000),
    st.integers(0, 30_000),
    st.integers(10, 20_000),
)


@given(rules, st.integers(0, 100_000), st.integers(0, 100_000), st.integers(0, 100_000))
def test_a_rebate_stays_in_its_bounds_and_falls_with_refunds(rule: Rule, paid: int, refund: int, more: int) -> None:
    def of(refunded: int) -> int:
        items = (Item("S1", "睡衣", "睡衣", 1, paid),)
        refunded = min(paid, refunded)
        return cashback.rebate(
            rule, Scope(products=("S1",)), Order("o", "taobao", "T", "", "paid", "m", None, paid, paid, refunded, items=items)
        )

    before, after = of(refund), of(refund + more)
    assert after <= before <= min(rule.cap_fen, 20_000, paid)
    assert before == 0 or before >= 10
