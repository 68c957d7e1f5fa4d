"""Paid time: months as people in Shanghai count them, one piece after the other, notices, refunds by days, orders that buy it."""

from __future__ import annotations

import asyncio
import calendar
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from assistant.base.clock import SHANGHAI, ManualClock
from assistant.base.errors import Conflict, Invalid, LaoyouError, Refused
from assistant.domain import journeys, membership, orders
from assistant.domain.membership import DEFAULT_RULES, Buy, Gift, GiveDays, PaidPlan, RefundPaid, Rules
from assistant.domain.membership.calendar import add_months
from assistant.domain.membership.model import Paid
from assistant.domain.membership.paying import refund_of
from assistant.domain.orders import Item, OrderUpdate, Refund
from assistant.store import Store, fact
from tests.conftest import NOON
from tests.rooms.test_journeys import run, sent, switch
from tests.rooms.test_membership import ANNA, ME, standing
from tests.rooms.test_membership_windows import grow, obey, review, told
from tests.rooms.test_operations_world import people

POINTS = {"kind": "points", "points": 50}
MONTH = PaidPlan("month", "月卡", 1, 3000, "金卡", ("VIP-M",), (Gift("月卡礼", "entry", POINTS, 500),))
SEASON = PaidPlan("season", "季卡", 3, 8000, "金卡")
YEAR = PaidPlan("year", "年卡", 12, 30000, "黑金")
RULES = Rules(DEFAULT_RULES.tiers, plans=(MONTH, SEASON, YEAR))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


def buy(store: Store, payment: str, plan: str = "month", fen: int = 3000, member: str = ANNA) -> membership.Bought:
    done: list[membership.Bought] = store.do(membership.buy, [Buy(f"buy:{payment}", member, plan, payment, fen)], ME)
    return done[0]


def plan_facts(store: Store) -> list[tuple[str, int | None]]:
    rows = store.look(lambda view: view.all(sa.select(fact).where(fact.c.name.startswith("membership.plan_")).order_by(fact.c.id)))
    return [(row.name.removeprefix("membership.plan_"), row.payload.get("days")) for row in rows]


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2026-01-31T10:00", 1, "2026-02-28T10:00"),
        ("2028-01-31T10:00", 1, "2028-02-29T10:00"),
        ("2026-11-30T23:30", 3, "2027-02-28T23:30"),
        ("2026-12-31T00:10", 12, "2027-12-31T00:10"),
        ("2026-03-31T07:00", 1, "2026-04-30T07:00"),
    ],
)
def test_a_month_ends_on_the_same_local_day_or_the_last_of_a_shorter_month(start: str, months: int, end: str) -> None:
    assert add_months(at(start), months) == at(end)


@given(st.integers(0, 40 * 365 * 24 * 60), st.integers(1, 60))
def test_months_keep_the_local_hour_and_differ_from_the_day_only_at_the_end_of_a_month(minutes: int, months: int) -> None:
    start = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    here, there = start.astimezone(SHANGHAI), add_months(start, months).astimezone(SHANGHAI)
    assert (there.year * 12 + there.month) - (here.year * 12 + here.month) == months
    assert there.time() == here.time()
    last = calendar.monthrange(there.year, there.month)[1]
    assert there.day == min(here.day, last)
    assert add_months(start, months) < add_months(start, months + 1)


@given(st.integers(1, 10**7), st.integers(1, 36), st.integers(0, 1200), st.integers(0, 10**6))
def test_a_refund_is_between_nothing_and_the_price_and_falls_day_by_day(fen: int, months: int, day: int, used: int) -> None:
    end = add_months(NOON, months)
    one = Paid("p", ANNA, "x", 1, months, 0, fen, "pay", NOON, NOON, 0, NOON, end, "running")
    now = NOON + timedelta(days=day)
    back = refund_of(one, now, 0)
    assert 0 <= refund_of(one, now, used) <= back <= fen
    assert refund_of(one, now + timedelta(days=1), 0) <= back
    assert refund_of(one, NOON - timedelta(days=1), 0) == fen
    if now >= end:
        assert back == 0


