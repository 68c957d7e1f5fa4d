"""Time as a port: only the edges own a clock, everything below is handed ``now``."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

SHANGHAI = ZoneInfo("Asia/Shanghai")


class Clock(Protocol):
    """Answers what time it is; instants are aware and in UTC."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock, moved by an offset that a simulation may step forward."""

    def __init__(self, start: datetime | None = None) -> None:
        self._offset = (start - datetime.now(UTC)) if start else timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset

    def advance(self, by: timedelta) -> None:
        """Steps the clock forward; simulations only."""
        self._offset += by


class ManualClock:
    """A clock that moves only when told to; for tests and simulations."""

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        return self._now

    def advance(self, by: timedelta) -> None:
        self._now += by


def stopwatch() -> float:
    """Seconds of a monotonic clock, for durations only."""
    return time.monotonic()


def business_day(instant: datetime) -> date:
    """The calendar day in Asia/Shanghai that ``instant`` falls on."""
    return instant.astimezone(SHANGHAI).date()


def day_start(day: date) -> datetime:
    """The UTC instant at which a Shanghai business day begins."""
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).astimezone(UTC)


def parse_instant(text: str) -> datetime:
    """An ISO 8601 instant with zone, as UTC; raises ValueError without a zone."""
    value = datetime.fromisoformat(text)
    if value.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return value.astimezone(UTC)
