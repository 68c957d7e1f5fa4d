"""Touches on their way: counted when queued, settled once, expired, cancelled; the window of customer service is not overdrawn."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from assistant.base.clock import ManualClock
from assistant.base.errors import Invalid
from assistant.channels import outbox
from assistant.channels.message import Address, OutboundMessage
from assistant.domain import audience, outreach
from assistant.domain.outreach import Candidate, Claim, Inbound, KeepSkip, Queue, Send, Skip, TouchResult
from assistant.store import Store, Work
from tests.rooms.test_operations_world import ME, people, ready


def write_to(work: Work, wanted: tuple[str, list[str]]) -> list[str]:
    """Decides and queues marketing to members, as a plan does."""
    name, ids = wanted
    decisions = outreach.decide(work, [Candidate(one, "marketing", "新品") for one in ids])
    sends = [one for one in decisions if isinstance(one, Send)]
    return outreach.queue(work, [Queue(f"{name}:{one.candidate.member_id}", one, name, "新品到了") for one in sends])


def service_to(work: Work, wanted: tuple[str, str]) -> list[str]:
    name, member_id = wanted
    (decision,) = outreach.decide(work, [Candidate(member_id, "service", channel="kf")])
    assert isinstance(decision, Send)
    return outreach.queue(work, [Queue(f"{name}:{member_id}", decision, name, "您的订单已发出")])


def states(store: Store, cause: str) -> dict[str, int]:
    return store.look(outreach.state_counts, cause)


def test_two_causes_at_once_write_to_each_member_once_a_day(store: Store) -> None:
    ids = people(store, 6)

    async def together() -> None:
        await asyncio.gather(*(store.write(write_to, (f"plan{n}", ids), ME) for n in range(12)))

    asyncio.run(together())
    assert sum(sum(states(store, f"plan{n}").values()) for n in range(12)) == 6


def test_mass_touches_are_gathered_per_staff_member_and_words(store: Store, clock: ManualClock) -> None:
    ids = people(store, 5)
    store.do(outreach.note_inbound, [Inbound("i", ids[0], clock.now())], ME)
    store.do(write_to, ("p", ids), ME)
    clock.advance(timedelta(seconds=6))
    groups = [payload["group"] for _, payload in store.look(ready, "touch.deliver")]
    sizes = sorted(len(store.look(outreach.touches_to_deliver, group)) for group in groups)
    assert sizes == [1, 4]


def test_a_touch_is_settled_forward_only(store: Store) -> None:
    ids = people(store, 1)
    (touch_id,) = store.do(write_to, ("p", ids), ME)

    def settle(outcome: str) -> str:
        return store.do(outreach.settle_touches, [TouchResult(f"{touch_id}:{outcome}", touch_id, outcome)], ME)[0]  # type: ignore[arg-type, no-any-return]

    assert [settle(one) for one in ("task_created", "delivered", "refused", "unknown", "task_created")] == [
        "task_created",
        *["delivered"] * 4,
    ]
    with pytest.raises(Invalid):
        store.do(outreach.settle_touches, [TouchResult("x", "touch_none", "delivered")], ME)


def test_an_interrupted_mass_task_is_unknown_and_never_claimed_again(store: Store) -> None:
    ids = people(store, 3)
    store.do(write_to, ("p", ids), ME)
    group = store.look(outreach.touches, "p")[0].group
    task = store.do(outreach.claim, Claim(group), ME).task
    assert (task.size, task.state) == (3, "calling")
    assert store.do(outreach.claim, Claim(group), ME) == outreach.Claimed()
    assert states(store, "p") == {"unknown": 3}
    assert store.look(outreach.task, task.id).state == "unknown"
    assert sorted(one.member_id for one in store.look(outreach.unknown_in_tasks)) == sorted(ids)


def test_a_released_touch_can_be_claimed_again(store: Store) -> None:
    ids = people(store, 3)
    store.do(write_to, ("p", ids), ME)
    group = store.look(outreach.touches, "p")[0].group
    store.do(outreach.put_back, store.do(outreach.claim, Claim(group), ME).task.id, ME)
    assert store.do(outreach.claim, Claim(group), ME).task.size == 3
    assert states(store, "p") == {"sending": 3}


def test_what_nobody_confirmed_for_three_days_expires_and_frees_its_place(store: Store, clock: ManualClock) -> None:
    ids = people(store, 2)
    touch_ids = store.do(write_to, ("p", ids), ME)
    store.do(outreach.settle_touches, [TouchResult("t", touch_ids[0], "task_created")], ME)
    clock.advance(timedelta(days=3, seconds=1))
    assert store.do(lambda work, _: outreach.expire_touches(work), None, ME) == 2
    assert states(store, "p") == {"expired": 2}
    assert len(store.do(write_to, ("q", ids), ME)) == 2


def test_a_cancelled_touch_does_not_press_on_the_member(store: Store) -> None:
    ids = people(store, 2)
    store.do(write_to, ("p", ids), ME)
    assert store.do(write_to, ("q", ids), ME) == []
    assert store.do(outreach.cancel_queued, "p", ME) == 2
    assert len(store.do(write_to, ("r", ids), ME)) == 2


def test_the_window_of_customer_service_holds_five_messages_replies_included(store: Store, clock: ManualClock) -> None:
    (one,) = people(store, 1)
    store.do(outreach.note_inbound, [Inbound("i", one, clock.now())], ME)
    clock.advance(timedelta(minutes=1))
    address = Address("kf", "kf1", "wm0")
    replies = [OutboundMessage(f"reply{n}", address, "您好", "turn", one) for n in range(3)]
    store.do(outbox.queue, replies, ME)
    store.do(service_to, ("a", one), ME)
    store.do(service_to, ("b", one), ME)
    standing = store.look(outreach.standings, [one])[one]
    assert standing.kf_used == 5
    (decision,) = store.look(outreach.decide, [Candidate(one, "service", channel="kf")])
    assert isinstance(decision, Skip)
    clock.advance(timedelta(hours=1))
    store.do(outreach.note_inbound, [Inbound("j", one, clock.now())], ME)
    assert store.look(outreach.standings, [one])[one].kf_used == 0


def test_reasons_of_skips_are_kept_and_replies_counted(store: Store, clock: ManualClock) -> None:
    ids = people(store, 3)
    skip = Skip(Candidate(ids[0], "marketing"), "opted_out", "会员已退订")
    store.do(outreach.keep_skips, [KeepSkip("p", skip), KeepSkip("p", skip)], ME)
    assert store.look(outreach.skip_counts, "p") == {"会员已退订": 1}
    assert [(one.member_id, one.code) for one in store.look(outreach.skips, "p")] == [(ids[0], "opted_out")]
    touch_ids = store.do(write_to, ("p", ids[1:]), ME)
    store.do(outreach.settle_touches, [TouchResult(f"r{one}", one, "delivered") for one in touch_ids], ME)
    clock.advance(timedelta(minutes=1))
    store.do(outreach.note_inbound, [Inbound("i", ids[1], clock.now()), Inbound("k", ids[1], clock.now())], ME)
    assert store.look(outreach.replied, "p") == 1


def test_bad_feedback_rests_marketing(store: Store, clock: ManualClock) -> None:
    ids = people(store, 2)
    store.do(outreach.note_feedback, [outreach.Feedback("f", ids[0], clock.now())], ME)
    assert len(store.do(write_to, ("p", ids), ME)) == 1


def test_contacts_can_be_selected_by(store: Store, clock: ManualClock) -> None:
    ids = people(store, 3)
    store.do(outreach.note_inbound, [Inbound("i", ids[0], clock.now() - timedelta(days=10))], ME)
    store.do(outreach.note_past, [outreach.PastTouch("t", ids[1], clock.now() - timedelta(days=3))], ME)
    store.do(outreach.note_past, [outreach.PastTouch("t", ids[1], clock.now() - timedelta(days=3))], ME)
    find = [
        (audience.compare("last_inbound_at", "within_days", 11), [ids[0]]),
        (audience.compare("last_inbound_at", "within_days", 9), []),
        (audience.compare("last_touch_at", "within_days", 4), [ids[1]]),
        (audience.compare("touches", "gte", 1, within_days=2), []),
        (audience.compare("touches", "eq", 0), sorted([ids[0], ids[2]])),
    ]
    for rule, wanted in find:
        assert store.look(audience.find, rule) == wanted