def test_a_plan_grants_its_tier_while_it_runs_and_no_longer(store: Store, clock: ManualClock) -> None:
    obey(store, RULES)
    grow(store, 1000)
    bought = buy(store, "wx1")
    assert (bought.starts_at, bought.ends_at) == (NOON, at("2026-12-22T12:00"))
    one = standing(store)
    assert (one.tier, one.own, one.plan, one.plan_until, one.next_tier) == ("金卡", "银卡", "月卡", bought.ends_at, "黑金")
    clock.advance(timedelta(days=30))
    assert standing(store).tier == "银卡"
    review(store)
    assert told(store) == [("upgraded", "银卡"), ("upgraded", "金卡"), ("lowered", "银卡")]
    assert (standing(store).plan, standing(store).plan_until) == ("", None)


def test_renewals_add_at_the_end_and_months_do_not_drift(store: Store, clock: ManualClock) -> None:
    clock.advance(at("2027-01-31T10:00") - NOON)
    obey(store, RULES)
    ends = [buy(store, f"wx{number}").ends_at for number in range(3)]
    assert ends == [at("2027-02-28T10:00"), at("2027-03-31T10:00"), at("2027-04-30T10:00")]
    assert standing(store).plan_until == ends[-1]
    clock.advance(timedelta(days=45))
    review(store)
    assert buy(store, "wx9", "year", 30000).starts_at == ends[-1]
    assert (standing(store).tier, standing(store).plan) == ("金卡", "月卡")


def test_a_purchase_after_a_gap_begins_now(store: Store, clock: ManualClock) -> None:
    obey(store, RULES)
    buy(store, "wx1")
    clock.advance(timedelta(days=100))
    assert buy(store, "wx2").starts_at == clock.now()


def test_the_end_is_told_seven_days_and_one_day_ahead_once_unless_renewed(store: Store, clock: ManualClock) -> None:
    obey(store, RULES)
    buy(store, "wx1")
    for _ in range(31 * 4):
        clock.advance(timedelta(hours=6))
        review(store)
    assert plan_facts(store) == [("bought", None), ("started", None), ("expiring", 7), ("expiring", 1), ("ended", None)]
    buy(store, "wx2")
    buy(store, "wx3")
    for _ in range(32):
        clock.advance(timedelta(days=1))
        review(store)
    assert plan_facts(store)[5:] == [("bought", None), ("started", None), ("bought", None), ("ended", None), ("started", None)]


def test_a_payment_buys_once_and_the_price_is_the_plans(store: Store) -> None:
    obey(store, RULES)
    first = buy(store, "wx1")
    assert buy(store, "wx1") == first
    with pytest.raises(Conflict, match="wx1"):
        store.do(membership.buy, [Buy("other", "member_ben", "month", "wx1", 3000)], ME)
    for fen in (0, -1, 3001):
        with pytest.raises(Invalid, match="3000"):
            store.do(membership.buy, [Buy("dear", ANNA, "month", "wx2", fen)], ME)
    with pytest.raises(Refused, match="life"):
        store.do(membership.buy, [Buy("none", ANNA, "life", "wx3", 1)], ME)
    with pytest.raises(Invalid):
        store.do(membership.buy, [Buy("blank", ANNA, "month", " ", 1)], ME)
    assert len(store.look(membership.purchases, ANNA)) == 1


def test_sixteen_purchases_at_once_lie_one_after_the_other(store: Store) -> None:
    obey(store, RULES)

    async def together() -> list[object]:
        tries = [store.write(membership.buy, [Buy(f"b{n}", ANNA, "month", f"wx{n % 8}", 3000)], ME) for n in range(16)]
        return await asyncio.gather(*tries, return_exceptions=True)

    results = asyncio.run(together())
    assert sum(not isinstance(one, BaseException) for one in results) == 8
    line = sorted(store.look(membership.purchases, ANNA), key=lambda one: one.starts_at)
    assert [one.starts_at for one in line[1:]] == [one.ends_at for one in line[:-1]]
    assert line[-1].ends_at == add_months(NOON, 8)


