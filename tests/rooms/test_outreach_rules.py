"""The gate's rules, pure: quiet hours, caps that taper, consent, quota, routes."""

from __future__ import annotations

import calendar
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.domain import outreach
from assistant.domain.outreach import Candidate, Decision, Defer, Past, Send, Skip, Standing

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
ZONES = ["Asia/Shanghai", "America/New_York", "Europe/London", "Pacific/Auckland", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC"]
PERSON = Standing(joined_at=NOON - timedelta(days=200), peer="wm1", staff="lin")
AD = Candidate("m1", "marketing", "新品")
CARE = Candidate("m1", "care", "生日")
SERVICE = Candidate("m1", "service")
START = datetime(2024, 1, 1, tzinfo=UTC)
instants = st.integers(0, 6 * 365 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes))
near_new_year = st.integers(0, 4 * 24 * 60).map(lambda minutes: datetime(2026, 12, 30, tzinfo=UTC) + timedelta(minutes=minutes))


def one(candidate: Candidate, standing: Standing, now: datetime = NOON) -> Decision:
    return outreach.decide_one(candidate, standing, outreach.DEFAULT, now)


def code(decision: Decision) -> str:
    return "send" if isinstance(decision, Send) else decision.code


@settings(max_examples=400)
@given(st.one_of(instants, near_new_year), st.sampled_from(ZONES))
def test_quiet_hours_end_at_nine_of_the_member_and_nothing_is_sent_in_them(now: datetime, name: str) -> None:
    zone = ZoneInfo(name)
    end = outreach.quiet_ends(now, zone)
    local = end.astimezone(zone)
    assert end >= now
    assert end - now <= timedelta(hours=13)
    assert time(9) <= local.time() < time(21)
    assert end == now or local.time() == time(9)
    decision = one(AD, replace(PERSON, zone=zone), now)
    assert isinstance(decision, Send) == (end == now)
    if isinstance(decision, Defer):
        assert (decision.code, decision.until) == ("quiet_hours", end)


@pytest.mark.parametrize(
    ("hour", "minute", "quiet"), [(8, 59, True), (9, 0, False), (20, 59, False), (21, 0, True), (0, 0, True), (23, 59, True)]
)
def test_quiet_hours_are_nine_in_the_evening_to_nine_in_the_morning(hour: int, minute: int, quiet: bool) -> None:
    assert outreach.is_quiet(time(hour, minute)) is quiet


@settings(max_examples=150, deadline=None)
@given(st.one_of(instants, near_new_year), st.integers(0, 400), st.sampled_from(ZONES), st.sampled_from(["marketing", "care"]))
def test_whoever_is_offered_everything_gets_no_more_than_the_caps(start: datetime, age: int, name: str, kind: str) -> None:
    zone = ZoneInfo(name)
    standing = Standing(joined_at=start - timedelta(days=age), peer="wm1", staff="lin", zone=zone)
    sent: list[datetime] = []
    for step in range(60 * 4):
        now = start + timedelta(hours=6 * step)
        decision = one(Candidate("m1", kind), standing, now)  # type: ignore[arg-type]
        if isinstance(decision, Send):
            sent.append(now)
            standing = replace(standing, touches=(*standing.touches, Past(kind, now, decision.route)))
        elif isinstance(decision, Defer):
            assert decision.until > now
    days = [at.astimezone(zone).date() for at in sent]
    assert len(set(days)) == len(days)
    for at in sent:
        old = at - (start - timedelta(days=age))
        touches, span = _allowed(kind, old)
        assert sum(at - timedelta(days=span) < other <= at for other in sent) <= touches


def _allowed(kind: str, old: timedelta) -> tuple[int, int]:
    if kind == "care":
        return (3, 7) if old <= timedelta(days=30) else (2, 7)
    if old <= timedelta(days=30):
        return 2, 7
    return (1, 7) if old <= timedelta(days=90) else (2, 30)


