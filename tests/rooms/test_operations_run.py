"""From preview to report: what was approved is what happens, and nobody gets it twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from assistant import operations
from assistant.base.clock import ManualClock
from assistant.base.errors import Conflict, Forbidden, Invalid, Refused
from assistant.base.principal import Principal
from assistant.domain import members, outreach
from assistant.operations import Approve, Draft, PlanDraft, Reject, Revise, Steer, Submit
from assistant.store import Store, Work
from tests.rooms.test_operations_world import (
    BOSS,
    MAKER,
    ME,
    OWNER,
    KilledError,
    approved,
    killed_at,
    message_plan,
    people,
    previewed,
    proposed,
    run_due,
    run_plan,
    touched,
)


def waiting(store: Store, plan: dict[str, Any], key: str = "p") -> tuple[str, str]:
    """A plan that waits for approval, and its digest."""
    plan_id = proposed(store, plan, key)
    shown = previewed(store, plan_id)
    store.do(operations.submit, [Submit(f"s:{key}", plan_id)], MAKER)
    return plan_id, shown.digest


def test_a_preview_counts_everybody_once_and_says_why_some_are_left_out(store: Store) -> None:
    ids = people(store, 10)

    def spoil(work: Work, _request: None) -> None:
        members.opt_out(work, [members.Choice("o1", ids[0])])
        members.update(work, [members.Update("u1", ids[1], {"is_employee": True}), members.Update("u2", ids[2], {"owner_staff": ""})])
        outreach.note_inbound(work, [outreach.Inbound("i1", ids[3], work.now - timedelta(hours=1))])
        outreach.note_past(work, [outreach.PastTouch("t1", ids[4], work.now - timedelta(hours=1))])

    store.do(spoil, None, ME)
    shown = previewed(store, proposed(store, message_plan()))
    assert (shown.people, shown.holdout, shown.reachable) == (10, 0, 6)
    assert shown.routes == {"mass": 5, "kf": 1}
    assert shown.skipped == {"会员已退订": 1, "是员工，不打扰": 1, "没有跟进的员工，无法群发": 1}
    assert shown.deferred == {"今天已经联系过 1 次": 1}
    assert (shown.staff, shown.worst_fen, shown.second_person) == (1, 0, True)
    texts = {sample["route"]: sample["text"] for sample in shown.samples}
    assert len(shown.samples) == 3
    assert texts["mass"] == "老友，新品到了。 回复 TD 退订"


def test_a_large_preview_goes_in_steps_and_ends_with_the_same_digest(store: Store) -> None:
    people(store, 1200)
    plan_id = proposed(store, message_plan())
    steps = [store.do(operations.preview, plan_id, MAKER)]
    while steps[-1] is None:
        assert run_due(store, "plan.preview", operations.step_preview) <= 1
        steps.append(store.do(operations.preview, plan_id, MAKER))
    assert len(steps) > 1
    assert steps[-1].people == 1200
    assert previewed(store, plan_id) == steps[-1]


CHANGES: list[dict[str, Any]] = [
    {"title": "新品通知二"},
    {"steps": [{"kind": "message", "template": "{nickname}，新品来了。"}]},
    {"segment": {"kind": "compare", "feature": "city", "op": "eq", "value": "上海"}},
    {"exclusions": [{"kind": "compare", "feature": "city", "op": "eq", "value": "杭州"}]},
    {"holdout_percent": 1},
    {"caps": {"people": 100}},
    {"schedule": {"by": "2026-12-31T00:00:00+00:00"}},
    {"channel": "mass"},
    {"kind": "care"},
    {"topic": "上新"},
    {"budget_fen": 1},
    {"experiment": {"horizon_days": 8}},
]


def test_the_digest_changes_when_anything_changes(store: Store) -> None:
    people(store, 5)
    plans = [message_plan(), *(message_plan(**change) for change in CHANGES)]
    digests = [previewed(store, proposed(store, plan, f"k{n}")).digest for n, plan in enumerate(plans)]
    assert len(set(digests)) == len(digests)
    people(store, 6)
    assert previewed(store, proposed(store, plans[0], "later")).digest not in digests


def test_approval_needs_the_right_the_digest_and_a_second_person(store: Store) -> None:
    people(store, 5)
    plan_id, digest = waiting(store, message_plan())
    with pytest.raises(Forbidden):
        store.do(operations.approve, [Approve("a1", plan_id, digest)], MAKER)
    with pytest.raises(Forbidden):
        store.do(operations.approve, [Approve("a1m", plan_id, digest)], Principal("member", "m1"))
    with pytest.raises(Conflict, match="有了变化"):
        store.do(operations.approve, [Approve("a2", plan_id, "0" * 64)], BOSS)
    assert store.do(operations.approve, [Approve("a3", plan_id, digest)], BOSS)[0].state == "approved"
    own = store.do(operations.propose, [PlanDraft("own", message_plan())], OWNER)[0].plan_id
    shown = previewed(store, own)
    store.do(operations.submit, [Submit("s2", own)], OWNER)
    with pytest.raises(Forbidden, match="另一个人"):
        store.do(operations.approve, [Approve("a4", own, shown.digest)], OWNER)


def test_a_plan_changed_after_the_preview_cannot_be_approved_by_the_old_digest(store: Store) -> None:
    people(store, 5)
    plan_id, digest = waiting(store, message_plan())
    store.do(operations.revise, [Revise("r", plan_id, "文案改成：天冷了")], MAKER)
    with pytest.raises(Refused):
        store.do(operations.approve, [Approve("a1", plan_id, digest)], BOSS)
    again = previewed(store, plan_id)
    store.do(operations.submit, [Submit("s2", plan_id)], MAKER)
    with pytest.raises(Conflict):
        store.do(operations.approve, [Approve("a2", plan_id, digest)], BOSS)
    assert store.do(operations.approve, [Approve("a3", plan_id, again.digest)], BOSS)[0].state == "approved"


def test_sixteen_approvals_at_once_are_one(store: Store) -> None:
    people(store, 5)
    plan_id, digest = waiting(store, message_plan())

    async def together() -> list[Any]:
        writes = [store.write(operations.approve, [Approve(f"a{n}", plan_id, digest)], BOSS) for n in range(16)]
        return await asyncio.gather(*writes, return_exceptions=True)

    results = asyncio.run(together())
    assert sum(isinstance(result, list) for result in results) == 1
    assert sum(isinstance(result, Refused) for result in results) == 15


def test_a_rejected_or_expired_plan_is_over(store: Store, clock: ManualClock) -> None:
    people(store, 5)
    plan_id, digest = waiting(store, message_plan())
    with pytest.raises(Invalid):
        store.do(operations.reject, [Reject("r0", plan_id, " ")], BOSS)
    store.do(operations.reject, [Reject("r1", plan_id, "文案太硬")], BOSS)
    with pytest.raises(Refused):
        store.do(operations.approve, [Approve("a1", plan_id, digest)], BOSS)
    late, digest = waiting(store, message_plan(), "late")
    clock.advance(timedelta(days=7))
    with pytest.raises(Refused, match="过期"):
        store.do(operations.approve, [Approve("a2", late, digest)], BOSS)
    assert store.do(lambda work, _none: operations.expire_plans(work), None, ME) == 1
    assert [store.look(operations.plan, one).state for one in (plan_id, late)] == ["rejected", "expired"]


def test_open_questions_and_bad_words_stop_a_plan(store: Store) -> None:
    people(store, 5)
    asked = store.do(operations.draft, [Draft("d", "发点福利")], MAKER)[0].plan_id
    with pytest.raises(Refused, match="还有问题没有回答"):
        store.do(operations.preview, asked, MAKER)
    bad = proposed(store, message_plan(steps=[{"kind": "message", "template": "全网最低价，国家级品质"}]))
    assert previewed(store, bad).warnings
    with pytest.raises(Refused, match="没有通过检查"):
        store.do(operations.submit, [Submit("s", bad)], MAKER)
    with pytest.raises(Refused):
        store.do(operations.propose, [PlanDraft("evil", message_plan(goal="五星好评返现5元"))], MAKER)


OUTSIDE: list[dict[str, Any]] = [
    {"steps": []},
    {"steps": [{"kind": "message", "template": "{phone}"}]},
    {"steps": [{"kind": "shell", "template": "rm"}]},
    {"segment": {"kind": "compare", "feature": "nothing", "op": "eq", "value": 1}},
    {"budget_fen": -1},
    {"budget_fen": 1.5},
    {"holdout_percent": 51},
    {"schedule": {"by": "2026-12-31"}},
    {"members": ["all"]},
    {"steps": [{"kind": "benefit", "benefit": {"kind": "points", "points": 10**9}}, {"kind": "message", "template": "好"}]},
]


def test_a_proposed_plan_outside_the_language_is_refused(store: Store) -> None:
    people(store, 1)
    for change in OUTSIDE:
        with pytest.raises(Invalid):
            store.do(operations.propose, [PlanDraft("p", message_plan(**change))], MAKER)


def test_a_plan_runs_canary_first_and_reaches_everybody_once(store: Store, clock: ManualClock) -> None:
    ids = people(store, 401)
    plan_id = approved(store, message_plan())
    run_due(store, "plan.chunk", operations.run_chunk)
    assert len(touched(store, plan_id)) == 4
    clock.advance(timedelta(seconds=30))
    assert run_due(store, "plan.chunk", operations.run_chunk) == 0
    assert run_plan(store, clock, plan_id).state == "done"
    assert touched(store, plan_id) == sorted(ids)


def test_a_chunk_told_again_does_nothing(store: Store, clock: ManualClock) -> None:
    people(store, 30)
    plan_id = approved(store, message_plan())
    for chunk in (0, 0, 1, 0, 1, 2, 2, 1):
        store.do(operations.run_chunk, {"plan": plan_id, "chunk": chunk}, ME)
        store.do(operations.run_chunk, {"plan": plan_id, "chunk": chunk + 5}, ME)
    sent = touched(store, plan_id)
    assert len(sent) == len(set(sent)) == 30
    assert store.look(operations.plan, plan_id).state == "done"


STAGES = ["chunk_begins", "before_decide", "before_grant", "after_grant", "after_queue", "before_cursor", "chunk_ends"]


def dying(stage: Callable[[str], None]) -> Callable[[Work, dict[str, Any]], Any]:
    return lambda work, payload: operations.run_chunk(work, payload, stage)


def test_a_chunk_killed_anywhere_is_done_once_when_told_again(store: Store, clock: ManualClock) -> None:
    people(store, 40)
    plan_id = approved(store, message_plan())
    for chunk in range(2):
        for name in STAGES:
            with killed_at(f"plan.{name}") as stage, pytest.raises(KilledError):
                store.do(
                    lambda work, payload, stage=stage: operations.run_chunk(work, payload, stage), {"plan": plan_id, "chunk": chunk}, ME
                )
        store.do(operations.run_chunk, {"plan": plan_id, "chunk": chunk}, ME)
    sent = touched(store, plan_id)
    assert len(sent) == len(set(sent)) == 40


def test_many_workers_on_one_chunk_send_once(store: Store) -> None:
    people(store, 60)
    plan_id = approved(store, message_plan())
    store.do(operations.run_chunk, {"plan": plan_id, "chunk": 0}, ME)

    async def together() -> None:
        await asyncio.gather(*(store.write(operations.run_chunk, {"plan": plan_id, "chunk": 1}, ME) for _ in range(16)))

    asyncio.run(together())
    sent = touched(store, plan_id)
    assert len(sent) == len(set(sent)) == 60


def test_a_stopped_plan_sends_nothing_more(store: Store, clock: ManualClock) -> None:
    people(store, 401)
    plan_id = approved(store, message_plan())
    run_due(store, "plan.chunk", operations.run_chunk)
    before = touched(store, plan_id)
    store.do(operations.stop, [Steer("stop", plan_id, "客诉")], BOSS)
    assert run_plan(store, clock, plan_id).state == "stopped"
    clock.advance(timedelta(hours=1))
    run_due(store, "plan.chunk", operations.run_chunk)
    store.do(operations.run_chunk, {"plan": plan_id, "chunk": 1}, ME)
    assert touched(store, plan_id) == before
    assert store.look(outreach.state_counts, plan_id) == {"cancelled": len(before)}
    with pytest.raises(Refused):
        store.do(operations.resume, [Steer("again", plan_id)], BOSS)


def test_a_paused_plan_waits_and_goes_on_where_it_was(store: Store, clock: ManualClock) -> None:
    ids = people(store, 401)
    plan_id = approved(store, message_plan())
    run_due(store, "plan.chunk", operations.run_chunk)
    with pytest.raises(Forbidden):
        store.do(operations.pause, [Steer("no", plan_id)], MAKER)
    store.do(operations.pause, [Steer("pause", plan_id)], BOSS)
    clock.advance(timedelta(minutes=5))
    run_due(store, "plan.chunk", operations.run_chunk)
    assert len(touched(store, plan_id)) == 4
    store.do(operations.resume, [Steer("resume", plan_id)], BOSS)
    assert run_plan(store, clock, plan_id).state == "done"
    assert touched(store, plan_id) == sorted(ids)


def test_who_opts_out_after_the_approval_gets_nothing(store: Store, clock: ManualClock) -> None:
    ids = people(store, 20)
    plan_id = approved(store, message_plan())
    store.do(lambda work, one: members.opt_out(work, [members.Choice("o", one)]), ids[7], ME)
    run_plan(store, clock, plan_id)
    assert ids[7] not in touched(store, plan_id)
    assert store.look(outreach.skip_counts, plan_id) == {"会员已退订": 1}


def test_no_more_people_than_the_cap_are_written_to(store: Store, clock: ManualClock) -> None:
    people(store, 20)
    for cap, wanted in ((19, 19), (20, 20), (21, 20)):
        plan_id = approved(store, message_plan(caps={"people": cap}), f"cap{cap}")
        run_plan(store, clock, plan_id)
        assert len(touched(store, plan_id)) == wanted
        clock.advance(timedelta(days=40))


def test_nothing_is_sent_at_night_nor_after_the_deadline(store: Store, clock: ManualClock) -> None:
    people(store, 300)
    plan_id = approved(store, message_plan(schedule={"by": "2026-11-23T13:00:00+00:00"}))
    run_due(store, "plan.chunk", operations.run_chunk)
    clock.advance(timedelta(hours=10))
    run_due(store, "plan.chunk", operations.run_chunk)
    assert len(touched(store, plan_id)) == 3
    clock.advance(timedelta(hours=11))
    run_due(store, "plan.chunk", operations.run_chunk)
    assert len(touched(store, plan_id)) == 203
    clock.advance(timedelta(hours=12))
    run_due(store, "plan.chunk", operations.run_chunk)
    ended = store.look(operations.plan, plan_id)
    assert (ended.state, ended.reason) == ("done", "过了截止时间，剩下的人没有发送")
    assert len(touched(store, plan_id)) == 203


def test_the_holdout_is_not_touched_and_the_report_adds_up(store: Store, clock: ManualClock) -> None:
    people(store, 200)
    plan_id = approved(store, message_plan(holdout_percent=20))
    shown = store.look(operations.plan, plan_id).preview
    assert shown is not None
    run_plan(store, clock, plan_id)
    told = store.look(operations.report, plan_id)
    assert (told.people, told.holdout, told.queued) == (200, shown.holdout, 200 - shown.holdout)
    assert 20 <= told.holdout <= 60
    touches = store.look(outreach.touches, plan_id)
    results = [outreach.TouchResult(f"r{touch.id}", touch.id, "delivered") for touch in touches[:30]]
    results += [outreach.TouchResult(f"r{touch.id}", touch.id, "refused", "满了") for touch in touches[30:40]]
    store.do(outreach.settle_touches, results, ME)
    told = store.look(operations.report, plan_id)
    assert (told.delivered, told.refused, told.ordered) == (30, 10, 0)
    assert told.lift is not None
    assert told.conclusion.startswith("还看不出差别")