def test_a_refund_gives_back_the_days_left_less_gifts_given_and_later_time_moves_up(store: Store, clock: ManualClock) -> None:
    obey(store, RULES)
    buy(store, "wx1")
    buy(store, "wx2")
    clock.advance(timedelta(days=9))
    store.do(lambda work, _: membership.give_gift(work, store.look(_only_gift), lambda gift: None), None, ME)
    done = store.do(membership.refund_paid, [RefundPaid("r1", "wx1")], ME)[0]
    assert done == membership.Refunded(2000 - 500, add_months(clock.now(), 1))
    assert store.do(membership.refund_paid, [RefundPaid("r1", "wx1")], ME)[0] == done
    with pytest.raises(Refused, match="退过"):
        store.do(membership.refund_paid, [RefundPaid("r2", "wx1")], ME)
    with pytest.raises(Invalid, match="nobody"):
        store.do(membership.refund_paid, [RefundPaid("r3", "nobody")], ME)
    assert standing(store).plan == "月卡"
    assert store.do(membership.refund_paid, [RefundPaid("r4", "wx2")], ME)[0].until is None
    assert (standing(store).tier, standing(store).plan) == ("普通", "")


def _only_gift(view: object) -> str:
    assert hasattr(view, "scalar")
    return str(view.scalar(sa.text("SELECT min(id) FROM membership_gift WHERE slot LIKE 'plan:paid%'")))


def test_a_refund_of_waiting_time_gives_all_back_and_closes_the_gap(store: Store) -> None:
    obey(store, RULES)
    first, _second, third = buy(store, "wx1"), buy(store, "wx2"), buy(store, "wx3", "season", 8000)
    done = store.do(membership.refund_paid, [RefundPaid("r", "wx2")], ME)[0]
    assert done.refund_fen == 3000
    assert done.until == add_months(NOON, 4) < third.ends_at
    line = {one.payment: one for one in store.look(membership.purchases, ANNA)}
    assert line["pay:wx3"].starts_at == first.ends_at


def test_an_order_of_a_plans_product_buys_it_once_and_a_full_refund_ends_it(store: Store) -> None:
    obey(store, RULES)
    word = OrderUpdate("o1", "youzan", "店", "Y1", NOON, "paid", 6900, 6900, member_id=ANNA)
    items = (Item("SOCK", "袜子", "袜子", 1, 900), Item("VIP-M", "会员月卡", "会员", 2, 6000))
    taken = store.do(orders.intake, [OrderUpdate(**{name: getattr(word, name) for name in word.__slots__} | {"items": items})], ME)
    for _ in range(2):
        store.do(membership.buy_for_orders, [taken[0].order_id], ME)
    assert standing(store).plan_until == add_months(NOON, 2)
    store.do(orders.refund, [Refund("f1", "youzan", "Y1", "R1", 900, NOON)], ME)
    store.do(membership.buy_for_orders, [taken[0].order_id], ME)
    assert standing(store).plan == "月卡"
    store.do(orders.refund, [Refund("f2", "youzan", "Y1", "R2", 6000, NOON)], ME)
    for _ in range(2):
        store.do(membership.buy_for_orders, [taken[0].order_id], ME)
    assert (standing(store).plan, len(store.look(membership.purchases, ANNA))) == ("", 1)


def test_days_are_given_and_not_refunded(store: Store) -> None:
    obey(store, RULES)
    store.do(membership.give_days, [GiveDays("g", ANNA, "month", 7)], ME)
    assert buy(store, "wx1").starts_at == NOON + timedelta(days=7)
    for days in (0, -3, 4000):
        with pytest.raises(Invalid):
            store.do(membership.give_days, [GiveDays("x", ANNA, "month", days)], ME)


def test_a_plan_whose_tier_is_paid_for_stays_in_the_rules(store: Store) -> None:
    obey(store, RULES)
    buy(store, "wx1", "year", 30000)
    buy(store, "wx2")
    with pytest.raises(LaoyouError, match="黑金"):
        obey(store, Rules(DEFAULT_RULES.tiers[:3]))


def test_who_has_paid_is_reminded_before_the_end_and_left_alone_after_renewing(store: Store, clock: ManualClock) -> None:
    one, two, three = people(store, 3)
    obey(store, RULES)
    for number, member in enumerate((one, two)):
        buy(store, f"wx{number}", member=member)
    clock.advance(timedelta(days=24))
    switch(store, "paid_renewal")
    run(store, clock)
    buy(store, "again", member=one)
    store.do(lambda work, who: journeys.exit_on(work, "membership.plan_bought", who), one, ME)
    run(store, clock, 8)
    touched = sorted(touch.member_id for touch in sent(store, "paid_renewal"))
    assert touched == sorted([one, two, two])
    assert three not in touched
