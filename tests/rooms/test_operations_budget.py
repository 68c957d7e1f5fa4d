"""Money of plans: held at approval, never overspent, given back at the end."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from assistant import operations
from assistant.base.clock import ManualClock
from assistant.domain import benefits, insights, ledger, orders, outreach, points
from assistant.jobs import Job
from assistant.operations import Draft, Revise, Steer, Submit
from assistant.store import Store, Work
from tests.rooms.test_operations_world import BOSS, MAKER, ME, approved, message_plan, people, previewed, proposed, run_plan, touched

BRAND = ledger.Account("brand:marketing", "cny")


def gift_plan(budget_fen: int | None, each: int = 10, **changes: Any) -> dict[str, Any]:
    """Points for everybody, one fen each point."""
    steps = [{"kind": "benefit", "benefit": {"kind": "points", "points": each}}, {"kind": "message", "template": "送您积分。"}]
    return message_plan(steps=steps, budget_fen=budget_fen, **changes)


def spent(store: Store) -> int:
    entries: list[ledger.Entry] = store.look(ledger.entries, "brand:benefits", "cny", 1000)
    return sum(entry.amount for entry in entries)


def points_of(store: Store, ids: list[str]) -> int:
    return sum(balance.available for balance in store.look(points.balance, ids).values())


def test_a_budget_is_never_overspent_by_one_fen(store: Store, clock: ManualClock) -> None:
    ids = people(store, 20)
    whole = 0
    for budget, given in ((199, 19), (200, 20), (201, 20), (9, 0), (None, 20)):
        plan_id = approved(store, gift_plan(budget), f"budget{budget}")
        assert run_plan(store, clock, plan_id).state == "done"
        whole += given * 10
        told = store.look(operations.report, plan_id)
        assert (len(touched(store, plan_id)), told.queued, told.spent_fen) == (given, given, given * 10)
        assert (points_of(store, ids), spent(store)) == (whole, whole)
        assert told.skipped == ({} if given == 20 else {"预算已用完": 20 - given})
        account = ledger.Account(f"budget:{plan_id}", "cny")
        assert store.look(ledger.balances, [account])[account] == 0
        clock.advance(timedelta(days=40))
    assert set(store.look(ledger.totals).values()) == {0}


def test_many_workers_on_one_budget_do_not_overspend(store: Store) -> None:
    ids = people(store, 60)
    plan_id = approved(store, gift_plan(300))

    async def together() -> None:
        for chunk in range(3):
            await asyncio.gather(*(store.write(operations.run_chunk, {"plan": plan_id, "chunk": chunk}, ME) for _ in range(16)))

    asyncio.run(together())
    assert (spent(store), points_of(store, ids), len(touched(store, plan_id))) == (300, 300, 30)


def test_a_stopped_plan_gives_the_rest_of_its_budget_back(store: Store, clock: ManualClock) -> None:
    people(store, 300)
    plan_id = approved(store, gift_plan(None))
    store.do(operations.run_chunk, {"plan": plan_id, "chunk": 0}, ME)
    hold = store.look(operations.plan, plan_id).hold_id
    assert store.look(ledger.held, [hold]) == {hold: 3000 - 30}
    store.do(operations.stop, [Steer("stop", plan_id)], BOSS)
    assert store.look(ledger.held, [hold]) == {hold: 0}
    assert store.look(operations.report, plan_id).spent_fen == 30


def test_the_worst_case_is_shown_and_large_sums_need_a_second_person(store: Store) -> None:
    people(store, 21)
    few = {"caps": {"people": 1}}
    small = previewed(store, proposed(store, gift_plan(100_000, 100_000, **few), "small"))
    large = previewed(store, proposed(store, gift_plan(None, 100_000, caps={"people": 2}), "large"))
    assert (small.worst_fen, small.second_person) == (100_000, False)
    assert (large.worst_fen, large.expected_fen, large.second_person) == (200_000, 200_000, True)
    tight = previewed(store, proposed(store, gift_plan(55), "tight"))
    assert (tight.worst_fen, tight.warnings) == (55, ["预算最多够 5 人，之后的人会跳过"])


def test_a_goal_in_words_goes_all_the_way_to_points_in_the_account(store: Store, clock: ManualClock) -> None:
    ids = people(store, 30)
    plan_id = store.do(operations.draft, [Draft("g", "给上海的会员发 50 积分，不留对照组")], MAKER)[0].plan_id
    store.do(operations.revise, [Revise("r", plan_id, "预算改成10元")], MAKER)
    shown = previewed(store, plan_id)
    assert (shown.people, shown.worst_fen) == (30, 1000)
    store.do(operations.submit, [Submit("s", plan_id)], MAKER)
    store.do(operations.approve, [operations.Approve("a", plan_id, shown.digest)], BOSS)
    run_plan(store, clock, plan_id)
    assert (points_of(store, ids), len(touched(store, plan_id))) == (1000, 20)
    plan = store.look(operations.plan, plan_id).plan
    assert operations.describe(plan)[:2] == ["目标：给上海的会员发 50 积分，不留对照组", "人群：城市是上海"]


def test_a_refusal_of_a_room_pauses_the_plan_for_a_person(store: Store) -> None:
    people(store, 5)
    store.do(lambda work, codes: benefits.load_codes(work, [benefits.LoadCodes("c", "5 元券", codes)]), ("A1",), ME)
    steps = [
        {"kind": "benefit", "benefit": {"kind": "coupon", "name": "5 元券", "value_fen": 500}},
        {"kind": "message", "template": "送您一张券。"},
    ]
    plan_id = approved(store, message_plan(steps=steps, budget_fen=None))
    reached: list[str] = []
    handle = operations.handlers(store, reached.append)["plan.chunk"]
    for chunk in range(2):
        asyncio.run(handle(Job("due_1", "plan.chunk", f"{plan_id}:{chunk}", {"plan": plan_id, "chunk": chunk}, None, 1, 1, "t")))
    stored = store.look(operations.plan, plan_id)
    assert (stored.state, stored.reason) == ("paused", "优惠券「5 元券」的券码不够了")
    assert len(touched(store, plan_id)) == 1
    assert reached[0] == "plan.chunk_begins"
    assert reached[-1] == "plan.chunk_committed"


def test_what_members_buy_after_a_delivered_touch_is_counted_once_and_refunds_are_taken_off(store: Store, clock: ManualClock) -> None:
    ids = people(store, 4)
    plan_id = approved(store, message_plan())
    run_plan(store, clock, plan_id)
    results = [outreach.TouchResult(f"r{one.id}", one.id, "delivered") for one in store.look(outreach.touches, plan_id)]
    store.do(outreach.settle_touches, results, ME)
    clock.advance(timedelta(hours=1))

    def buy(work: Work, number: int) -> None:
        at = work.now
        member_id = ids[number % 2]
        update = orders.OrderUpdate(f"o{number}", "youzan", "商城", f"N{number}", at, "paid", 1000, 1000, member_id=member_id, paid_at=at)
        orders.intake(work, [update])

    store.do(buy, 0, ME)
    store.do(buy, 1, ME)
    store.do(buy, 2, ME)
    store.do(lambda work, _: orders.refund(work, [orders.Refund("f", "youzan", "N2", "R1", 400, work.now, True)]), None, ME)
    clock.advance(timedelta(days=8))
    store.do(buy, 3, ME)
    found = store.look(insights.contribution, plan_id)
    assert (found.reached, found.buyers, found.orders, found.net_fen) == (4, 2, 3, 2600)
    told = store.look(operations.report, plan_id)
    assert (told.delivered, told.ordered, told.net_paid_fen) == (4, 2, 2600)
