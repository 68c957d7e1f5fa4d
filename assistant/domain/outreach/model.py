"""May we write to this person now: pure rules over what is known of a member, with ``now`` as an argument."""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from assistant.base.clock import SHANGHAI

Kind = Literal["marketing", "care", "service"]
Route = Literal["kf", "mass"]
Preference = Literal["auto", "kf", "mass"]
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Period:
    """Of a relationship not older than ``until_days`` at most ``touches`` in any ``days`` days; ``until_days`` None is all later ones."""

    until_days: int | None
    touches: int
    days: int


@dataclass(frozen=True, slots=True)
class Rules:
    """The house rules as data. Hours are local to the member; ``frequency`` is read from the first period that fits."""

    quiet_from: int = 21
    quiet_until: int = 9
    a_day: Mapping[str, int] = field(default_factory=lambda: {"marketing": 1, "care": 1})
    frequency: Mapping[str, tuple[Period, ...]] = field(
        default_factory=lambda: {
            "marketing": (Period(30, 2, 7), Period(90, 1, 7), Period(None, 2, 30)),
            "care": (Period(30, 3, 7), Period(None, 2, 7)),
        }
    )
    rest_after_feedback: timedelta = timedelta(days=14)
    adult_years: int = 18
    kf_window: timedelta = timedelta(hours=48)
    kf_messages: int = 5
    mass_a_day: int = 1


DEFAULT = Rules()


@dataclass(frozen=True, slots=True)
class Candidate:
    """One wish to write to one member; ``channel`` auto takes customer service inside its window, else the member's staff."""

    member_id: str
    kind: Kind
    topic: str = ""
    channel: Preference = "auto"


@dataclass(frozen=True, slots=True)
class Past:
    """A touch that has gone out or is on its way."""

    kind: str
    at: datetime
    route: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the rules want to know of a member. ``touches`` covers at least the last 31 days; ``kf_used`` counts since ``last_inbound``.

    ``unfriended``: we know that no staff member is the member's friend any more; 微信客服 may still be open. ``mass_free_at`` is when WeCom
    would let the customer get one more 群发, as far as we have counted and been told.
    """

    joined_at: datetime | None
    peer: str = ""
    staff: str = ""
    opted_out: bool = False
    topic_opt_outs: frozenset[str] = frozenset()
    blocked: bool = False
    employee: bool = False
    merged: bool = False
    open_complaint: bool = False
    negative_at: datetime | None = None
    birthday: date | None = None
    zone: ZoneInfo = SHANGHAI
    last_inbound: datetime | None = None
    kf_used: int = 0
    touches: tuple[Past, ...] = ()
    unfriended: bool = False
    mass_free_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Send:
    """Yes: by ``route`` to the external id ``peer``; a mass task goes through ``staff``. ``place`` numbers the touch of that day."""

    candidate: Candidate
    route: Route
    peer: str
    staff: str
    place: str


@dataclass(frozen=True, slots=True)
class Defer:
    """Not before ``until`` (UTC)."""

    candidate: Candidate
    until: datetime
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Skip:
    """No; ``reason`` is kept and shown."""

    candidate: Candidate
    code: str
    reason: str


Decision = Send | Defer | Skip


def decide_all(candidates: Sequence[Candidate], standings: Mapping[str, Standing], rules: Rules, now: datetime) -> list[Decision]:
    """One decision per candidate, in order; an earlier Send counts for later candidates of the same member."""
    current = dict(standings)
    decisions: list[Decision] = []
    for candidate in candidates:
        standing = current.get(candidate.member_id)
        if standing is None:
            decisions.append(Skip(candidate, "no_member", "找不到这位会员"))
            continue
        decision = decide_one(candidate, standing, rules, now)
        if isinstance(decision, Send):
            sent = (*standing.touches, Past(candidate.kind, now, decision.route))
            current[candidate.member_id] = replace(standing, touches=sent, kf_used=standing.kf_used + (decision.route == "kf"))
        decisions.append(decision)
    return decisions


def decide_one(candidate: Candidate, standing: Standing, rules: Rules, now: datetime) -> Decision:
    """Person first, then hour, then pressure, then a way to reach them."""
    refusal = _person(candidate, standing, rules, now)
    if refusal is not None:
        return Skip(candidate, *refusal)
    later = _quiet(standing, rules, now) or _pressure(candidate, standing, rules, now)
    if later is not None:
        return Defer(candidate, *later)
    return _way(candidate, standing, rules, now)


def _person(candidate: Candidate, standing: Standing, rules: Rules, now: datetime) -> tuple[str, str] | None:
    if standing.merged:
        return "merged", "已合并到另一位会员名下"
    if standing.blocked:
        return "blocked", "会员已把我们删除或拉黑"
    if candidate.kind == "service":
        return None
    if standing.employee:
        return "employee", "是员工，不打扰"
    if standing.opted_out:
        return "opted_out", "会员已退订"
    if candidate.topic and candidate.topic in standing.topic_opt_outs:
        return "topic_opted_out", f"会员退订了“{candidate.topic}”"
    if standing.open_complaint:
        return "open_complaint", "有未解决的投诉"
    if candidate.kind == "marketing":
        if standing.negative_at is not None and now - standing.negative_at < rules.rest_after_feedback:
            return "negative_feedback", "近期有负面反馈"
        if standing.birthday is not None and _age(standing.birthday, now.astimezone(standing.zone).date()) < rules.adult_years:
            return "minor", "未成年人不做营销"
    return None


def _age(birthday: date, today: date) -> int:
    return today.year - birthday.year - ((today.month, today.day) < (birthday.month, birthday.day))


def is_quiet(local: time, rules: Rules = DEFAULT) -> bool:
    """Whether this local time lies in the quiet hours (they may span midnight)."""
    start, end = time(rules.quiet_from), time(rules.quiet_until)
    return (start <= local or local < end) if start > end else start <= local < end


def quiet_ends(now: datetime, zone: ZoneInfo = SHANGHAI, rules: Rules = DEFAULT) -> datetime:
    """The first instant (UTC) not before ``now`` outside the quiet hours."""
    local = now.astimezone(zone)
    if not is_quiet(local.time(), rules):
        return now
    day = local.date() if local.time() < time(rules.quiet_until) else local.date() + DAY
    return datetime.combine(day, time(rules.quiet_until), zone).astimezone(UTC)


def _quiet(standing: Standing, rules: Rules, now: datetime) -> tuple[datetime, str, str] | None:
    until = quiet_ends(now, standing.zone, rules)
    return None if until == now else (until, "quiet_hours", f"{rules.quiet_from}:00–{rules.quiet_until:02d}:00 是休息时间")


def next_morning(now: datetime, zone: ZoneInfo, rules: Rules) -> datetime:
    """When quiet hours end on the member's next calendar day, UTC."""
    day = now.astimezone(zone).date() + DAY
    return datetime.combine(day, time(rules.quiet_until), zone).astimezone(UTC)


