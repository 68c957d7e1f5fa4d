"""How much of a limit is used up: counts in slots of time, pure; rolling windows are exact upper bounds, calendar ones are Shanghai's."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from assistant.base.clock import business_day, day_start

Calendar = Literal["day", "week", "month"]
Spent = dict[str, list[tuple[int, int]]]
"""Per window the slots that still count: [second the slot begins, how many]."""

DAYS_OF_MONTH = -1
"""As ``most`` of a monthly window: as many as the month has days."""

FOR_EVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Window:
    """At most ``most`` in any ``span`` seconds, or in each calendar day, week (from Monday) or month in Asia/Shanghai.

    A rolling window counts in slots of ``grain`` seconds: what was counted in a slot is free again when the whole slot is older than the
    span. So no ``span`` seconds ever hold more than ``most``, and a limit of thousands is kept in a handful of numbers.
    """

    most: int
    span: int | Calendar
    grain: int = 1

    @property
    def name(self) -> str:
        return self.span if isinstance(self.span, str) else f"{self.span}s"

    def allowed(self, at: datetime) -> int:
        """How many the window that holds ``at`` allows."""
        if self.most != DAYS_OF_MONTH:
            return self.most
        day = business_day(at)
        return calendar.monthrange(day.year, day.month)[1]


def slot_of(window: Window, at: datetime) -> int:
    """The slot that holds ``at``, as the second it begins."""
    if isinstance(window.span, str):
        return int(day_start(_first_day(window.span, business_day(at))).timestamp())
    return int(at.timestamp()) // window.grain * window.grain


def slot_ends(window: Window, slot: int) -> datetime:
    """From when on a count of this slot no longer weighs on the window."""
    if isinstance(window.span, str):
        return _next_start(window.span, datetime.fromtimestamp(slot, UTC))
    return datetime.fromtimestamp(slot + window.grain + window.span, UTC)


def period_ends(span: Calendar, at: datetime) -> datetime:
    """The instant at which the calendar day, week or month of ``at`` is over."""
    return _next_start(span, day_start(_first_day(span, business_day(at))))


STRIKES = (timedelta(minutes=1), timedelta(hours=1), None, timedelta(days=30))
"""A platform that says "too many" does not say of which window: a minute first, then an hour, then the day (None), then a month."""


@dataclass
class Meter:
    """What one subject has used of a limit, and whether the platform has closed it."""

    spent: Spent = field(default_factory=dict)
    closed_until: datetime | None = None
    strikes: int = 0

    def opens(self, at: datetime) -> datetime:
        """``at``, or when the closing ends."""
        return at if self.closed_until is None or self.closed_until <= at else self.closed_until

    def left(self, windows: Sequence[Window], at: datetime) -> int:
        """How many more fit now."""
        return left(windows, self.spent, at) if self.opens(at) == at else 0

    def fits_at(self, windows: Sequence[Window], at: datetime, count: int) -> datetime | None:
        """When so many more fit; None if they never do."""
        return fits_at(windows, self.spent, self.opens(at), count)

    def add(self, windows: Sequence[Window], at: datetime, count: int, now: datetime) -> None:
        """Takes so many more (a negative count gives back)."""
        self.spent = added(windows, self.spent, at, count, now)

    def close(self, now: datetime, until: datetime | None = None, strikes: int = len(STRIKES)) -> None:
        """The platform said "too many": until then, or for longer each time that it says so soon after it opened."""
        if until is not None:
            self.closed_until = max(until, self.opens(now))
        elif self.opens(now) == now:
            self.strikes = min(self.strikes + 1, strikes) if self._soon_after(now) else 1
            length = STRIKES[self.strikes - 1]
            self.closed_until = period_ends("day", now) if length is None else now + length

    def _soon_after(self, now: datetime) -> bool:
        """Whether the limit opened so lately that the last closing was too short."""
        if self.closed_until is None or not self.strikes:
            return False
        return now < self.closed_until + (STRIKES[self.strikes - 1] or timedelta(hours=1))


def left(windows: Sequence[Window], spent: Spent, at: datetime) -> int:
    """How many more fit into all windows at ``at``."""
    return max(0, min((window.allowed(at) - _used(window, spent, at) for window in windows), default=1_000_000_000))


def fits_at(windows: Sequence[Window], spent: Spent, at: datetime, count: int) -> datetime | None:
    """The first instant not before ``at`` at which ``count`` more fit, if nothing else is taken meanwhile; None if they never do."""
    instant = at
    while left(windows, spent, instant) < count:
        ends = [slot_ends(window, slot) for window in windows for slot, _ in spent.get(window.name, ())]
        # A month may allow more than this one even where nothing of it is used.
        ends += [period_ends(window.span, instant) for window in windows if window.most == DAYS_OF_MONTH and isinstance(window.span, str)]
        later = [end for end in ends if end > instant]
        if not later or any(count > (31 if window.most == DAYS_OF_MONTH else window.most) for window in windows):
            return None
        instant = min(later)
    return instant


def added(windows: Sequence[Window], spent: Spent, at: datetime, count: int, now: datetime) -> Spent:
    """What is used once ``count`` more were taken at ``at`` (a negative count gives back); slots that no longer weigh ``now`` go."""
    result: Spent = {}
    for window in windows:
        mine = slot_of(window, at)
        slots = dict(spent.get(window.name, ()))
        slots[mine] = max(0, slots.get(mine, 0) + count)
        result[window.name] = [(slot, n) for slot, n in sorted(slots.items()) if n and slot_ends(window, slot) > now]
    return result


def _used(window: Window, spent: Spent, at: datetime) -> int:
    return sum(n for slot, n in spent.get(window.name, ()) if slot_ends(window, slot) > at)


def _first_day(span: Calendar, day: date) -> date:
    if span == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if span == "week" else day


def _next_start(span: Calendar, start: datetime) -> datetime:
    day = business_day(start)
    if span == "month":
        return day_start(day.replace(day=1) + timedelta(days=calendar.monthrange(day.year, day.month)[1]))
    return day_start(day + timedelta(days=7 if span == "week" else 1))
