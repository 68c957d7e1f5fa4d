"""Points that will end: the SOP that answers the notice tells a member once, with what is true when it is written."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from assistant.base.clock import ManualClock
from assistant.base.errors import Invalid
from assistant.domain import journeys, members, outreach, points
from assistant.domain.journeys import Publish
from assistant.flows import notices
from assistant.store import Store
from tests.rooms.test_journeys import run, sent, small, switch
from tests.rooms.test_operations_world import ME, people

DAY = timedelta(days=1)
NAME = "points_expiring"


def give(store: Store, member: str, amount: int, days: int, key: str = "g") -> None:
    """Points whose end is a little before midnight, so many days from today."""
    ends = store.clock.now() + days * DAY + timedelta(hours=11)
    store.do(points.grant, [points.Grant(f"{key}:{member}", member, amount, "赠送", expires_at=ends)], ME)


def notice(store: Store) -> int:
    return int(store.do(lambda work, _none: notices.points_expiring(work), None, ME))


def days_pass(store: Store, clock: ManualClock, days: int) -> None:
    for _ in range(days):
        notice(store)
        notice(store)
        run(store, clock)


def texts(store: Store) -> list[str]:
    return [touch.text for touch in sent(store, NAME)]


def test_a_member_is_told_once_how_many_points_end_and_when(store: Store, clock: ManualClock) -> None:
    (one,) = people(store, 1)
    give(store, one, 120, 10, "a")
    give(store, one, 80, 10, "b")
    give(store, one, 500, 90, "c")
    switch(store, NAME)
    days_pass(store, clock, 15)
    (text,) = texts(store)
    assert "200 积分" in text
    assert "12 月 2 日" in text
    assert "{" not in text
    assert store.look(journeys.counts, NAME) == {"done": 1}


def test_what_was_spent_since_the_notice_is_not_told(store: Store, clock: ManualClock) -> None:
    one, two = people(store, 2)
    give(store, one, 120, 7)
    give(store, two, 120, 7)
    switch(store, NAME)
    clock.advance(-timedelta(hours=11))
    notice(store)
    store.do(points.spend, [points.Spend("all", one, 120, "兑换"), points.Spend("some", two, 50, "兑换")], ME)
    run(store, clock)
    assert [touch.member_id for touch in sent(store, NAME)] == [two]
    assert sent(store, NAME)[0].queued_at.hour == 5, "not at one in the morning but at one in the afternoon"
    assert "70 积分" in texts(store)[0]
    assert store.look(journeys.counts, NAME) == {"done": 1, "exited": 1}


def test_few_points_disturb_nobody_and_a_no_is_a_no(store: Store, clock: ManualClock) -> None:
    few, no, topic = people(store, 3)
    give(store, few, 49, 7)
    give(store, no, 100, 7)
    give(store, topic, 100, 7)
    store.do(lambda work, who: members.opt_out(work, [members.Choice("o", who)]), no, ME)
    store.do(lambda work, who: members.opt_out(work, [members.Choice("t", who, "积分到期")]), topic, ME)
    switch(store, NAME)
    days_pass(store, clock, 3)
    assert texts(store) == []
    assert sorted(store.look(outreach.skip_counts, f"journey:{NAME}:1").values()) == [1, 1]


def test_a_journey_that_is_off_or_meant_for_others_takes_nobody_in(store: Store, clock: ManualClock) -> None:
    (one,) = people(store, 1)
    give(store, one, 100, 7)
    notice(store)
    run(store, clock)
    assert store.look(journeys.counts, NAME) == {}
    other = small(enter_on={"fact": "points.expiring"}, segment={"kind": "compare", "feature": "city", "op": "eq", "value": "成都"})
    store.do(journeys.publish, [Publish("p", other)], ME)
    switch(store, "hello")
    give(store, one, 100, 7, "again")
    days_pass(store, clock, 3)
    assert store.look(journeys.counts, "hello") == {}


def test_the_caps_of_care_hold_for_it(store: Store, clock: ManualClock) -> None:
    (one,) = people(store, 1)
    give(store, one, 100, 7)
    store.do(outreach.note_past, [outreach.PastTouch("t", one, clock.now() - timedelta(hours=1), "care")], ME)
    switch(store, NAME)
    days_pass(store, clock, 2)
    assert [touch.queued_at.date().day for touch in sent(store, NAME)] == [23]


def test_a_staff_member_confirms_twenty_personal_texts_a_day_and_then_one_for_all(store: Store, clock: ManualClock) -> None:
    ids = people(store, 30)
    for place, one in enumerate(ids):
        give(store, one, 100 + place, 7)
    switch(store, NAME)
    notice(store)
    run(store, clock)
    said = texts(store)
    assert len(said) == 30
    assert len(set(said)) == 21
    assert all("11 月 29 日" in text for text in said)


@pytest.mark.parametrize("entrance", [{"fact": "moon.rose"}, {"fact": "points.expiring", "when": 1}, "points.expiring"])
def test_a_fact_that_no_journey_hears_is_refused(store: Store, entrance: Any) -> None:
    people(store, 1)
    with pytest.raises(Invalid):
        store.do(journeys.publish, [Publish("p", small(enter_on=entrance))], ME)
