"""From approval to money and back: lost replies, refusals, the 24 h close, refunds after payout; and the ways a claim may go."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from itertools import pairwise

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.base.clock import ManualClock, stopwatch
from assistant.base.errors import Refused
from assistant.domain import cashback, ledger, members
from assistant.domain.cashback import ALLOWED, Approve, BeginPayout, PayoutResult, Rule
from assistant.domain.cashback.model import recovery
from assistant.flows import payout
from assistant.jobs import EmbeddedRunner
from assistant.payments import Knobs, SimulatedPayout, bills, paid_total
from assistant.store import Store, View, due, fact
from tests.rooms.test_cashback_shop import ANNA, BOSS, ME, approved, order, ripened, sound, state_of, told, wallet


async def carried(store: Store, payer: SimulatedPayout, claim_id: str, key: str) -> str:
    return await payout.carry(store, payer, claim_id, key)


def ready(store: Store, clock: ManualClock, number: str = "T1", rule: Rule | None = None) -> str:
    wallet(store)
    claim_id = ripened(store, clock, number, rule)
    approved(store, claim_id)
    return claim_id


async def test_lost_replies_and_sixteen_carriers_pay_one_bill(store: Store, clock: ManualClock) -> None:
    claim_id = ready(store, clock)
    payer = SimulatedPayout(store, Knobs(lose_replies=6, lose_requests=4))
    for turn in range(3):
        await asyncio.gather(*(carried(store, payer, claim_id, f"{turn}:{n}") for n in range(16)))
    assert state_of(store, claim_id) == "paid"
    assert (store.look(paid_total), len(store.look(bills))) == (995, 1)
    assert told(store, claim_id) == "9.95 元已到账，请到微信零钱查看"
    assert sound(store)


async def test_an_unknown_outcome_is_asked_about_by_the_same_number(store: Store, clock: ManualClock) -> None:
    claim_id = ready(store, clock)
    payer = SimulatedPayout(store, Knobs(lose_replies=1))
    assert await carried(store, payer, claim_id, "1") == "unknown"
    assert "正在和微信核对" in told(store, claim_id)
    number = store.look(cashback.claims_by_id, [claim_id])[claim_id].bill_no
    with pytest.raises(Refused):
        store.do(cashback.approve, [Approve("again", claim_id)], BOSS)
    assert await carried(store, payer, claim_id, "2") == "paid"
    assert [line[0] for line in store.look(bills)] == [number]


@pytest.mark.parametrize("dies_at", ["payout.before_begin", "payout.begun", "payout.asked", "payout.recorded"])
async def test_killed_at_any_boundary_it_goes_on_and_pays_once(store: Store, clock: ManualClock, dies_at: str) -> None:
    claim_id = ready(store, clock)
    payer = SimulatedPayout(store)

    def die(stage: str) -> None:
        if stage == dies_at:
            raise RuntimeError(stage)

    with pytest.raises(RuntimeError):
        await payout.carry(store, payer, claim_id, "1", die)
    assert await carried(store, payer, claim_id, "2") == "paid"
    assert store.look(paid_total) == 995
    assert sound(store)


async def test_a_member_who_does_not_confirm_within_a_day_is_paid_after_a_new_approval(store: Store, clock: ManualClock) -> None:
    claim_id = ready(store, clock)
    payer = SimulatedPayout(store, Knobs(wait_user=True))
    assert await carried(store, payer, claim_id, "1") == "wait_user_confirm"
    assert "24 小时内" in told(store, claim_id)
    clock.advance(timedelta(hours=24))
    assert await carried(store, payer, claim_id, "2") == "due"
    assert "重新审核" in told(store, claim_id)
    payer.knobs.wait_user = False
    approved(store, claim_id, "second")
    assert await carried(store, payer, claim_id, "3") == "paid"
    assert [line[3] for line in sorted(store.look(bills), key=lambda line: line[3])] == ["closed", "paid"]
    assert store.look(paid_total) == 995


async def test_a_confirmed_bill_is_paid_when_it_is_asked_about_again(store: Store, clock: ManualClock) -> None:
    claim_id = ready(store, clock)
    payer = SimulatedPayout(store, Knobs(wait_user=True))
    await carried(store, payer, claim_id, "1")
    row = store.look(lambda view: view.one(sa.select(due).where(due.c.kind == "payout")))
    assert row is not None
    assert row.due_at == clock.now() + timedelta(minutes=10)
    await payer.confirm(store.look(bills)[0][0])
    assert await carried(store, payer, claim_id, "2") == "paid"


async def test_a_refused_bill_goes_back_to_a_person(store: Store, clock: ManualClock) -> None:
    claim_id = ready(store, clock)
    payer = SimulatedPayout(store, Knobs(refuse="商户余额不足"))
    assert await carried(store, payer, claim_id, "1") == "due"
    assert store.look(cashback.waiting_approval)[0].reason == "商户余额不足"
    payer.knobs.refuse = ""
    approved(store, claim_id, "second")
    assert await carried(store, payer, claim_id, "2") == "paid"
    assert store.look(paid_total) == 995


async def test_a_member_without_a_wallet_waits_and_is_told_and_paid_once_there_is_one(store: Store, clock: ManualClock) -> None:
    claim_id = ripened(store, clock)
    approved(store, claim_id)
    assert await carried(store, SimulatedPayout(store), claim_id, "1") == "approved"
    assert told(store, claim_id) == "审核通过了，9.95 元会为您打款；还差一步：请用微信打开我们的小程序登录一次，登录后就会自动打给您"
    assert [one.attention for one in store.look(cashback.needs_person)] == ["会员还没有 openid，绑定后会自动打款"]
    wallet(store)
    store.do(lambda work, _: cashback.carry_waiting(work, [ANNA]), None, ME)
    row = store.look(lambda view: view.one(sa.select(due).where(due.c.kind == "payout")))
    assert row is not None
    assert row.due_at == clock.now()
    assert await carried(store, SimulatedPayout(store), claim_id, "2") == "paid"
    assert store.look(bills)[0][1] == "open-anna"
    assert store.look(cashback.needs_person) == []


async def test_a_refund_after_the_payout_is_recovered_from_later_rebates_only(store: Store, clock: ManualClock) -> None:
    payer = SimulatedPayout(store)
    first = ready(store, clock, "T1")
    await carried(store, payer, first, "1")
    for _ in range(2):
        order(store, clock, "T1", refund=9_900)
    assert (state_of(store, first), store.look(cashback.owed, ANNA)) == ("clawed_back", 495)
    assert "4.95 元会从您以后的返现里抵扣" in told(store, first)
    order(store, clock, "T1", refund=10_000)
    assert store.look(cashback.owed, ANNA) == 995
    second = ready(store, clock, "T2", Rule(500))
    assert await carried(store, payer, second, "2") == "paid"
    assert (store.look(cashback.owed, ANNA), store.look(paid_total)) == (0, 995)
    assert told(store, second) == "这笔返现 9.95 元已用来抵扣之前退款订单的返现"
    assert sound(store)


async def test_a_refund_while_the_money_is_on_its_way_counts_when_it_has_arrived(store: Store, clock: ManualClock) -> None:
    claim_id = ready(store, clock)
    payer = SimulatedPayout(store, Knobs(wait_user=True))
    await carried(store, payer, claim_id, "1")
    order(store, clock, "T1", refund=19_900)
    assert state_of(store, claim_id) == "wait_user_confirm"
    await payer.confirm(store.look(bills)[0][0])
    assert await carried(store, payer, claim_id, "2") == "clawed_back"
    assert store.look(cashback.owed, ANNA) == 995
    assert sound(store)


async def test_a_refund_while_an_unconfirmed_bill_closes_ends_the_claim(store: Store, clock: ManualClock) -> None:
    claim_id = ready(store, clock)
    payer = SimulatedPayout(store, Knobs(wait_user=True))
    await carried(store, payer, claim_id, "1")
    order(store, clock, "T1", refund=19_900)
    clock.advance(timedelta(hours=25))
    assert await carried(store, payer, claim_id, "2") == "void"
    assert (store.look(paid_total), store.look(cashback.owed, ANNA)) == (0, 0)
    assert sound(store)


async def test_a_debt_taken_from_a_bill_that_closed_comes_back_with_a_refund(store: Store, clock: ManualClock) -> None:
    payer = SimulatedPayout(store)
    first = ready(store, clock, "T1")
    await carried(store, payer, first, "1")
    order(store, clock, "T1", refund=9_900)
    second = ready(store, clock, "T2", Rule(500))
    payer.knobs.wait_user = True
    await carried(store, payer, second, "2")
    assert [one.payable_fen for one in store.look(cashback.in_flight)] == [500]
    clock.advance(timedelta(hours=25))
    await carried(store, payer, second, "3")
    order(store, clock, "T2", refund=19_900)
    assert (state_of(store, second), store.look(cashback.owed, ANNA)) == ("void", 495)
    assert sound(store)


async def test_a_refund_below_what_had_paid_the_debt_brings_a_part_of_the_debt_back(store: Store, clock: ManualClock) -> None:
    payer = SimulatedPayout(store)
    first = ready(store, clock, "T1")
    await carried(store, payer, first, "1")
    order(store, clock, "T1", refund=9_900)
    second = ready(store, clock, "T2", Rule(500))
    payer.knobs.wait_user = True
    await carried(store, payer, second, "2")
    clock.advance(timedelta(hours=25))
    await carried(store, payer, second, "3")
    order(store, clock, "T2", refund=15_900)
    one = store.look(cashback.claims_by_id, [second])[second]
    assert (one.state, one.amount_fen, one.recovered_fen, store.look(cashback.owed, ANNA)) == ("due", 200, 200, 295)
    approved(store, second, "again")
    assert await carried(store, payer, second, "4") == "paid"
    assert store.look(paid_total) == 995
    assert sound(store)


async def test_a_day_lets_no_more_go_than_its_limits_and_the_rest_follows_tomorrow(store: Store, clock: ManualClock) -> None:
    limits = cashback.Limits(second_person_fen=20_000, brand_day_fen=30_000, payee_day_fen=20_000)
    store.do(cashback.set_limits, [cashback.SetLimits("s", limits)], BOSS)
    wallet(store)
    claims = [ripened(store, clock, f"T{n}", Rule(fixed_fen=11_000), "fixed") for n in range(3)]
    for claim_id in claims:
        approved(store, claim_id)
    payer = SimulatedPayout(store)
    assert [await carried(store, payer, claim_id, claim_id) for claim_id in claims] == ["paid", "approved", "approved"]
    assert told(store, claims[1]) == "审核通过了，110.00 元会为您打款；今天的打款额度用完了，明天会自动打给您"
    assert [await carried(store, payer, claims[1], f"{n}") for n in range(2)] == ["approved", "approved"]
    row = store.look(lambda view: view.one(sa.select(due).where(due.c.kind == "payout", due.c.key == claims[1])))
    assert row is not None
    clock.advance(row.due_at - clock.now())
    assert [await carried(store, payer, claim_id, f"{claim_id}:2") for claim_id in claims[1:]] == ["paid", "approved"]
    assert store.look(cashback.billed_today) == 11_000
    assert sound(store)


async def test_sixteen_bills_at_once_stay_within_the_day(store: Store, clock: ManualClock) -> None:
    limits = cashback.Limits(second_person_fen=20_000, brand_day_fen=50_000, payee_day_fen=50_000)
    store.do(cashback.set_limits, [cashback.SetLimits("s", limits)], BOSS)
    wallet(store)
    claims = [ripened(store, clock, f"T{n}", Rule(fixed_fen=11_000), "fixed") for n in range(6)]
    for claim_id in claims:
        store.do(cashback.release, [cashback.Release(f"r{claim_id}", claim_id, "看过")], BOSS) if _held(store, claim_id) else None
        approved(store, claim_id)
    payer = SimulatedPayout(store)
    states = await asyncio.gather(*(carried(store, payer, claim_id, f"{claim_id}:{n}") for claim_id in claims for n in range(3)))
    assert set(states) == {"paid", "approved"}
    assert (store.look(paid_total), store.look(cashback.billed_today)) == (44_000, 44_000)


def _held(store: Store, claim_id: str) -> bool:
    return bool(store.look(cashback.claims_by_id, [claim_id])[claim_id].hold)


async def test_words_about_another_bill_change_nothing(store: Store, clock: ManualClock) -> None:
    claim_id = ready(store, clock)
    begun = store.do(cashback.begin_payout, [BeginPayout("b", claim_id)], ME)[0]
    for number, outcome in (("billother", "paid"), ("", "closed")):
        store.do(cashback.record_payout, [PayoutResult(f"other:{outcome}", claim_id, number, outcome)], ME)
    assert state_of(store, claim_id) == "paying"
    assert store.do(cashback.record_payout, [PayoutResult("r", claim_id, begun.bill_no, "not_taken", "忙")], ME)[0].state == "due"
    approved(store, claim_id, "second")
    assert store.do(cashback.begin_payout, [BeginPayout("b2", claim_id)], ME)[0].bill_no == begun.bill_no


async def test_the_runner_carries_an_approval_to_paid(store: Store, clock: ManualClock) -> None:
    wallet(store)
    payer = SimulatedPayout(store)
    runner = EmbeddedRunner(store, {"payout": payout.handler(store, payer)})
    claim_id = ripened(store, clock)
    await runner.start()
    try:
        await store.write(cashback.approve, [Approve("a", claim_id)], BOSS)
        ends = stopwatch() + 15
        while await store.read(lambda view: cashback.claims_by_id(view, [claim_id])[claim_id].state) != "paid":
            assert stopwatch() < ends, "it was not paid in time"
            await asyncio.sleep(0.01)
    finally:
        await runner.stop()
    assert await store.read(paid_total) == 995


STEPS = ["approve", "carry", "lose_reply", "lose_request", "refuse", "wait", "confirm", "day", "refund", "reject", "ripen"]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from(STEPS), min_size=3, max_size=14))
def test_whatever_happens_a_claim_goes_only_allowed_ways_and_pays_once(store: Store, clock: ManualClock, steps: list[str]) -> None:
    wallet(store)
    name = f"T{len(store.look(cashback.claims_of, ANNA))}"
    before = len([line for line in store.look(bills) if line[3] == "paid"])
    claim_id = ripened(store, clock, name)
    payer = SimulatedPayout(store)
    for n, step in enumerate([*steps, "approve", "carry", "carry"]):
        _take(store, clock, payer, claim_id, name, step, f"{name}:{n}")
    said = [row.name.removeprefix("cashback.") for row in store.look(_history, claim_id)]
    states = [word for word in said if word in ALLOWED]
    ways = set(pairwise(states)) - {("clawed_back", "clawed_back")}
    assert all(later in ALLOWED[earlier] for earlier, later in ways)
    assert said.count("paid") <= 1
    assert len([line for line in store.look(bills) if line[3] == "paid"]) - before <= 1
    assert sound(store)


def _history(view: View, claim_id: str) -> list[sa.Row[tuple[str]]]:
    return list(view.all(sa.select(fact.c.name).where(fact.c.subject == f"claim:{claim_id}").order_by(fact.c.id)))


def _take(store: Store, clock: ManualClock, payer: SimulatedPayout, claim_id: str, number: str, step: str, key: str) -> None:
    knobs = payer.knobs
    match step:
        case "lose_reply":
            knobs.lose_replies += 1
        case "lose_request":
            knobs.lose_requests += 1
        case "refuse":
            knobs.refuse = "" if knobs.refuse else "余额不足"
        case "wait":
            knobs.wait_user = not knobs.wait_user
        case "day":
            clock.advance(timedelta(hours=24))
        case "refund":
            order(store, clock, number, refund=9_900)
        case "confirm":
            one = store.look(cashback.claims_by_id, [claim_id])[claim_id]
            asyncio.run(payer.confirm(one.bill_no))
        case "carry":
            asyncio.run(payout.carry(store, payer, claim_id, key))
        case "approve":
            with suppress(Refused):
                store.do(cashback.approve, [Approve(key, claim_id)], BOSS)
        case "reject":
            with suppress(Refused):
                store.do(cashback.reject, [cashback.Reject(key, claim_id, "不通过")], BOSS)


@given(st.integers(10, 20_000), st.integers(0, 40_000))
def test_a_rest_is_never_smaller_than_the_payer_can_pay(payable: int, debt: int) -> None:
    taken = recovery(payable, debt)
    assert 0 <= taken <= min(payable, debt)
    assert payable - taken == 0 or payable - taken >= 10
    assert debt - taken < 10 or payable - taken <= 10


def test_a_payee_is_an_openid_before_a_wecom_id(store: Store, clock: ManualClock) -> None:
    request = members.Register(
        "anna", "shop-anna", (members.Identity("wecom_external", "wm1"), members.Identity("openid:wx1", "open-anna"))
    )
    store.do(members.register, [request], ME)
    claim_id = ripened(store, clock)
    approved(store, claim_id)
    assert store.do(cashback.begin_payout, [BeginPayout("b", claim_id)], ME)[0].payee == "open-anna"
    assert store.look(ledger.totals) == {"cashback": 0}