@settings(max_examples=200)
@given(instants, st.lists(st.integers(0, 40 * 24), max_size=6), st.integers(0, 200))
def test_a_deferred_touch_may_go_out_when_its_time_comes(now: datetime, hours: list[int], age: int) -> None:
    touches = tuple(Past("marketing", now - timedelta(hours=ago)) for ago in hours)
    standing = replace(PERSON, joined_at=now - timedelta(days=age), touches=touches)
    decision: Decision = one(AD, standing, now)
    for _ in range(4):
        if not isinstance(decision, Defer):
            break
        decision = one(AD, standing, decision.until)
    assert isinstance(decision, Send)


@pytest.mark.parametrize(
    ("change", "marketing", "care", "service"),
    [
        ({}, "send", "send", "send"),
        ({"opted_out": True}, "opted_out", "opted_out", "send"),
        ({"topic_opt_outs": frozenset({"新品"})}, "topic_opted_out", "send", "send"),
        ({"blocked": True}, "blocked", "blocked", "blocked"),
        ({"employee": True}, "employee", "employee", "send"),
        ({"open_complaint": True}, "open_complaint", "open_complaint", "send"),
        ({"negative_at": NOON - timedelta(days=13)}, "negative_feedback", "send", "send"),
        ({"negative_at": NOON - timedelta(days=14)}, "send", "send", "send"),
        ({"birthday": date(2008, 11, 23)}, "minor", "send", "send"),
        ({"birthday": date(2008, 11, 22)}, "send", "send", "send"),
        ({"peer": ""}, "no_address", "no_address", "no_address"),
        ({"staff": ""}, "no_staff", "no_staff", "no_staff"),
    ],
)
def test_who_may_be_written_to(change: dict[str, object], marketing: str, care: str, service: str) -> None:
    standing = replace(PERSON, **change)  # type: ignore[arg-type]
    assert [code(one(candidate, standing)) for candidate in (AD, CARE, SERVICE)] == [marketing, care, service]


def test_customer_service_is_taken_inside_its_window_and_never_outside() -> None:
    inside = replace(PERSON, last_inbound=NOON - timedelta(hours=47, minutes=59), kf_used=4)
    assert one(AD, inside) == Send(AD, "kf", "wm1", "", "marketing:2026-11-22:0")
    outside = replace(PERSON, last_inbound=NOON - timedelta(hours=48))
    assert one(AD, outside) == Send(AD, "mass", "wm1", "lin", "marketing:2026-11-22:0")
    used_up = replace(inside, kf_used=5)
    assert isinstance(one(AD, used_up), Send)
    only_kf = replace(AD, channel="kf")
    assert [code(one(only_kf, standing)) for standing in (inside, outside, used_up)] == ["send", "kf_window_closed", "kf_window_closed"]
    by_mass = one(replace(AD, channel="mass"), inside)
    assert isinstance(by_mass, Send)
    assert by_mass.route == "mass"


@pytest.mark.parametrize("month", [(2026, 2), (2028, 2), (2026, 11), (2026, 12)])
def test_the_platform_quota_is_as_many_mass_messages_as_the_month_has_days(month: tuple[int, int]) -> None:
    length = calendar.monthrange(*month)[1]
    now = datetime(*month, length, 4, tzinfo=UTC)
    full = tuple(Past("service", datetime(*month, 1, 1, tzinfo=UTC) + timedelta(hours=n), "mass") for n in range(length))
    standing = replace(PERSON, touches=full)
    assert code(one(SERVICE, standing, now)) == "platform_quota"
    assert code(one(SERVICE, replace(standing, touches=full[1:]), now)) == "send"
    assert code(one(SERVICE, standing, now + timedelta(days=1))) == "send"


def test_the_same_staff_member_writes_once_a_day() -> None:
    standing = replace(PERSON, touches=(Past("service", NOON - timedelta(hours=1), "mass"),))
    decision = one(SERVICE, standing)
    assert isinstance(decision, Defer)
    assert decision.until == datetime(2026, 11, 23, 1, tzinfo=UTC)


def test_one_call_counts_its_own_sends() -> None:
    decisions = outreach.decide_all([AD, AD, CARE, Candidate("ghost", "care")], {"m1": PERSON}, outreach.DEFAULT, NOON)
    assert [code(decision) for decision in decisions] == ["send", "daily_cap", "platform_daily", "no_member"]
    assert isinstance(decisions[3], Skip)
