"""Check-in as data: streaks, days made up, and one bonus for every full streak however it was filled."""

from __future__ import annotations

import asyncio
import itertools
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.base.clock import ManualClock, business_day
from assistant.base.errors import Forbidden, LaoyouError, Refused
from assistant.base.principal import Principal
from assistant.domain import activities, benefits
from assistant.domain.activities import CheckedIn, CheckIn, MakeUp
from assistant.store import Store
from tests.support.fair import ME, available, body, launch, rich

EXAMPLES = itertools.count()


def come(store: Store, clock: ManualClock, member: str = "m1") -> CheckedIn:
    key = f"c:{member}:{clock.now()}"
    return store.do(activities.check_in, [CheckIn(key, member)], ME)[0]  # type: ignore[no-any-return]


def make_up(store: Store, day: date, cost: int = 10, key: str = "", member: str = "m1") -> CheckedIn:
    return store.do(activities.make_up, [MakeUp(key or f"u:{member}:{day}", member, day, cost)], ME)[0]  # type: ignore[no-any-return]


def refusal(store: Store, day: date, cost: int = 10) -> str:
    with pytest.raises(Refused) as refused:
        make_up(store, day, cost, key=f"no:{day}:{cost}")
    return refused.value.code


def test_a_day_made_up_joins_the_streak_and_brings_the_bonus_it_fills(store: Store, clock: ManualClock) -> None:
    rich(store, "m1", amount=100)
    gap = business_day(clock.now()) + timedelta(days=3)
    for number in range(7):
        if number != 3:
            come(store, clock)
        clock.advance(timedelta(days=1))
    assert store.look(activities.streak, "m1") == 3
    assert store.look(activities.missed, "m1") == [gap]
    before = available(store)
    done = make_up(store, gap)
    assert (done.streak, done.points, available(store)) == (7, 20, before - 10 + 20)
    assert store.look(activities.streak, "m1") == 7
    assert come(store, clock) == CheckedIn(business_day(clock.now()), 5, 8)
    assert refusal(store, gap) == "not_missed"


def test_made_up_days_are_few_recent_and_missed(store: Store, clock: ManualClock) -> None:
    rich(store, "m1", amount=100)
    assert store.look(activities.missed, "m1") == []
    first = business_day(clock.now())
    come(store, clock)
    clock.advance(timedelta(days=7))
    assert [day.day for day in store.look(activities.missed, "m1")] == [28, 27, 26, 25, 24, 23]
    assert refusal(store, first - timedelta(days=1)) == "too_long_ago"
    assert refusal(store, first) == "not_missed"
    assert refusal(store, business_day(clock.now())) == "too_long_ago"
    assert refusal(store, first + timedelta(days=1), 5) == "price_changed"
    for back in (1, 2, 3):
        make_up(store, business_day(clock.now()) - timedelta(days=back))
    assert refusal(store, first + timedelta(days=1)) == "makeups_used"
    assert available(store) == 100 + 5 - 30
    clock.advance(timedelta(days=3))
    make_up(store, business_day(clock.now()) - timedelta(days=1))


def test_a_chance_pays_instead_of_points_and_only_ones_own_days(store: Store, clock: ManualClock) -> None:
    come(store, clock)
    clock.advance(timedelta(days=2))
    yesterday = business_day(clock.now()) - timedelta(days=1)
    assert store.look(activities.makeup_price, "m1") == 10
    with pytest.raises(Refused):
        make_up(store, yesterday)
    store.do(benefits.grant, [benefits.BenefitGrant("g", "m1", benefits.Chance("check_in", 1))], ME)
    assert store.look(activities.makeup_price, "m1") == 0
    with pytest.raises(Forbidden):
        store.do(activities.make_up, [MakeUp("x", "m1", yesterday, 0)], Principal("member", "m2"))
    assert make_up(store, yesterday, 0, key="paid by chance").streak == 2
    assert available(store) == 5


def test_sixteen_at_once_make_up_three_days_and_no_more(store: Store, clock: ManualClock) -> None:
    rich(store, "m1", amount=1000)
    come(store, clock)
    clock.advance(timedelta(days=7))
    days = store.look(activities.missed, "m1")

    async def at_once() -> list[Any]:
        asked = [MakeUp(f"u{n}", "m1", days[n % len(days)], 10) for n in range(16)]
        return await asyncio.gather(*(store.write(activities.make_up, [one], ME) for one in asked), return_exceptions=True)

    results = asyncio.run(at_once())
    assert sum(isinstance(one, list) for one in results) == 3
    assert {one.code for one in results if isinstance(one, LaoyouError)} <= {"makeups_used", "not_missed"}
    assert available(store) == 1005 - 30


def test_a_published_check_in_replaces_the_houses_own(store: Store, clock: ManualClock) -> None:
    launch(store, body("check_in", daily_points=2, streak_days=3, streak_bonus=30, makeups_a_month=0))
    got = []
    for _ in range(3):
        got.append(come(store, clock).points)
        clock.advance(timedelta(days=1))
    assert got == [2, 2, 32]
    clock.advance(timedelta(days=1))
    assert refusal(store, business_day(clock.now()) - timedelta(days=1)) == "makeups_used"
    clock.advance(timedelta(days=30))
    assert come(store, clock).points == 5


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(come_on=st.lists(st.booleans(), min_size=8, max_size=28), mended=st.lists(st.integers(0, 9), min_size=200, max_size=200))
def test_bonuses_are_the_full_streaks_however_filled(store: Store, clock: ManualClock, come_on: list[bool], mended: list[int]) -> None:
    """Every bonus belongs to a full streak: never more than there are, and a streak without gaps has them all."""
    member, mood = f"h{next(EXAMPLES)}", iter(mended)
    launch_once(store)
    rich(store, member, amount=5000)
    made, mends = 5000, 0
    for comes in come_on:
        if comes:
            made += come(store, clock, member).points
        for day in store.look(activities.missed, member):
            if next(mood, 9) < 4:
                made += make_up(store, day, key=f"{member}:{day}", member=member).points - 10
                mends += 1
        clock.advance(timedelta(days=1))
    assert available(store, member) == made
    days = sorted(store.look(lambda view: activities.check_in_days(view, member)))
    runs: list[int] = []
    for number, day in enumerate(days):
        runs = [*runs[:-1], runs[-1] + 1] if number and day - days[number - 1] == timedelta(days=1) else [*runs, 1]
    bonuses = (made - 5000 - 5 * sum(come_on) + 10 * mends) // 20
    assert bonuses == sum(length // 7 for length in runs)


def launch_once(store: Store) -> None:
    if store.look(activities.activity, "often") is None:
        window = {"starts_at": "2026-11-20T00:00:00+08:00", "ends_at": "2036-11-20T00:00:00+08:00"}
        launch(store, body("check_in", name="often", makeups_a_month=31) | window)
