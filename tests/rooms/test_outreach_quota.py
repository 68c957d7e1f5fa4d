"""What WeCom lets customers get decides with us, and a preview tells it before anything is sent."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from assistant.base.clock import ManualClock
from assistant.channels import quota
from assistant.channels.quota import Charge, Learned
from assistant.channels.windows import period_ends
from assistant.domain import members, outreach
from assistant.domain.outreach import Candidate, Decision, Defer, Send, Skip
from assistant.store import Store
from tests.rooms.mass_help import mass_house, queue, registered
from tests.rooms.test_operations_world import ME, people


def decide(store: Store, ids: list[str]) -> list[Decision]:
    return store.look(outreach.decide, [Candidate(one, "marketing", "新品") for one in ids])


def peer_of(store: Store, member_id: str) -> str:
    known = store.look(members.identities, [member_id])[member_id]
    return next(one.value for one in known if one.namespace == "wecom_external")


def test_whom_others_have_filled_up_is_skipped_and_who_is_free_later_this_month_waits(store: Store, clock: ManualClock) -> None:
    ids = people(store, 3)
    full, soon, free = (peer_of(store, one) for one in ids)
    told = [
        Learned(quota.MASS, full, period_ends("month", clock.now())),
        Learned(quota.MASS, soon, clock.now() + timedelta(hours=2)),
    ]
    store.do(quota.learn, told, ME)
    first, second, third = decide(store, ids)
    assert isinstance(first, Skip)
    assert (first.code, first.reason) == ("platform_quota", "客户本月能收的群发已满（含别人发的）")
    assert isinstance(second, Defer)
    assert (second.code, second.until) == ("platform_daily", clock.now() + timedelta(hours=2))
    assert isinstance(third, Send)
    assert third.peer == free
    clock.advance(timedelta(hours=2))
    assert isinstance(decide(store, ids)[1], Send)


def test_a_months_worth_taken_elsewhere_counts_and_the_new_month_is_free(store: Store, clock: ManualClock) -> None:
    (member_id,) = people(store, 1)
    peer = peer_of(store, member_id)
    assert store.do(quota.take, [[Charge(quota.MASS, peer, 29)]], ME)[0].ok
    assert isinstance(decide(store, [member_id])[0], Send)
    assert store.do(quota.take, [[Charge(quota.MASS, peer)]], ME)[0].ok
    assert isinstance(decide(store, [member_id])[0], Skip)
    clock.advance(period_ends("month", clock.now()) + timedelta(hours=10) - clock.now())
    assert Counter(type(one).__name__ for one in decide(store, [member_id])) == {"Send": 1}


async def test_the_full_are_not_in_the_task_and_what_wecom_answers_is_known_the_next_time(store: Store, clock: ManualClock) -> None:
    members_of = registered(store, 3)
    ends = period_ends("month", clock.now())
    store.do(quota.learn, [Learned(quota.MASS, "wm1", ends)], ME)
    async with mass_house(store, clock, {name: ["lin"] for name in members_of}, lin=60.0) as house:
        house.simulator.world.customers["wm2"].mass_received["2026-11"] = 30
        queue(store, members_of)
        await house.wait(timedelta(seconds=6), timedelta(seconds=6))
        await house.wait(timedelta(hours=1))
        (task,) = house.tasks
        assert house.phones() == {"wm0": 1}
        assert {peer: state for peer, (_, state) in house.states().items()} == {"wm0": "delivered", "wm1": "refused", "wm2": "refused"}
        rooms = store.look(quota.rooms, quota.MASS, list(members_of))
        assert {peer: room.left for peer, room in rooms.items()} == {"wm0": 29, "wm1": 0, "wm2": 0}
        assert [rooms[peer].free_at for peer in ("wm1", "wm2")] == [ends, ends]
        queue(store, {name: members_of[name] for name in ("wm1", "wm2")}, cause="again")
        await house.wait(timedelta(minutes=1), timedelta(seconds=6))
        assert house.tasks == [task]
        assert {state for _, state in house.states("again").values()} == {"refused"}
