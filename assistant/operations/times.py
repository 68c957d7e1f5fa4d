"""When a Chinese sentence means: send times and deadlines in Shanghai time."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from assistant.base.clock import SHANGHAI
from assistant.operations.people import NUMBER, Reading, number

WEEKDAYS = {letter: day for day, letter in enumerate("一二三四五六")} | {"日": 6, "天": 6, "末": 6}
WEEKDAY = r"(?:(下个?)|(?:本|这个?))?(?:周|星期|礼拜)([一二三四五六日天末])"
DATE = r"(\d{1,2})\s*月\s*(\d{1,2})\s*[日号]|(\d{1,2})\s*号|(?:本|这个?)?月底"
DAY = rf"(今天|今晚|明天|明晚|后天|大后天|{WEEKDAY}|{DATE})"
HOUR = rf"(?:(早上|上午|中午|下午|傍晚|晚上)?\s*{NUMBER}\s*(?:点|时|[:：])\s*(?:(半)|(\d{{1,2}})\s*分?)?钟?)"


def read_deadline(reading: Reading) -> str | None:
    """``周五前``, ``11月30日前``, ``3天内发完``: the end of that day (an earlier day for 前 with 之前 is not guessed), ISO in UTC."""
    match = reading.take(rf"(?:在|于|截止到?|截至)?\s*{DAY}(?:之|以)?(?:前|内)(?:发完|完成|发出|结束)?")
    if match is None:
        match = reading.take(rf"{NUMBER}\s*天之?内(?:发完|完成|发出|结束|搞定)")
        if match is None:
            return None
        return _end(_today(reading) + timedelta(days=number(match[1])))
    return _end(_day(reading, match[1], match[2], match[3], match[4], match[5], match[6]))


def read_send_time(reading: Reading) -> str | None:
    """``明天上午10点发``, ``周六晚上八点半``, ``下午3点发``: ISO in UTC; None if nothing is said. Without an hour 10:00."""
    begin = r"(?:在|于|定在|改到|改成|改为|推迟到)?\s*"
    verb = r"(?:开始)?(?:再|统一|准时)?(?:发送?|推送?|触达|执行)"
    match = reading.take(rf"{begin}{DAY}\s*的?\s*{HOUR}\s*{verb}?") or reading.take(rf"{begin}{DAY}\s*的?\s*(?:{HOUR})?\s*{verb}")
    if match is not None:
        day = _day(reading, match[1], match[2], match[3], match[4], match[5], match[6])
        half = match[7] or ("晚上" if "晚" in match[1] else None)
        clock = _hour(half, match[8], match[9], match[10]) if match[8] else time(20 if "晚" in match[1] else 10)
        return _iso(day, clock)
    match = reading.take(rf"{HOUR}\s*(?:开始)?(?:再|统一|准时)?(?:发送?|推送?|触达|执行)")
    if match is None:
        return None
    clock, today = _hour(match[1], match[2], match[3], match[4]), _today(reading)
    passed = datetime.combine(today, clock, SHANGHAI) <= reading.now
    return _iso(today + timedelta(days=int(passed)), clock)


def _today(reading: Reading) -> date:
    return reading.now.astimezone(SHANGHAI).date()


def _day(
    reading: Reading, word: str, following: str | None, weekday: str | None, month: str | None, day: str | None, only_day: str | None
) -> date:
    today = _today(reading)
    if weekday is not None:
        monday = today - timedelta(days=today.weekday()) + timedelta(days=7 if following else 0)
        found = monday + timedelta(days=WEEKDAYS[weekday])
        return found + timedelta(days=7) if found < today else found
    if month is not None and day is not None:
        return _next_date(today, int(month), int(day))
    if only_day is not None:
        return _next_day_of_month(today, int(only_day))
    if "月底" in word:
        return (today.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    return today + timedelta(days={"今": 0, "明": 1, "后": 2, "大": 3}[word[0]])


def _next_date(today: date, month: int, day: int) -> date:
    for year in range(today.year, today.year + 9):
        try:
            found = date(year, month, day)
        except ValueError:
            continue
        if found >= today:
            return found
    return today


def _next_day_of_month(today: date, day: int) -> date:
    for ahead in range(13):
        months = today.month - 1 + ahead
        try:
            found = date(today.year + months // 12, months % 12 + 1, day)
        except ValueError:
            continue
        if found >= today:
            return found
    return today


def _hour(half: str | None, hour: str, half_past: str | None, minutes: str | None) -> time:
    value = number(hour)
    if half in ("下午", "傍晚", "晚上") and value < 12:
        value += 12
    if half == "中午" and value < 10:
        value += 12
    return time(min(value, 23), 30 if half_past else min(int(minutes or 0), 59))


def _iso(day: date, clock: time) -> str:
    return datetime.combine(day, clock, SHANGHAI).astimezone(UTC).isoformat()


def _end(day: date) -> str:
    """The end of the last day on which anything may go out."""
    return _iso(day, time(21))


def show(instant: str) -> str:
    """``11月27日 21:00`` in Shanghai."""
    local = datetime.fromisoformat(instant).astimezone(SHANGHAI)
    return f"{local.month}月{local.day}日 {local:%H:%M}"
