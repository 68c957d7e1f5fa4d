"""What a plan takes of the platforms' allowances is told before it is approved; employees' reminders draw on theirs."""

from __future__ import annotations

from datetime import timedelta

from assistant import operations
from assistant.base.clock import ManualClock, business_day
from assistant.channels import quota
from assistant.channels.quota import Charge, Learned
from assistant.channels.windows import Window, period_ends
from assistant.dialogue.plan_text import preview_text
from assistant.domain import members, outreach
from assistant.flows import mass
from assistant.store import Store, Work
from tests.rooms.mass_help import HOUR, facts, mass_house, queue, registered
from tests.rooms.test_operations_world import ME, message_plan, people, previewed, proposed


def test_a_preview_says_how_many_of_what_is_left_and_from_when_the_rest_could_go(store: Store, clock: ManualClock) -> None:
    people(store, 5)
    month = period_ends("month", clock.now())
    soon = clock.now() + timedelta(days=2)
    store.do(quota.learn, [Learned(quota.MASS, "wm0", month), Learned(quota.MASS, "wm1", soon)], ME)
    store.do(quota.take, [[Charge(quota.MASS, "wm2", 10)]], ME)
    plan_id = proposed(store, message_plan())
    (line,) = previewed(store, plan_id).quota
    days = [business_day(at).isoformat() for at in (soon, month)]
    assert line == {"limit": quota.MASS, "takes": 3, "left": 80, "later": dict.fromkeys(days, 1), "never": 0}
    said = operations.allowance(line)
    first, second = (business_day(at) for at in (soon, month))
    assert said == (
        "群发额度：这次给 3 位客户各发 1 条，他们这个月一共还能收 80 条；现在发不了、以后才可以的："
        f"{first.month}月{first.day}日起 1 位客户，{second.month}月{second.day}日起 1 位客户"
    )
    assert said in preview_text(store.look(operations.plan, plan_id))


def test_no_more_is_taken_than_the_cap_lets_and_nothing_of_it_is_kept(store: Store) -> None:
    people(store, 4)
    (line,) = previewed(store, proposed(store, message_plan(caps={"people": 2}))).quota
    assert (line["takes"], line["left"]) == (2, 120)
    assert store.look(quota.rooms, quota.MASS, ["wm0"])["wm0"].left == 30


def test_a_plan_for_groups_tells_the_groups_own_allowance(store: Store, clock: ManualClock) -> None:
    people(store, 1)

    def known(work: Work, _nothing: None) -> None:
        members.set_groups(work, [members.Group(f"g{n}", f"wr{n}", f"群{n}", "lin") for n in range(3)])

    store.do(known, None, ME)
    store.do(quota.set_limits, {quota.MASS_GROUP: [Window(30, "month"), Window(1, "day")]}, ME)
    store.do(quota.take, [[Charge(quota.MASS_GROUP, "wr2")]], ME)
    (line,) = previewed(store, proposed(store, message_plan(channel="group"))).quota
    tomorrow = business_day(clock.now() + timedelta(days=1)).isoformat()
    assert line == {"limit": quota.MASS_GROUP, "takes": 2, "left": 89, "later": {tomorrow: 1}, "never": 0}


async def test_a_task_is_reminded_three_times_in_a_day_whatever_the_house_rules_say(store: Store, clock: ManualClock) -> None:
    eager = tuple(timedelta(minutes=10 * number) for number in range(1, 13))
    rules = outreach.MassRules(remind_after=eager, remind_apart=timedelta(minutes=5), fall_back_after=timedelta(days=9))
    async with mass_house(store, clock, {"wm0": ["lin"]}) as house:
        house.handlers |= mass.handlers(store, house.client, house.stage, rules)
        house.simulator.world.knobs.mass_reminders_per_day = 99
        queue(store, registered(store, 1))
        await house.wait(4 * HOUR, timedelta(minutes=10))
        assert house.calls("remind_groupmsg_send") == 3
        assert [one["outcome"] for one in facts(store, "mass.reminded")] == ["sent"] * 3
        await house.wait(24 * HOUR, HOUR)
        assert 4 <= house.calls("remind_groupmsg_send") <= 6
