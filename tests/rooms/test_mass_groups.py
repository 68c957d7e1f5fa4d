"""Plans for customer groups, from the sentence to the report: their owner taps, each group gets it once, its members are not touched."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from assistant import operations
from assistant.base.clock import ManualClock
from assistant.base.errors import Invalid
from assistant.channels import quota
from assistant.channels.windows import Window
from assistant.domain import members, outreach
from assistant.operations.language import plan_from
from assistant.store import Store, Work
from tests.rooms.mass_help import HOUR, MassHouse, mass_house, registered
from tests.rooms.test_operations_world import BOSS, MAKER, ME, message_plan, previewed, proposed

TEN = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
GOAL = "在所有客户群里发：文案：“周三上新，老友先看。”"


def known(store: Store, house: MassHouse, owners: dict[str, str]) -> None:
    """Customer groups here and in WeCom, each with two members."""
    inside = tuple(registered(store, 2).values())

    def write(work: Work, _nothing: None) -> None:
        groups = [members.Group(f"g:{chat}", chat, f"老友{chat}群", owner, members=inside) for chat, owner in owners.items()]
        members.set_groups(work, groups)

    store.do(write, None, ME)
    for chat, owner in owners.items():
        if owner:
            house.simulator.world.add_group(chat, f"老友{chat}群", [owner, "wm0", "wm1"], owner)


def heard(house: MassHouse) -> dict[str, int]:
    return {chat: len(group.phone) for chat, group in house.simulator.world.groups.items()}


async def test_a_sentence_for_all_groups_goes_from_goal_to_report(store: Store, clock: ManualClock) -> None:
    clock.advance(TEN - clock.now())
    async with mass_house(store, clock, {"wm0": ["lin"], "wm1": ["he"]}, he=600.0, lin=600.0) as house:
        known(store, house, {"wr1": "lin", "wr2": "lin", "wr3": "he", "wr4": ""})
        plan_id = store.do(operations.draft, [operations.Draft("g", GOAL)], MAKER)[0].plan_id
        shown = previewed(store, plan_id)
        assert (shown.people, shown.reachable, shown.routes, shown.staff) == (4, 3, {"group": 3}, 2)
        assert shown.skipped == {"不知道群主是谁，没有人能群发": 1}
        assert (shown.rule, shown.second_person) == ("全部客户群", True)
        assert shown.samples[0]["text"] == "周三上新，老友先看。 回复 TD 退订"
        store.do(operations.submit, [operations.Submit("s", plan_id)], MAKER)
        store.do(operations.approve, [operations.Approve("a", plan_id, shown.digest)], BOSS)
        await house.wait(timedelta(minutes=2), timedelta(seconds=6))
        assert sorted((task.chat_type, next(iter(task.rows)), len(task.rows[next(iter(task.rows))])) for task in house.tasks) == [
            ("group", "he", 1),
            ("group", "lin", 2),
        ]
        assert set(heard(house).values()) == {0}
        await house.wait(HOUR)
        assert heard(house) == {"wr1": 1, "wr2": 1, "wr3": 1}
        report = store.look(operations.report, plan_id)
        assert (report.state, report.people, report.queued, report.delivered) == ("done", 4, 3, 3)
        assert {one.staff: (one.confirmed, one.delivered) for one in store.look(outreach.by_staff, plan_id)} == {
            "lin": (1, 2),
            "he": (1, 1),
        }
        assert store.look(outreach.touches, plan_id) == []


async def test_a_group_whose_allowance_is_spent_is_passed_over_and_a_stop_gives_it_back(store: Store, clock: ManualClock) -> None:
    clock.advance(TEN - clock.now())
    async with mass_house(store, clock, {"wm0": ["lin"], "wm1": ["lin"]}) as house:
        known(store, house, {"wr1": "lin", "wr2": "lin"})
        store.do(quota.set_limits, {quota.MASS_GROUP: [Window(1, "day")]}, ME)
        store.do(quota.take, [[quota.Charge(quota.MASS_GROUP, "wr1")]], ME)
        plan_id = proposed(store, message_plan(channel="group"))
        shown = previewed(store, plan_id)
        assert (shown.routes, shown.skipped) == ({"group": 1}, {"这个群本期能收到的群发已满": 1})
        store.do(operations.submit, [operations.Submit("s", plan_id)], MAKER)
        store.do(operations.approve, [operations.Approve("a", plan_id, shown.digest)], BOSS)
        await house.wait(timedelta(minutes=2), timedelta(seconds=6))
        assert not store.look(quota.rooms, quota.MASS_GROUP, ["wr2"])["wr2"].left
        store.do(operations.stop, [operations.Steer("stop", plan_id)], BOSS)
        await house.wait(HOUR)
        assert store.look(quota.rooms, quota.MASS_GROUP, ["wr2"])["wr2"].left == 1
        assert {one.chatid: one.state for one in store.look(outreach.group_touches, plan_id)} == {"wr1": "skipped", "wr2": "cancelled"}
        assert (house.tasks[0].cancelled, heard(house)) == (True, {"wr1": 0, "wr2": 0})


async def test_of_two_lost_group_tasks_alike_none_is_adopted_of_one_it_is(store: Store, clock: ManualClock) -> None:
    clock.advance(TEN - clock.now())
    async with mass_house(store, clock, {"wm0": ["lin"], "wm1": ["lin"]}) as house:
        known(store, house, {"wr1": "lin", "wr2": "lin"})

        def queue(work: Work, chats: dict[str, str]) -> None:
            outreach.queue_groups(work, [outreach.QueueGroup(f"{text}{c}", c, c, "lin", f"c{c}", text) for c, text in chats.items()])

        house.simulator.faults.inject("externalcontact/add_msg_template", "lost_after", times=3)
        store.do(queue, {"wr1": "一样的话", "wr2": "一样的话"}, ME)
        await house.wait(timedelta(minutes=4), timedelta(seconds=6))
        store.do(queue, {"wr1": "另一句话"}, ME)
        await house.wait(timedelta(minutes=4), timedelta(seconds=6))
        states = {(one.name, one.state) for cause in ("cwr1", "cwr2") for one in store.look(outreach.group_touches, cause)}
        assert states == {("wr1", "unknown"), ("wr2", "unknown"), ("wr1", "task_created")}
        assert len(house.tasks) == 3


def test_what_groups_cannot_have_is_refused_with_the_place() -> None:
    gift = {"kind": "benefit", "benefit": {"kind": "points", "points": 5}}
    for wrong in ({"holdout_percent": 10}, {"steps": [gift, *message_plan()["steps"]]}):
        with pytest.raises(Invalid, match="发到客户群的方案只有一条消息"):
            plan_from(message_plan(channel="group") | wrong)
