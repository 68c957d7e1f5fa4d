"""Internal notices by group robots: said once, gathered, masked, within twenty a minute, and what could not be said becomes a task."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from assistant import triggers
from assistant.base.clock import ManualClock
from assistant.base.principal import system
from assistant.channels import quota
from assistant.channels.notices import notice
from assistant.domain import staff
from assistant.flows import robots
from assistant.jobs import EmbeddedRunner
from assistant.store import Fact, Store
from assistant.wecom.simulator import Simulator
from assistant.wecom.tokens import Secret
from tests.flow.stages import ROBOTS
from tests.support.simulated import simulated

ME = system("test")
OPS, MONEY = "ops-robot-key", "money-robot-key"


@dataclass
class House:
    """A store whose robots are 运营 and 财务, and the simulated groups they speak in."""

    store: Store
    simulator: Simulator
    runner: EmbeddedRunner

    def record(self, *facts: Fact) -> None:
        def write(work: Any, _request: None) -> None:
            for one in facts:
                robots.hear(work, one.name, one.subject, one.payload)

        self.store.do(write, None, ME)

    def heard(self, group: str = "wrops") -> list[str]:
        return [bubble.text for bubble in self.simulator.group_phone(group)]

    def states(self) -> dict[str, int]:
        counted = sa.select(notice.c.state, sa.func.count().label("n")).group_by(notice.c.state)
        return {row.state: row.n for row in self.store.look(lambda view: view.all(counted))}


@asynccontextmanager
async def house(store: Store, clock: ManualClock, stage: Any = lambda _name: None) -> AsyncIterator[House]:
    async with simulated(clock) as (simulator, client):
        simulator.world.add_staff("wang", "小王")
        for group, key in (("wrops", OPS), ("wrmoney", MONEY)):
            simulator.world.add_group(group, group, ["wang"], "wang")
            simulator.robots.add(group, group, key)
        keys = {"运营": Secret(OPS), "财务": Secret(MONEY)}
        runner = EmbeddedRunner(store, {robots.SEND: robots.handler(store, client, keys, stage)})
        yield House(store, simulator, runner)


def unknown(number: int) -> Fact:
    return Fact("channel.unknown", f"outbox:{number}", {"channel": "app", "reason": f"第 {number} 条没有答复"})


async def test_what_happens_together_is_one_message_of_the_right_robot_and_never_said_twice(store: Store, clock: ManualClock) -> None:
    async with house(store, clock) as shop:
        facts = [*map(unknown, range(7)), Fact("cashback.halted", "cashback:payouts", {"why": "商户余额不足"})]
        facts += [Fact("plan.awaiting_approval", "plan:p1", {"digest": "d"}), Fact("book.reconciled", "night:1", {"differences": 0})]
        shop.record(*facts)
        shop.record(*facts)
        await shop.runner.run_until_idle()
        assert shop.heard() == []
        clock.advance(robots.GATHER)
        await shop.runner.run_until_idle()
        (said,) = shop.heard()
        assert "**不知道是否送达的消息**（7）" in said
        assert (said.count("条没有答复"), "……一共 7 条" in said) == (5, True)
        assert "方案 p1 等待批准" in said
        (money,) = shop.heard("wrmoney")
        assert money == "**返现打款已暂停**（1）\n> 商户余额不足"
        assert shop.states() == {"sent": 9}


async def test_a_late_ticket_is_told_once_with_phones_masked_in_the_first_group_where_its_own_has_no_robot(
    store: Store, clock: ManualClock
) -> None:
    async with house(store, clock) as shop:
        ticket = staff.OpenTicket("t1", "complaint", title="阿香 13812345678 要求退款")
        store.do(staff.open_ticket, [ticket], ME)
        clock.advance(timedelta(hours=13))
        for _ in range(2):
            store.do(lambda work, _request: robots.look_round(work), None, ME)
            clock.advance(robots.GATHER)
            await shop.runner.run_until_idle()
        (said,) = shop.heard()
        assert "阿香 138****5678 要求退款（应在 11-23 00:00 前处理，还没人接手）" in said


async def test_a_burst_stays_within_twenty_a_minute_and_wecom_refuses_none(store: Store, clock: ManualClock) -> None:
    async with house(store, clock) as shop:
        for number in range(60):
            shop.record(unknown(number))
            clock.advance(robots.GATHER / 10)
            await shop.runner.run_until_idle()
        for _ in range(4):
            clock.advance(timedelta(minutes=1))
            await shop.runner.run_until_idle()
        assert shop.states() == {"sent": 60}
        assert all(call.errcode == 0 for call in shop.simulator.calls if call.path == "webhook/send")


async def test_too_many_from_wecom_waits_and_nothing_is_lost(store: Store, clock: ManualClock) -> None:
    async with house(store, clock) as shop:
        shop.simulator.faults.inject("webhook/send", errcode=45009)
        shop.record(unknown(1))
        clock.advance(robots.GATHER)
        await shop.runner.run_until_idle()
        assert (shop.heard(), shop.states()) == ([], {"waiting": 1})
        clock.advance(timedelta(minutes=1))
        await shop.runner.run_until_idle()
        assert len(shop.heard()) == 1


async def test_a_busy_wecom_closes_no_limit_and_the_notice_is_heard_as_soon_as_it_answers(store: Store, clock: ManualClock) -> None:
    async with house(store, clock) as shop:
        shop.simulator.faults.inject("webhook/send", errcode=45033, times=4)
        shop.record(unknown(1))
        clock.advance(robots.GATHER)
        for _ in range(5):
            await shop.runner.run_until_idle()
            clock.advance(timedelta(seconds=2))
        assert len(shop.heard()) == 1
        assert store.look(quota.closed) == []


async def test_a_robot_taken_out_of_its_group_becomes_a_task_that_says_what_to_do(store: Store, clock: ManualClock) -> None:
    async with house(store, clock) as shop:
        shop.simulator.robots.remove(OPS)
        for number in range(2):
            shop.record(unknown(number))
            clock.advance(robots.GATHER)
            await shop.runner.run_until_idle()
        (ticket,) = store.look(staff.open_tickets)
        assert ticket.title == "群机器人“运营”没有把通知发出去"
        assert "已被移出群聊" in ticket.summary
        assert shop.states() == {"refused": 2}


@pytest.mark.parametrize(("errcode", "what"), [(93001, "请群主在群设置里允许"), (93004, "重新启用"), (93008, "不在它要发言的群里")])
async def test_each_reason_why_a_robot_may_not_speak_is_a_task_with_its_own_way_out(
    store: Store, clock: ManualClock, errcode: int, what: str
) -> None:
    async with house(store, clock) as shop:
        shop.simulator.faults.inject("webhook/send", errcode=errcode)
        shop.record(unknown(1))
        clock.advance(robots.GATHER)
        await shop.runner.run_until_idle()
        (ticket,) = store.look(staff.open_tickets)
        assert what in ticket.summary
        assert (shop.heard(), shop.states()) == ([], {"refused": 1})


@pytest.mark.parametrize(("fault", "stage"), [("lost_after", ""), *(("", stage) for stage, _nth in ROBOTS)])
async def test_a_notice_that_may_have_been_heard_is_not_said_again(store: Store, clock: ManualClock, fault: Any, stage: str) -> None:
    killed = [stage]

    def die(name: str) -> None:
        if name in killed:
            killed.remove(name)
            raise RuntimeError("killed")

    async with house(store, clock, die) as shop:
        if fault:
            shop.simulator.faults.inject("webhook/send", fault)
        shop.record(unknown(1))
        clock.advance(robots.GATHER)
        await shop.runner.run_until_idle()
        for _ in range(3):
            clock.advance(timedelta(minutes=10))
            store.do(lambda work, _request: robots.look_round(work), None, ME)
            await shop.runner.run_until_idle()
        assert len(shop.heard()) == int(stage != "robot.claimed")
        assert shop.states() == {"unknown": 1}


def test_every_fact_that_robots_hear_is_one_that_triggers_answer() -> None:
    told = {name for name, reactions in triggers.ON_FACT.items() if "tell_people" in reactions}
    samples = {
        "channel.unknown": {},
        "mass.unknown": {},
        "moment.unknown": {},
        "channel.refused": {"code": "wecom_ip", "reason": "x"},
        "cashback.halted": {"why": "x"},
        "book.reconciled": {"differences": 2},
        "plan.awaiting_approval": {"digest": "d"},
        **{name: {} for name in robots.ALARMS},
    }
    assert told == set(samples)
    assert all(robots.of_fact(name, "s:1", payload) for name, payload in samples.items())
    assert robots.of_fact("channel.refused", "s:1", {"code": "wecom_blocked"}) is None