def period_of(standing: Standing, kind: str, rules: Rules, now: datetime) -> Period | None:
    """The frequency that the age of the relationship asks for; without a joining date the last and calmest."""
    periods = rules.frequency.get(kind, ())
    age = None if standing.joined_at is None else now - standing.joined_at
    for period in periods:
        if period.until_days is None or (age is not None and age <= timedelta(days=period.until_days)):
            return period
    return None


def _pressure(candidate: Candidate, standing: Standing, rules: Rules, now: datetime) -> tuple[datetime, str, str] | None:
    same = sorted(past.at for past in standing.touches if past.kind == candidate.kind)
    limit = rules.a_day.get(candidate.kind)
    today = now.astimezone(standing.zone).date()
    if limit is not None and sum(at.astimezone(standing.zone).date() == today for at in same) >= limit:
        return next_morning(now, standing.zone, rules), "daily_cap", f"今天已经联系过 {limit} 次"
    period = period_of(standing, candidate.kind, rules, now)
    if period is None:
        return None
    span = timedelta(days=period.days)
    recent = [at for at in same if at > now - span]
    if len(recent) < period.touches:
        return None
    free = recent[-period.touches] + span
    return quiet_ends(max(free, now), standing.zone, rules), "frequency_cap", f"{period.days} 天内已经联系过 {len(recent)} 次"


def _way(candidate: Candidate, standing: Standing, rules: Rules, now: datetime) -> Decision:
    if not standing.peer:
        return Skip(candidate, "no_address", "没有企业微信联系方式")
    place = _place(candidate, standing, now)
    window = standing.last_inbound is not None and now < standing.last_inbound + rules.kf_window and standing.kf_used < rules.kf_messages
    if candidate.channel != "mass" and window:
        return Send(candidate, "kf", standing.peer, "", place)
    if candidate.channel == "kf":
        return Skip(candidate, "kf_window_closed", "不在微信客服的 48 小时窗口内")
    if standing.unfriended:
        return Skip(candidate, "unfriended", "已经不是任何员工的好友，无法群发")
    if not standing.staff:
        return Skip(candidate, "no_staff", "没有跟进的员工，无法群发")
    return _mass(candidate, standing, rules, now, place)


def _mass(candidate: Candidate, standing: Standing, rules: Rules, now: datetime, place: str) -> Decision:
    """The platform lets each customer get as many mass messages a calendar month as it has days, one a day from the same employee."""
    local = now.astimezone(SHANGHAI)
    days = [past.at.astimezone(SHANGHAI) for past in standing.touches if past.route == "mass"]
    quota = calendar.monthrange(local.year, local.month)[1]
    if sum((at.year, at.month) == (local.year, local.month) for at in days) >= quota:
        return Skip(candidate, "platform_quota", f"本月群发已满 {quota} 条")
    free = standing.mass_free_at
    if free is not None and free > now:
        if (free.astimezone(SHANGHAI).year, free.astimezone(SHANGHAI).month) != (local.year, local.month):
            return Skip(candidate, "platform_quota", "客户本月能收的群发已满（含别人发的）")
        return Defer(candidate, quiet_ends(free, standing.zone, rules), "platform_daily", "客户的群发名额已用完")
    if sum(at.date() == local.date() for at in days) >= rules.mass_a_day:
        return Defer(candidate, next_morning(now, SHANGHAI, rules), "platform_daily", "今天的群发名额已用完")
    return Send(candidate, "mass", standing.peer, standing.staff, place)


def _place(candidate: Candidate, standing: Standing, now: datetime) -> str:
    """Which touch of this kind on this day it is: two writers who decide at once collide on it. Service messages do not compete."""
    if candidate.kind == "service":
        return ""
    today = now.astimezone(standing.zone).date()
    taken = sum(past.kind == candidate.kind and past.at.astimezone(standing.zone).date() == today for past in standing.touches)
    return f"{candidate.kind}:{today}:{taken}"
