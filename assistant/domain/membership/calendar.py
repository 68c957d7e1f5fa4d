"""Months, quarters and days as people in Shanghai count them."""

from __future__ import annotations

import calendar
from datetime import UTC, date, datetime

from assistant.base.clock import SHANGHAI, business_day, day_start


def add_months(start: datetime, months: int) -> datetime:
    """The same local day and hour so many months on, or the last day of a shorter month: 31 January and a month is the end of February."""
    local = start.astimezone(SHANGHAI)
    year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    last = calendar.monthrange(year, month + 1)[1]
    return local.replace(year=year, month=month + 1, day=min(local.day, last)).astimezone(UTC)


def month_begin(now: datetime) -> datetime:
    """When the current calendar month began."""
    today = business_day(now)
    return day_start(date(today.year, today.month, 1))


def days_between(start: datetime, end: datetime) -> int:
    """Calendar days from one instant's day to the other's."""
    return (business_day(end) - business_day(start)).days
