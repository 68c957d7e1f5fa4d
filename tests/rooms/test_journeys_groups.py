"""SOPs of customer groups: versioned data, one 群发 of the owner a step, within the group's allowance, welcome only where somebody came."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from assistant.base.clock import ManualClock
from assistant.base.errors import Invalid
from assistant.channels import quota
from assistant.channels.windows import Window
from assistant.domain import audience, contacts, journeys, members, outreach
from assistant.domain.contacts import GroupSeen, Seat
from assistant.store import Store, Work
from assistant.triggers import journey_steps
from assistant.web import sops
from tests.rooms.mass_help import DAY, HOUR, MassHouse, facts, mass_house
from tests.rooms.test_operations_world import FEATURES, ME

TUESDAY_TEN = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
WEEKLY = {
    "name": "weekly",
    "title": "每周小贴士",
    "kind": "care",
    "weekday": 2,
    "reenter_days": 1,
    "groups": {"names": ["老友"]},
    "steps": [
        {"kind": "message", "template": "这周的小贴士"},
        {"kind": "wait", "hours": 20},
        {"kind": "message", "template": "昨天的小贴士看了吗"},
    ],
}
CUSTOMERS = {"wm0": ["lin"], "wm1": ["lin"]}


@pytest.fixture(autouse=True)
def _features() -> None:
    audience.use(FEATURES)


def seen(store: Store, house: MassHouse, chat: str, name: str, owner: str = "lin", came: dict[str, datetime] | None = None) -> None:
    """A group as a reconciliation finds it, here and in WeCom."""
    people = came or {}

    def write(work: Work, _nothing: None) -> None:
        seats = tuple(Seat(chat, person, "", "customer", at) for person, at in people.items())
        contacts.groups.look(work, GroupSeen(chat, name, owner, f"v{len(seats)}", seats, "", TUESDAY_TEN - 90 * DAY))

    store.do(write, None, ME)
    if chat not in house.simulator.world.groups:
        house.simulator.world.add_group(chat, name, [one for one in (owner, *people) if one], owner)


def begin(store: Store, house: MassHouse, journey: dict[str, Any], key: str = "one") -> None:
    house.handlers |= journey_steps(store, house.stage)
    store.do(journeys.publish, [journeys.Publish(key, journey)], ME)
    store.do(journeys.switch, [journeys.Switch(f"on{key}", journey["name"], True)], ME)


async def tick(store: Store, house: MassHouse) -> int:
    started = store.do(lambda work, _: journeys.tick(work), None, ME)
    await house.run()
    await house.wait(timedelta(seconds=12), timedelta(seconds=6))
    return int(started)


def got(house: MassHouse) -> dict[str, int]:
    return {chat: len(group.phone) for chat, group in house.simulator.world.groups.items()}


async def test_a_weekly_message_goes_to_each_group_once_by_its_owners_tap(store: Store, clock: ManualClock) -> None:
    clock.advance(TUESDAY_TEN - clock.now())
    async with mass_house(store, clock, CUSTOMERS, lin=60.0, he=60.0) as house:
        seen(store, house, "wr1", "老友一群")
        seen(store, house, "wr2", "老友二群", "he")
        seen(store, house, "wr3", "老友三群", "")
        seen(store, house, "wr4", "员工闲聊")
        begin(store, house, WEEKLY)
        assert await tick(store, house) == 1
        assert await tick(store, house) == 0
        assert sorted(next(iter(task.rows)) for task in house.tasks) == ["he", "lin"]
        assert set(got(house).values()) == {0}
        await house.wait(HOUR)
        assert got(house) == {"wr1": 1, "wr2": 1, "wr3": 0, "wr4": 0}
        await house.wait(20 * HOUR, HOUR)
        await tick(store, house)
        await house.wait(HOUR)
        assert got(house)["wr1"] == 1
        await house.wait(2 * HOUR, HOUR)
        await tick(store, house)
        await house.wait(HOUR)
        assert got(house) == {"wr1": 2, "wr2": 2, "wr3": 0, "wr4": 0}
        await house.wait(6 * DAY, 6 * HOUR)
        assert await tick(store, house) == 1
        inside = store.look(journeys.group_enrolments, "weekly")
        assert sorted((one.chatid, one.state) for one in inside if one.state != "active") == [
            ("wr1", "done"), ("wr2", "done"), ("wr3", "skipped"), ("wr3", "skipped")
        ]  # fmt: skip
        assert {one.reason for one in inside if one.state == "skipped"} == {"不知道群主是谁，没有人能群发"}
        assert store.look(outreach.touches, "journey:weekly:1") == []
        (shown,) = [one for one in store.look(sops.sops) if one.id == "weekly"]
        assert (shown.of, shown.who, shown.rhythm) == ("groups", "客户群：名字含“老友”", "每周二 10:00")
        assert shown.steps == ["群主群发到群里：这周的小贴士", "等 20 小时", "群主群发到群里：昨天的小贴士看了吗"]
        assert shown.figures["走完了"] == 2


async def test_a_welcome_goes_where_somebody_came_since_the_last_and_nowhere_else(store: Store, clock: ManualClock) -> None:
    clock.advance(TUESDAY_TEN - clock.now())
    async with mass_house(store, clock, CUSTOMERS, lin=60.0) as house:
        seen(store, house, "wr1", "老友一群", came={"wm0": TUESDAY_TEN - HOUR})
        seen(store, house, "wr2", "老友二群", came={"wm1": TUESDAY_TEN - 30 * DAY})
        house.handlers |= journey_steps(store, house.stage)
        store.do(journeys.switch, [journeys.Switch("w", "group_welcome", True)], ME)
        for day in range(4):
            await tick(store, house)
            await house.wait(HOUR)
            assert got(house) == {"wr1": 1, "wr2": 0}, day
            await house.wait(23 * HOUR, 6 * HOUR)
        seen(store, house, "wr1", "老友一群", came={"wm0": TUESDAY_TEN - HOUR, "wm1": clock.now()})
        await tick(store, house)
        await house.wait(HOUR)
        assert got(house) == {"wr1": 2, "wr2": 0}


async def test_a_group_that_may_get_no_more_is_passed_over_and_the_allowance_is_drawn_on(store: Store, clock: ManualClock) -> None:
    clock.advance(TUESDAY_TEN - clock.now())
    async with mass_house(store, clock, CUSTOMERS) as house:
        for chat in ("wr1", "wr2"):
            seen(store, house, chat, f"老友{chat}")
        store.do(quota.set_limits, {quota.MASS_GROUP: [Window(1, "month")]}, ME)
        store.do(quota.take, [[quota.Charge(quota.MASS_GROUP, "wr1")]], ME)
        begin(store, house, WEEKLY)
        await tick(store, house)
        found = {one.chatid: (one.state, one.reason) for one in store.look(journeys.group_enrolments, "weekly")}
        assert found == {"wr1": ("skipped", outreach.GROUP_FULL), "wr2": ("active", "")}
        assert store.look(quota.rooms, quota.MASS_GROUP, ["wr2"])["wr2"].left == 0
        assert [one["reason"] for one in facts(store, "journey.skipped")] == [outreach.GROUP_FULL]


async def test_groups_inside_stay_in_their_version_and_the_switch_holds_everything(store: Store, clock: ManualClock) -> None:
    clock.advance(TUESDAY_TEN - clock.now())
    async with mass_house(store, clock, CUSTOMERS, lin=60.0) as house:
        seen(store, house, "wr1", "老友一群")
        begin(store, house, WEEKLY)
        await tick(store, house)
        changed = WEEKLY | {"steps": [{"kind": "message", "template": "新的话"}]}
        store.do(journeys.publish, [journeys.Publish("two", changed)], ME)
        await house.wait(25 * HOUR, 5 * HOUR)
        store.do(journeys.switch, [journeys.Switch("off", "weekly", False)], ME)
        await tick(store, house)
        assert got(house) == {"wr1": 1}
        store.do(journeys.switch, [journeys.Switch("on again", "weekly", True)], ME)
        await tick(store, house)
        await house.wait(HOUR)
        assert [one.text for one in house.simulator.world.groups["wr1"].phone] == ["这周的小贴士", "昨天的小贴士看了吗"]


WRONG: list[dict[str, Any]] = [
    {"steps": [{"kind": "message", "template": "{nickname}，您好"}]},
    {"steps": [{"kind": "benefit", "benefit": {"kind": "points", "points": 5}}]},
    {"enter_on": {"fact": "points.expiring"}},
    {"exit_on": ["orders.paid"]},
    {"weekday": 8},
    {"groups": {"newcomers": -1}},
]


@pytest.mark.parametrize("wrong", WRONG)
def test_what_a_group_sop_cannot_have_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid, match="旅程的"):
        journeys.journey_from(WEEKLY | wrong)


def test_a_dismissed_group_is_addressed_by_nobody(store: Store) -> None:
    def write(work: Work, _nothing: None) -> list[str]:
        contacts.groups.look(work, GroupSeen("wr1", "老友一群", "lin", "v", (), "", TUESDAY_TEN))
        contacts.groups.dismiss(work, ["wr1"])
        return [one.chatid for one in members.choose_groups(work)]

    assert store.do(write, None, ME) == []
