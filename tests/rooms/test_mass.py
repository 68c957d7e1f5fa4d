"""群发 from the tap to the result: funnel, reminders, other employees, stop and pause; nobody ever gets it twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from assistant import jobs, simulation
from assistant.base.clock import SHANGHAI, ManualClock
from assistant.domain import outreach
from assistant.domain.outreach import MassRules, Task, next_step, reminders
from assistant.store import Store, metadata
from tests.flow.stages import MASS
from tests.rooms.mass_help import DAY, HOUR, facts, mass_house, queue, registered
from tests.rooms.test_operations_world import ME

TEN = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
"""10:00 in Shanghai on a Tuesday."""


def times(begun: datetime, count: int) -> list[str]:
    found = reminders(begun)
    return [next(found).astimezone(SHANGHAI).strftime("%d %H:%M") for _ in range(count)]


def test_reminders_come_after_two_and_five_hours_and_in_the_mornings_while_people_work() -> None:
    assert times(TEN, 4) == ["24 12:00", "24 15:00", "25 09:30", "26 09:30"]
    assert times(TEN + 7 * HOUR, 3) == ["24 19:00", "25 09:30", "26 09:30"]
    assert times(TEN + 13 * HOUR, 2) == ["25 09:30", "26 09:30"]


def task(**changes: object) -> Task:
    plain = dict.fromkeys(("ending", "reason", "group"), "") | {"id": "t", "chat": "single", "cause": "p", "staff": "lin", "text": "x"}
    plain |= {"attachments": [], "state": "open", "msgid": "m", "size": 1, "since": TEN, "called_at": TEN, "created_at": TEN}
    plain |= {"confirmed_at": None, "ended_at": None, "reminders": 0, "reminded_at": None, "alone": False}
    return Task(**(plain | changes))  # type: ignore[arg-type]


def test_who_does_not_confirm_is_reminded_then_others_are_asked_then_it_is_given_up() -> None:
    def step(after: timedelta, usable: bool = True, **changes: object) -> str:
        return next_step(task(**changes), TEN + after, usable=usable)

    assert [step(HOUR), step(2 * HOUR), step(2 * HOUR, reminders=1, reminded_at=TEN + HOUR)] == ["wait", "remind", "wait"]
    assert [step(DAY), step(DAY, alone=True, reminders=3), step(3 * DAY), step(HOUR, usable=False)] == [
        "fallback",
        "wait",
        "expired",
        "left",
    ]
    late = MassRules(fall_back_after=timedelta(hours=11))
    asked = [next_step(task(reminders=9), TEN + hours * HOUR, usable=True, rules=late) for hours in (11, 23, 24)]
    assert asked == ["wait", "wait", "fallback"]


async def test_the_funnel_of_each_employee_is_what_the_phones_show(store: Store, clock: ManualClock) -> None:
    clock.advance(TEN - clock.now())
    friends = {"wm0": ["lin"], "wm1": ["lin"], "wm2": ["lin"], "wm3": ["he"], "wm4": ["lin"]}
    members = registered(store, 5)
    async with mass_house(store, clock, friends, lin=3600.0) as house:
        house.simulator.world.customers["wm2"].relations["lin"].gone = "by_customer"
        house.simulator.world.customers["wm1"].mass_received["2026-11"] = 30
        house.simulator.world.knobs.mass_dispatch_seconds = 90
        queue(store, {name: members[name] for name in friends})
        await house.wait(timedelta(seconds=6), timedelta(seconds=6))
        await house.wait(2 * HOUR)
        assert house.phones() == {"wm0": 1, "wm4": 1}
        told = {one.peer: (one.state, one.reason) for one in store.look(outreach.touches, "p")}
        assert told["wm0"] == told["wm4"] == ("delivered", "")
        assert told["wm1"] == ("refused", "客户本期收到的群发已达上限")
        assert told["wm2"] == ("refused", "对方已不是该员工的客户")
        assert told["wm3"] == ("refused", "企业微信无法送达这位客户")
        store.do(outreach.note_inbound, [outreach.Inbound("i", members["wm0"], clock.now())], ME)
        (line,) = store.look(outreach.by_staff, "p")
        assert (line.tasks, line.confirmed, line.waiting, line.rate) == (1, 1, 0, 100)
        assert (line.created, line.delivered, line.refused, line.replied, line.ordered) == (5, 2, 3, 1, 0)
        assert [fact["seconds"] for fact in facts(store, "mass.confirmed")] != []
        before = house.calls("get_groupmsg_task")
        await house.wait(DAY, 8 * HOUR)
        assert house.calls("get_groupmsg_task") == before


async def test_reminders_are_counted_spaced_and_end_where_wecom_says_so(store: Store, clock: ManualClock) -> None:
    clock.advance(TEN - clock.now())
    async with mass_house(store, clock, {"wm0": ["lin"]}) as house:
        house.simulator.world.knobs.mass_reminders_per_day = 2
        queue(store, registered(store, 1))
        await house.wait(timedelta(seconds=6), timedelta(seconds=6))
        await house.wait(DAY + HOUR, HOUR)
        assert [(one["number"], one["outcome"]) for one in facts(store, "mass.reminded")] == [
            (1, "sent"),
            (2, "sent"),
            (3, "reminded_too_often"),
        ]
        await house.wait(2 * DAY, 4 * HOUR)
        assert house.states() == {"wm0": ("lin", "expired")}
        assert house.tasks[0].cancelled


async def test_who_has_another_employee_is_asked_by_them_and_gets_it_once(store: Store, clock: ManualClock) -> None:
    clock.advance(TEN - clock.now())
    friends = {"wm0": ["lin", "he"], "wm1": ["lin"], "wm2": ["lin", "song"]}
    async with mass_house(store, clock, friends, he=60.0) as house:
        queue(store, registered(store, 3))
        await house.wait(timedelta(seconds=6), timedelta(seconds=6))
        await house.wait(23 * HOUR, 4 * HOUR)
        assert set(house.states().values()) == {("lin", "task_created")}
        house.simulator.world.staff["song"].active = False
        await house.wait(3 * HOUR)
        assert house.states() == {"wm0": ("he", "delivered"), "wm1": ("lin", "task_created"), "wm2": ("lin", "task_created")}
        assert [task.cancelled for task in house.tasks] == [True, False, False]
        (again,) = [task for task in house.tasks[1:] if "lin" in task.rows]
        house.simulator.mass.confirm(again.msgid, "lin")
        await house.wait(2 * DAY, 8 * HOUR)
        assert house.phones() == {"wm0": 1, "wm1": 1, "wm2": 1}
        assert [(one["from"], one["to"]) for one in facts(store, "touch.handed_on")] == [("lin", "he")]


async def test_friendships_we_know_are_not_asked_for(store: Store, clock: ManualClock) -> None:
    clock.advance(TEN - clock.now())
    async with mass_house(store, clock, {"wm0": ["lin", "he"]}, he="at_once") as house:
        members = registered(store, 1)
        plain = dict.fromkeys(("state", "remark", "description", "ended_by", "seen"), "") | {"mobiles": [], "tags": [], "ended_at": None}
        plain |= {"external": "wm0", "member_id": members["wm0"], "status": "open", "since": TEN, "add_way": 0, "changed_at": TEN}
        rows = [plain | {"staff": staff} for staff in ("lin", "he")]
        store.do(lambda work, _: work.insert(metadata.tables["contact_relation"], rows), None, ME)
        queue(store, members)
        await house.wait(timedelta(seconds=6), timedelta(seconds=6))
        await house.wait(26 * HOUR, 2 * HOUR)
        await house.wait(HOUR)
        assert house.states() == {"wm0": ("he", "delivered")}
        assert house.calls("externalcontact/get") == 0


async def test_whose_employee_has_left_is_asked_by_another_at_once(store: Store, clock: ManualClock) -> None:
    clock.advance(TEN - clock.now())
    async with mass_house(store, clock, {"wm0": ["lin", "he"], "wm1": ["lin"]}, he="at_once") as house:
        queue(store, registered(store, 2))
        await house.wait(timedelta(seconds=6), timedelta(seconds=6))
        house.simulator.world.staff["lin"].active = False
        await house.wait(HOUR)
        assert house.states() == {"wm0": ("he", "delivered"), "wm1": ("lin", "refused")}
        assert house.phones() == {"wm0": 1}


async def test_an_employee_faster_than_the_cancellation_is_believed(store: Store, clock: ManualClock) -> None:
    clock.advance(TEN - clock.now())
    async with mass_house(store, clock, {"wm0": ["lin", "he"]}, he="at_once") as house:
        queue(store, registered(store, 1))
        await house.wait(timedelta(seconds=6), timedelta(seconds=6))
        (one,) = store.look(outreach.open_tasks)
        store.do(outreach.close, (one.id, "fallback"), ME)
        house.simulator.mass.confirm(house.tasks[0].msgid, "lin")
        await house.wait(HOUR)
        assert (house.states(), house.phones(), len(house.tasks)) == ({"wm0": ("lin", "delivered")}, {"wm0": 1}, 1)


@pytest.mark.parametrize("state", ["waiting", "confirmed", "closing"])
async def test_a_task_that_wecom_does_not_know_any_more_ends_as_unknown_and_nobody_gets_it_again(
    store: Store, clock: ManualClock, state: str
) -> None:
    clock.advance(TEN - clock.now())
    async with mass_house(store, clock, {"wm0": ["lin", "he"]}, he="at_once") as house:
        queue(store, registered(store, 1))
        await house.wait(timedelta(seconds=6), timedelta(seconds=6))
        (one,) = store.look(outreach.open_tasks)
        if state == "confirmed":
            store.do(outreach.confirmed, one.id, ME)
        if state == "closing":
            store.do(outreach.close, (one.id, "fallback"), ME)
        house.simulator.mass.tasks.clear()
        await house.wait(2 * HOUR)
        assert house.states() == {"wm0": ("lin", "unknown")}
        (touch,) = store.look(outreach.touches, "p")
        assert "已经没有这个任务" in touch.reason
        assert (store.look(outreach.open_tasks), house.tasks, store.look(jobs.held)) == ([], [], [])


@pytest.mark.parametrize("death", [one for one in MASS if one[0].startswith("mass.")], ids=lambda death: death[0])
async def test_killed_at_any_stage_a_task_reaches_everybody_once(store: Store, clock: ManualClock, death: tuple[str, int]) -> None:
    """Reminded, taken back, handed on to others, confirmed and told: the process dies once on the way."""
    clock.advance(TEN - clock.now())
    async with mass_house(store, clock, {"wm0": ["lin", "he"], "wm1": ["lin"]}, he="at_once") as house:
        house.die_at = death
        queue(store, registered(store, 2))
        await house.wait(timedelta(seconds=6), timedelta(seconds=6))
        await house.wait(26 * HOUR, 2 * HOUR)
        (again,) = [task for task in house.tasks[1:] if "lin" in task.rows]
        house.simulator.mass.confirm(again.msgid, "lin")
        await house.wait(2 * HOUR, HOUR)
        assert house.died == [death[0]]
        assert house.states() == {"wm0": ("he", "delivered"), "wm1": ("lin", "delivered")}
        assert (house.phones(), len(house.tasks)) == ({"wm0": 1, "wm1": 1}, 3)


@pytest.mark.parametrize("how", ["paused", "stopped"])
async def test_what_is_stopped_is_taken_back_and_what_is_paused_goes_out_later(store: Store, clock: ManualClock, how: str) -> None:
    clock.advance(TEN - clock.now())
    async with mass_house(store, clock, {"wm0": ["lin"], "wm1": ["he"], "wm2": ["he"]}, he="at_once") as house:
        members = registered(store, 3)
        queue(store, {"wm0": members["wm0"]})
        queue(store, {"wm1": members["wm1"]}, staff="he")
        await house.wait(timedelta(seconds=30), timedelta(seconds=6))
        queue(store, {"wm2": members["wm2"]}, staff="he")
        store.do(outreach.halt, outreach.Halt("p", how), ME)
        await house.wait(HOUR)
        rest = ("lin", "queued" if how == "paused" else "cancelled")
        assert house.states() == {"wm0": rest, "wm1": ("he", "delivered"), "wm2": ("he", rest[1])}
        assert [task.cancelled for task in house.tasks] == [True, False]
        store.do(outreach.go_on, "p", ME)
        house.simulator.world.staff["lin"].confirms = "at_once"
        await house.wait(HOUR)
        everybody = {"wm0": 1, "wm1": 1, "wm2": 1} if how == "paused" else {"wm1": 1}
        assert house.phones() == everybody


async def test_two_lost_tasks_of_the_same_words_are_told_apart_by_their_customers(store: Store, clock: ManualClock) -> None:
    clock.advance(TEN - clock.now())
    async with mass_house(store, clock, {f"wm{n}": ["lin"] for n in range(4)}) as house:
        members = registered(store, 4)
        queue(store, {name: members[name] for name in ("wm0", "wm1")}, "p")
        queue(store, {name: members[name] for name in ("wm2", "wm3")}, "q")
        house.simulator.faults.inject("externalcontact/add_msg_template", "lost_after", times=2)
        await house.wait(timedelta(minutes=5), timedelta(seconds=6))
        assert len(house.tasks) == 2
        for task in house.tasks:
            house.simulator.mass.confirm(task.msgid, "lin")
        await house.wait(HOUR)
        assert house.states("p") | house.states("q") == dict.fromkeys(house.phones(), ("lin", "delivered"))
        assert house.phones() == dict.fromkeys(members, 1)


async def test_more_customers_than_one_task_takes_go_in_several(store: Store, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    clock.advance(TEN - clock.now())
    monkeypatch.setitem(outreach.MOST, "single", 3)
    async with mass_house(store, clock, {f"wm{n}": ["lin"] for n in range(7)}, lin="at_once") as house:
        queue(store, registered(store, 7))
        await house.wait(HOUR)
        assert sorted(len(task.rows["lin"]) for task in house.tasks) == [1, 3, 3]
        assert set(house.phones().values()) == {1}


async def test_a_task_that_waits_when_the_simulated_world_starts_anew_is_there_again_and_is_sent_once(
    store: Store, clock: ManualClock
) -> None:
    clock.advance(TEN - clock.now())
    friends = {"wm0": ["lin"], "wm1": ["lin"], "wm2": ["he"]}
    async with mass_house(store, clock, friends) as house:
        queue(store, {name: number for name, number in registered(store, 3).items() if name != "wm2"})
        await house.wait(timedelta(seconds=6), timedelta(seconds=6))
        assert len(house.tasks) == 1
    async with mass_house(store, clock, friends, lin=60.0) as house:
        for task in store.look(simulation.waiting_tasks):
            house.simulator.mass.bring_back(task)
        await house.wait(2 * HOUR)
        assert house.phones() == {"wm0": 1, "wm1": 1}
        assert {state for _staff, state in house.states().values()} == {"delivered"}
        assert store.look(simulation.waiting_tasks) == []
