"""Quota: what is taken before sending, given back, learned from the platform and forecast, by Shanghai's calendar and in any interval."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.base.clock import SHANGHAI, ManualClock, business_day, day_start
from assistant.base.principal import system
from assistant.channels import quota
from assistant.channels.quota import Charge, GiveBack, Learned
from assistant.channels.windows import DAYS_OF_MONTH, Spent, Window, added, fits_at, left, period_ends
from assistant.store import Store

ME = system("test")
MONTH = (Window(DAYS_OF_MONTH, "month"),)
INSTANTS = st.integers(1_701_360_000, 1_835_600_000).map(lambda second: datetime.fromtimestamp(second, UTC))


def take(store: Store, *charges: Charge) -> quota.Taken:
    return store.do(quota.take, [charges], ME)[0]  # type: ignore[no-any-return]


@given(st.lists(st.integers(0, 400), min_size=1, max_size=120), st.integers(1, 9), st.integers(1, 60), st.sampled_from([1, 7, 30]))
@settings(max_examples=150, database=None, derandomize=True)
def test_no_interval_ever_holds_more_than_a_rolling_window_allows(gaps: list[int], most: int, span: int, grain: int) -> None:
    windows, spent, taken = (Window(most, span, grain),), {}, []
    now = datetime(2026, 11, 27, tzinfo=UTC)
    for gap in gaps:
        now += timedelta(seconds=gap / 10)
        if left(windows, spent, now):
            spent = added(windows, spent, now, 1, now)
            taken.append(now)
        else:
            free = fits_at(windows, spent, now, 1)
            assert free is not None
            assert now < free <= now + timedelta(seconds=span + grain)
            assert (left(windows, spent, free) > 0, left(windows, spent, free - timedelta(seconds=1))) == (True, 0)
    for first in taken:
        assert sum(first <= at < first + timedelta(seconds=span) for at in taken) <= most
    assert len(spent[windows[0].name]) <= min(most, span // grain + 2)


@given(INSTANTS)
@settings(max_examples=300, database=None, derandomize=True)
def test_a_month_allows_as_many_as_it_has_days_and_begins_again_at_midnight_in_shanghai(at: datetime) -> None:
    local = at.astimezone(SHANGHAI)
    days = calendar.monthrange(local.year, local.month)[1]
    assert left(MONTH, {}, at) == days
    full = added(MONTH, {}, at, days, at)
    free = fits_at(MONTH, full, at, 1)
    assert free is not None
    there = free.astimezone(SHANGHAI)
    assert (there.day, there.hour, there.minute, there.second) == (1, 0, 0, 0)
    assert at < free <= at + timedelta(days=days)
    assert left(MONTH, full, free - timedelta(microseconds=1)) == 0
    assert left(MONTH, full, free) == calendar.monthrange(there.year, there.month)[1]


@given(INSTANTS, st.sampled_from(["day", "week", "month"]))
@settings(max_examples=300, database=None, derandomize=True)
def test_a_calendar_period_holds_exactly_the_instants_of_its_shanghai_days(at: datetime, span: str) -> None:
    windows = (Window(1, span),)  # type: ignore[arg-type]
    spent: Spent = added(windows, {}, at, 1, at)
    day = business_day(at)
    first = {"day": day, "week": day - timedelta(days=day.weekday()), "month": day.replace(day=1)}[span]
    last = {"day": day, "week": first + timedelta(days=6), "month": day.replace(day=calendar.monthrange(day.year, day.month)[1])}[span]
    ends = day_start(last + timedelta(days=1))
    assert ends == period_ends(span, at) == fits_at(windows, spent, day_start(first), 1)  # type: ignore[arg-type]


@given(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 40)), max_size=30))
@settings(max_examples=150, database=None, derandomize=True)
def test_what_is_given_back_leaves_the_count_as_if_it_had_never_been_taken(steps: list[tuple[int, int]]) -> None:
    windows = (Window(30, 60), Window(1000, 3600, 60), Window(7, "week"))
    now, spent = datetime(2026, 11, 29, 15, 59, tzinfo=UTC), {}
    for count, gap in steps:
        now += timedelta(seconds=gap)
        before = {at: left(windows, spent, now + timedelta(seconds=at)) for at in (1, 30, 61, 4000)}
        taken = added(windows, spent, now, count, now)
        returned = added(windows, taken, now, -count, now + timedelta(seconds=1))
        assert {at: left(windows, returned, now + timedelta(seconds=at)) for at in before} == before
        spent = taken


def test_the_thirty_first_message_of_a_minute_waits_until_the_first_is_a_minute_old(store: Store, clock: ManualClock) -> None:
    one = Charge(quota.APP_MEMBER, "7:wang")
    assert all(take(store, one).ok for _ in range(30))
    refused = take(store, one)
    assert (refused.ok, refused.limit, refused.until) == (False, quota.APP_MEMBER, clock.now() + timedelta(seconds=61))
    assert take(store, Charge(quota.APP_MEMBER, "7:li")).ok
    clock.advance(timedelta(seconds=61))
    assert take(store, one).ok


def test_all_charges_of_a_request_are_taken_or_none(store: Store) -> None:
    store.do(quota.set_limits, {quota.APP_DAY: [Window(1, "day")]}, ME)
    both = (Charge(quota.APP_MEMBER, "7:wang"), Charge(quota.APP_DAY, "7"))
    assert take(store, *both).ok
    assert take(store, *both).limit == quota.APP_DAY
    assert store.look(quota.rooms, quota.APP_MEMBER, ["7:wang"])["7:wang"].left == 29
    assert take(store, Charge(quota.MASS, "wm1", 32)) == quota.Taken(False, None, quota.MASS)


def test_one_set_counts_its_own_members(store: Store) -> None:
    requests = [[Charge(quota.ROBOT, "财务")] for _ in range(25)]
    assert [taken.ok for taken in store.do(quota.take, requests, ME)] == [True] * 20 + [False] * 5


def test_what_did_not_go_out_is_given_back(store: Store, clock: ManualClock) -> None:
    charges = [Charge(quota.REMIND, "msg1")]
    at = clock.now()
    assert [take(store, *charges).ok for _ in range(4)] == [True, True, True, False]
    clock.advance(timedelta(hours=1))
    store.do(quota.give_back, [GiveBack(charges, at)], ME)
    assert [take(store, *charges).ok for _ in range(2)] == [True, False]


def test_told_too_many_a_limit_closes_for_longer_each_time_and_opens_by_itself(store: Store, clock: ManualClock) -> None:
    said = [Learned(quota.ROBOT, "财务")]
    waits = []
    for _ in range(4):
        until = store.do(quota.learn, said, ME)[0]
        waits.append(until - clock.now())
        refused = take(store, Charge(quota.ROBOT, "财务"))
        assert (refused.ok, refused.until) == (False, until)
        clock.advance(until - clock.now())
    assert waits[:2] == [timedelta(minutes=1), timedelta(hours=1)]
    assert business_day(clock.now() - waits[3] - timedelta(seconds=1)) < business_day(clock.now() - waits[3])
    assert waits[3] == timedelta(days=30)
    assert take(store, Charge(quota.ROBOT, "财务")).ok
    clock.advance(timedelta(days=31))
    assert store.do(quota.learn, said, ME)[0] == clock.now() + timedelta(minutes=1)


def test_a_customer_whom_others_have_filled_up_is_closed_until_the_month_is_over(store: Store, clock: ManualClock) -> None:
    ends = period_ends("month", clock.now())
    store.do(quota.learn, [Learned(quota.MASS, "wm1", ends)], ME)
    rooms = store.look(quota.rooms, quota.MASS, ["wm1", "wm2"])
    assert (rooms["wm1"], rooms["wm2"]) == (quota.Room(0, ends), quota.Room(30, clock.now()))
    assert [(one.limit, one.label, one.until) for one in store.look(quota.closed)] == [(quota.MASS, "", ends)]


def test_what_the_platform_says_was_used_counts_and_its_refusal_lasts_for_the_shortest_window(store: Store, clock: ManualClock) -> None:
    store.do(lambda work, charges: quota.spend(work, charges, clock.now()), [Charge(quota.MASS, "wm1", 31), Charge(quota.MASS, "wm2")], ME)
    rooms = store.look(quota.rooms, quota.MASS, ["wm1", "wm2"])
    assert (rooms["wm1"].left, rooms["wm2"].left) == (0, 29)
    for mode, span in (("month", "month"), ("week", "week"), ("day", "day")):
        store.do(quota.set_limits, quota.brand_limits(0, mode), ME)
        store.do(lambda work, peers: quota.full(work, quota.MASS, peers), [f"wm_{mode}"], ME)
        room = store.look(quota.rooms, quota.MASS, [f"wm_{mode}"])[f"wm_{mode}"]
        assert room == quota.Room(0, period_ends(span, clock.now()))  # type: ignore[arg-type]


def test_a_forecast_says_how_many_pass_now_of_what_is_left_and_when_the_rest_and_takes_nothing(store: Store, clock: ManualClock) -> None:
    store.do(quota.set_limits, {quota.MASS: [*MONTH, Window(1, "day")]}, ME)
    take(store, Charge(quota.MASS, "wm_today"))
    store.do(quota.learn, [Learned(quota.MASS, "wm_full", period_ends("month", clock.now()))], ME)
    store.do(quota.learn, [Learned(quota.MASS, "wm_soon", clock.now() + timedelta(hours=1))], ME)
    today, tomorrow = (business_day(clock.now() + timedelta(days=days)).isoformat() for days in (0, 1))
    month = business_day(period_ends("month", clock.now())).isoformat()
    told = quota.Forecast(1, 59, {today: 1, tomorrow: 2, month: 1})
    people = ["wm_new", "wm_new", "wm_today", "wm_full", "wm_soon"]
    for _ in range(2):
        assert store.look(quota.forecast, quota.MASS, people) == told
    at = period_ends("month", clock.now()) + timedelta(days=1)
    assert store.look(quota.forecast, quota.MASS, people, at).takes == 4


def test_the_admins_stricter_week_and_day_hold_together_with_the_month(store: Store, clock: ManualClock) -> None:
    store.do(quota.set_limits, {quota.MASS: [*MONTH, Window(7, "week")]}, ME)
    clock.advance(datetime(2026, 11, 23, 4, tzinfo=UTC) - clock.now())
    taken = []
    for _ in range(13):
        taken.append(take(store, Charge(quota.MASS, "wm1")).ok)
        clock.advance(timedelta(hours=12))
    assert taken == [True] * 7 + [False] * 6
    assert clock.now() == datetime(2026, 11, 29, 16, tzinfo=UTC)
    assert take(store, Charge(quota.MASS, "wm1")).ok
    with pytest.raises(ValueError, match="no such limit"):
        store.do(quota.set_limits, {"mass.nobody": ()}, ME)


def test_rows_do_not_grow_with_messages_name_no_customer_and_go_when_they_say_nothing(store: Store, clock: ManualClock) -> None:
    for _ in range(20):
        take(store, Charge(quota.MASS, "wmCANARY"), Charge(quota.ROBOT, "财务"))
        clock.advance(timedelta(minutes=2))
    rows = store.look(lambda view: view.all(sa.select(quota.quota)))
    assert len(rows) == 2
    assert "CANARY" not in str(rows)
    assert max(len(str(row.spent)) for row in rows) < 60
    assert store.do(lambda work, _: quota.sweep(work), None, ME) == 0
    clock.advance(timedelta(days=33))
    assert store.do(lambda work, _: quota.sweep(work), None, ME) == 2
