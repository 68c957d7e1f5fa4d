"""App messages behind their quota: none dropped silently, none lost, the whole corp rests when WeCom says "too many"."""

from __future__ import annotations

from datetime import timedelta

from assistant.base.clock import ManualClock
from assistant.base.principal import system
from assistant.channels import outbox, quota
from assistant.channels.delivery import Deliverer
from assistant.channels.message import Address, OutboundMessage
from assistant.channels.metered import Metered
from assistant.channels.windows import Window
from assistant.jobs import EmbeddedRunner
from assistant.store import Store
from assistant.wecom import WeComSender
from assistant.wecom.send import app_charges
from tests.support.simulated import simulated

ME = system("test")
TOO_MANY = frozenset({"wecom_rate"})


def words(number: int, peer: str = "wang") -> OutboundMessage:
    return OutboundMessage(f"k{number}", Address("app", "1000002", peer), f"第 {number} 条", "test")


async def test_forty_messages_to_one_employee_all_arrive_and_wecom_drops_none(store: Store, clock: ManualClock) -> None:
    async with simulated(clock) as (simulator, client):
        simulator.world.add_staff("wang", "小王")
        deliverer = Deliverer(store, {"app": Metered(store, WeComSender(client), app_charges, TOO_MANY)})
        runner = EmbeddedRunner(store, {"deliver": deliverer})
        await store.write(outbox.queue, [words(number) for number in range(40)], ME)
        await runner.run_until_idle()
        assert len(simulator.staff_phone("wang")) == 30
        clock.advance(timedelta(seconds=62))
        await runner.run_until_idle()
        assert [bubble.text.rstrip("\u200b\u200c") for bubble in simulator.staff_phone("wang")] == [f"第 {n} 条" for n in range(40)]


async def test_too_many_from_wecom_rests_the_app_for_all_processes_and_what_was_refused_is_not_counted(
    store: Store, clock: ManualClock
) -> None:
    async with simulated(clock) as (simulator, client), simulated(clock) as (_, other):
        for name in ("wang", "li"):
            simulator.world.add_staff(name, name)
        first, second = (Metered(store, WeComSender(one), app_charges, TOO_MANY) for one in (client, other))
        simulator.faults.inject("message/send", errcode=45009)
        refused = await first.send(words(1))
        assert (refused.outcome, refused.retry_at) == ("refused", clock.now() + timedelta(minutes=1))
        waits = await second.send(words(2, "li"))
        assert (waits.code, waits.retry_at) == ("quota", clock.now() + timedelta(minutes=1))
        assert store.look(quota.rooms, quota.APP_MEMBER, ["1000002:wang"])["1000002:wang"].left == 30
        clock.advance(timedelta(minutes=1))
        assert (await first.send(words(1))).outcome == "sent"


def test_a_long_message_counts_its_parts_and_the_day_its_accounts(store: Store) -> None:
    long = OutboundMessage("k", Address("app", "7", "Wang"), "长" * 1500, "t")
    assert [(one.limit, one.subject, one.count) for one in app_charges(long)] == [("app.member", "7:wang", 3), ("app.day", "7", 3)]
    store.do(quota.set_limits, quota.brand_limits(2, "day"), ME)
    limits = store.look(quota.limits)
    assert limits[quota.APP_DAY] == (Window(400, "day"),)
    assert limits[quota.MASS][1:] == (Window(1, "day"),)
