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
