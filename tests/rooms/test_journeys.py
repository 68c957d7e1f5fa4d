"""Journeys: one run a day, versions that do not change under members, the gate before every message, exits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from assistant.base.clock import ManualClock
from assistant.base.errors import Invalid
from assistant.domain import journeys, members, orders, outreach, points
from assistant.domain.journeys import Publish, Switch
from assistant.store import Store, Work
from tests.conftest import NOON
from tests.rooms.test_operations_world import ME, people, run_due


def run(store: Store, clock: ManualClock, days: int = 1) -> None:
    """Ticks every twelve hours (noon and midnight) and does what is due."""
    for _ in range(days * 2):
        store.do(lambda work, _: journeys.tick(work), None, ME)
        for _round in range(12):
            if not sum(run_due(store, kind, handler) for kind, handler in journeys.JOBS.items()):
                break
        clock.advance(timedelta(hours=12))


def switch(store: Store, name: str, on: bool = True) -> None:
    store.do(journeys.switch, [Switch(f"{name}:{on}", name, on)], ME)


def sent(store: Store, name: str, version: int = 1) -> list[outreach.Touch]:
    return store.look(outreach.touches, f"journey:{name}:{version}")


def small(**changes: Any) -> dict[str, Any]:
    plain = {
        "name": "hello",
        "title": "问候",
        "kind": "care",
        "segment": {"kind": "all", "rules": []},
        "steps": [
            {"kind": "message", "template": "{nickname}，您好"},
            {"kind": "wait", "days": 3},
            {"kind": "message", "template": "再次问候"},
        ],
    }
    return plain | changes


def test_shipped_journeys_are_installed_switched_off(store: Store, clock: ManualClock) -> None:
    people(store, 2, birthday="1990-11-22")
    store.do(lambda work, _: journeys.install(work), None, ME)
    assert [(version.name, version.version, on) for version, on in store.look(journeys.journeys)] == [
        ("birthday", 1, False),
        ("cashback_confirm", 1, False),
        ("dormant", 1, False),
        ("group_weekly", 1, False),
        ("group_welcome", 1, False),
        ("paid_renewal", 1, False),
        ("points_expiring", 1, False),
    ]
    run(store, clock)
    assert sent(store, "birthday") == []


def test_a_birthday_is_wished_once_and_only_on_the_day(store: Store, clock: ManualClock) -> None:
    people(store, 3, birthday="1990-11-23")
    switch(store, "birthday")
    run(store, clock, 4)
    touches = sent(store, "birthday")
    assert len(touches) == 3
    assert {touch.queued_at.date() for touch in touches} == {datetime(2026, 11, 23, tzinfo=UTC).date()}
    assert store.look(journeys.counts, "birthday") == {"done": 3}


def test_ticks_as_many_as_you_like_make_one_run_a_day(store: Store, clock: ManualClock) -> None:
    people(store, 2, birthday="1990-11-22")
    switch(store, "birthday")
    assert [store.do(lambda work, _: journeys.tick(work), None, ME) for _ in range(5)] == [1, 0, 0, 0, 0]


def bought(work: Work, wanted: tuple[str, datetime]) -> str:
    member_id, at = wanted
    update = orders.OrderUpdate(
        f"o{member_id}{at}", "youzan", "商城", f"N{member_id}{at}", at, "paid", 1000, 1000, member_id=member_id, paid_at=at
    )
    return orders.intake(work, [update])[0].order_id


def test_the_dormant_are_woken_gently_and_buying_ends_it(store: Store, clock: ManualClock) -> None:
    one, two, three = people(store, 3)
    for member_id, days in ((one, 61), (two, 61), (three, 10)):
        store.do(bought, (member_id, NOON - timedelta(days=days)), ME)
    switch(store, "dormant")
    run(store, clock)
    assert sorted(touch.member_id for touch in sent(store, "dormant")) == sorted([one, two])
    store.do(bought, (one, clock.now()), ME)
    assert store.do(lambda work, who: journeys.exit_on(work, "orders.paid", who), one, ME) == 1
    assert store.do(lambda work, who: journeys.exit_on(work, "orders.paid", who), "", ME) == 0
    run(store, clock, 16)
    assert sorted(touch.member_id for touch in sent(store, "dormant")) == sorted([one, two, two])
    assert store.look(journeys.counts, "dormant") == {"exited": 1, "done": 1}


def test_only_what_was_bought_after_entering_ends_a_journey(store: Store, clock: ManualClock) -> None:
    one, two = people(store, 2)
    for member_id in (one, two):
        store.do(bought, (member_id, NOON - timedelta(days=61)), ME)
    switch(store, "dormant")
    run(store, clock)
    bought_at = {one: NOON - timedelta(days=5), two: NOON + timedelta(hours=6)}
    assert store.do(lambda work, latest: journeys.exit_since(work, "orders.paid", latest), bought_at, ME) == 1
    assert store.look(journeys.counts, "dormant") == {"active": 1, "exited": 1}


def test_who_may_not_be_written_to_is_skipped_with_the_reason(store: Store, clock: ManualClock) -> None:
    one, two = people(store, 2, birthday="1990-11-22")
    store.do(lambda work, who: members.opt_out(work, [members.Choice("o", who)]), one, ME)
    switch(store, "birthday")
    run(store, clock)
    assert [touch.member_id for touch in sent(store, "birthday")] == [two]
    assert store.look(outreach.skip_counts, "journey:birthday:1") == {"会员已退订": 1}
    assert store.look(journeys.counts, "birthday") == {"done": 1, "skipped": 1}


def test_a_message_waits_for_its_turn_within_the_patience_of_its_journey(store: Store, clock: ManualClock) -> None:
    (one,) = people(store, 1)
    store.do(outreach.note_past, [outreach.PastTouch("t", one, clock.now() - timedelta(hours=1), "care")], ME)
    store.do(journeys.publish, [Publish("p", small())], ME)
    switch(store, "hello")
    run(store, clock, 2)
    assert [touch.queued_at.date().day for touch in sent(store, "hello")] == [23]


def test_a_new_version_is_for_newcomers_and_the_same_words_are_no_version(store: Store, clock: ManualClock) -> None:
    people(store, 1)
    numbers = [
        store.do(journeys.publish, [Publish(key, body)], ME)[0].version
        for key, body in (("a", small()), ("b", small()), ("c", small(title="新")), ("a", small()))
    ]
    assert numbers == [1, 1, 2, 1]
    switch(store, "hello")
    run(store, clock)
    store.do(journeys.publish, [Publish("d", small(steps=[{"kind": "message", "template": "别的"}]))], ME)
    run(store, clock, 6)
    assert [touch.text for touch in sorted(sent(store, "hello", 2), key=lambda touch: touch.queued_at)] == ["老友，您好", "再次问候"]
    assert sent(store, "hello", 3) == []


def test_a_journey_may_give_a_benefit_once(store: Store, clock: ManualClock) -> None:
    (one,) = people(store, 1)
    steps = [{"kind": "benefit", "benefit": {"kind": "points", "points": 20}}, {"kind": "message", "template": "送您积分"}]
    store.do(journeys.publish, [Publish("p", small(steps=steps))], ME)
    switch(store, "hello")
    run(store, clock, 2)
    assert store.look(points.balance, [one])[one].available == 20


NOWHERE = {"kind": "compare", "feature": "no", "op": "eq", "value": 1}


def test_a_journey_outside_the_language_is_refused(store: Store) -> None:
    people(store, 1)
    changes: list[dict[str, Any]] = [{"steps": []}, {"at_hour": 3}, {"name": "坏"}, {"code": "x"}, {"segment": NOWHERE}]
    for change in changes:
        with pytest.raises(Invalid):
            store.do(journeys.publish, [Publish("p", small(**change))], ME)


def test_a_journey_switched_off_rests(store: Store, clock: ManualClock) -> None:
    people(store, 2)
    store.do(journeys.publish, [Publish("p", small())], ME)
    switch(store, "hello")
    run(store, clock)
    switch(store, "hello", on=False)
    run(store, clock, 5)
    assert len(sent(store, "hello")) == 2
    with pytest.raises(Invalid):
        switch(store, "nothing")
